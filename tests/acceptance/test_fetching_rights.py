"""What a token lets be fetched, of whom and from where; and that nothing of it is written anywhere."""

import logging

import pytest

from cds_service.web.discovery import PREFETCH
from tests.acceptance import CANCER, PATIENT, bilirubin, bundle, condition, states
from tests.acceptance.test_metrics import counted
from tests.fetch_calls import (
    CHART,
    FAILURE,
    NEEDED,
    OTHERS,
    TOKEN,
    Ehr,
    answered,
    fetching_call,
    fetching_client,
    fetching_service,
    page,
    shown,
)
from tests.http_calls import (
    METASTASIS,
    SERVICE,
    Json,
    cards_of,
    problem_of,
    searchset,
)
from tests.order_calls import ORDER_SIGN, enrolled_chart, order_request, tace


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        ("patient/*.read", "supplied"),
        ("user/*.*", "supplied"),
        ("system/*.rs", "supplied"),
        ("patient/AllergyIntolerance.read", "supplied"),
        ("patient/AllergyIntolerance.cruds", "supplied"),
        ("patient/AllergyIntolerance.s", "supplied"),
        ("patient/AllergyIntolerance.rs?clinical-status=active", "in-part"),
        ("patient/AllergyIntolerance.rs?clinical-status=active user/AllergyIntolerance.rs", "supplied"),
        ("patient/AllergyIntolerance.r", None),
        ("patient/AllergyIntolerance.write", None),
        ("patient/Observation.read", None),
        ("patient/AllergyIntolerance", None),
        ("launch/patient openid fhirUser", None),
        ("", None),
        (None, None),
    ],
)
def test_a_search_outside_the_scopes_is_not_made_and_one_wider_than_them_is_in_part(
    scope: str | None, expected: str | None
) -> None:
    with Ehr(CHART) as ehr:
        found = shown(fetching_call(CHART, set(PREFETCH) - {"allergies"}, scope=scope))
    assert states(found)["allergies"] == (expected or "not-supplied")
    assert ehr.keys == ([] if expected is None else ["allergies"])


def test_the_patient_is_read_by_the_right_to_read() -> None:
    for scope, asked in (("patient/Patient.r", True), ("patient/Patient.s", False)):
        with Ehr(CHART) as ehr:
            problem_of(fetching_client().post(SERVICE, json=fetching_call(CHART, scope=scope)), 412)
        assert ehr.keys == (["patient"] if asked else [])


@pytest.mark.parametrize(
    "change",
    [
        {"fhirAuthorization": None},
        {"fhirAuthorization": "Bearer"},
        {"fhirAuthorization": {**fetching_call(CHART)["fhirAuthorization"], "token_type": "mac"}},
        {"fhirAuthorization": {**fetching_call(CHART)["fhirAuthorization"], "token_type": ["Bearer"]}},
        {"fhirAuthorization": {**fetching_call(CHART)["fhirAuthorization"], "access_token": "a\r\nX: b"}},
        {"fhirAuthorization": {**fetching_call(CHART)["fhirAuthorization"], "access_token": ""}},
        {"fhirAuthorization": {**fetching_call(CHART)["fhirAuthorization"], "expires_in": 0}},
        {"fhirAuthorization": {**fetching_call(CHART)["fhirAuthorization"], "expires_in": -5}},
        {"fhirAuthorization": {**fetching_call(CHART)["fhirAuthorization"], "expires_in": "soon"}},
        {"fhirServer": None},
        {"fhirServer": 7},
        {"fhirServer": ""},
        {"fhirServer": "ehr.example/fhir"},
        {"fhirServer": "http://ehr.example/fhir"},
        {"fhirServer": "https://other.example/fhir"},
        {"fhirServer": "https://ehr.example.other.example/fhir"},
        {"fhirServer": "https://ehr.example@other.example/fhir"},
        {"fhirServer": "https://ehr.example:8443/fhir"},
        {"fhirServer": "https://ehr.example/fhir?tenant=1"},
        {"fhirServer": "https://ehr.example/fhir#x"},
        {"fhirServer": "https://ehr.example/fhir/../admin"},
        {"fhirServer": "https://169.254.169.254/latest"},
        {"fhirServer": "https://[ehr.example/fhir"},
        {"fhirServer": "https://ehr.example/" + "x" * 2000},
    ],
    ids=range(24),
)
def test_without_a_good_token_or_an_agreed_server_nobody_is_asked_and_the_call_goes_on(change: Json) -> None:
    with Ehr(CHART) as ehr:
        sent = fetching_call(CHART, NEEDED) | change
        assert states(shown(sent))["allergies"] == "not-supplied"
        problem_of(fetching_client().post(SERVICE, json={**sent, "prefetch": {}}), 412)
    assert ehr.asked == []


@pytest.mark.parametrize("hook", ["patient-view", "order-sign"])
def test_a_token_for_another_patient_is_400_and_nobody_is_asked(hook: str) -> None:
    request = fetching_call(CHART, NEEDED, patient="p2")
    if hook == "order-sign":
        request = {**order_request([tace()], enrolled_chart()), "fhirAuthorization": request["fhirAuthorization"]}
    address = SERVICE if hook == "patient-view" else ORDER_SIGN
    with Ehr(CHART) as ehr:
        issue = problem_of(fetching_client().post(address, json=request), 400)
    assert issue["expression"] == ["fhirAuthorization.patient"]
    assert "p2" not in issue["diagnostics"]
    assert ehr.asked == []


@pytest.mark.parametrize("patient", ["p1", "Patient/p1"])
def test_a_token_for_this_patient_is_used(patient: str) -> None:
    with Ehr(CHART) as ehr:
        shown(fetching_call(CHART, NEEDED, patient=patient))
    assert ehr.asked


@pytest.mark.parametrize("patient", ["..", ".", "p1/../p2", "p1?x=y", "p1&patient=p2", "p1%20", "p" * 65, "p 1"])
def test_an_id_that_could_mean_something_else_in_an_address_is_not_asked_for(patient: str) -> None:
    request = fetching_call(CHART)
    request["context"]["patientId"] = patient
    with Ehr(CHART) as ehr:
        problem_of(fetching_client().post(SERVICE, json=request), 412)
    assert ehr.asked == []


def test_the_log_and_the_metrics_tell_what_came_of_each_key(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    caller = fetching_service()
    cut = answered(searchset((), link=[{"relation": "next", "url": "https://other.example/"}]))
    denied, mixed = answered(FAILURE, 403), answered(searchset([OTHERS]))
    with Ehr(CHART, allergies=denied, procedures=cut, encounters=mixed):
        cards_of(caller.post(SERVICE, json=fetching_call(CHART, scope="patient/*.read")))
    (line,) = [record.__dict__["fields"] for record in caplog.records if record.getMessage() == "fetch"]
    expected = dict.fromkeys(PREFETCH, "fetched")
    expected |= {"allergies": "denied", "procedures": "in-part", "encounters": "another-patient"}
    assert line["outcomes"] == expected
    assert line["others"] == 1
    assert line["bytes"] > 1000
    assert set(line) == {"trace", "outcomes", "ms", "bytes", "others"}
    assert counted(caller, "cotsom_fetches") == dict.fromkeys(expected.items(), 1)


def test_a_server_that_is_not_agreed_on_is_told_and_not_named(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    caller = fetching_service()
    cards_of(caller.post(SERVICE, json=fetching_call(CHART, set(PREFETCH) - {"allergies"}, "https://other.example/f")))
    assert counted(caller, "cotsom_fetches") == {("allergies", "not-allowed"): 1}
    (line,) = [record.__dict__["fields"] for record in caplog.records if record.getMessage() == "fetch"]
    assert line["outcomes"] == {"allergies": "not-allowed"}
    assert "other.example" not in caplog.text


def test_nothing_of_the_token_or_the_patient_is_written_anywhere(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    person = {**PATIENT, "name": [{"family": "Lebensztejn"}]}
    chart = bundle(person, condition(CANCER), condition(METASTASIS), bilirubin(7.731948206))
    caller = fetching_client()
    for instead in (
        answered(FAILURE, 500),
        answered("<html>Lebensztejn"),
        page([], "https://other.example/Lebensztejn"),
    ):
        with Ehr(chart, conditions=instead, allergies=instead):
            answer = caller.post(SERVICE, json=fetching_call(chart))
    written = caplog.text + "".join(str(record.__dict__) for record in caplog.records) + caller.get("/metrics").text
    for mark in (TOKEN, "Lebensztejn", "1968-04-12", "7.731948206", "Patient/p1", "patient=p1"):
        assert mark not in written
    assert TOKEN not in answer.text
    assert "Lebensztejn" not in answer.text
