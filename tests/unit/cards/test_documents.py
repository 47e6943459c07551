"""What the JSON of an assessment holds where one chart alone does not show it: nulls, spans, compared values."""

import json
from functools import cache
from typing import Any

import pytest

from cards.documents import assessment_document
from cards.wording import Words
from cds_service.catalogues import load_words
from cds_service.loading import Loaded, load
from cds_service.settings import Settings, read_clock, read_zone
from cds_service.trial.assessment import assess
from cds_service.trial.case import Moment
from fhir_profiles.reading.decoding import decode_body
from fhir_profiles.reading.records import read_record
from tests.acceptance import AS_OF, BRAIN, CANCER, PATIENT, Json, bilirubin, bundle, condition


@cache
def product() -> Loaded:
    return load(Settings())


@cache
def words() -> Words:
    return load_words("en", product().protocol.titles)


def document(*resources: object) -> Any:  # noqa: ANN401 - the JSON of the contract
    zone = read_zone("Asia/Seoul")
    record = read_record(decode_body(json.dumps(bundle(PATIENT, *resources)).encode()), product().vocabulary, zone)
    assessment = assess(product().protocol, record, Moment(read_clock(AS_OF), zone))
    return json.loads(json.dumps(assessment_document(assessment, words())))


def line(found: Json, criterion: str) -> Json:
    one = next(one for one in found["criteria"] if one["id"] == criterion)
    assert isinstance(one, dict)
    return one


@pytest.mark.parametrize(
    ("onset", "shown"),
    [
        ("2026-10-20", "2026-10-20"),
        ("2026-10", "2026-10"),
        ("2026", "2026-01-01/2026-11-22"),
        (None, None),
    ],
)
def test_evidence_shows_a_date_as_far_as_it_is_known(onset: str | None, shown: str | None) -> None:
    (evidence,) = line(document(condition(BRAIN, onsetDateTime=onset)), "E4")["evidence"]
    assert (evidence["reference"], evidence["date"]) == (f"Condition/{BRAIN}", shown)


def test_evidence_keeps_the_value_as_recorded_and_as_compared() -> None:
    given = bilirubin("@", valueQuantity={"value": 19, "unit": "umol/L"})
    (evidence,) = line(document(given), "E5b")["evidence"]
    number, _, unit = evidence["compared"].partition(" ")
    assert (evidence["value"], unit) == ("19 umol/L", "mg/dL")
    assert float(number) == pytest.approx(19 * 58.466 / 1000, abs=0.02)


def test_an_earliest_date_is_a_day_and_only_of_the_ineligible() -> None:
    taken = {"resourceType": "MedicationStatement", "id": "m", "status": "completed"}
    course = {
        **taken,
        "subject": {"reference": "Patient/p1"},
        "medicationCodeableConcept": {"coding": [{"system": "http://www.whocc.no/atc", "code": "L01EX02"}]},
    }
    assert document(condition(CANCER), course)["earliestEligibleDate"] is None
    assert document()["earliestEligibleDate"] is None


def test_a_data_issue_names_the_resource_and_says_what_it_is() -> None:
    found = document(condition(CANCER, subject={"reference": "Patient/p2"}), bilirubin(1.1, status="registered"))
    assert found["dataQuality"] == [
        {"reference": f"Condition/{CANCER}", "issue": "of another patient; not counted"},
        {"reference": "Observation/bilirubin", "issue": "preliminary or registered; not counted until final"},
    ]


def test_an_enrolled_patient_has_a_phase_and_misses_nothing() -> None:
    subject = {
        "resourceType": "ResearchSubject",
        "id": "s",
        "status": "on-study",
        "individual": {"reference": "Patient/p1"},
        "study": {"identifier": {"value": "NCT02311205"}},
    }
    found = document(subject)
    assert (found["status"], found["phase"], found["missing"]) == ("enrolled", "enrolled", [])


def test_a_patient_who_died_has_no_phase() -> None:
    zone = read_zone("UTC")
    body = json.dumps({**PATIENT, "deceasedBoolean": True}).encode()
    record = read_record(decode_body(body), product().vocabulary, zone)
    found = assessment_document(assess(product().protocol, record, Moment(read_clock(AS_OF), zone)), words())
    assert (found["status"], found["phase"]) == ("not-applicable", None)
