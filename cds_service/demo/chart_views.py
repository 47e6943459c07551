"""A chart as it is read: whose it is, what the patient has, results with their trend, treatment."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, tzinfo

from cds_service.demo.elements import (
    Json,
    at,
    beginning,
    code_text,
    concept_text,
    day_of,
    each,
    first_text,
    local_day,
    text_at,
    zone_of,
)
from cds_service.demo.trends import Series, read_series

_SEXES = frozenset({"male", "female", "other"})
_WRONG = frozenset({"entered-in-error", "cancelled", "not-done", "revoked"})


@dataclass(frozen=True, slots=True)
class PatientView:
    """Whose chart it is; `age`: in years, None where the day of birth is not known."""

    name: str
    number: str
    sex: str
    born: str
    age: int | None


@dataclass(frozen=True, slots=True)
class Line:
    """One thing on record: what, a detail, from when to when, and its status code."""

    kind: str
    text: str
    detail: str
    start: str
    end: str
    status: str


@dataclass(frozen=True, slots=True)
class ChartView:
    """The whole chart; the newest comes first in every list."""

    patient: PatientView
    study: Line | None
    conditions: tuple[Line, ...]
    results: tuple[Series, ...]
    treatment: tuple[Line, ...]
    plans: tuple[Line, ...]


def view_chart(resources: Sequence[Json], now: datetime) -> ChartView:
    """The chart as it reads now; every instant in it is told as a day of the zone of `now`."""
    zone = zone_of(now)
    right = [one for one in resources if text_at(one, "status") not in _WRONG]
    return ChartView(
        patient=view_patient(resources, now.date()),
        study=next(iter(_newest(_studies(right), zone)), None),
        conditions=_newest(_conditions(right), zone),
        results=read_series([one for one in right if one["resourceType"] == "Observation"], zone),
        treatment=_newest(_treatment(right), zone),
        plans=_newest(_plans(right), zone),
    )


def view_patient(resources: Sequence[Json], today: date) -> PatientView:
    """Whose chart it is."""
    patient = next(one for one in resources if one["resourceType"] == "Patient")
    born = text_at(patient, "birthDate")
    sex = text_at(patient, "gender")
    return PatientView(
        name=_name(patient),
        number=patient["id"],
        sex=sex if sex in _SEXES else "unknown",
        born=born,
        age=_age(day_of(born), today),
    )


def _name(patient: Json) -> str:
    name: Json = next(each(patient, "name"), {})
    given = at(name, "given")
    parts = [one for one in given if isinstance(one, str)] if isinstance(given, list) else []
    return text_at(name, "text") or " ".join([*parts, text_at(name, "family")]).strip() or patient["id"]


def _age(born: date | None, today: date) -> int | None:
    if born is None or born > today:
        return None
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def _newest(lines: Iterable[Line], zone: tzinfo) -> tuple[Line, ...]:
    ordered = sorted(lines, key=lambda line: beginning(line.start, zone), reverse=True)
    return tuple(_in_days(line, zone) for line in ordered)


def _in_days(line: Line, zone: tzinfo) -> Line:
    """The line with its instants told as days."""
    return replace(line, start=local_day(line.start, zone), end=local_day(line.end, zone))


def _conditions(resources: list[Json]) -> Iterator[Line]:
    for one in resources:
        if one["resourceType"] in ("Condition", "AllergyIntolerance"):
            start = first_text(one, ("onsetDateTime",), ("onsetPeriod", "start"), ("recordedDate",))
            end = first_text(one, ("abatementDateTime",), ("abatementPeriod", "end"))
            status = code_text(at(one, "clinicalStatus"))
            doubt = code_text(at(one, "verificationStatus"))
            yield Line(one["resourceType"], concept_text(at(one, "code")), doubt, start, end, status)


def _treatment(resources: list[Json]) -> Iterator[Line]:
    for one in resources:
        kind, status = one["resourceType"], text_at(one, "status")
        if kind in ("Procedure", "DiagnosticReport", "Encounter"):
            start = first_text(
                one, ("performedDateTime",), ("performedPeriod", "start"), ("effectiveDateTime",), ("period", "start")
            )
            yield Line(kind, concept_text(at(one, "code")), text_at(one, "class", "display"), start, "", status)
        if kind in ("MedicationRequest", "MedicationStatement", "MedicationAdministration"):
            yield _drug_line(one)


def _drug_line(one: Json) -> Line:
    """A drug: its name, how it is taken, from when until when."""
    dosage: Json = next(each(one, "dosageInstruction"), next(each(one, "dosage"), {}))
    bounds = at(dosage, "timing", "repeat", "boundsPeriod")
    period = bounds or at(one, "effectivePeriod")
    start = text_at(period, "start") or first_text(one, ("effectiveDateTime",), ("authoredOn",))
    name = concept_text(at(one, "medicationCodeableConcept")) or text_at(one, "medicationReference", "display")
    how = text_at(dosage, "text")
    return Line(one["resourceType"], name, how, start, text_at(period, "end"), text_at(one, "status"))


def _service_line(one: Json) -> Line:
    """A procedure, a test or an imaging that is ordered, and for when."""
    start = first_text(one, ("occurrenceDateTime",), ("occurrencePeriod", "start"))
    end = text_at(one, "occurrencePeriod", "end")
    text = concept_text(at(one, "code"))
    return Line("ServiceRequest", text, "", start, end, text_at(one, "status"))


def order_line(one: Json, zone: tzinfo) -> Line:
    """An order of either kind."""
    return _in_days(_service_line(one) if one["resourceType"] == "ServiceRequest" else _drug_line(one), zone)


def _plans(resources: list[Json]) -> Iterator[Line]:
    for one in resources:
        if one["resourceType"] == "ServiceRequest" and text_at(one, "status") in ("active", "on-hold"):
            yield _service_line(one)


def _studies(resources: list[Json]) -> Iterator[Line]:
    titles = {one["id"]: text_at(one, "title") for one in resources if one["resourceType"] == "ResearchStudy"}
    for one in resources:
        if one["resourceType"] == "ResearchSubject":
            study = text_at(one, "study", "reference").rpartition("/")[2]
            start, end = text_at(one, "period", "start"), text_at(one, "period", "end")
            yield Line("ResearchSubject", titles.get(study, ""), "", start, end, text_at(one, "status"))
