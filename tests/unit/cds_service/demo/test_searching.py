"""Prefetch as an EHR's FHIR server answers it: what is asked, nothing more, and nothing where it is not understood."""

from typing import Any

import pytest

from cds_service.demo.search_dates import NotAnswered
from cds_service.demo.searching import answered, filled, prefetched
from cds_service.settings import read_zone

SEOUL = read_zone("Asia/Seoul")
ME, OTHER = {"reference": "Patient/p1"}, {"reference": "Patient/p2"}
LOINC = "http://loinc.org"


def observation(name: str, code: str, day: str, category: str = "laboratory", **elements: object) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "id": name,
        "category": [{"coding": [{"code": category}]}] if category else [],
        "code": {"coding": [{"system": LOINC, "code": code}]},
        "effectiveDateTime": day,
        "subject": ME,
        **elements,
    }


CHART: tuple[dict[str, Any], ...] = (
    {"resourceType": "Patient", "id": "p1"},
    observation("inr-old", "6301-6", "2026-10-01"),
    observation("inr-new", "6301-6", "2026-11-19T08:00:00+09:00"),
    observation("smoking", "72166-2", "2026-11-01", "social-history"),
    observation("bare", "1975-2", "2026-11-02", ""),
    observation("theirs", "6301-6", "2026-11-20", subject=OTHER),
    {"resourceType": "ServiceRequest", "id": "plan", "status": "active", "subject": ME},
    {"resourceType": "ServiceRequest", "id": "done", "status": "completed", "subject": ME},
    {
        "resourceType": "MedicationRequest",
        "id": "drug",
        "subject": ME,
        "medicationReference": {"reference": "Medication/m"},
    },
    {"resourceType": "Medication", "id": "m"},
)


def found(query: str) -> list[str]:
    """The ids of the entries of a searchset."""
    bundle = answered(query, CHART, SEOUL)
    assert bundle is not None
    assert (bundle["resourceType"], bundle["type"]) == ("Bundle", "searchset")
    return [entry["resource"]["id"] for entry in bundle["entry"]]


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("Observation?patient=p1", ["inr-old", "inr-new", "smoking", "bare"]),
        ("Observation?subject=Patient/p1&code=6301-6", ["inr-old", "inr-new"]),
        ("Observation?patient=p1&code=http://loinc.org|6301-6", ["inr-old", "inr-new"]),
        ("Observation?patient=p1&code=http://snomed.info/sct|6301-6", []),
        ("Observation?patient=p1&category=laboratory", ["inr-old", "inr-new", "bare"]),
        ("Observation?patient=p1&category=laboratory,social-history", ["inr-old", "inr-new", "smoking", "bare"]),
        ("Observation?patient=p1&code=6301-6&_sort=-date&_count=1", ["inr-new"]),
        ("Observation?patient=p1&date=ge2026-11-01&date=lt2026-11-19", ["smoking", "bare"]),
        ("Observation?patient=p1&date=2026-11-19", ["inr-new"]),
        ("ServiceRequest?patient=p1&status=active", ["plan"]),
        ("MedicationRequest?patient=p1&_include=MedicationRequest:medication", ["drug", "m"]),
        ("MedicationRequest?patient=p1", ["drug"]),
        ("Encounter?patient=p1", []),
    ],
)
def test_a_search_finds_what_it_asks_for(query: str, ids: list[str]) -> None:
    assert found(query) == ids


def test_a_read_gives_the_resource_or_nothing() -> None:
    assert answered("Patient/p1", CHART, SEOUL) == CHART[0]
    assert answered("Patient/p2", CHART, SEOUL) is None


@pytest.mark.parametrize(
    "query",
    [
        "Observation?patient=p1&code:in=http://example.org/ValueSet/x",
        "Observation?patient=p1&value-quantity=gt5",
        "Observation?patient=p1&_sort=code",
        "Observation?patient=p1&date=ap2026-11-19",
        "Observation?patient=p1&date=ge2026-13",
        "Observation?patient=p1&date=yesterday",
        "Observation?patient=p1&onset-date=2026",
        "ServiceRequest?patient=p1&date=2026",
        "ServiceRequest?patient=p1&_sort=date",
        "MedicationRequest?patient=p1&_include=MedicationRequest:requester",
        "Patient/p1/$everything",
        "",
    ],
)
def test_what_is_not_understood_is_not_answered(query: str) -> None:
    with pytest.raises(NotAnswered):
        answered(query, CHART, SEOUL)


def test_a_token_is_filled_from_the_context_alone() -> None:
    assert filled("Patient/{{context.patientId}}", {"patientId": "p1"}) == "Patient/p1"
    for template in (
        "X?d={{today()}}",
        "X/{{userPractitionerId}}",
        "X/{{context.encounterId}}",
        "X/{{context.drafts}}",
    ):
        with pytest.raises(NotAnswered):
            filled(template, {"patientId": "p1", "drafts": {}})


def test_a_key_that_cannot_be_answered_is_left_out() -> None:
    templates = {"a": "Patient/{{context.patientId}}", "b": "Observation?combo=1", "c": "X?d={{today()}}"}
    assert prefetched(templates, {"patientId": "p1"}, CHART, SEOUL) == {"a": CHART[0]}


# In Seoul the 19th begins at 15:00 UTC on the 18th.
DATED: tuple[dict[str, Any], ...] = (
    observation("before", "1", "2026-11-18T14:59:59Z"),
    observation("first", "1", "2026-11-18T15:00:00Z"),
    observation("last", "1", "2026-11-19T23:59:59.999+09:00"),
    observation("day", "1", "2026-11-19"),
    observation("month", "1", "2026-11"),
    observation("undated", "1", "nonsense"),
    {"resourceType": "Observation", "id": "course", "subject": ME, "effectivePeriod": {"start": "2026-11-18"}},
)


@pytest.mark.parametrize(
    ("terms", "ids"),
    [
        ("date=2026-11-19", "first last day"),
        ("date=eq2026-11", "before first last day month"),
        ("date=ne2026-11-19", "before month course"),
        ("date=gt2026-11-19", "month course"),
        ("date=ge2026-11-19", "first last day month course"),
        ("date=lt2026-11-19", "before month course"),
        ("date=le2026-11-19", "before first last day month course"),
        ("date=sa2026-11-18", "first last day"),
        ("date=eb2026-11-19", "before"),
        ("date=2026-11-18T15:00:00Z", "first"),
        ("date=2026-11-19T00:00:00%2B09:00", "first"),
        ("date=2026-11-18T15:00Z", "first"),
        ("date=2026-11-19T00:00", "first"),
        ("date=2026-11-18T15:00:00.000Z", ""),
        ("date=sa2026-11-18T14:59:59Z&date=lt2026-11-18T15:00:01Z", "first day"),
        ("date=2026-11-18T14:59:59Z,2026-11-18T15:00:00Z", "before first"),
        ("_sort=date", "month course before first day last undated"),
        ("_sort=-date&_count=2", "last first"),
    ],
)
def test_dates_are_compared_as_the_time_that_they_may_mean(terms: str, ids: str) -> None:
    bundle = answered(f"Observation?patient=p1&{terms}", DATED, SEOUL)
    assert bundle is not None
    assert [entry["resource"]["id"] for entry in bundle["entry"]] == ids.split()
