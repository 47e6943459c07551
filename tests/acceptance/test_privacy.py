"""A marked patient leaves no mark: not in the log, the metrics, an error or an address."""

import io
import json
import logging
from collections.abc import Iterator
from datetime import datetime
from typing import Final

import pytest
from flask.testing import FlaskClient

from cds_service.app import create_app
from cds_service.settings import Settings
from cds_service.web.logs import LOGGER, JsonLines
from tests.acceptance import AS_OF, bilirubin, bundle, condition
from tests.http_calls import FEEDBACK, METASTASIS, SERVICE, Json, hook_request, service, simple_chart
from tests.order_calls import ADDRESSES, order_request, sorafenib, tace

# Each stands in one place of the record only, so that a leak tells where it came from.
MARKS: Final = (
    "Lebensztejn",
    "Zdzislawa",
    "MRN-77120394",
    "1951-02-13",
    "ul-Kwiatowa-17",
    "7.731948206",
    "mark-in-note",
    "mark-in-text",
    "mark-in-token",
    "mark-in-user",
    "mark-in-instance",
    "mark-in-patient-id",
    "mark-in-comment",
)

PATIENT: Final[Json] = {
    "resourceType": "Patient",
    "id": "mark-in-patient-id",
    "name": [{"family": "Lebensztejn", "given": ["Zdzislawa"]}],
    "identifier": [{"system": "https://ehr.example/mrn", "value": "MRN-77120394"}],
    "gender": "female",
    "birthDate": "1951-02-13",
    "address": [{"line": ["ul-Kwiatowa-17"]}],
}
SUBJECT: Final = {"reference": "Patient/mark-in-patient-id"}

CHART: Final = (
    condition("hepatocellular-carcinoma", subject=SUBJECT, note=[{"text": "mark-in-note"}]),
    condition(METASTASIS, subject=SUBJECT),
)


def marked_request() -> Json:
    words_only = condition("brain-metastasis", code={"text": "mark-in-text brain metastasis"}, subject=SUBJECT)
    request = hook_request(bundle(PATIENT, *CHART, words_only, bilirubin(7.731948206, subject=SUBJECT)))
    request["hookInstance"] = "mark-in-instance"
    request["context"]["userId"] = "Practitioner/mark-in-user"
    request["fhirAuthorization"] = {"access_token": "mark-in-token"}
    return request


def marks_in(text: str) -> list[str]:
    return [mark for mark in MARKS if mark in text]


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """Everything that any logger of the process writes, down to the lowest level."""
    stream = io.StringIO()
    plain, own = logging.StreamHandler(stream), logging.StreamHandler(stream)
    plain.setFormatter(logging.Formatter("%(name)s %(message)s %(exc_info)s %(args)s"))
    own.setFormatter(JsonLines())
    levels = (logging.root.level, LOGGER.level)
    logging.root.addHandler(plain)
    LOGGER.addHandler(own)
    logging.root.setLevel(logging.DEBUG)
    LOGGER.setLevel(logging.DEBUG)
    yield stream
    logging.root.removeHandler(plain)
    LOGGER.removeHandler(own)
    logging.root.setLevel(levels[0])
    LOGGER.setLevel(levels[1])


@pytest.fixture
def caller() -> FlaskClient:
    return service(AS_OF).test_client()


def damaged() -> Iterator[Json]:
    """The marked call, with one thing wrong at a time."""
    for change in (
        {"hook": "mark-in-text"},
        {"hookInstance": {"mark-in-instance": "mark-in-instance"}},
        {"context": {"patientId": ["mark-in-patient-id"]}},
        {"context": {"patientId": "another"}},
        {"prefetch": {"patient": PATIENT}},
        {"prefetch": "mark-in-text"},
        {"prefetch": {**marked_request()["prefetch"], "conditions": "mark-in-text"}},
        {"prefetch": {**marked_request()["prefetch"], "observations": {"resourceType": "mark-in-text"}}},
        {"prefetch": {**marked_request()["prefetch"], "patient": {**PATIENT, "birthDate": {"1951-02-13": 1}}}},
        {"mark-in-text": 1, "hook": None},
    ):
        yield {**marked_request(), **change}


def test_a_good_call_leaves_no_mark_in_log_or_metrics(caller: FlaskClient, written: io.StringIO) -> None:
    assert caller.post(SERVICE, json=marked_request()).status_code == 200
    assert '"event": "call"' in written.getvalue()
    assert marks_in(written.getvalue()) == []
    assert marks_in(caller.get("/metrics").text) == []


def marked_order(selections: tuple[str, ...] | None = None) -> Json:
    """The marked patient with marked drafts; a rule speaks of the first."""
    note: Json = {"note": [{"text": "mark-in-note"}]}
    drafts = (
        sorafenib(subject=SUBJECT, requester={"display": "mark-in-user"}, **note),
        {**tace(subject=SUBJECT, **note), "code": {"text": "mark-in-text"}},
    )
    request = order_request(drafts, bundle(PATIENT, *CHART), selections)
    request["hookInstance"] = "mark-in-instance"
    request["context"]["userId"] = "Practitioner/mark-in-user"
    return {**request, "fhirAuthorization": {"access_token": "mark-in-token"}}


@pytest.mark.parametrize("selections", [None, ("MedicationRequest/draft-sorafenib",)])
def test_orders_leave_no_mark(caller: FlaskClient, written: io.StringIO, selections: tuple[str, ...] | None) -> None:
    good = marked_order(selections)
    address = ADDRESSES[good["hook"]]
    assert len(caller.post(address, json=good).get_json()["cards"]) == 1
    for place, value in (
        ("draftOrders", "mark-in-text"),
        ("draftOrders", ["mark-in-text"]),
        ("draftOrders", {"entry": "mark-in-text"}),
        ("draftOrders", None),
        ("selections", "mark-in-text"),
        ("selections", [{"mark-in-text": 1}]),
        ("patientId", "another"),
    ):
        answer = caller.post(address, json={**good, "context": {**good["context"], place: value}})
        assert answer.status_code in (200, 400)
        assert answer.status_code == 200 or marks_in(answer.text) == []
        assert marks_in(str(answer.headers)) == []
    assert marks_in(caller.post(address, json={**good, "prefetch": {}}).text) == []
    assert '"event": "call"' in written.getvalue()
    assert marks_in(written.getvalue()) == []
    assert marks_in(caller.get("/metrics").text) == []


@pytest.mark.parametrize("call", tuple(damaged()), ids=map(str, range(10)))
def test_a_bad_call_leaves_no_mark_anywhere(caller: FlaskClient, written: io.StringIO, call: Json) -> None:
    answer = caller.post(SERVICE, json=call)
    if answer.status_code != 200:
        assert marks_in(answer.text) == []
    assert marks_in(str(answer.headers)) == []
    assert marks_in(written.getvalue()) == []
    assert marks_in(caller.get("/metrics").text) == []


def test_a_body_cut_off_in_the_middle_leaves_no_mark(caller: FlaskClient, written: io.StringIO) -> None:
    body = json.dumps(marked_request())
    for length in range(0, len(body), max(1, len(body) // 40)):
        answer = caller.post(SERVICE, data=body[:length], content_type="application/json")
        assert answer.status_code == 400
        assert marks_in(answer.text) == []
    assert marks_in(written.getvalue()) == []


def test_feedback_leaves_no_mark(caller: FlaskClient, written: io.StringIO) -> None:
    reason = {"reason": {"code": "mark-in-text", "system": "s"}, "userComment": "mark-in-comment"}
    item = {"card": "c", "outcome": "overridden", "overrideReason": reason}
    for given in (item, {**item, "outcome": "mark-in-text"}, {**item, "overrideReason": "mark-in-comment"}):
        answer = caller.post(FEEDBACK, json={"feedback": [given]})
        assert marks_in(answer.text) == []
    assert '"event": "feedback"' in written.getvalue()
    assert marks_in(written.getvalue()) == []


def broken_clock() -> datetime:
    raise ValueError("Lebensztejn 1951-02-13 MRN-77120394")


def test_a_fault_of_ours_is_logged_by_kind_and_place_only(written: io.StringIO) -> None:
    answer = create_app(Settings(), broken_clock).test_client().post(SERVICE, json=marked_request())
    assert answer.status_code == 500
    assert marks_in(answer.text) == []
    assert marks_in(written.getvalue()) == []
    assert '"kind": "ValueError"' in written.getvalue()


def test_an_address_that_names_a_patient_is_not_repeated(caller: FlaskClient, written: io.StringIO) -> None:
    for address in ("/cds-services/Lebensztejn", "/Lebensztejn?mrn=MRN-77120394", f"{SERVICE}?name=Lebensztejn"):
        answer = caller.post(address, json={})
        assert marks_in(answer.text + str(answer.headers)) == []
    assert marks_in(written.getvalue()) == []
    assert marks_in(caller.get("/metrics").text) == []


def test_a_card_bears_neither_name_nor_number_nor_birth_date(caller: FlaskClient) -> None:
    chart = json.loads(json.dumps(hook_request(simple_chart())))
    chart["prefetch"]["patient"] |= {"name": PATIENT["name"], "identifier": PATIENT["identifier"]}
    answer = caller.post(SERVICE, json=chart)
    assert answer.get_json()["cards"]
    assert marks_in(answer.text) == []


def test_every_answer_forbids_keeping_a_copy(caller: FlaskClient) -> None:
    for answer in (caller.post(SERVICE, json=marked_request()), caller.post(SERVICE, json={}), caller.get("/none")):
        assert answer.headers["Cache-Control"] == "no-store"
