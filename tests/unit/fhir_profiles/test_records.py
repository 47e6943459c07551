"""The record of one patient: whose resources count, what their dates say, what was noted (rulebook section 3)."""

from datetime import date

import pytest

from fhir_profiles.dates import UNDATED, DateInterval
from fhir_profiles.reading.decoding import UnreadableBody
from fhir_profiles.reading.records import source_states
from fhir_profiles.record import (
    QualityIssue,
    Sex,
    Source,
    SourceState,
    Unreadable,
    Value,
    Words,
)
from tests.acceptance import BRAIN, CANCER, PATIENT, Json, bilirubin, condition
from tests.unit.fhir_profiles.reading import read

PART, WHOLE, NONE = SourceState.IN_PART, SourceState.SUPPLIED, SourceState.NOT_SUPPLIED


def day(first: str, last: str | None = None) -> DateInterval:
    return DateInterval(date.fromisoformat(first), date.fromisoformat(last or first))


@pytest.mark.parametrize("patients", [(), (PATIENT, {**PATIENT, "id": "p2"})])
def test_a_record_is_of_exactly_one_patient(patients: tuple[Json, ...]) -> None:
    with pytest.raises(UnreadableBody, match="a record of one patient was expected"):
        read(*patients, condition(CANCER))


def test_the_same_patient_twice_is_one() -> None:
    assert read(PATIENT, PATIENT).patient.reference == "Patient/p1"


@pytest.mark.parametrize(
    ("subject", "ours"),
    [
        ({"reference": "Patient/p1"}, True),
        ({"reference": "https://ehr.example/fhir/Patient/p1"}, True),
        ({"reference": "Patient/p1/_history/7"}, True),
        ({"reference": "urn:uuid:p1"}, True),
        ({"identifier": {"system": "mrn", "value": "77"}}, True),
        ({"identifier": {"system": "elsewhere", "value": "77"}}, False),
        ({"reference": "Patient?identifier=mrn|77"}, True),
        ({"reference": "Patient?identifier=mrn|78"}, False),
        ({"reference": "#inside"}, False),
        ({"display": "somebody"}, False),
        (None, False),
    ],
)
def test_a_resource_says_whose_it_is(subject: Json | None, ours: bool) -> None:
    patient = {**PATIENT, "identifier": [{"system": "mrn", "value": "77"}]}
    (fact,) = read(patient, condition(CANCER, subject=subject)).conditions[CANCER]
    assert fact.subject_known is ours


@pytest.mark.parametrize("reference", ["Patient/p2", "https://ehr.example/fhir/Patient/p11", "Group/p1"])
def test_a_resource_of_another_patient_is_left_out_and_told(reference: str) -> None:
    record = read(PATIENT, condition(CANCER, subject={"reference": reference}))
    assert CANCER not in record.conditions
    assert record.quality == (QualityIssue(f"Condition/{CANCER}", "another-patient"),)


@pytest.mark.parametrize(
    ("elements", "onset", "dated"),
    [
        ({"onsetDateTime": "2026-10"}, day("2026-10-01", "2026-10-31"), day("2026-10-01", "2026-10-31")),
        ({"onsetDateTime": None, "onsetPeriod": {"start": "2026-10-02"}}, day("2026-10-02"), day("2026-10-02")),
        ({"onsetDateTime": None, "recordedDate": "2026-10-03"}, UNDATED, day("2026-10-03")),
        ({"onsetDateTime": "2026-13-45", "recordedDate": "2026-10-03"}, UNDATED, UNDATED),
        ({"onsetDateTime": None}, UNDATED, UNDATED),
        (
            {"onsetDateTime": None, "onsetAge": {"value": 50, "code": "a"}},
            day("2018-04-12", "2019-04-11"),
            day("2018-04-12", "2019-04-11"),
        ),
    ],
)
def test_a_condition_is_dated_by_onset_else_by_its_recording(
    elements: Json, onset: DateInterval, dated: DateInterval
) -> None:
    (fact,) = read(PATIENT, condition(CANCER, **elements)).conditions[CANCER]
    assert (fact.onset, fact.dated) == (onset, dated)


NAMELESS: tuple[Json, ...] = (
    {},
    {"code": {}},
    {"code": {"coding": [{"system": "http://snomed.info/sct"}], "text": ""}},
)
STATED: Json = {"status": "final", "subject": {"reference": "Patient/p1"}, "patient": {"reference": "Patient/p1"}}


@pytest.mark.parametrize("code", NAMELESS)
@pytest.mark.parametrize(
    ("kind", "source", "status"),
    [
        ("Condition", Source.CONDITIONS, "final"),
        ("Procedure", Source.PROCEDURES, "completed"),
        ("AllergyIntolerance", Source.ALLERGIES, "final"),
        ("Observation", Source.OBSERVATIONS, "final"),
    ],
)
def test_a_resource_without_a_name_may_be_anything(code: Json, kind: str, source: Source, status: str) -> None:
    given = {**STATED, "resourceType": kind, "id": "n1", "status": status, **code}
    record = read(PATIENT, given)
    assert record.sources[source] is PART
    assert record.quality == (QualityIssue(f"{kind}/n1", "nameless"),)
    named = read(PATIENT, {**given, "code": {"text": "Seafood"}})
    assert (named.sources[source], named.quality) == (WHOLE, ())


@pytest.mark.parametrize(
    ("value", "understood"),
    [
        ("0.9", Words("0.9", frozenset())),
        *(("NaN", Words("NaN", frozenset())), (True, Unreadable("not-a-measurement"))),
        *(([0.9], Unreadable("not-a-measurement")), ({}, Unreadable("not-a-measurement"))),
        (None, Unreadable("no-value")),
    ],
)
def test_what_is_no_number_in_the_place_of_one_is_no_measurement(value: object, understood: Value) -> None:
    (result,) = read(PATIENT, bilirubin(value)).results["bilirubin-total"]
    assert result.value == understood
    assert read(PATIENT, bilirubin(value)).sources[Source.OBSERVATIONS] is WHOLE


def test_a_patient_who_cannot_be_read_is_told_by_the_element_and_not_the_value() -> None:
    with pytest.raises(UnreadableBody, match="no Patient that can be read: of the one received, birthDate is not"):
        read({**PATIENT, "birthDate": ["1968-04-12"]}, condition(CANCER))


@pytest.mark.parametrize("status", ["preliminary", "registered"])
def test_a_pending_result_is_told_and_not_counted(status: str) -> None:
    record = read(PATIENT, bilirubin(1.1, status=status))
    assert record.results == {}
    assert record.quality == (QualityIssue("Observation/bilirubin", "pending"),)


def test_a_cancelled_result_is_neither_counted_nor_told() -> None:
    record = read(PATIENT, bilirubin(1.1, status="cancelled"))
    assert (record.results, record.quality) == ({}, ())


@pytest.mark.parametrize(
    ("elements", "expected"),
    [
        ({}, day("2026-11-20")),
        (
            {"effectiveDateTime": None, "effectivePeriod": {"start": "2026-11-01", "end": "2026-11-02"}},
            day("2026-11-02"),
        ),
        ({"effectiveDateTime": None, "effectiveInstant": "2026-11-20T16:00:00Z"}, day("2026-11-21")),
        ({"effectiveDateTime": None, "issued": "2026-11-19T00:00:00Z"}, day("2026-11-19")),
        ({"effectiveDateTime": None}, UNDATED),
    ],
)
def test_a_result_is_dated_by_when_it_was_taken_else_issued(elements: Json, expected: DateInterval) -> None:
    record = read(PATIENT, bilirubin(1.1, **elements))
    (result,) = record.results["bilirubin-total"]
    assert result.when.days == expected
    assert bool(record.quality) is (expected is UNDATED or expected == UNDATED)


def test_the_very_same_resource_twice_counts_once() -> None:
    assert len(read(PATIENT, condition(BRAIN), condition(BRAIN)).conditions[BRAIN]) == 1


@pytest.mark.parametrize(
    ("gender", "sex"), [("male", Sex.MALE), ("female", Sex.FEMALE), ("other", Sex.UNKNOWN), (None, Sex.UNKNOWN)]
)
def test_the_patient_is_male_female_or_unknown(gender: str | None, sex: Sex) -> None:
    assert read({**PATIENT, "gender": gender}).patient.sex is sex


@pytest.mark.parametrize(
    ("elements", "deceased", "when"),
    [
        ({}, False, None),
        ({"deceasedBoolean": True}, True, None),
        ({"deceasedBoolean": False}, False, None),
        ({"deceasedDateTime": "2026-11-01"}, False, day("2026-11-01")),
        ({"deceasedDateTime": "some day"}, True, None),
    ],
)
def test_a_death_is_a_fact_even_when_its_date_cannot_be_read(
    elements: Json, deceased: bool, when: DateInterval | None
) -> None:
    patient = read({**PATIENT, **elements}).patient
    days = patient.deceased_when.days if patient.deceased_when else None
    assert (patient.deceased, days) == (deceased, when)


def test_a_birth_date_that_cannot_be_read_is_told() -> None:
    record = read({**PATIENT, "birthDate": "1968-13-01"})
    assert record.patient.birth is None
    assert record.quality == (QualityIssue("Patient/p1", "unreadable-date"),)


@pytest.mark.parametrize(
    ("noted", "supplied", "state"),
    [
        *(([], None, WHOLE), ([], {Source.ORDERS}, WHOLE), ([], {Source.PATIENT}, NONE), ([], set(), NONE)),
        *(([PART], None, PART), ([NONE], None, NONE), ([PART, NONE], None, NONE), ([NONE, PART], None, NONE)),
        *(([PART], {Source.PATIENT}, NONE), ([PART], {Source.ORDERS}, PART)),
    ],
)
def test_a_source_is_no_better_than_the_worst_that_was_noted(
    noted: list[SourceState], supplied: set[Source] | None, state: SourceState
) -> None:
    assert source_states([(Source.ORDERS, one) for one in noted], supplied)[Source.ORDERS] is state


@pytest.mark.parametrize(("comparator", "known"), [(None, True), (">", False), ("<", False)])
def test_an_age_above_or_below_a_number_is_no_date(comparator: str | None, known: bool) -> None:
    age = {"value": 50, "comparator": comparator, "system": "http://unitsofmeasure.org", "code": "a"}
    (fact,) = read(PATIENT, condition(BRAIN, onsetDateTime=None, onsetAge=age)).conditions[BRAIN]
    assert (fact.onset != UNDATED) is known
