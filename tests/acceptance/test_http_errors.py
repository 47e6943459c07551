"""What a caller who errs is told: the status, an OperationOutcome that names the field, and never a value."""

import gzip
import json
from datetime import datetime
from typing import Any

import pytest

from cds_service.app import create_app
from cds_service.settings import Settings
from cds_service.settings.limits import Limits
from tests.acceptance import CANCER, PATIENT, condition
from tests.http_calls import (
    FEEDBACK,
    SERVICE,
    Json,
    cards_of,
    client,
    hollow,
    hook_request,
    problem_of,
    searchset,
    service,
    simple_chart,
)

REQUEST: Json = hook_request(simple_chart())
CARD = "2350cd07-a8dc-505a-98b7-513a7c82f42d"


def changed(place: str, value: object) -> Json:
    """The good request with one field changed; `...` takes it out."""
    request: Any = json.loads(json.dumps(REQUEST))
    *way, last = place.split(".")
    inner = request
    for name in way:
        inner = inner[name]
    if value is ...:
        del inner[last]
    else:
        inner[last] = value
    return dict(request)


def post(body: object, address: str = SERVICE) -> Any:  # noqa: ANN401 - werkzeug's answer
    return client().post(address, json=body)


@pytest.mark.parametrize("address", ["/cds-services/none", "/cds-services/none/feedback", "/nothing", "/"])
def test_an_unknown_address_is_404(address: str) -> None:
    assert problem_of(post(REQUEST, address), 404)["code"] == "not-found"


def test_an_unknown_service_is_404_before_its_body_is_looked_at() -> None:
    problem_of(client().post("/cds-services/none", data=b"{", content_type="text/plain"), 404)


@pytest.mark.parametrize(
    ("method", "address"),
    [("GET", SERVICE), ("PUT", SERVICE), ("DELETE", FEEDBACK), ("POST", "/cds-services"), ("POST", "/healthz")],
)
def test_a_wrong_method_is_405_and_says_which_are_right(method: str, address: str) -> None:
    answer = client().open(address, method=method)
    problem_of(answer, 405)
    assert "OPTIONS" in answer.headers["Allow"]


def test_a_body_beyond_the_limit_is_413() -> None:
    caller = service(limits=Limits(body_bytes=200)).test_client()
    assert problem_of(caller.post(SERVICE, json=REQUEST), 413)["code"] == "too-long"
    assert problem_of(caller.post(FEEDBACK, json={"feedback": [], "x": "y" * 200}), 413)["code"] == "too-long"


def test_more_resources_than_the_limit_are_413() -> None:
    caller = service(limits=Limits(entries=2)).test_client()
    assert problem_of(caller.post(SERVICE, json=REQUEST), 413)["expression"] == ["prefetch"]


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "application/x-www-form-urlencoded", ""])
@pytest.mark.parametrize("address", [SERVICE, FEEDBACK])
def test_a_body_that_does_not_claim_to_be_json_is_415(kind: str, address: str) -> None:
    problem_of(client().post(address, data=json.dumps(REQUEST), content_type=kind), 415)


def test_a_charset_beside_the_type_is_no_hindrance() -> None:
    kind = "application/json; charset=utf-8"
    assert len(cards_of(client().post(SERVICE, data=json.dumps(REQUEST), content_type=kind))) == 1


@pytest.mark.parametrize("body", [b"", b"{", b"not json", b"\xff\xfe", b'{"hook": NaN}', b"[" * 100_000, b'"\\ud800"'])
@pytest.mark.parametrize("address", [SERVICE, FEEDBACK])
def test_a_body_that_is_no_json_is_400(body: bytes, address: str) -> None:
    issue = problem_of(client().post(address, data=body, content_type="application/json"), 400)
    assert issue["expression"] == ["body"]


@pytest.mark.parametrize(
    ("body", "words"),
    [(b"", "ends too early"), (b'{"hook": "patient-view"', "ends too early"), (b'{"hook": x}', "byte 9")],
)
def test_where_a_body_stops_being_json_is_told(body: bytes, words: str) -> None:
    issue = problem_of(client().post(SERVICE, data=body, content_type="application/json"), 400)
    assert words in issue["diagnostics"]


def test_a_mark_of_the_byte_order_is_no_hindrance() -> None:
    body = b"\xef\xbb\xbf" + json.dumps(REQUEST).encode()
    assert len(cards_of(client().post(SERVICE, data=body, content_type="application/json"))) == 1


@pytest.mark.parametrize("address", [SERVICE, FEEDBACK])
def test_a_packed_body_is_415_and_says_how_to_send_it(address: str) -> None:
    packed, headers = gzip.compress(json.dumps(REQUEST).encode()), {"Content-Encoding": "gzip"}
    answer = client().post(address, data=packed, content_type="application/json", headers=headers)
    assert "Content-Encoding" in problem_of(answer, 415)["diagnostics"]
    assert answer.headers["Accept-Encoding"] == "identity"


@pytest.mark.parametrize("second", ["null", json.dumps(searchset([])), '{"resourceType": "Observation", "status": 7}'])
def test_a_prefetch_key_given_twice_is_400_and_hides_nothing(second: str) -> None:
    body = json.dumps(REQUEST).replace('"prefetch": {', f'"prefetch": {{"conditions": {second}, ', 1)
    assert problem_of(client().post(SERVICE, data=body, content_type="application/json"), 400)["expression"] == [
        "prefetch"
    ]


@pytest.mark.parametrize("body", ["null", "[]", "1", '"text"', "true"])
@pytest.mark.parametrize("address", [SERVICE, FEEDBACK])
def test_json_of_another_kind_is_400(body: str, address: str) -> None:
    problem_of(client().post(address, data=body, content_type="application/json"), 400)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("hook", ...),
        ("hook", 7),
        ("hook", None),
        ("hook", "order-sign"),
        ("hook", ""),
        ("hookInstance", ...),
        ("hookInstance", ["x"]),
        ("hookInstance", ""),
        ("hookInstance", "x" * 201),
        ("context", ...),
        ("context", None),
        ("context", "p1"),
        ("context.patientId", ...),
        ("context.patientId", 7),
        ("context.patientId", ""),
        ("prefetch", []),
        ("prefetch", "all"),
    ],
)
def test_a_missing_or_misshapen_field_is_named(place: str, value: object) -> None:
    issue = problem_of(post(changed(place, value)), 400)
    assert issue["expression"] == [place]
    assert place in issue["diagnostics"]


@pytest.mark.parametrize("key", ["patient", "conditions", "observations"])
@pytest.mark.parametrize(
    "value", [..., {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "exception"}]}]
)
def test_a_needed_key_without_an_answer_is_412_and_named(key: str, value: object) -> None:
    issue = problem_of(post(changed(f"prefetch.{key}", value)), 412)
    assert key in issue["diagnostics"]
    assert not {"patient", "conditions", "observations"} - {key} & set(issue["diagnostics"].split())


@pytest.mark.parametrize("value", [..., None, {}])
def test_no_prefetch_at_all_is_412_and_names_all_three(value: object) -> None:
    issue = problem_of(post(changed("prefetch", value)), 412)
    assert all(key in issue["diagnostics"] for key in ("patient", "conditions", "observations"))


def test_no_patient_found_is_412() -> None:
    assert "patient" in problem_of(post(changed("prefetch.patient", None)), 412)["diagnostics"]


@pytest.mark.parametrize("key", ["conditions", "observations"])
def test_a_search_that_found_nothing_is_an_answer(key: str) -> None:
    for empty in (None, searchset(())):
        assert post(changed(f"prefetch.{key}", empty)).status_code == 200


def test_everybodys_conditions_are_no_answer() -> None:
    whole = searchset([condition(CANCER)], "Condition?code=C22.0")
    assert "conditions" in problem_of(post(changed("prefetch.conditions", whole)), 412)["diagnostics"]


@pytest.mark.parametrize(
    "patient", [{**PATIENT, "id": "p2"}, {"resourceType": "Patient"}, searchset([PATIENT, {**PATIENT, "id": "p2"}])]
)
def test_another_patient_than_the_one_whose_chart_is_open_is_400(patient: Json) -> None:
    issue = problem_of(post(changed("prefetch.patient", patient)), 400)
    assert issue["expression"] == ["prefetch.patient"]
    assert "p2" not in json.dumps(issue)


def test_a_patient_given_as_a_reference_is_the_same_patient() -> None:
    assert len(cards_of(post(changed("context.patientId", "Patient/p1")))) == 1


def test_a_patient_in_a_searchset_is_the_same_patient() -> None:
    assert len(cards_of(post(changed("prefetch.patient", searchset([PATIENT]))))) == 1


@pytest.mark.parametrize("value", ["text", 7, [], {"resourceType": "Nonsense"}, {"resourceType": "Bundle", "entry": 7}])
def test_a_prefetch_value_that_is_no_fhir_counts_as_not_supplied(value: object) -> None:
    assert "conditions" in problem_of(post(changed("prefetch.conditions", value)), 412)["diagnostics"]
    assert post(changed("prefetch.allergies", value)).status_code == 200


def test_a_deeply_nested_prefetch_is_refused_and_not_a_fault() -> None:
    deep = '{"resourceType":"Bundle","entry":[{"resource":' * 5000 + "null" + "}]}" * 5000
    body = json.dumps(changed("prefetch.conditions", "@")).replace('"@"', deep)
    assert client().post(SERVICE, data=body, content_type="application/json").status_code in (400, 412)


def test_nothing_in_an_error_is_null_or_empty() -> None:
    for answer in (post({}), post(REQUEST, "/none"), post(changed("prefetch", ...))):
        assert list(hollow(answer.get_json())) == []


def item(**elements: object) -> Json:
    return {"card": CARD, "outcome": "accepted", "outcomeTimestamp": "2026-11-22T00:00:00Z", **elements}


REASON: Json = {"code": "patient-refuses", "system": "http://terminology.hl7.org/CodeSystem/non-adherence-reason-codes"}


@pytest.mark.parametrize(
    "given",
    [
        item(),
        item(acceptedSuggestions=[{"id": "s1"}]),
        item(outcome="overridden"),
        item(outcome="overridden", overrideReason={"reason": REASON, "userComment": "no"}),
        item(outcome="overridden", overrideReason={"reason": {**REASON, "display": "Refuses"}}),
        item(outcome="overridden", overrideReason={"userComment": "no"}),
        item(outcome="overridden", overrideReasons={"reason": REASON, "userComment": "no"}),
        item(outcome="overridden", overrideReasons=[{"reason": REASON}]),
        item(outcome="overridden", overrideReason=REASON),
        item(extension={"com.ehr": 1}),
        item(outcome="overridden", overrideReason=None),
    ],
    ids=",".join,
)
def test_feedback_in_the_shapes_that_ehrs_send_is_taken(given: Json) -> None:
    answer = post({"feedback": [given]}, FEEDBACK)
    assert (answer.status_code, answer.data) == (204, b""), answer.text


def test_a_batch_of_feedback_is_taken() -> None:
    assert post({"feedback": [item() for _ in range(1000)]}, FEEDBACK).status_code == 204


@pytest.mark.parametrize(
    ("given", "place"),
    [
        ({}, "feedback"),
        ({"feedback": []}, "feedback"),
        ({"feedback": None}, "feedback"),
        ({"feedback": "text"}, "feedback"),
        ({"feedback": [7]}, "feedback"),
        ({"feedback": [{}]}, "card"),
        ({"feedback": [{"card": CARD}]}, "outcome"),
        ({"feedback": [item(outcome="ignored")]}, "outcome"),
        ({"feedback": [item(card=7)]}, "card"),
        ({"feedback": [item(card="")]}, "card"),
        ({"feedback": [item(acceptedSuggestions=7)]}, "acceptedSuggestions"),
        ({"feedback": [item()] * 1001}, "feedback"),
    ],
)
def test_feedback_that_makes_no_sense_is_400_and_names_the_field(given: Json, place: str) -> None:
    assert place in problem_of(post(given, FEEDBACK), 400)["diagnostics"]


ORIGIN = "https://sandbox.example"


def preflight(origin: str, address: str = SERVICE) -> Any:  # noqa: ANN401 - werkzeug's answer
    caller = service(cors_origins=(ORIGIN,)).test_client()
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
    return caller.options(address, headers={"Origin": origin, **asked})


@pytest.mark.parametrize("address", [SERVICE, FEEDBACK, "/cds-services"])
def test_a_preflight_of_an_allowed_origin_is_answered(address: str) -> None:
    answer = preflight(ORIGIN, address)
    assert answer.status_code in (200, 204)
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    assert "content-type" in answer.headers["Access-Control-Allow-Headers"].lower()
    assert "Origin" in answer.headers["Vary"]


@pytest.mark.parametrize("origin", ["https://other.example", "null", "https://sandbox.example.evil.example", "*"])
def test_no_other_origin_is_allowed(origin: str) -> None:
    answer = preflight(origin)
    assert not [name for name in answer.headers.keys() if name.startswith("Access-Control")]  # noqa: SIM118 - pairs


def test_an_origin_is_named_and_credentials_are_never_asked_for() -> None:
    caller = service(cors_origins=(ORIGIN,)).test_client()
    for answer in (caller.post(SERVICE, json=REQUEST, headers={"Origin": ORIGIN}), preflight(ORIGIN)):
        assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
        assert "Access-Control-Allow-Credentials" not in answer.headers


def test_an_error_too_may_be_read_by_an_allowed_origin() -> None:
    answer = service(cors_origins=(ORIGIN,)).test_client().post(SERVICE, json={}, headers={"Origin": ORIGIN})
    problem_of(answer, 400)
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN


def broken_clock() -> datetime:
    raise ZeroDivisionError("Lebensztejn, born 1968-04-12")


def test_a_fault_of_ours_is_500_with_an_id_and_neither_advice_nor_traceback() -> None:
    caller = create_app(Settings(), broken_clock).test_client()
    answer = caller.post(SERVICE, json=REQUEST)
    assert problem_of(answer, 500)["code"] == "exception"
    assert "Lebensztejn" not in answer.text
    assert "cards" not in answer.get_json()
