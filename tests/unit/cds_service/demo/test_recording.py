"""What is written into a chart: valid FHIR, about the right patient, and nothing else touched."""

import json
from datetime import datetime
from decimal import Decimal

import fhirkit
import pytest

from cds_service.demo.elements import Json, reference, subject_of, zone_of
from cds_service.demo.orders import Orders, add_draft, bundle_of, sign
from cds_service.demo.pad import (
    DOSES,
    LABORATORY,
    RESULTS,
    TESTS,
    Course,
    Pad,
    laboratory_order,
    load_pad,
    ordered,
    prescribed,
)
from cds_service.demo.recording import EVENTS, Chart, record_response, record_result
from cds_service.demo.trends import read_series

PATIENT: Json = {"resourceType": "Patient", "id": "p1"}
NOW = datetime.fromisoformat("2026-11-22T09:00:00+09:00")
PAD: Pad = load_pad()


def chart(*resources: Json) -> Chart:
    return Chart(PAD, (PATIENT, *resources), NOW)


def tace_order(name: str, day: str, status: str = "active") -> Json:
    return {**ordered(PAD, "order-tace", "Patient/p1", day), "id": name, "status": status}


def course(first: str, last: str = "", status: str = "active") -> Json:
    made = prescribed(PAD, "order-sorafenib", "Patient/p1", Course(first, last))
    return {**made, "id": f"course-{first}", "status": status}


def problems(resources: tuple[Json, ...]) -> list[str]:
    bundle = bundle_of(resources)
    for entry in bundle["entry"]:
        entry["fullUrl"] = f"https://demo.example/fhir/{reference(entry['resource'])}"
    return [str(issue) for issue in fhirkit.validate(json.dumps(bundle).encode())]


@pytest.mark.parametrize("event", EVENTS)
def test_every_event_is_valid_fhir_about_this_patient(event: str) -> None:
    before = chart(tace_order("t", "2026-11-22"), course("2026-11-10"))
    after = EVENTS[event](EVENTS[event](before)).resources
    assert problems(after) == []
    assert len({reference(one) for one in after}) == len(after)
    assert {subject_of(one) for one in after} <= {"", "Patient/p1"}


@pytest.mark.parametrize("name", RESULTS)
def test_every_result_is_valid_fhir(name: str) -> None:
    after = record_result(chart(), name, Decimal(1), "2026-11-20").resources
    assert problems(after) == []
    assert after[-1]["effectiveDateTime"] == "2026-11-20"
    assert read_series([after[-1]], zone_of(NOW))[0].latest.text == "1"


@pytest.mark.parametrize("place", ["response-liver", "response-elsewhere"])
def test_a_response_is_valid_fhir(place: str) -> None:
    after = record_response(chart(), place, "PD").resources
    assert problems(after) == []
    assert after[-1]["valueCodeableConcept"]["coding"][0]["code"] == "PD"


def test_every_order_is_valid_fhir_as_draft_and_signed() -> None:
    patient, day = "Patient/p1", "2026-11-24"
    drafts = [ordered(PAD, f"order-{kind}", patient, day) for kind in ("tace", "imaging")]
    drafts += [laboratory_order(PAD, test, patient, day) for test in TESTS]
    drafts += [prescribed(PAD, "order-sorafenib", patient, Course(day, dose=dose)) for dose in DOSES.values()]
    drafts += [prescribed(PAD, "order-inducer", patient, Course(day, "2026-12-01"))]
    orders = Orders((PATIENT,), ())
    for draft in drafts:
        orders = add_draft(orders, draft)
    assert problems((*orders.chart, *orders.drafts)) == []
    signed = sign(orders, "2026-11-22")
    assert problems(signed.chart) == []
    assert {one["status"] for one in signed.chart[1:]} == {"active"}
    assert signed.drafts == ()


def test_a_tace_that_is_done_completes_the_order_nearest_to_it_alone() -> None:
    orders = (
        tace_order("near", "2026-11-21"),
        tace_order("far", "2027-01-05"),
        tace_order("off", "2026-11-22", "revoked"),
    )
    after = EVENTS["tace"](chart(*orders)).resources
    assert [one["status"] for one in after[1:4]] == ["completed", "active", "revoked"]
    assert after[4]["basedOn"] == [{"reference": "ServiceRequest/near"}]
    assert after[4]["performedDateTime"] == "2026-11-22T09:00:00+09:00"


def test_a_tace_nobody_ordered_is_done_all_the_same() -> None:
    assert "basedOn" not in EVENTS["tace"](chart()).resources[-1]


def test_stopping_ends_what_has_begun_and_calls_off_what_has_not() -> None:
    begun, coming, ended = course("2026-11-10"), course("2026-11-25"), course("2026-10-01", "2026-10-20", "stopped")
    after = EVENTS["sorafenib-stop"](chart(begun, coming, ended)).resources
    assert [one["status"] for one in after[1:]] == ["stopped", "cancelled", "stopped"]
    bounds = after[1]["dosageInstruction"][0]["timing"]["repeat"]["boundsPeriod"]
    assert bounds == {"start": "2026-11-10", "end": "2026-11-22"}
    assert after[3] == ended


def dosage(**bounds: str) -> Json:
    return {"text": "400 mg", "timing": {"repeat": {"frequency": 2, "boundsPeriod": bounds}}}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"start": "2026-10-01", "end": "2026-10-20"}, {"start": "2026-10-01", "end": "2026-10-20"}),
        ({"start": "2026-10-01", "end": "2026-10"}, {"start": "2026-10-01", "end": "2026-10"}),
        ({"start": "2026-11-10", "end": "2026-12-20"}, {"start": "2026-11-10", "end": "2026-11-22"}),
        ({"start": "2026-11-22"}, {"start": "2026-11-22", "end": "2026-11-22"}),
        ({"start": "2026-11-21T20:00:00Z"}, {"start": "2026-11-21T20:00:00Z", "end": "2026-11-22"}),
        ({"start": "nonsense"}, {"start": "nonsense", "end": "2026-11-22"}),
        ({}, {"end": "2026-11-22"}),
        ({"start": "2026-11-23"}, None),
        ({"start": "2026-11-22T20:00:00Z", "end": "2026-12-20"}, None),
    ],
)
def test_stopping_lengthens_no_dosage_and_gives_none_an_end_before_its_start(
    before: dict[str, str], after: dict[str, str] | None
) -> None:
    known = dosage(start="2026-11-01", end="2026-11-05")
    begun = {**course("2026-11-01"), "dosageInstruction": [known, dosage(**before)]}
    stopped = EVENTS["sorafenib-stop"](chart(begun)).resources[1]
    assert stopped["status"] == "stopped"
    assert stopped["dosageInstruction"] == [known, *([dosage(**after)] if after else [])]


DAYS = {"system": "http://unitsofmeasure.org", "unit": "days", "code": "d"}


@pytest.mark.parametrize(
    ("authored", "length", "after"),
    [
        ("2026-11-10", {"boundsDuration": {"value": 42, **DAYS}}, {"boundsPeriod": {"end": "2026-11-22"}}),
        ("2026-11-10", {"boundsRange": {"high": {"value": 42, **DAYS}}}, {"boundsPeriod": {"end": "2026-11-22"}}),
        ("2026-11-14", {"boundsDuration": {"value": 10, **DAYS}}, {"boundsPeriod": {"end": "2026-11-22"}}),
        ("2026-11-13", {"boundsDuration": {"value": 10, **DAYS}}, {"boundsDuration": {"value": 10, **DAYS}}),
        ("nonsense", {"boundsDuration": {"value": 10, **DAYS}}, {"boundsPeriod": {"end": "2026-11-22"}}),
    ],
)
def test_days_take_the_place_of_a_length_that_is_not_over(authored: str, length: Json, after: Json) -> None:
    given = {"text": "400 mg", "timing": {"repeat": {"frequency": 2, **length}}}
    begun = {**course("2026-11-10"), "authoredOn": authored, "dosageInstruction": [given]}
    stopped = EVENTS["sorafenib-stop"](chart(begun)).resources
    assert stopped[1]["dosageInstruction"][0]["timing"]["repeat"] == {"frequency": 2, **after}


def test_a_course_that_is_all_to_come_is_called_off_without_dosage() -> None:
    coming = {**course("2026-11-25"), "dosageInstruction": [dosage(start="2026-11-25"), dosage(start="2026-12-01")]}
    after = EVENTS["sorafenib-stop"](chart(coming)).resources
    assert (after[1]["status"], "dosageInstruction" in after[1]) == ("cancelled", False)
    assert problems(after) == []


def test_of_two_results_entered_while_the_clock_stands_the_second_is_the_latest() -> None:
    after = record_result(record_result(chart(), "ecog", Decimal(1), "2026-11-22"), "ecog", Decimal(3), "2026-11-22")
    first, second = after.resources[-2:]
    assert first["effectiveDateTime"] == second["effectiveDateTime"]
    assert first["issued"] < second["issued"]


def test_a_result_completes_the_order_for_its_test_alone() -> None:
    orders = [laboratory_order(PAD, test, "Patient/p1", "2026-11-22") for test in ("inr", "albumin")]
    named = [{**one, "id": str(at), "status": "active"} for at, one in enumerate(orders)]
    after = record_result(chart(*named), "inr", Decimal("1.1"), "2026-11-22").resources
    assert [one["status"] for one in after[1:3]] == ["completed", "active"]


def test_normal_laboratory_is_every_safety_analyte_once() -> None:
    after = EVENTS["laboratory"](chart()).resources[1:]
    assert len(after) == len(LABORATORY) == 9
    assert all(series.flag == "" for series in read_series(after, zone_of(NOW)))
