"""Assembles the record of one patient from what was received."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import tzinfo
from operator import attrgetter
from typing import Any, TypeVar, cast

from fhir_profiles.dates import read_when
from fhir_profiles.elements import Subject
from fhir_profiles.reading.care import read_plan, read_report, read_visit
from fhir_profiles.reading.conditions import read_allergy, read_condition, read_procedure
from fhir_profiles.reading.context import Belongs, Reading, Vocabulary
from fhir_profiles.reading.decoding import Decoded, UnreadableBody
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
    PATIENT_RESOURCES,
    AllergyIntolerance,
    Condition,
    DiagnosticReport,
    Encounter,
    Entry,
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
    """Resources by kind while a record is being read."""

    def __init__(self) -> None:
        self.by_type: defaultdict[type, list[Resource]] = defaultdict(list)
        self.observed: list[tuple[Observation, str | None]] = []
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
    if any(observation.hasMember for observation in _of(shelves, Observation)):
        reading.observations = _by_address(shelves.observed)
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
    unnamed = [(source, SourceState.IN_PART) for source in sorted(reading.in_part)]
    return PatientRecord(
        patient=_read_patient(reading),
        sources=source_states((*decoded.states, *unnamed), supplied),
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
    patient, url = _only_patient(decoded)
    return Reading(vocabulary, zone, patient, url)


def _issue_order(issue: QualityIssue) -> tuple[str, str, str]:
    return issue.reference, issue.issue, issue.detail


def _only_patient(decoded: Decoded) -> tuple[Patient, str | None]:
    patients = {r.resource.id: (r.resource, r.full_url) for r in decoded.received if type(r.resource) is Patient}
    if not patients:
        raise UnreadableBody(_why_nobody(decoded.issues))
    if len(patients) > 1:
        raise UnreadableBody(f"{len(patients)} Patients: a record of one patient was expected")
    return next(iter(patients.values()))


def _why_nobody(issues: Iterable[QualityIssue]) -> str:
    misfit = next((i.detail for i in issues if i.reference.partition("/")[0] == "Patient" and i.detail), None)
    if misfit is None:
        return "no Patient: a record of one patient was expected"
    return f"no Patient that can be read: of the one received, {misfit} is not as FHIR R4 has it"


def _shelve(reading: Reading, received: Iterable[Entry]) -> _Shelves:
    shelves = _Shelves()
    seen: dict[tuple[type, str | None], Resource] = {}
    anothers = Belongs.ANOTHERS
    for entry in received:
        resource: Any = entry.resource
        kind = type(resource)
        subject_of = SUBJECT_OF.get(kind)
        if subject_of is None:
            _shelve_shared(shelves, resource, entry.full_url)
        elif reading.belongs(subject_of(resource)) is anothers:
            reading.note(f"{kind.__name__}/{resource.id}", "another-patient")
        elif (first := seen.setdefault((kind, resource.id), resource)) is resource or first != resource:
            # the very same resource twice: one page overlaps another
            shelves.by_type[kind].append(resource)
            if kind is Observation:
                shelves.observed.append((resource, entry.full_url))
    return shelves


def _shelve_shared(shelves: _Shelves, resource: object, url: str | None) -> None:
    """What belongs to no patient: products and studies, under every address by which they may be named."""
    if isinstance(resource, Medication):
        shelves.products.update(dict.fromkeys(_addresses(resource, url), resource))
    elif isinstance(resource, ResearchStudy):
        shelves.studies.update(dict.fromkeys(_addresses(resource, url), resource))


def _by_address(observed: Iterable[tuple[Observation, str | None]]) -> dict[str, Observation]:
    return {address: resource for resource, url in observed for address in _addresses(resource, url)}


def _addresses(resource: Resource | Medication, url: str | None) -> Iterator[str]:
    yield f"{type(resource).__name__}/{resource.id}"
    if url:
        yield url


SUBJECT_OF: Mapping[type, Callable[[Any], Subject | None]] = {
    **{kind: attrgetter("subject") for kind in PATIENT_RESOURCES if "subject" in kind.__struct_fields__},
    AllergyIntolerance: attrgetter("patient"),
    ResearchSubject: attrgetter("individual"),
}
_R = TypeVar("_R", bound=Resource)


def _of(shelves: _Shelves, kind: type[_R]) -> list[_R]:
    return cast("list[_R]", shelves.by_type.get(kind, []))


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
