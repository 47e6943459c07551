"""A value that is no answer to the key's own search for this patient never makes a source look searched."""

import json
from pathlib import Path

import pytest

from cds_service.web.discovery import PREFETCH
from fhir_profiles.reading.prefetch import ADDS_TO, PARTS_OF_KEY
from tests.acceptance import FIXED, PATIENT, bilirubin, bundle, invoke, states, verdict, write
from tests.fetch_calls import BASE, CHART, FAILURE, NEEDED, Ehr, allergies, answered, fetching_call, page, shown
from tests.http_calls import (
    SERVICE,
    Json,
    assessment_of,
    client,
    hook_request,
    open_chart,
    problem_of,
    query_of,
    searchset,
    simple_chart,
)

ALLERGY: Json = {
    "resourceType": "AllergyIntolerance",
    "id": "a",
    "code": {"text": "Penicillin"},
    "patient": {"reference": "Patient/p1"},
}
MEDICATION: Json = {"resourceType": "Medication", "id": "m"}
WARNING: Json = {"resourceType": "OperationOutcome", "issue": [{"severity": "warning", "code": "not-found"}]}
UNREADABLE: Json = {**ALLERGY, "code": 5}
OURS = "AllergyIntolerance?patient=p1"
SOURCES = {
    "medicationRequests": "medications",
    "medicationStatements": "medications",
    "medicationAdministrations": "medications",
    "diagnosticReports": "imaging",
    "serviceRequests": "orders",
    "researchSubjects": "research-subjects",
}


def given(entry: Json, kind: str | None = "searchset", **elements: object) -> Json:
    """A Bundle with one entry just as it is given."""
    return {"resourceType": "Bundle", "type": kind, "entry": [entry], **elements}


def state_of(value: object, key: str = "allergies") -> str:
    """What the card says of the key's source where the key holds this."""
    (card,) = open_chart(simple_chart(), None, **{key: value})
    return states(assessment_of(card))[SOURCES.get(key, key)]


@pytest.mark.parametrize(
    "query",
    [
        "Procedure?patient=p2",
        "Procedure?patient=Patient/p2",
        "Procedure?patient=Patient%2Fp2",
        "Procedure?subject%3APatient=p2",
        "Procedure?patient=p1,p2",
        "Procedure?patient=p1&subject=p2",
        "Procedure?patient=",
        "Procedure?subject.name=Kim",
        "Condition?patient=p1",
        "Patient?patient=p1",
    ],
)
@pytest.mark.parametrize("kind", ["searchset", "collection", None])
def test_an_answer_to_another_search_counts_as_not_supplied(query: str, kind: str | None) -> None:
    (card,) = open_chart(simple_chart(), None, procedures={**searchset((), query), "type": kind})
    found = assessment_of(card)
    assert states(found)["procedures"] == "not-supplied"
    assert verdict(found, "E8") == "unknown"


@pytest.mark.parametrize("key", ["conditions", "observations"])
def test_a_needed_answer_about_another_patient_is_missing(key: str) -> None:
    request = hook_request(simple_chart(), None, **{key: searchset((), query_of(key, "p2"))})
    assert key in problem_of(client().post(SERVICE, json=request), 412)["diagnostics"]


@pytest.mark.parametrize("key", sorted(set(PREFETCH) - {"patient", "conditions", "observations"}))
def test_every_other_key_takes_an_answer_about_this_patient_alone(key: str) -> None:
    assert state_of(searchset((), query_of(key, "p1")), key) == "supplied"
    expected = "in-part" if key in ADDS_TO else "not-supplied"
    assert state_of(searchset((), query_of(key, "p2")), key) == expected


@pytest.mark.parametrize("part", PARTS_OF_KEY["observations"])
def test_a_part_about_another_patient_is_missing(part: str) -> None:
    request = hook_request(simple_chart())
    del request["prefetch"]["observations"]
    request["prefetch"] |= dict.fromkeys(PARTS_OF_KEY["observations"], searchset((), "Observation?patient=p1"))
    request["prefetch"][part] = searchset((), "Observation?patient=p2")
    assert "observations" in problem_of(client().post(SERVICE, json=request), 412)["diagnostics"]


NO_ANSWERS = [
    PATIENT,
    {"resourceType": "Basic"},
    {"resourceType": "Parameters"},
    WARNING,
    {**WARNING, "issue": []},
    UNREADABLE,
    *(bundle(kind=kind) for kind in ("batch-response", "transaction-response", "history", "document", "x")),
    bundle(searchset(()), kind="batch-response"),
    *({**bundle(PATIENT), "type": kind} for kind in ("collection", None)),
    *({**bundle(WARNING), "type": kind} for kind in ("collection", None)),
    bundle(bundle()),
]


@pytest.mark.parametrize("value", NO_ANSWERS, ids=range(len(NO_ANSWERS)))
def test_what_is_no_answer_to_the_search_counts_as_not_supplied(value: Json) -> None:
    assert state_of(value) == "not-supplied"
    request = hook_request(simple_chart(), None, observations=value)
    assert "observations" in problem_of(client().post(SERVICE, json=request), 412)["diagnostics"]


ANSWERS = [
    None,
    *({**bundle(), "type": kind} for kind in ("searchset", "collection", None)),
    *({**bundle(ALLERGY), "type": kind} for kind in ("searchset", "collection", None)),
    bundle(ALLERGY, link=[{"relation": "self", "url": f"{BASE}/Bundle/b"}]),
    ALLERGY,
    searchset([ALLERGY, PATIENT], OURS),
    searchset([WARNING], OURS),
    searchset((), f"{OURS}&_count=200"),
    searchset((), "AllergyIntolerance/_search?patient=p1"),
    given({"resource": MEDICATION, "search": {"mode": "include"}}),
    given({"search": {"mode": "outcome"}}),
    given({"resource": ALLERGY}, total=1),
    given({"resource": ALLERGY}, total=0),
]


@pytest.mark.parametrize("value", ANSWERS, ids=range(len(ANSWERS)))
def test_what_answers_the_search_counts_as_supplied(value: object) -> None:
    assert state_of(value) == "supplied"


GAPS = [
    searchset([PATIENT], OURS),
    searchset([{"resourceType": "Unheard"}], OURS),
    searchset([bundle()], OURS),
    *({**bundle(UNREADABLE), "type": kind} for kind in ("searchset", "collection", None)),
    given({}),
    given({"fullUrl": f"{BASE}/AllergyIntolerance/a"}),
    *({**bundle(ALLERGY), "type": kind, "entry": [{"resource": ALLERGY}, {}]} for kind in ("collection", None)),
    given({"search": {"mode": "match"}}),
    given({"search": {"mode": 5}}),
    given({"resource": ALLERGY}, total=2),
    given({"resource": ALLERGY, "search": {"mode": "include"}}, total=1),
    {**searchset((), f"{OURS}&_summary=count"), "total": 3},
    {**bundle(kind="searchset"), "total": 1, "entry": [{"resource": {"resourceType": "Unheard"}, "search": 5}]},
    *({**bundle(kind="searchset"), "link": [{"relation": "next", **url}]} for url in ({}, {"url": ""})),
]


@pytest.mark.parametrize("value", GAPS, ids=range(len(GAPS)))
def test_what_lacks_matches_counts_as_in_part(value: Json) -> None:
    assert state_of(value) == "in-part"


@pytest.mark.parametrize(
    ("entry", "total", "state"),
    [
        ({}, None, "in-part"),
        ({"search": {"mode": "match"}}, None, "in-part"),
        ({"search": {"mode": "outcome"}}, None, "supplied"),
        ({"resource": MEDICATION, "search": {"mode": "include"}}, 1, "in-part"),
        ({"resource": PATIENT}, None, "in-part"),
        ({"resource": ALLERGY}, 1, "supplied"),
    ],
)
def test_a_fetched_page_is_held_to_the_same(entry: Json, total: int | None, state: str) -> None:
    assert allergies(answered(given(entry, total=total))) == state


@pytest.mark.parametrize("url", [{}, {"url": ""}, {"url": None}])
def test_a_fetched_page_that_goes_on_nobody_knows_where_is_in_part(url: Json) -> None:
    links = [{"relation": "self", "url": f"{BASE}/{OURS}"}, {"relation": "next", **url}]
    assert allergies(answered(searchset((), link=links))) == "in-part"


def test_a_fetched_answer_to_another_search_is_not_believed() -> None:
    assert allergies(answered(searchset((), "Condition?patient=p1"))) == "not-supplied"
    later = answered(searchset((), "AllergyIntolerance?patient=p2"))
    assert allergies([page([], f"{BASE}/AllergyIntolerance?page=2"), later]) == "not-supplied"


def test_what_was_prefetched_of_another_patient_is_fetched() -> None:
    request = fetching_call(CHART, PREFETCH)
    request["prefetch"]["allergies"] = searchset((), "AllergyIntolerance?patient=p2")
    with Ehr(CHART) as ehr:
        assert states(shown(request))["allergies"] == "supplied"
    assert ehr.keys == ["allergies"]
    with Ehr(CHART, allergies=answered(FAILURE)):
        assert states(shown(request))["allergies"] == "not-supplied"


def test_a_patient_in_place_of_needed_observations_is_not_taken_for_them() -> None:
    with Ehr(CHART, observations=answered(FAILURE)):
        request = fetching_call(CHART, NEEDED)
        request["prefetch"]["observations"] = PATIENT
        assert "observations" in problem_of(client().post(SERVICE, json=request), 412)["diagnostics"]


@pytest.mark.parametrize("context", [{"patientId": "p1"}, {"patientId": "Patient/p1"}, {}, None])
def test_a_captured_request_is_read_for_the_patient_whose_chart_is_open(tmp_path: Path, context: Json | None) -> None:
    request = hook_request(simple_chart(bilirubin(1.1)), None, procedures=searchset((), "Procedure?patient=p2"))
    request["context"] = context
    write(tmp_path, "request.json", request)
    found: Json = json.loads(invoke("assess", str(tmp_path / "request.json"), *FIXED).out)
    assert states(found)["procedures"] == "not-supplied"
    assert states(found)["conditions"] == "supplied"


def test_a_captured_request_with_the_record_of_another_patient_is_refused(tmp_path: Path) -> None:
    request = hook_request(simple_chart())
    request["context"]["patientId"] = "p2"
    write(tmp_path, "request.json", request)
    refused = invoke("assess", str(tmp_path / "request.json"), *FIXED)
    assert refused.code != 0
    assert "prefetch.patient" in refused.err
