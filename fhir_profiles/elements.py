"""Lean FHIR R4 elements: the parts that resources are made of, only those that we look at.

Unknown elements are skipped while decoding; numbers are exact decimals (a recorded 1.10 stays 1.10).
"""

from decimal import Decimal

from msgspec import Raw, Struct, field


class Element(Struct, frozen=True, gc=False):
    """Any FHIR element: frozen, compared by value."""


class Coding(Element, frozen=True, gc=False):
    """One code of one system, as sent."""

    system: str | None = None
    code: str | None = None
    display: str | None = None


class CodeableConcept(Element, frozen=True, gc=False):
    """A concept by codes, by words, or both."""

    coding: tuple[Coding, ...] = ()
    text: str | None = None


class Identifier(Element, frozen=True, gc=False):
    """A business identifier, compared and never shown."""

    system: str | None = None
    value: str | None = None


class Reference(Element, frozen=True, gc=False):
    """A pointer to another resource, by address or by identifier."""

    reference: str | None = None
    identifier: Identifier | None = None
    display: str | None = None


class Subject(Element, frozen=True, gc=False):
    """Whose a resource is, by address or by identifier; the name beside it is never read."""

    reference: str | None = None
    identifier: Identifier | None = None


class Period(Element, frozen=True, gc=False):
    """A time range; either end may be absent."""

    start: str | None = None
    end: str | None = None


class Quantity(Element, frozen=True, gc=False):
    """A measured amount with its unit and, where given, a comparator."""

    value: Decimal | None = None
    comparator: str | None = None
    unit: str | None = None
    system: str | None = None
    code: str | None = None


class Measure(Element, frozen=True, gc=False):
    """The Quantity of a result, its number as it stands: a string in the place of a number must be seen to be one."""

    given: Raw = field(name="value", default=Raw())
    comparator: str | None = None
    unit: str | None = None
    system: str | None = None
    code: str | None = None


class Range(Element, frozen=True, gc=False):
    """From how much to how much; either may be absent."""

    low: Quantity | None = None
    high: Quantity | None = None


class ReferenceRange(Element, frozen=True, gc=False):
    """What the laboratory calls normal for this result; no line asks for its lower end."""

    high: Quantity | None = None
    type: CodeableConcept | None = None
    appliesTo: tuple[CodeableConcept, ...] = ()
    age: Range | None = None


class Measurement(Element, frozen=True, gc=False):
    """What an Observation and each of its components have in common: a code and a value."""

    code: CodeableConcept | None = None
    valueQuantity: Measure | None = None
    valueCodeableConcept: CodeableConcept | None = None
    valueString: str | None = None
    valueBoolean: bool | None = None
    valueInteger: float | int | str | None = None
    dataAbsentReason: CodeableConcept | None = None
    referenceRange: tuple[ReferenceRange, ...] = ()


class Timing(Element, frozen=True, gc=False):
    """The part of a dosage timing that bounds a course."""

    boundsPeriod: Period | None = None
    boundsDuration: Quantity | None = None
    boundsRange: Range | None = None


class TimingPlan(Element, frozen=True, gc=False):
    """When doses are taken."""

    repeat: Timing | None = None


class Dosage(Element, frozen=True, gc=False):
    """One dosage instruction."""

    timing: TimingPlan | None = None


class MedicationIngredient(Element, frozen=True, gc=False):
    """One substance of a product."""

    itemCodeableConcept: CodeableConcept | None = None


class Contained(Element, frozen=True, gc=False):
    """A contained resource; only a Medication is looked at."""

    resourceType: str | None = None
    id: str | None = None
    code: CodeableConcept | None = None
    ingredient: tuple[MedicationIngredient, ...] = ()


class AllergyReaction(Element, frozen=True, gc=False):
    """One reaction, with the substance that caused it."""

    substance: CodeableConcept | None = None


class ContainedStudy(Element, frozen=True, gc=False):
    """A contained ResearchStudy."""

    resourceType: str | None = None
    id: str | None = None
    identifier: tuple[Identifier, ...] = ()


class OutcomeIssue(Element, frozen=True, gc=False):
    """One thing a server had to say about a search."""

    severity: str | None = None
    code: str | None = None


class Link(Element, frozen=True, gc=False):
    """Where a page came from (`self`) or goes on (`next`)."""

    relation: str | None = None
    url: str | None = None


class EntrySearch(Element, frozen=True, gc=False):
    """Why an entry is in a search result: `match`, `include` or `outcome`."""

    mode: str | None = None


class EntryRequest(Element, frozen=True, gc=False):
    """What a transaction or history entry did."""

    method: str | None = None
    url: str | None = None


class EntryResponse(Element, frozen=True, gc=False):
    """How a server answered one entry of a batch."""

    status: str | None = None
