"""What clinical and verification status say of a diagnosis and of an allergy (rulebook section 3 "Status")."""

import pytest

from fhir_profiles.record import Activity, Doubt
from tests.acceptance import BRAIN, CANCER, PATIENT, Json, condition
from tests.unit.fhir_profiles.reading import read

_HL7 = "http://terminology.hl7.org/CodeSystem"
CLINICAL, VERIFICATION = f"{_HL7}/condition-clinical", f"{_HL7}/condition-ver-status"
ALLERGY_CLINICAL = f"{_HL7}/allergyintolerance-clinical"
ALLERGY_VERIFICATION = f"{_HL7}/allergyintolerance-verification"
ALLERGY: Json = {
    "resourceType": "AllergyIntolerance",
    "id": "a1",
    "code": {"coding": [{"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "495881"}]},
    "patient": {"reference": "Patient/p1"},
}


def _status(system: str | None, *codes: str) -> Json:
    return {"coding": [{"system": system, "code": code} for code in codes]}


@pytest.mark.parametrize(
    ("codes", "activity"),
    [
        (("active", "recurrence"), Activity.ACTIVE),
        (("remission", "resolved"), Activity.INACTIVE),
        (("resolved", "active"), Activity.UNCLEAR),
        (("active", "resolved"), Activity.UNCLEAR),
    ],
)
def test_statuses_that_contradict_each_other_leave_the_activity_unclear(
    codes: tuple[str, ...], activity: Activity
) -> None:
    (fact,) = read(PATIENT, condition(BRAIN, clinicalStatus=_status(CLINICAL, *codes))).conditions[BRAIN]
    assert fact.activity is activity


@pytest.mark.parametrize("codes", [("confirmed", "refuted"), ("refuted", "confirmed")])
def test_a_diagnosis_both_confirmed_and_refuted_is_not_confirmed(codes: tuple[str, ...]) -> None:
    (fact,) = read(PATIENT, condition(BRAIN, verificationStatus=_status(VERIFICATION, *codes))).conditions[BRAIN]
    assert (fact.sets, fact.maybe_sets[BRAIN]) == (frozenset(), Doubt.UNCONFIRMED)


@pytest.mark.parametrize(
    ("status", "ended", "activity"),
    [
        *(("active", None, Activity.ACTIVE), ("recurrence", None, Activity.ACTIVE), (None, None, Activity.ACTIVE)),
        *(("resolved", None, Activity.INACTIVE), ("remission", None, Activity.INACTIVE)),
        *(("inactive", "2026-01-01", Activity.INACTIVE), ("active", "2026-01-01", Activity.UNCLEAR)),
        *(("", None, Activity.UNCLEAR), (None, "2026-01-01", Activity.UNCLEAR)),
    ],
)
def test_a_condition_is_present_past_or_unclear(status: str | None, ended: str | None, activity: Activity) -> None:
    clinical = None if status is None else _status(CLINICAL, status)
    given = condition(CANCER, clinicalStatus=clinical, abatementDateTime=ended)
    (fact,) = read(PATIENT, given).conditions[CANCER]
    assert fact.activity is activity


@pytest.mark.parametrize("verified", ["refuted", "entered-in-error"])
def test_a_refuted_condition_is_no_condition(verified: str) -> None:
    refuted = condition(CANCER, verificationStatus=_status(VERIFICATION, verified))
    assert CANCER not in read(PATIENT, refuted).conditions


@pytest.mark.parametrize("system", [None, "urn:local", f"{CLINICAL}/x"])
def test_a_status_of_another_system_or_of_none_says_nothing(system: str | None) -> None:
    past, refuted = _status(system, "resolved"), _status(system, "refuted")
    (fact,) = read(PATIENT, condition(BRAIN, clinicalStatus=past, verificationStatus=refuted)).conditions[BRAIN]
    assert (fact.activity, fact.maybe_sets[BRAIN]) == (Activity.UNCLEAR, Doubt.UNCONFIRMED)
    assert "trial-agent-allergy" in read(PATIENT, {**ALLERGY, "verificationStatus": refuted}).allergies
    assert "trial-agent-allergy" in read(PATIENT, {**ALLERGY, "clinicalStatus": _status(system, "inactive")}).allergies


def test_an_allergy_of_the_past_or_refuted_is_none() -> None:
    past = {**ALLERGY, "clinicalStatus": _status(ALLERGY_CLINICAL, "inactive")}
    refuted = {**ALLERGY, "verificationStatus": _status(ALLERGY_VERIFICATION, "refuted")}
    assert read(PATIENT, past, {**refuted, "id": "a2"}).allergies == {}
