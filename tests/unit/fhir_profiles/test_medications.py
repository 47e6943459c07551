"""Courses of drugs: which count, when they began and ended, and what an unresolved product may be (section 3)."""

import json
from datetime import date

import pytest

from cds_service.loading import load_vocabulary
from cds_service.settings import Settings, read_zone
from fhir_profiles.dates import UNDATED, DateInterval
from fhir_profiles.reading.decoding import decode_body
from fhir_profiles.reading.records import read_record
from fhir_profiles.record import Course, Doubt
from tests.acceptance import PATIENT, Json, bundle
from tests.case_codes import concept

VOCABULARY = load_vocabulary(Settings())
DRUG = {"medicationCodeableConcept": concept("sorafenib")}
PRODUCT = {"resourceType": "Medication", "id": "m1", "code": concept("sorafenib")}


def drug(kind: str, status: str, **elements: object) -> Json:
    named = {} if "medicationReference" in elements else DRUG
    intent = {"intent": "order"} if kind == "MedicationRequest" else {}
    about = {"subject": {"reference": "Patient/p1"}, **intent, **named}
    return {"resourceType": kind, "id": "d1", "status": status, **about, **elements}


def courses(*resources: Json) -> tuple[Course, ...]:
    body = json.dumps(bundle(PATIENT, *resources)).encode()
    return read_record(decode_body(body), VOCABULARY, read_zone("Asia/Seoul")).courses.get("sorafenib", ())


def day(text: str) -> DateInterval:
    return DateInterval(date.fromisoformat(text), date.fromisoformat(text))


def bounds(**period: str) -> Json:
    return {"timing": {"repeat": {"boundsPeriod": period}}}


COUNTING = {
    "MedicationRequest": {"active", "on-hold", "stopped", "completed"},
    "MedicationStatement": {"active", "completed", "stopped", "on-hold"},
    "MedicationAdministration": {"completed", "in-progress"},
    "MedicationDispense": {"completed", "in-progress"},
}
STATUSES = [
    *("active", "on-hold", "stopped", "completed", "in-progress", "draft", "cancelled", "entered-in-error"),
    *("unknown", "intended", "not-taken", "not-done", "declined", "preparation", "ended", ""),
]
IN_NO_TABLE = {"ended", "in-progress", ""}


@pytest.mark.parametrize("kind", COUNTING)
@pytest.mark.parametrize("status", STATUSES)
def test_a_course_counts_by_its_status(kind: str, status: str) -> None:
    doubtful = status in IN_NO_TABLE - COUNTING[kind] and kind in ("MedicationRequest", "MedicationStatement")
    read = courses(drug(kind, status))
    assert bool(read) == (status in COUNTING[kind] or doubtful)
    assert all(bool(course.maybe_sets) == doubtful for course in read)


@pytest.mark.parametrize("kind", COUNTING)
def test_a_course_without_status_may_count(kind: str) -> None:
    (course,) = courses({name: value for name, value in drug(kind, "").items() if name != "status"})
    assert (course.sets, course.maybe_sets["sorafenib"]) == (frozenset(), Doubt.UNSTATED)


@pytest.mark.parametrize("intent", ["order", "original-order", "reflex-order", "filler-order", "instance-order"])
def test_an_order_counts_unless_it_says_not_to_give(intent: str) -> None:
    assert courses(drug("MedicationRequest", "active", intent=intent))
    assert not courses(drug("MedicationRequest", "active", intent=intent, doNotPerform=True))


@pytest.mark.parametrize("intent", ["proposal", "plan", "option"])
def test_a_plan_is_no_course(intent: str) -> None:
    assert not courses(drug("MedicationRequest", "active", intent=intent))


@pytest.mark.parametrize("intent", ["", None, "prescribed"])
def test_a_request_of_no_known_intent_may_be_an_order(intent: str | None) -> None:
    (course,) = courses(drug("MedicationRequest", "active", intent=intent))
    assert (course.sets, course.maybe_sets["sorafenib"]) == (frozenset(), Doubt.UNSTATED)


@pytest.mark.parametrize(
    ("given", "start", "end", "still_open"),
    [
        (drug("MedicationRequest", "active", authoredOn="2026-11-01"), day("2026-11-01"), None, True),
        (drug("MedicationRequest", "completed", authoredOn="2026-11-01"), day("2026-11-01"), None, False),
        (
            drug(
                "MedicationRequest",
                "active",
                authoredOn="2026-11-01",
                dosageInstruction=[bounds(start="2026-11-03", end="2026-11-09")],
            ),
            day("2026-11-03"),
            day("2026-11-09"),
            False,
        ),
        (
            drug("MedicationRequest", "active", dosageInstruction=[bounds(start="2026-11-03", end="2026-11-09"), {}]),
            day("2026-11-03"),
            None,
            True,
        ),
        (
            drug("MedicationStatement", "stopped", effectivePeriod={"start": "2026-10-01", "end": "2026-10-20"}),
            day("2026-10-01"),
            day("2026-10-20"),
            False,
        ),
        (drug("MedicationStatement", "active", effectiveDateTime="2026-10-01"), day("2026-10-01"), None, True),
        (
            drug("MedicationAdministration", "completed", effectiveDateTime="2026-10-01"),
            day("2026-10-01"),
            day("2026-10-01"),
            False,
        ),
        (
            drug("MedicationDispense", "completed", whenHandedOver="2026-10-01"),
            day("2026-10-01"),
            day("2026-10-01"),
            False,
        ),
        (drug("MedicationStatement", "active"), UNDATED, None, True),
        (
            drug("MedicationStatement", "active", effectivePeriod={"start": "2026-10-01", "end": "soon"}),
            day("2026-10-01"),
            UNDATED,
            False,
        ),
    ],
)
def test_a_course_runs_from_its_start_to_an_explicit_end(
    given: Json, start: DateInterval, end: DateInterval | None, still_open: bool
) -> None:
    (course,) = courses(given)
    assert (course.start, course.end, course.open) == (start, end, still_open)


@pytest.mark.parametrize(
    "address", ["Medication/m1", "https://ehr.example/fhir/Medication/m1", "Medication/m1/_history/2"]
)
def test_a_product_is_found_by_its_reference(address: str) -> None:
    (course,) = courses(drug("MedicationRequest", "active", medicationReference={"reference": address}), PRODUCT)
    assert "sorafenib" in course.sets
    assert dict(course.maybe_sets) == {}


def test_a_contained_product_and_its_ingredients_are_read() -> None:
    inside = {"resourceType": "Medication", "id": "in", "ingredient": [{"itemCodeableConcept": concept("sorafenib")}]}
    given = drug("MedicationRequest", "active", medicationReference={"reference": "#in"}, contained=[inside])
    assert ["sorafenib" in course.sets for course in courses(given)] == [True]


@pytest.mark.parametrize("address", ["Medication/nowhere", "#nowhere", ""])
def test_a_product_that_was_not_supplied_may_be_any_drug(address: str) -> None:
    (course,) = courses(drug("MedicationRequest", "active", medicationReference={"reference": address}))
    assert course.maybe_sets["sorafenib"] is Doubt.UNRESOLVED
    assert course.maybe_sets["cyp3a4-inducer-strong"] is Doubt.UNRESOLVED


def test_an_unresolved_product_whose_display_names_a_drug_is_in_doubt_for_that_one() -> None:
    reference = {"reference": "Medication/nowhere", "display": "Sorafenib 200 mg"}
    (course,) = courses(drug("MedicationRequest", "active", medicationReference=reference))
    assert course.maybe_sets["sorafenib"] is Doubt.WORDS_ONLY
    assert Doubt.UNRESOLVED not in course.maybe_sets.values()
    assert "cyp3a4-inducer-strong" not in course.maybe_sets


def test_a_drug_named_by_code_and_by_reference_counts_as_both() -> None:
    both = drug("MedicationStatement", "active", **{**DRUG, "medicationCodeableConcept": {"text": "aspirin"}})
    assert courses(PRODUCT, {**both, "medicationReference": {"reference": "Medication/m1"}})
