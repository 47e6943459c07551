"""A browser at the demo EHR: its pages asked for and its forms sent."""

import re

from flask.testing import FlaskClient

from cds_service.demo.visiting import Address

HERE = Address(8125)
OWN = {"Sec-Fetch-Site": "same-origin", "Origin": f"http://{HERE.host}"}


class Ehr:
    """One browser at the EHR."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def get(self, path: str, status: int = 200, **headers: str) -> str:
        answer = self.client.get(path, base_url=HERE.url, headers=headers)
        assert answer.status_code == status
        return answer.text

    def post(self, path: str, status: int = 200, /, **form: str) -> str:
        answer = self.client.post(path, data=form, base_url=HERE.url, headers=OWN, follow_redirects=True)
        assert answer.status_code == status
        return answer.text

    def chart(self, patient: str) -> str:
        found = re.search(rf'href="(/charts/[^"]+)">{patient}<', self.get("/"))
        assert found
        return found[1]
