"""Faults that services of this kind are known to have, and that this one has not."""

import json
import logging
from datetime import datetime

import pytest

from cds_service.app import create_app
from cds_service.settings import Settings
from cds_service.web.tokens import Reason
from tests.acceptance import CANCER, bilirubin, bundle, condition, states, verdict
from tests.acceptance.test_hooks import QUALIFYING
from tests.callers import bearer, claims, key_pair, shared, signed, unsigned
from tests.fetch_calls import TOKEN, Answer, Ehr, answered, fetching_call, fetching_client
from tests.http_calls import (
    METASTASIS,
    SERVICE,
    Json,
    assessment_of,
    cards_of,
    client,
    hollow,
    hook_request,
    open_chart,
    problem_of,
    searchset,
    service,
    simple_chart,
)
from tests.order_calls import enrolled_chart, sign, tace
from tests.security.attacks import Stage

FAILED: Json = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "exception"}]}


def broken_clock() -> datetime:
    raise RuntimeError("broken")


def shown(chart: Json, **prefetch: object) -> Json:
    """The assessment on the one card of a chart."""
    (card,) = open_chart(chart, None, **prefetch)
    return assessment_of(card)


def test_01_a_call_without_prefetch_is_answered_and_the_next_one_too() -> None:
    request = hook_request(simple_chart())
    del request["prefetch"]
    problem_of(client().post(SERVICE, json=request), 412)
    assert len(open_chart(simple_chart())) == 1


def test_02_a_service_answers_its_own_hook_only() -> None:
    for hook in ("order-select", "order-sign", "appointment-book"):
        problem_of(client().post(SERVICE, json={**hook_request(simple_chart()), "hook": hook}), 400)


def test_03_a_crash_is_an_error_and_not_the_absence_of_advice() -> None:
    answer = create_app(Settings(), broken_clock).test_client().post(SERVICE, json=hook_request(simple_chart()))
    problem_of(answer, 500)
    assert "cards" not in answer.get_json()


def test_04_a_failed_search_is_not_taken_for_data() -> None:
    for failure in (FAILED, searchset([FAILED])):
        found = shown(simple_chart(), allergies=failure)
        assert states(found)["allergies"] == "not-supplied"
        assert verdict(found, "E22") == "unknown"


def fetched(**instead: Answer) -> Json:
    """The assessment of a chart of which only what is needed was sent, and the rest fetched."""
    with Ehr(simple_chart(), **instead):
        request = fetching_call(simple_chart(), ("patient", "conditions", "observations"))
        (card,) = cards_of(fetching_client().post(SERVICE, json=request))
    return assessment_of(card)


def test_04_a_failed_search_of_ours_is_not_taken_for_data() -> None:
    for status, failure in ((200, FAILED), (200, searchset([FAILED])), (403, FAILED), (404, FAILED), (500, FAILED)):
        found = fetched(allergies=answered(failure, status))
        assert states(found)["allergies"] == "not-supplied"
        assert verdict(found, "E22") == "unknown"


def test_05_the_first_page_is_not_taken_for_the_whole_record() -> None:
    page = searchset((), link=[{"relation": "next", "url": "https://ehr.example/fhir?page=2"}])
    found = shown(simple_chart(), procedures=page)
    assert states(found)["procedures"] == "in-part"
    assert verdict(found, "E8") == "unknown"


def test_05_the_first_page_that_we_fetch_is_not_taken_for_the_whole_record() -> None:
    for more in ({"link": [{"relation": "next", "url": "https://elsewhere.example/fhir?page=2"}]}, {"total": 1}):
        found = fetched(procedures=answered(searchset(()) | more))
        assert states(found)["procedures"] == "in-part"
        assert verdict(found, "E8") == "unknown"


def test_06_what_was_worked_out_for_an_order_reaches_the_wire() -> None:
    (card,) = sign(tace("2026-12-20"))
    (suggestion,) = card["suggestions"]
    kinds = [action["type"] for action in suggestion["actions"]]
    assert kinds.count("update") == 2, "the order, and the course that is taken"
    assert kinds.count("create") == 10, "nine safety tests and the imaging"
    assert suggestion["actions"][0]["resource"]["occurrenceDateTime"] == "2026-12-15"


def test_07_one_patients_answer_does_not_reach_the_next() -> None:
    first = open_chart(simple_chart())
    other: Json = {"resourceType": "Patient", "id": "p2", "gender": "female", "birthDate": "1990-01-01"}
    subject = {"reference": "Patient/p2"}
    chart = bundle(other, condition(CANCER, subject=subject), condition(METASTASIS, subject=subject))
    assert verdict(shown(chart), "I9") == "unknown"
    assert open_chart(simple_chart()) == first


def test_08_neither_token_nor_patient_is_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    request = hook_request(simple_chart()) | {"fhirAuthorization": {"access_token": "secret-token"}}
    request["prefetch"]["patient"] = {**request["prefetch"]["patient"], "name": [{"family": "Lebensztejn"}]}
    cards_of(client().post(SERVICE, json=request))
    written = [f"{record.getMessage()} {record.__dict__}" for record in caplog.records]
    assert any("cotsom-cds" in line for line in written)
    assert not [line for line in written if "secret-token" in line or "Lebensztejn" in line or "1968-04-12" in line]


def test_08_a_callers_token_is_not_in_the_log_whether_it_is_believed_or_not(stage: Stage) -> None:
    for said in (claims(), claims(iss="https://fhir.north.example")):
        token = signed(said)
        stage.call(bearer(token))
        assert stage.lines()
        assert not [part for part in token.split(".") if part in stage.log.getvalue()]
        assert str(said["jti"]) not in stage.log.getvalue()


def test_09_keys_are_not_fetched_from_anywhere_and_the_audience_is_looked_at(stage: Stage) -> None:
    stranger = key_pair("ES384", "stranger-1")
    stage.refuses(bearer(signed(claims(), stranger, jku=stage.elsewhere.address)), Reason.KEY_ADDRESS)
    assert stage.elsewhere.asked == []
    stage.refuses(bearer(signed(claims(aud="https://other.example"))), Reason.AUDIENCE)


def test_10_a_token_without_signature_or_with_a_shared_secret_is_refused(stage: Stage) -> None:
    for forged in (unsigned(), shared("HS256", key_pair().as_pem(private=False))):
        stage.refuses(bearer(forged), Reason.ALGORITHM)


def test_08_the_token_that_we_fetch_with_is_in_no_log_and_no_answer(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with Ehr(simple_chart(), conditions=answered(FAILED, 401), allergies=answered(f"<html>{TOKEN}", 500)) as ehr:
        answer = fetching_client().post(SERVICE, json=fetching_call(simple_chart()))
    assert ehr.asked
    written = "".join(f"{record.getMessage()} {record.__dict__}" for record in caplog.records)
    assert "outcomes" in written
    for mark in (TOKEN, "patient=p1", "Patient/p1"):
        assert mark not in written + answer.text


def test_11_an_exclusion_that_was_not_looked_for_is_not_ruled_out() -> None:
    request = hook_request(simple_chart(), ("patient", "conditions", "observations"))
    (card,) = cards_of(client().post(SERVICE, json=request))
    for criterion in ("E8", "E9", "E10", "E21", "E22"):
        assert verdict(assessment_of(card), criterion) == "unknown"


def test_12_an_unknown_performance_status_is_unknown() -> None:
    assert verdict(shown(simple_chart()), "I4") == "unknown"


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [(19, "umol/L", "satisfied"), (1.1, "mg/dL", "satisfied"), (1.1, "furlongs", "unknown"), (1.1, "", "unknown")],
)
def test_13_units_are_read_before_values_are_compared(value: float, unit: str, expected: str) -> None:
    assert (
        verdict(shown(simple_chart(bilirubin(value, valueQuantity={"value": value, "unit": unit}))), "E5b") == expected
    )


def test_13_a_value_too_high_in_its_unit_excludes() -> None:
    assert open_chart(simple_chart(bilirubin(51, valueQuantity={"value": 51, "unit": "umol/L"}))) == []


def test_14_nothing_to_say_is_silence() -> None:
    assert open_chart(bundle({"resourceType": "Patient", "id": "p1"}, condition("fracture"))) == []


def test_15_no_sample_card_is_served_on_an_error() -> None:
    for body in ({}, {"hook": "patient-view"}, hook_request(simple_chart()) | {"prefetch": {}}):
        assert "cards" not in client().post(SERVICE, json=body).get_json()


def test_16_a_bad_body_is_400_and_not_404() -> None:
    for body in (b"", b"{", b"[]", b"{}"):
        problem_of(client().post(SERVICE, data=body, content_type="application/json"), 400)


def test_17_a_draft_order_of_another_kind_is_no_fault() -> None:
    for draft in (
        {"resourceType": "NutritionOrder", "id": "n", "status": "draft", "patient": {"reference": "Patient/p1"}},
        {"resourceType": "CommunicationRequest", "id": "c", "status": "draft"},
        {"resourceType": "MedicationRequest", "id": "m"},
        {"resourceType": "Nonsense"},
    ):
        assert sign(draft) == []
        assert len(sign(draft, tace())) == 1


def test_18_no_card_holds_anything_null_or_empty() -> None:
    for card in (*open_chart(simple_chart()), *open_chart(enrolled_chart()), *sign(tace("2026-11-10"))):
        assert list(hollow(card)) == []


def test_19_no_origin_is_allowed_by_a_star_nor_with_credentials() -> None:
    for caller in (client(), service(cors_origins=("https://a.example",)).test_client()):
        for origin in ("https://a.example", "https://b.example"):
            headers = caller.post(SERVICE, json={}, headers={"Origin": origin}).headers
            assert headers.get("Access-Control-Allow-Origin") in (None, "https://a.example")
            assert "Access-Control-Allow-Credentials" not in headers


def test_20_text_of_the_record_is_no_markup_in_the_detail() -> None:
    hostile = "<img src=x onerror=alert(1)> [x](javascript:alert(1))"
    code = {**condition("gi-bleeding")["code"], "text": hostile}
    (card,) = open_chart(simple_chart(condition("gi-bleeding", code=code, onsetDateTime="2026-11-20")))
    assert "onerror" in card["detail"], "the text itself is shown"
    assert "<img" not in card["detail"]
    assert "](javascript" not in json.dumps(card["detail"])
    assert assessment_of(card)["status"] not in QUALIFYING
