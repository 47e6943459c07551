"""An EHR whose FHIR server holds a chart: hook calls that leave data to be fetched, and what the server is asked."""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Final, Self
from urllib.parse import unquote, urlsplit

import responses
from flask.testing import FlaskClient
from requests import PreparedRequest

from cds_service.settings import Fetching
from cds_service.web.discovery import PREFETCH
from tests.acceptance import bilirubin, states, verdict
from tests.http_calls import (
    SERVICE,
    Json,
    assessment_of,
    cards_of,
    hook_request,
    prefetch_of,
    searchset,
    service,
    simple_chart,
)

BASE: Final = "https://ehr.example/fhir"
TOKEN: Final = "secret-token"  # noqa: S105 - a token of the test
AUTHORIZATION: Final[Json] = {
    "access_token": TOKEN,
    "token_type": "Bearer",
    "expires_in": 300,
    "scope": "launch patient/*.read",
    "subject": "cotsom",
}
# Every address: what may not be asked shows as a request, and not as a failure to connect.
ANYWHERE: Final = re.compile(".*")
Answer = tuple[int, Mapping[str, str], str | bytes]
Say = Callable[[PreparedRequest], Answer]


def fetching_service(**limits: Any) -> FlaskClient:  # noqa: ANN401 - whatever a limit is
    """A service that may fetch from this EHR, and has the time for it however busy the machine is."""
    own = {"fhir_origins": ("https://ehr.example",), "budget_seconds": 40.0}
    return service(fetching=Fetching(**{**own, **limits})).test_client()


@cache
def fetching_client(**limits: Any) -> FlaskClient:  # noqa: ANN401 - whatever a limit is
    """As `fetching_service`, made once: for tests that count nothing."""
    return fetching_service(**limits)


def fetching_call(chart: Json, supplied: Iterable[str] = (), base: str = BASE, **authorization: object) -> Json:
    """The call that opens a chart of which only these keys are prefetched; `None` takes a field of the token away."""
    request = hook_request(chart)
    given = {name: value for name, value in {**AUTHORIZATION, **authorization}.items() if value is not None}
    prefetch = {key: request["prefetch"][key] for key in supplied}
    return {**request, "prefetch": prefetch, "fhirServer": base, "fhirAuthorization": given}


def answered(body: object, status: int = 200, **headers: str) -> Answer:
    """An answer in JSON, or as the bytes and text that are given."""
    return status, headers, body if isinstance(body, (bytes, str)) else json.dumps(body)


class Ehr:
    """The server of an EHR, answering from a chart; `instead` answers for single keys, in turns where it is a list."""

    def __init__(self, chart: Json, **instead: Answer | list[Answer]) -> None:
        self.asked: list[PreparedRequest] = []
        self._chart = prefetch_of(chart)
        self._instead = instead
        self._mock = responses.RequestsMock(assert_all_requests_are_fired=False)

    def __enter__(self) -> Self:
        self._mock.start()
        for method in ("GET", "POST"):
            self._mock.add_callback(method, ANYWHERE, callback=self._answer)
        return self

    def __exit__(self, *_: object) -> None:
        self._mock.stop(allow_assert=False)

    @property
    def paths(self) -> list[str]:
        """What was asked for, below the base."""
        return [unquote(str(one.url)).removeprefix(BASE).removeprefix("/") for one in self.asked]

    @property
    def keys(self) -> list[str]:
        """The prefetch keys of what was asked for, each once a request, in the order of the templates."""
        return sorted(map(key_of, self.paths), key=list(PREFETCH).index)

    def _answer(self, request: PreparedRequest) -> Any:  # noqa: ANN401 - what the library takes
        self.asked.append(request)
        key = key_of(unquote(str(request.url)).removeprefix(BASE).removeprefix("/"))
        instead = self._instead.get(key)
        if isinstance(instead, list):
            instead = instead.pop(0)
        return instead or answered(self._chart[key])


def key_of(path: str) -> str:
    """The prefetch key that a path is the query of."""
    kind = urlsplit(path).path.split("/")[0] or path.rpartition("=")[2]
    return next(key for key, query in PREFETCH.items() if query.partition("?")[0].partition("/")[0] == kind)


CHART = simple_chart(bilirubin(1.1))
NEEDED = ("patient", "conditions", "observations")
OTHERS: Json = {
    "resourceType": "AllergyIntolerance",
    "id": "x",
    "code": {"text": "Penicillin"},
    "patient": {"reference": "Patient/p2"},
}
FAILURE: Json = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "exception"}]}


def shown(request: Json, **limits: Any) -> Json:  # noqa: ANN401 - whatever a limit is
    """The assessment on the one card that a call gets."""
    (card,) = cards_of(fetching_client(**limits).post(SERVICE, json=request))
    return assessment_of(card)


def allergies(instead: Answer | list[Answer], **limits: Any) -> str:  # noqa: ANN401 - as above
    """What the card says of the allergies where the server answers so."""
    with Ehr(CHART, allergies=instead):
        found = shown(fetching_call(CHART, NEEDED), **limits)
    if states(found)["allergies"] != "supplied":
        assert verdict(found, "E22") == "unknown"
    return states(found)["allergies"]


def page(entries: Sequence[object], link: str | None = None, total: int | None = None) -> Answer:
    links = [{"relation": "self", "url": f"{BASE}/AllergyIntolerance?patient=p1"}]
    following = [{"relation": "next", "url": link}] if link else []
    counted_by_server = len(entries) if total is None else total
    return answered(searchset(entries, link=links + following) | {"total": counted_by_server})
