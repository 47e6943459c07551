"""What happened to a patient, written into the chart as FHIR resources."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal
from itertools import count
from typing import Any

from cds_service.demo.elements import Json, at, codings_of, day_of, each, local_day, reference, text_at, zone_of
from cds_service.demo.pad import LABORATORY, RESPONSES, Course, Pad, prescribed, resulted
from fhir_profiles.dates import UNDATED, DateInterval, Duration, add_days, read_when
from fhir_profiles.reading.bounds import LENGTHS, UCUM_UNITS

_RUNNING = frozenset({"active", "on-hold"})


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart at an instant: its resources, and the forms to write with."""

    pad: Pad
    resources: tuple[Json, ...]
    instant: datetime

    @property
    def patient(self) -> str:
        """Whose chart it is."""
        return next(reference(one) for one in self.resources if one["resourceType"] == "Patient")

    @property
    def day(self) -> str:
        """Today."""
        return self.instant.date().isoformat()

    @property
    def zone(self) -> tzinfo:
        """The zone of the instant, in which its days begin and end."""
        return zone_of(self.instant)

    @property
    def issued(self) -> str:
        """When a result is entered: as the clock stands still, each a second after whatever the chart holds."""
        return (self.instant + timedelta(seconds=len(self.resources))).isoformat()

    def adding(self, *made: Json) -> "Chart":
        """The chart with more resources, each under an id of its own."""
        chart = self
        for one in made:
            name = one.get("id") or chart.free_id(one["resourceType"].lower())
            chart = replace(chart, resources=(*chart.resources, {**one, "id": name}))
        return chart

    def free_id(self, stem: str) -> str:
        """An id that nothing in the chart has."""
        taken = {one["id"] for one in self.resources}
        return next(name for number in count(1) if (name := f"{stem}-{number}") not in taken)


def record_tace(chart: Chart) -> Chart:
    """TACE is done now; the order that asked for it is completed."""
    order = _nearest_order(chart)
    based = {"basedOn": [{"reference": reference(order)}]} if order else {}
    form = chart.pad.form("tace", chart.patient, performedDateTime=chart.instant.isoformat(), **based)
    completed = _replaced(chart.resources, [{**order, "status": "completed"}] if order else [])
    return replace(chart, resources=completed).adding(form)


def _nearest_order(chart: Chart) -> Json | None:
    """The active order for TACE whose day is nearest."""
    orders = [one for one in chart.resources if one["resourceType"] == "ServiceRequest" and _is_tace(chart, one)]
    dated = [(day, one) for one in orders if (day := day_of(local_day(text_at(one, "occurrenceDateTime"), chart.zone)))]
    nearest = sorted(dated, key=lambda found: abs(found[0] - chart.instant.date()))
    return nearest[0][1] if nearest else None


def _is_tace(chart: Chart, order: Json) -> bool:
    return text_at(order, "status") in _RUNNING and chart.pad.is_a("order-tace", order)


def _replaced(resources: Iterable[Json], changed: Iterable[Json]) -> tuple[Json, ...]:
    by_name = {reference(one): one for one in changed}
    return tuple(by_name.get(reference(one), one) for one in resources)


def record_sorafenib_start(chart: Chart) -> Chart:
    """Sorafenib is taken from today on, 400 mg twice a day."""
    course = prescribed(chart.pad, "order-sorafenib", chart.patient, Course(chart.day))
    return chart.adding({**course, "status": "active"})


def record_sorafenib_stop(chart: Chart) -> Chart:
    """Today brings the last dose of what has begun; a dosage to come is left out, a course of such alone called off."""
    running = [one for one in chart.resources if _is_sorafenib(chart, one)]
    return replace(chart, resources=_replaced(chart.resources, [_stopped(one, chart) for one in running]))


def _is_sorafenib(chart: Chart, one: Json) -> bool:
    kind, status = one["resourceType"], text_at(one, "status")
    return kind == "MedicationRequest" and status in _RUNNING and chart.pad.is_a("order-sorafenib", one)


def _stopped(course: Json, chart: Chart) -> Json:
    dosages = tuple(each(course, "dosageInstruction")) or ({},)
    authored = text_at(course, "authoredOn")
    begun = [
        _ended(one, authored, chart) for one in dosages if _days(one, "start", chart).first <= chart.instant.date()
    ]
    if not begun:
        return {**{name: part for name, part in course.items() if name != "dosageInstruction"}, "status": "cancelled"}
    return {**course, "status": "stopped", "dosageInstruction": begun}


def _ended(dosage: Json, authored: str, chart: Chart) -> Json:
    """The dosage with today as its last day; one that ended earlier stays as it is.

    Days take the place of a length: a dosage has one kind of bounds (FHIR, "Timing", `bounds[x]`).
    """
    if min(_days(dosage, "end", chart).last, _end_of_length(dosage, authored, chart)) <= chart.instant.date():
        return dosage
    timing = at(dosage, "timing") or {}
    repeat = {name: value for name, value in (at(timing, "repeat") or {}).items() if name not in LENGTHS}
    bounds = {**(at(repeat, "boundsPeriod") or {}), "end": chart.day}
    return {**dosage, "timing": {**timing, "repeat": {**repeat, "boundsPeriod": bounds}}}


def _end_of_length(dosage: Json, authored: str, chart: Chart) -> date:
    """The last day of a dosage that is bounded by a length from the day of its order; the last there is without one."""
    length, since = at(dosage, "timing", "repeat", "boundsDuration"), read_when(authored or None, chart.zone)
    unit, amount = UCUM_UNITS.get(text_at(length, "code")), at(length, "value")
    if unit is None or since is None or not isinstance(amount, int):
        return date.max
    return add_days(Duration(amount, unit).after(since.days.last), -1)


def _days(dosage: Json, side: str, chart: Chart) -> DateInterval:
    """The days on which a dosage may begin or end; every day where none is told."""
    when = read_when(text_at(dosage, "timing", "repeat", "boundsPeriod", side) or None, chart.zone)
    return when.days if when else UNDATED


def record_imaging(chart: Chart) -> Chart:
    """A dynamic CT of the liver is read now."""
    return chart.adding(_now(chart, "imaging"))


def _now(chart: Chart, name: str) -> dict[str, Any]:
    return chart.pad.form(name, chart.patient, effectiveDateTime=chart.instant.isoformat())


def record_laboratory(chart: Chart) -> Chart:
    """Every safety result of today is as it should be."""
    instant = chart.instant.isoformat()
    return _resulted(chart, [resulted(chart.pad, name, chart.patient, instant) for name in LABORATORY])


def _resulted(chart: Chart, results: Iterable[Json]) -> Chart:
    """The chart with results, the orders for these tests completed."""
    codes = frozenset(pair for one in results for pair in codings_of(one["code"]))
    asked = [one for one in chart.resources if _is_test(one) and codings_of(one.get("code")) & codes]
    done = replace(chart, resources=_replaced(chart.resources, [{**one, "status": "completed"} for one in asked]))
    return done.adding(*({**one, "issued": chart.issued} for one in results))


def _is_test(one: Json) -> bool:
    return one["resourceType"] == "ServiceRequest" and text_at(one, "status") in _RUNNING


def record_examination(chart: Chart) -> Chart:
    """A routine examination took place now."""
    period = {"start": chart.instant.isoformat(), "end": chart.instant.isoformat()}
    return chart.adding(chart.pad.form("examination", chart.patient, period=period))


def record_enrolment(chart: Chart) -> Chart:
    """The patient enters the study today."""
    study = chart.pad.form("study", chart.patient, id=chart.free_id("study"))
    subject = chart.pad.form(
        "subject", chart.patient, study={"reference": reference(study)}, period={"start": chart.day}
    )
    return chart.adding(study, subject)


def record_response(chart: Chart, place: str, response: str) -> Chart:
    """A response by mRECIST of today; `place`: response-liver or response-elsewhere."""
    made = _now(chart, place)
    system = made["valueCodeableConcept"]["coding"][0]["system"]
    answer = {"coding": [{"system": system, "code": response, "display": RESPONSES[response]}]}
    return chart.adding({**made, "effectiveDateTime": chart.day, "valueCodeableConcept": answer})


def record_result(chart: Chart, name: str, value: Decimal, day: str) -> Chart:
    """A result of a day; one of today is of now."""
    instant = chart.instant.isoformat() if day == chart.day else day
    return _resulted(chart, [resulted(chart.pad, name, chart.patient, instant, value)])


EVENTS: Mapping[str, Callable[[Chart], Chart]] = {
    "enrolment": record_enrolment,
    "tace": record_tace,
    "sorafenib-start": record_sorafenib_start,
    "sorafenib-stop": record_sorafenib_stop,
    "imaging": record_imaging,
    "laboratory": record_laboratory,
    "examination": record_examination,
}
"""What one button records, by the button's name."""
