"""Who may use the EHR: browsers on this machine, from its own pages."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from cds_service.demo.visiting import Address, from_own_page, guard

HERE = "http://127.0.0.1:8123"


@pytest.fixture
def client() -> FlaskClient:
    app = Flask("guarded")
    guard(app, Address(8123))
    app.add_url_rule("/page", view_func=lambda: "read", methods=["GET"])
    app.add_url_rule("/page", "write", view_func=lambda: "written", methods=["POST"])
    return app.test_client()


@pytest.mark.parametrize(
    ("headers", "own"),
    [
        ({"Sec-Fetch-Site": "same-origin", "Origin": HERE}, True),
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Origin": HERE}, True),
        ({"Sec-Fetch-Site": "same-site", "Origin": HERE}, False),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "none"}, False),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "null"}, False),
        ({"Origin": "http://127.0.0.1:9999"}, False),
        ({"Origin": "null"}, False),
        ({}, False),
    ],
)
def test_only_a_form_of_our_own_changes_anything(client: FlaskClient, headers: dict[str, str], own: bool) -> None:
    assert from_own_page(headers, HERE) is own
    answer = client.post("/page", base_url=HERE, headers=headers)
    assert (answer.status_code, answer.text == "written") == ((200, True) if own else (403, False))


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8123", "127.0.0.1", "127.0.0.1:9999", "localhost:9999"])
def test_another_name_of_this_machine_is_refused(client: FlaskClient, host: str) -> None:
    answer = client.get("/page", base_url=f"http://{host}")
    assert answer.status_code == 421
    assert HERE in answer.text


def test_localhost_is_sent_to_the_address_whose_cookie_is_known(client: FlaskClient) -> None:
    answer = client.get("/page", base_url="http://localhost:8123")
    assert (answer.status_code, answer.location) == (307, f"{HERE}/page")
    assert client.get("/page", base_url=HERE).text == "read"
