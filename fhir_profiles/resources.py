"""Lean FHIR R4 resources: only the elements that a criterion, a step or an order rule looks at.

A resource type we never look at decodes to `Ignored`. Shapes follow https://hl7.org/fhir/R4/.
"""

from typing import Union

from msgspec import Struct, defstruct, field

from fhir_profiles.elements import (
    AllergyReaction,
    CodeableConcept,
    Coding,
    Contained,
    ContainedStudy,
    Dosage,
    Element,
    EntryRequest,
    EntryResponse,
    EntrySearch,
    Identifier,
    Link,
    Measure,
    Measurement,
    MedicationIngredient,
    OutcomeIssue,
    Period,
    Quantity,
    Reference,
    ReferenceRange,
    Subject,
)
from fhir_profiles.resource_names import IGNORED_TYPES


class Medication(Struct, frozen=True, gc=False, tag_field="resourceType", tag="Medication"):
    """A drug product, by its own code or by its ingredients."""

    id: str | None = None
    code: CodeableConcept | None = None
    ingredient: tuple[MedicationIngredient, ...] = ()


class Resource(Struct, frozen=True, gc=False, tag_field="resourceType"):
    """Any resource that is about a patient."""

    id: str | None = None


class ClinicalResource(Resource, frozen=True, gc=False):
    """What is recorded of a patient, as it stands.

    A modifier extension or implicit rules may turn the meaning around, and FHIR forbids to read past them: with
    either the resource does not fit, and is not read (https://hl7.org/fhir/R4/extensibility.html#modifierExtension).
    """

    modifierExtension: tuple[()] = ()
    implicitRules: None = None


class Patient(Resource, frozen=True, gc=False, tag="Patient"):
    """Who the record is about."""

    identifier: tuple[Identifier, ...] = ()
    gender: str | None = None
    birthDate: str | None = None
    deceasedBoolean: bool | None = None
    deceasedDateTime: str | None = None


class Condition(ClinicalResource, frozen=True, gc=False, tag="Condition"):
    """A diagnosis or problem."""

    subject: Subject | None = None
    clinicalStatus: CodeableConcept | None = None
    verificationStatus: CodeableConcept | None = None
    code: CodeableConcept | None = None
    bodySite: tuple[CodeableConcept, ...] = ()
    onsetDateTime: str | None = None
    onsetPeriod: Period | None = None
    onsetAge: Quantity | None = None
    abatementDateTime: str | None = None
    abatementPeriod: Period | None = None
    abatementAge: Quantity | None = None
    recordedDate: str | None = None


class Observation(ClinicalResource, frozen=True, gc=False, tag="Observation"):
    """A measurement, a score, a finding."""

    status: str | None = None
    subject: Subject | None = None
    code: CodeableConcept | None = None
    effectiveDateTime: str | None = None
    effectiveInstant: str | None = None
    effectivePeriod: Period | None = None
    issued: str | None = None
    valueQuantity: Measure | None = None
    valueCodeableConcept: CodeableConcept | None = None
    valueString: str | None = None
    valueBoolean: bool | None = None
    valueInteger: float | int | str | None = None
    dataAbsentReason: CodeableConcept | None = None
    referenceRange: tuple[ReferenceRange, ...] = ()
    bodySite: CodeableConcept | None = None
    focus: tuple[Reference, ...] = ()
    hasMember: tuple[Reference, ...] = ()
    component: tuple[Measurement, ...] = ()


class Procedure(ClinicalResource, frozen=True, gc=False, tag="Procedure"):
    """Something done to the patient."""

    status: str | None = None
    subject: Subject | None = None
    code: CodeableConcept | None = None
    performedDateTime: str | None = None
    performedPeriod: Period | None = None


class MedicationRequest(ClinicalResource, frozen=True, gc=False, tag="MedicationRequest"):
    """A prescription."""

    status: str | None = None
    intent: str | None = None
    doNotPerform: bool | None = None
    subject: Subject | None = None
    medicationCodeableConcept: CodeableConcept | None = None
    medicationReference: Reference | None = None
    contained: tuple[Contained, ...] = ()
    authoredOn: str | None = None
    dosageInstruction: tuple[Dosage, ...] = ()


class MedicationStatement(ClinicalResource, frozen=True, gc=False, tag="MedicationStatement"):
    """What somebody says the patient takes or took."""

    status: str | None = None
    subject: Subject | None = None
    medicationCodeableConcept: CodeableConcept | None = None
    medicationReference: Reference | None = None
    contained: tuple[Contained, ...] = ()
    effectiveDateTime: str | None = None
    effectivePeriod: Period | None = None
    dosage: tuple[Dosage, ...] = ()


class MedicationAdministration(ClinicalResource, frozen=True, gc=False, tag="MedicationAdministration"):
    """A dose that was given."""

    status: str | None = None
    subject: Subject | None = None
    medicationCodeableConcept: CodeableConcept | None = None
    medicationReference: Reference | None = None
    contained: tuple[Contained, ...] = ()
    effectiveDateTime: str | None = None
    effectivePeriod: Period | None = None


class MedicationDispense(ClinicalResource, frozen=True, gc=False, tag="MedicationDispense"):
    """A drug handed over."""

    status: str | None = None
    subject: Subject | None = None
    medicationCodeableConcept: CodeableConcept | None = None
    medicationReference: Reference | None = None
    contained: tuple[Contained, ...] = ()
    whenHandedOver: str | None = None


class Encounter(ClinicalResource, frozen=True, gc=False, tag="Encounter"):
    """A visit or a stay; `class` is its kind."""

    status: str | None = None
    subject: Subject | None = None
    kind: Coding | None = field(default=None, name="class")
    period: Period | None = None


class DiagnosticReport(ClinicalResource, frozen=True, gc=False, tag="DiagnosticReport"):
    """A report, of imaging above all."""

    status: str | None = None
    subject: Subject | None = None
    code: CodeableConcept | None = None
    effectiveDateTime: str | None = None
    effectivePeriod: Period | None = None
    issued: str | None = None


class ServiceRequest(ClinicalResource, frozen=True, gc=False, tag="ServiceRequest"):
    """An order for a procedure or a test."""

    status: str | None = None
    intent: str | None = None
    doNotPerform: bool | None = None
    subject: Subject | None = None
    code: CodeableConcept | None = None
    occurrenceDateTime: str | None = None
    occurrencePeriod: Period | None = None
    asNeededBoolean: bool | None = None
    asNeededCodeableConcept: CodeableConcept | None = None


class AllergyIntolerance(ClinicalResource, frozen=True, gc=False, tag="AllergyIntolerance"):
    """An allergy or intolerance."""

    patient: Subject | None = None
    clinicalStatus: CodeableConcept | None = None
    verificationStatus: CodeableConcept | None = None
    code: CodeableConcept | None = None
    reaction: tuple[AllergyReaction, ...] = ()


class ResearchStudy(Resource, frozen=True, gc=False, tag="ResearchStudy"):
    """A study, known by its identifiers."""

    identifier: tuple[Identifier, ...] = ()


class ResearchSubject(Resource, frozen=True, gc=False, tag="ResearchSubject"):
    """The patient's part in one study."""

    status: str | None = None
    individual: Subject | None = None
    study: Reference | None = None
    contained: tuple[ContainedStudy, ...] = ()
    period: Period | None = None


class OperationOutcome(Struct, frozen=True, gc=False, tag_field="resourceType", tag="OperationOutcome"):
    """What a server says instead of, or beside, the data."""

    issue: tuple[OutcomeIssue, ...] = ()


PATIENT_RESOURCES: tuple[type[Resource], ...] = (
    Patient,
    Condition,
    Observation,
    Procedure,
    MedicationRequest,
    MedicationStatement,
    MedicationAdministration,
    MedicationDispense,
    AllergyIntolerance,
    ResearchStudy,
    ResearchSubject,
    Encounter,
    DiagnosticReport,
    ServiceRequest,
)


class Ignored(Struct, frozen=True, gc=False, tag_field="resourceType"):
    """A resource of a kind that no criterion looks at."""


_IGNORED = tuple(
    defstruct(f"Ignored{name}", [], bases=(Ignored,), tag=name, frozen=True, gc=False) for name in IGNORED_TYPES
)


class Bundle(Struct, frozen=True, gc=False, tag_field="resourceType", tag="Bundle"):
    """A container of resources, of any Bundle type."""

    type: str | None = None
    total: int | None = None
    link: tuple[Link, ...] = ()
    entry: tuple["Entry", ...] = ()


AnyResource = Union[(*PATIENT_RESOURCES, Medication, OperationOutcome, Bundle, *_IGNORED)]  # type: ignore[valid-type]


class Entry(Element, frozen=True, gc=False):
    """One entry of a Bundle: a resource with the address it was sent under."""

    full_url: str | None = field(default=None, name="fullUrl")
    resource: AnyResource | None = None
    search: EntrySearch | None = None
    request: EntryRequest | None = None
    response: EntryResponse | None = None


KNOWN_TYPES = frozenset(
    (*(kind.__name__ for kind in PATIENT_RESOURCES), "Medication", "OperationOutcome", "Bundle", *IGNORED_TYPES)
)
