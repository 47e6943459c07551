"""Reads courses of drugs (rulebook section 3 "Status", "Dates" and "Codes").

A drug that cannot be resolved may be any drug: it is in doubt for every drug that matters.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from fhir_profiles.addresses import type_and_id, without_version
from fhir_profiles.dates import DateInterval, goes_on
from fhir_profiles.elements import CodeableConcept, Contained, Dosage, MedicationIngredient, Period, Reference
from fhir_profiles.reading.bounds import read_bounds, whole_end, whole_start
from fhir_profiles.reading.care import ORDERING
from fhir_profiles.reading.context import Belongs, Reading, end_of, in_doubt, label_of, start_of
from fhir_profiles.record import Bounds, Course, Doubt
from fhir_profiles.resources import (
    Medication,
    MedicationAdministration,
    MedicationDispense,
    MedicationRequest,
    MedicationStatement,
)

Drug = MedicationRequest | MedicationStatement | MedicationAdministration | MedicationDispense

_COUNTING: dict[type, frozenset[str]] = {
    MedicationRequest: frozenset({"active", "on-hold", "stopped", "completed"}),
    MedicationStatement: frozenset({"active", "completed", "stopped", "on-hold"}),
    MedicationAdministration: frozenset({"completed", "in-progress"}),
    MedicationDispense: frozenset({"completed", "in-progress"}),
}
_NOT_TAKEN = frozenset(
    {"draft", "cancelled", "entered-in-error", "unknown", "intended", "preparation"}
    | {"not-taken", "not-done", "declined"}
)
_NO_ORDERS = frozenset({"proposal", "plan", "option"})
_OPEN = frozenset({"active", "on-hold", "in-progress"})
_TAKEN = frozenset({"active", "in-progress"})


class _Span(NamedTuple):
    """From when, until when (None: not recorded), and each dosage entry of a prescription."""

    start: DateInterval
    end: DateInterval | None
    parts: tuple[Bounds, ...] = ()


def counts(drug: Drug) -> bool:
    """Whether the status (and intent) makes it, or may make it, a course that was or is taken."""
    if drug.status is not None and drug.status not in _COUNTING[type(drug)] and not _is_unlisted(drug):
        return False
    return not isinstance(drug, MedicationRequest) or (drug.intent not in _NO_ORDERS and not drug.doNotPerform)


def _is_unlisted(drug: Drug) -> bool:
    """Whether the table of status neither counts nor ignores it; of doses given and handed over it leaves out none."""
    return isinstance(drug, MedicationRequest | MedicationStatement) and drug.status not in _NOT_TAKEN


def _is_stated(drug: Drug) -> bool:
    """Whether status and intent leave no doubt that it counts."""
    ordered = not isinstance(drug, MedicationRequest) or drug.intent in ORDERING
    return ordered and drug.status in _COUNTING[type(drug)]


def read_course(reading: Reading, drug: Drug, products: Mapping[str, Medication]) -> Course | None:
    """The course as a fact; None when it does not count or is of a drug that does not matter here."""
    if not counts(drug):
        return None
    concepts = _concepts(drug, products)
    sets, maybe = reading.classify(concepts)
    if not sets and not maybe and not any(map(_is_named, concepts)):
        maybe = _any_drug(reading, drug.medicationReference)
    if not sets and not maybe:
        return None
    if not _is_stated(drug):
        sets, maybe = in_doubt((sets, maybe), Doubt.UNSTATED)
    reference = f"{type(drug).__name__}/{drug.id}"
    span = _span(reading, drug, reference)
    return Course(
        reference=reference,
        label=label_of(*concepts) or (drug.medicationReference and drug.medicationReference.display) or reference,
        sets=sets,
        maybe_sets=maybe,
        subject_known=reading.belongs(drug.subject) is Belongs.OURS,
        start=span.start,
        end=span.end,
        open=span.end is None and drug.status in _OPEN,
        active=drug.status in _TAKEN,
        ordered=isinstance(drug, MedicationRequest),
        parts=span.parts,
    )


def _is_named(concept: CodeableConcept) -> bool:
    """Whether a person could tell which drug it is: a code of an unknown list alone tells nothing."""
    return bool(concept.text) or any(coding.display for coding in concept.coding)


def _any_drug(reading: Reading, reference: Reference | None) -> Mapping[str, Doubt]:
    display = reference.display if reference else None
    sets = reading.vocabulary.terminology.sets.values()
    drugs = frozenset(s.name for s in sets if "medication" in s.kinds and s.decides)
    named = drugs & reading.mentioned(display) if display else frozenset[str]()
    if named:
        return dict.fromkeys(sorted(named), Doubt.WORDS_ONLY)
    return dict.fromkeys(sorted(drugs), Doubt.UNRESOLVED)


def _concepts(drug: Drug, products: Mapping[str, Medication]) -> tuple[CodeableConcept, ...]:
    named = () if drug.medicationCodeableConcept is None else (drug.medicationCodeableConcept,)
    address = drug.medicationReference.reference if drug.medicationReference else None
    if address is None:
        return named
    contained = _contained(drug)
    product = _find(contained, address[1:]) if address.startswith("#") else _lookup(products, address)
    return (*named, *(_named_by(product.code, product.ingredient) if product else ()))


def _contained(drug: Drug) -> tuple[Contained, ...]:
    return tuple(inner for inner in drug.contained if inner.resourceType == "Medication")


def _find(contained: Iterable[Contained], name: str) -> Contained | None:
    return next((inner for inner in contained if inner.id == name), None)


def _lookup(products: Mapping[str, Medication], address: str) -> Medication | None:
    plain = without_version(address)
    return products.get(plain) or products.get(type_and_id(plain))


def _named_by(code: CodeableConcept | None, ingredients: Iterable[MedicationIngredient]) -> tuple[CodeableConcept, ...]:
    parts = tuple(i.itemCodeableConcept for i in ingredients if i.itemCodeableConcept is not None)
    return (code, *parts) if code is not None else parts


def _span(reading: Reading, drug: Drug, reference: str) -> _Span:
    match drug:
        case MedicationRequest():
            return _by_dosage(reading, reference, drug.dosageInstruction, Period(start=drug.authoredOn))
        case MedicationStatement():
            effective = drug.effectivePeriod or Period(start=drug.effectiveDateTime)
            return _by_dosage(reading, reference, drug.dosage, effective)
        case MedicationDispense():
            return _instant(reading, reference, drug.whenHandedOver)
        case MedicationAdministration(effectivePeriod=None):
            return _instant(reading, reference, drug.effectiveDateTime)
        case MedicationAdministration():
            return _bounded(reading, reference, start_of(drug.effectivePeriod), end_of(drug.effectivePeriod))


def _instant(reading: Reading, reference: str, text: str | None) -> _Span:
    days = reading.days(reference, text)
    return _Span(days, days)


def _bounded(reading: Reading, reference: str, start: str | None, end: str | None) -> _Span:
    first = reading.days(reference, start)
    return _Span(first, None if end is None else goes_on(first, reading.days(reference, end)))


def _by_dosage(reading: Reading, reference: str, dosages: tuple[Dosage, ...], otherwise: Period) -> _Span:
    """The bounds of the dosages together: from the first start to the last end, open if one of them has no end."""
    parts = tuple(read_bounds(reading, reference, d.timing.repeat if d.timing else None) for d in dosages)
    start = whole_start(parts)
    end = whole_end(parts) or (None if otherwise.end is None else reading.days(reference, otherwise.end))
    start = reading.days(reference, otherwise.start) if start is None else start
    return _Span(start, None if end is None else goes_on(start, end), parts)
