"""A chart as it is read: whose it is, what the patient has, results with their trend, treatment."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from cds_service.demo.elements import Json, at, concept_text, day_of, each, first_text, text_at
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
    """One thing on record: what, a detail, from when to when as written, and its status code."""

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


def view_chart(resources: Sequence[Json], today: date) -> ChartView:
    """The chart as it reads today."""
    right = [one for one in resources if text_at(one, "status") not in _WRONG]
    return ChartView(
        patient=view_patient(resources, today),
        study=next(iter(_newest(_studies(right))), None),
        conditions=_newest(_conditions(right)),
        results=read_series([one for one in right if one["resourceType"] == "Observation"]),
        treatment=_newest(_treatment(right)),
        plans=_newest(_plans(right)),
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


def _newest(lines: Iterator[Line]) -> tuple[Line, ...]:
    return tuple(sorted(lines, key=lambda line: line.start, reverse=True))


def _shown(text: str) -> str:
    """A day or an instant as a day."""
    return text[: len("2026-11-22")]


def _conditions(resources: list[Json]) -> Iterator[Line]:
    for one in resources:
        if one["resourceType"] in ("Condition", "AllergyIntolerance"):
            start = first_text(one, ("onsetDateTime",), ("onsetPeriod", "start"), ("recordedDate",))
            end = first_text(one, ("abatementDateTime",), ("abatementPeriod", "end"))
            status = concept_text(at(one, "clinicalStatus"))
            doubt = concept_text(at(one, "verificationStatus"))
            yield Line(one["resourceType"], concept_text(at(one, "code")), doubt, _shown(start), _shown(end), status)


def _treatment(resources: list[Json]) -> Iterator[Line]:
    for one in resources:
        kind, status = one["resourceType"], text_at(one, "status")
        if kind in ("Procedure", "DiagnosticReport", "Encounter"):
            start = first_text(
                one, ("performedDateTime",), ("performedPeriod", "start"), ("effectiveDateTime",), ("period", "start")
            )
            yield Line(kind, concept_text(at(one, "code")), text_at(one, "class", "display"), _shown(start), "", status)
        if kind in ("MedicationRequest", "MedicationStatement", "MedicationAdministration"):
            yield drug_line(one)


def drug_line(one: Json) -> Line:
    """A drug: its name, how it is taken, from when until when."""
    dosage: Json = next(each(one, "dosageInstruction"), next(each(one, "dosage"), {}))
    bounds = at(dosage, "timing", "repeat", "boundsPeriod")
    period = bounds or at(one, "effectivePeriod")
    start = text_at(period, "start") or first_text(one, ("effectiveDateTime",), ("authoredOn",))
    name = concept_text(at(one, "medicationCodeableConcept")) or text_at(one, "medicationReference", "display")
    how = text_at(dosage, "text")
    return Line(one["resourceType"], name, how, _shown(start), _shown(text_at(period, "end")), text_at(one, "status"))


def service_line(one: Json) -> Line:
    """A procedure, a test or an imaging that is ordered, and for when."""
    start = first_text(one, ("occurrenceDateTime",), ("occurrencePeriod", "start"))
    end = text_at(one, "occurrencePeriod", "end")
    text = concept_text(at(one, "code"))
    return Line("ServiceRequest", text, "", _shown(start), _shown(end), text_at(one, "status"))


def order_line(one: Json) -> Line:
    """An order of either kind."""
    return service_line(one) if one["resourceType"] == "ServiceRequest" else drug_line(one)


def _plans(resources: list[Json]) -> Iterator[Line]:
    for one in resources:
        if one["resourceType"] == "ServiceRequest" and text_at(one, "status") in ("active", "on-hold"):
            yield service_line(one)


def _studies(resources: list[Json]) -> Iterator[Line]:
    titles = {one["id"]: text_at(one, "title") for one in resources if one["resourceType"] == "ResearchStudy"}
    for one in resources:
        if one["resourceType"] == "ResearchSubject":
            study = text_at(one, "study", "reference").rpartition("/")[2]
            start, end = text_at(one, "period", "start"), text_at(one, "period", "end")
            yield Line("ResearchSubject", titles.get(study, ""), "", start, end, text_at(one, "status"))
