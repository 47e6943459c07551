"""Assembles the record of one patient from what was received."""

from collections.abc import Collection, Iterable, Mapping
from datetime import tzinfo
from typing import TypeVar

from fhir_profiles.dates import read_when
from fhir_profiles.elements import Reference
from fhir_profiles.reading.care import read_plan, read_report, read_visit
from fhir_profiles.reading.conditions import read_allergy, read_condition, read_procedure
from fhir_profiles.reading.context import Belongs, Reading, Vocabulary
from fhir_profiles.reading.decoding import Decoded, Received, UnreadableBody
from fhir_profiles.reading.medications import Drug, read_course
from fhir_profiles.reading.observations import read_observation
from fhir_profiles.reading.studies import read_study_parts
from fhir_profiles.record import (
    Fact,
    PatientFacts,
    PatientRecord,
    QualityIssue,
    Sex,
    Source,
    SourceState,
)
from fhir_profiles.resources import (
    AllergyIntolerance,
    Condition,
    DiagnosticReport,
    Encounter,
    Medication,
    MedicationAdministration,
    MedicationDispense,
    MedicationRequest,
    MedicationStatement,
    Observation,
    Patient,
    Procedure,
    ResearchStudy,
    ResearchSubject,
    Resource,
    ServiceRequest,
)

_F = TypeVar("_F", bound=Fact)
_SEXES = {"male": Sex.MALE, "female": Sex.FEMALE}


class _Shelves:
    """Facts by kind while a record is being read."""

    def __init__(self) -> None:
        self.by_type: dict[type, list[Resource]] = {}
        self.products: dict[str, Medication] = {}
        self.studies: dict[str, ResearchStudy] = {}


def read_record(
    decoded: Decoded, vocabulary: Vocabulary, zone: tzinfo, supplied: Collection[Source] | None = None
) -> PatientRecord:
    """The record of the one patient whom the resources are about.

    `supplied`: exactly these sources were asked for (None: all). Raises UnreadableBody without exactly one Patient.
    """
    reading = reading_of(decoded, vocabulary, zone)
    shelves = _shelve(reading, decoded.received)
    conditions = [read_condition(reading, c) for c in _of(shelves, Condition)]
    procedures = [read_procedure(reading, p) for p in _of(shelves, Procedure)]
    drugs: list[Drug] = [
        *_of(shelves, MedicationRequest),
        *_of(shelves, MedicationStatement),
        *_of(shelves, MedicationAdministration),
        *_of(shelves, MedicationDispense),
    ]
    courses = [read_course(reading, drug, shelves.products) for drug in drugs]
    allergies = [read_allergy(reading, a) for a in _of(shelves, AllergyIntolerance)]
    results = [result for o in _of(shelves, Observation) for result in read_observation(reading, o)]
    return PatientRecord(
        patient=_read_patient(reading),
        sources=source_states(decoded.states, supplied),
        conditions=_index(conditions),
        procedures=_index(procedures),
        courses=_index(courses),
        allergies=_index(allergies),
        results=_index(results),
        imaging=_index([read_report(reading, r) for r in _of(shelves, DiagnosticReport)]),
        orders=_index([read_plan(reading, o) for o in _of(shelves, ServiceRequest)]),
        visits=tuple(v for e in _of(shelves, Encounter) if (v := read_visit(reading, e)) is not None),
        study_parts=read_study_parts(reading, _of(shelves, ResearchSubject), shelves.studies),
        quality=decoded.issues + tuple(sorted(set(reading.issues), key=_issue_order)),
    )


def reading_of(decoded: Decoded, vocabulary: Vocabulary, zone: tzinfo) -> Reading:
    """A reading of the one patient whom the resources are about. Raises UnreadableBody without exactly one."""
    patient, url = _only_patient(decoded.received)
    return Reading(vocabulary, zone, patient, url)


def _issue_order(issue: QualityIssue) -> tuple[str, str, str]:
    return issue.reference, issue.issue, issue.detail


def _only_patient(received: Iterable[Received]) -> tuple[Patient, str | None]:
    patients = {r.resource.id: (r.resource, r.full_url) for r in received if isinstance(r.resource, Patient)}
    if not patients:
        raise UnreadableBody("no Patient: a record of one patient was expected")
    if len(patients) > 1:
        raise UnreadableBody(f"{len(patients)} Patients: a record of one patient was expected")
    return next(iter(patients.values()))


def _shelve(reading: Reading, received: Iterable[Received]) -> _Shelves:
    shelves = _Shelves()
    seen: dict[tuple[type, str | None], Resource] = {}
    for resource, url in received:
        if isinstance(resource, Medication):
            shelves.products.update({f"Medication/{resource.id}": resource, **({url: resource} if url else {})})
        elif isinstance(resource, ResearchStudy):
            shelves.studies.update({f"ResearchStudy/{resource.id}": resource, **({url: resource} if url else {})})
        elif isinstance(resource, Resource) and _is_ours(reading, resource) and not _repeated(seen, resource):
            shelves.by_type.setdefault(type(resource), []).append(resource)
            if isinstance(resource, Observation):
                reading.observations.update(
                    {f"Observation/{resource.id}": resource, **({url: resource} if url else {})}
                )
    return shelves


def _repeated(seen: dict[tuple[type, str | None], Resource], resource: Resource) -> bool:
    """Whether the very same resource came before (one page overlaps another)."""
    first = seen.setdefault((type(resource), resource.id), resource)
    return first is not resource and first == resource


def _is_ours(reading: Reading, resource: Resource) -> bool:
    if isinstance(resource, Patient) or reading.belongs(_subject(resource)) is not Belongs.ANOTHERS:
        return True
    reading.note(f"{type(resource).__name__}/{resource.id}", "another-patient")
    return False


def _subject(resource: Resource) -> Reference | None:
    match resource:
        case Observation(subject=subject) | Condition(subject=subject) | Procedure(subject=subject):
            return subject
        case AllergyIntolerance(patient=patient):
            return patient
        case ResearchSubject(individual=individual):
            return individual
    reference: Reference | None = getattr(resource, "subject", None)
    return reference


_R = TypeVar("_R", bound=Resource)


def _of(shelves: _Shelves, kind: type[_R]) -> list[_R]:
    return [resource for resource in shelves.by_type.get(kind, ()) if isinstance(resource, kind)]


def _index(facts: Iterable[_F | None]) -> Mapping[str, tuple[_F, ...]]:
    found: dict[str, list[_F]] = {}
    for fact in facts:
        if fact is not None:
            for name in (*fact.sets, *fact.maybe_sets):
                found.setdefault(name, []).append(fact)
    return {name: tuple(sorted(members, key=_by_reference)) for name, members in found.items()}


def _by_reference(fact: Fact) -> str:
    return fact.reference


def _read_patient(reading: Reading) -> PatientFacts:
    patient = reading.patient
    reference = f"Patient/{patient.id}"
    born = read_when(patient.birthDate, reading.zone)
    if patient.birthDate is not None and born is None:
        reading.note(reference, "unreadable-date")
    died = read_when(patient.deceasedDateTime, reading.zone)
    return PatientFacts(
        reference=reference,
        sex=_SEXES.get(patient.gender or "", Sex.UNKNOWN),
        birth=born.days if born else None,
        birth_recorded=patient.birthDate,
        deceased=bool(patient.deceasedBoolean) or (patient.deceasedDateTime is not None and died is None),
        deceased_when=died,
    )


def source_states(
    noted: Iterable[tuple[Source, SourceState]], supplied: Collection[Source] | None
) -> Mapping[Source, SourceState]:
    """The state of every source: as asked for, lowered by what could not be read."""
    asked = frozenset(Source if supplied is None else supplied)
    states = {s: SourceState.SUPPLIED if s in asked else SourceState.NOT_SUPPLIED for s in Source}
    for source, state in noted:
        if states[source] is SourceState.SUPPLIED or state is SourceState.NOT_SUPPLIED:
            states[source] = state
    return states
