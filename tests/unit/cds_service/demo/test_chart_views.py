"""A chart as it is read: tolerant of every sender, newest first, trends in the unit of the latest."""

from datetime import datetime
from typing import Any

import pytest

from cds_service.demo.bundles import read_bundle
from cds_service.demo.chart_views import view_chart, view_patient
from cds_service.demo.ehr import bundled_charts
from cds_service.demo.elements import zone_of
from cds_service.demo.trends import HEIGHT, WIDTH, read_series
from tests.unit.cds_service.demo.test_bundles import body

NOW = datetime.fromisoformat("2026-11-22T09:00:00+09:00")
SEOUL = zone_of(NOW)
PATIENT: dict[str, Any] = {"resourceType": "Patient", "id": "p1"}


def inr(value: object, day: str = "2026-11-01", **elements: Any) -> dict[str, Any]:  # noqa: ANN401 - any FHIR element
    code = {"coding": [{"system": "http://loinc.org", "code": "6301-6"}], "text": "INR"}
    quantity = {"valueQuantity": {"value": value, "unit": "{INR}"}}
    return {"resourceType": "Observation", "id": day, "code": code, "effectiveDateTime": day, **quantity, **elements}


@pytest.mark.parametrize(
    ("patient", "name", "age"),
    [
        ({"name": [{"text": "Kim"}], "birthDate": "1966-11-22"}, "Kim", 60),
        ({"name": [{"given": ["A", 7], "family": "B"}], "birthDate": "1966-11-23"}, "A B", 59),
        ({"name": [{}], "birthDate": "1966"}, "p1", None),
        ({"name": "x", "birthDate": 7}, "p1", None),
        ({"birthDate": "2030-01-01"}, "p1", None),
    ],
)
def test_whose_chart_it_is(patient: dict[str, Any], name: str, age: int | None) -> None:
    view = view_patient([{**PATIENT, **patient}], NOW.date())
    assert (view.name, view.age, view.sex) == (name, age, "unknown")


def test_every_bundled_chart_reads_whole() -> None:
    for resources in bundled_charts().values():
        view = view_chart(resources, NOW)
        assert view.patient.age
        assert all(line.text for line in view.conditions)
        assert all(series.latest.text != "–" for series in view.results)
        for lines in (view.conditions, view.treatment, view.plans):
            assert [line.start for line in lines] == sorted((line.start for line in lines), reverse=True)


@pytest.mark.parametrize("wrong", [None, 7, "x", [], [None], {}, {"a": 1}])
def test_misshapen_resources_are_read_as_far_as_they_go(wrong: object) -> None:
    names = ("code", "status", "subject", "category", "period", "dosageInstruction", "valueQuantity", "component",
             "medicationCodeableConcept", "clinicalStatus", "onsetDateTime", "effectiveDateTime", "referenceRange",
             "valueInteger", "performedPeriod", "study", "class", "name", "gender", "birthDate")  # fmt: skip
    kinds = ("Condition", "Observation", "Procedure", "MedicationRequest", "ServiceRequest", "Encounter",
             "ResearchSubject", "DiagnosticReport", "AllergyIntolerance")  # fmt: skip
    wrongly = [{"resourceType": kind, "id": kind, **dict.fromkeys(names, wrong)} for kind in ("Patient", *kinds)]
    view = view_chart(read_bundle(body(*wrongly)), NOW)
    assert view.patient.number == "Patient"


def test_a_series_has_the_latest_first_and_a_line_from_the_oldest_to_it() -> None:
    (series,) = read_series([inr(1.0, "2026-11-01"), inr(1.5, "2026-09-01"), inr(1.25, "2026-10-01T08:00:00Z")], SEOUL)
    assert (series.latest.text, series.latest.day, series.latest.unit) == ("1.0", "2026-11-01", "")
    assert [(one.text, one.day) for one in series.earlier] == [("1.25", "2026-10-01"), ("1.5", "2026-09-01")]
    across = [x for x, _ in series.points]
    down = [y for _, y in series.points]
    assert across == sorted(across)
    assert down == sorted(down)  # values fall, and the picture counts from the top
    assert all(0 <= x <= WIDTH for x in across)
    assert all(0 <= y <= HEIGHT for y in down)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1, "1"),
        (0.90, "0.9"),
        (1234567.8, "1.2346e+06"),
        (0.49676123, "0.49676"),
        (True, "–"),
        ("1.1", "–"),
        (float("inf"), "–"),
        (10**400, "–"),
        (None, "–"),
    ],
)
def test_a_number_is_shown_as_written_and_nothing_else_is_a_number(value: object, text: str) -> None:
    (series,) = read_series([inr(value)], SEOUL)
    assert series.latest.text == text
    assert series.points == ()


@pytest.mark.parametrize(("value", "flag"), [(0.7, "low"), (0.8, ""), (1.2, ""), (1.3, "high")])
def test_a_result_beyond_its_range_is_marked(value: float, flag: str) -> None:
    ranges = [{"low": {"value": 0.8}, "high": {"value": 1.2}}]
    (series,) = read_series([inr(value, referenceRange=ranges)], SEOUL)
    assert series.flag == flag


def test_results_in_other_units_do_not_share_a_line() -> None:
    here = inr(1, "2026-11-02", valueQuantity={"value": 1, "unit": "mg/dL"})
    there = inr(1, "2026-11-01", valueQuantity={"value": 17, "unit": "umol/L"})
    (series,) = read_series([here, there], SEOUL)
    assert series.points == ()


def test_what_was_entered_in_error_is_not_shown() -> None:
    wrong = {"resourceType": "Procedure", "id": "x", "status": "entered-in-error", "code": {"text": "TACE"}}
    assert view_chart([PATIENT, wrong], NOW).treatment == ()


def test_a_pressure_is_both_numbers_and_their_unit() -> None:
    parts = [{"valueQuantity": {"value": value, "unit": "mmHg"}} for value in (128, 78)]
    (series,) = read_series(
        [{"resourceType": "Observation", "id": "bp", "code": {"text": "BP"}, "component": parts}], SEOUL
    )
    assert (series.latest.text, series.latest.unit) == ("128/78", "mmHg")


def test_the_latest_results_come_first_and_only_numbers_are_repeated() -> None:
    old = {"resourceType": "Observation", "id": "a", "code": {"text": "A"}, "effectiveDateTime": "2026-01-01"}
    answers = [{**old, "id": name, "code": {"text": "B"}, "valueString": name, "effectiveDateTime": day}
               for name, day in (("b", "2026-02-01"), ("c", "2026-03-01"))]  # fmt: skip
    first, second = read_series([old, *answers], SEOUL)
    assert (first.name, first.latest.text, first.earlier, second.name) == ("B", "c", (), "A")
