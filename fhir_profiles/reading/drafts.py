"""Reads the draft orders of an order hook: what is ordered, for when, in which dose (rulebook 8.2)."""

from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import Struct

from fhir_profiles.addresses import type_and_id, without_version
from fhir_profiles.dates import DateInterval
from fhir_profiles.elements import CodeableConcept, Period, Reference, Subject
from fhir_profiles.pruning import pruned
from fhir_profiles.reading.bounds import read_bounds, whole_end, whole_start
from fhir_profiles.reading.care import ORDERING, read_last_day, read_occurrence
from fhir_profiles.reading.context import Belongs, Reading, label_of
from fhir_profiles.reading.doses import Dose, DosePlan, read_dose
from fhir_profiles.reading.products import LookUp, Product, Raw, product_of, read_product
from fhir_profiles.record import Bounds
from fhir_profiles.terminology import Terminology

# What was taken back or is over is not being ordered, though it stands among the orders that are signed.
_OVER = frozenset({"cancelled", "completed", "ended", "entered-in-error", "revoked", "stopped"})

_GOING_AHEAD = frozenset({"draft", "active"})


class _Draft(Struct, frozen=True):
    """The elements of a draft that a rule looks at, of either kind of order."""

    resourceType: str
    id: str | None = None
    status: str | None = None
    intent: str | None = None
    doNotPerform: bool | None = None
    subject: Subject | None = None
    code: CodeableConcept | None = None
    occurrenceDateTime: str | None = None
    occurrencePeriod: Period | None = None
    asNeededBoolean: bool | None = None
    asNeededCodeableConcept: CodeableConcept | None = None
    medicationCodeableConcept: CodeableConcept | None = None
    medicationReference: Reference | None = None
    contained: tuple[dict[str, Any], ...] = ()
    authoredOn: str | None = None
    dosageInstruction: tuple[DosePlan, ...] = ()


class Draft(Struct, frozen=True, kw_only=True):
    """A draft order. `start`: of a drug, its bounds or else when it was written; of a procedure or test, its date.

    `end`: its last day, where it says so. `firm`: it orders, and neither proposes nor waits for a need.
    `parts`: its dosage entries; one that says nothing where there are none, none where they cannot be read. A draft
    without id is judged like any other; nothing can be `updatable` that cannot be named.
    """

    reference: str
    label: str
    sets: frozenset[str]
    start: DateInterval | None
    end: DateInterval | None
    dose: Dose
    raw: Raw
    parts: tuple[Bounds, ...] = ()
    updatable: bool = True
    firm: bool = True

    @property
    def several(self) -> bool:
        """Whether it has more than one dosage entry, readable or not."""
        entries = self.raw.get("dosageInstruction")
        return isinstance(entries, list) and len(entries) > 1


def read_drafts(reading: Reading, drafts: Iterable[Raw], look_up: LookUp) -> tuple[Draft, ...]:
    """The drafts that can be read, are this patient's and are to be done; kinds that no rule concerns are passed over.

    A product that stands neither in the draft nor among the drafts is looked up.
    """
    resources = tuple(drafts)
    products = {f"Medication/{r.get('id')}": r for r in resources if r.get("resourceType") == "Medication"}

    def find(reference: str) -> Raw | None:
        return products.get(type_and_id(reference)) or look_up(reference)

    read = (_read(reading, pruned(raw), find, number) for number, raw in enumerate(resources, 1))
    return tuple(draft for draft in read if draft is not None)


def _read(reading: Reading, raw: Raw, find: LookUp, number: int) -> Draft | None:
    if raw.get("resourceType") not in ("ServiceRequest", "MedicationRequest"):
        return None
    draft = _convert(raw)
    if draft.doNotPerform or draft.status in _OVER or reading.belongs(draft.subject) is Belongs.ANOTHERS:
        return None
    reference = f"{draft.resourceType}/{draft.id}" if draft.id else f"{draft.resourceType} #{number}"
    product = _product(reading.vocabulary.terminology, draft, find)
    parts = _parts(reading, draft, reference)
    return Draft(
        reference=reference,
        label=label_of(*product.concepts),
        sets=reading.classify(product.concepts)[0],
        start=_start(reading, draft, reference, parts),
        end=_end(reading, draft, reference, parts),
        dose=read_dose(draft.dosageInstruction, product.strength, parts),
        raw=raw,
        parts=parts or (() if raw.get("dosageInstruction") else (Bounds(),)),
        updatable=bool(draft.id),
        firm=_is_firm(draft),
    )


def _is_firm(draft: _Draft) -> bool:
    needed = draft.asNeededBoolean or draft.asNeededCodeableConcept is not None
    return draft.intent in ORDERING and draft.status in _GOING_AHEAD and not needed


def _convert(raw: Raw) -> _Draft:
    """The draft as far as it can be read: an element of the wrong shape counts as absent, but the days of a dosage."""
    try:
        return msgspec.convert(raw, _Draft, strict=False)
    except msgspec.ValidationError:
        fitting = {name: value for name, value in raw.items() if name == "resourceType" or _fits(raw, name, value)}
        days = _only_timing(raw.get("dosageInstruction"))
        if "dosageInstruction" not in fitting and days and _fits(raw, "dosageInstruction", days):
            fitting["dosageInstruction"] = days
        return msgspec.convert(fitting, _Draft, strict=False)


def _only_timing(entries: object) -> list[Raw]:
    """The timing of dosage entries of which the rest cannot be read: they have days, and no dose."""
    given = entries if isinstance(entries, list) and all(isinstance(entry, dict) for entry in entries) else []
    return [{"timing": entry["timing"]} if "timing" in entry else {} for entry in given]


def _fits(raw: Raw, name: str, value: object) -> bool:
    try:
        msgspec.convert({"resourceType": raw["resourceType"], name: value}, _Draft, strict=False)
    except msgspec.ValidationError:
        return False
    return True


def _product(terminology: Terminology, draft: _Draft, find: LookUp) -> Product:
    direct = draft.code or draft.medicationCodeableConcept
    if direct is not None:
        return product_of(terminology, direct)
    address = draft.medicationReference.reference if draft.medicationReference else None
    if not address:
        return Product()
    inner = next((c for c in draft.contained if f"#{c.get('id')}" == address), None)
    medication = inner if address.startswith("#") else find(without_version(address))
    return read_product(terminology, medication) if medication is not None else Product()


def _parts(reading: Reading, draft: _Draft, reference: str) -> tuple[Bounds, ...]:
    plans = draft.dosageInstruction
    return tuple(read_bounds(reading, reference, p.timing.repeat if p.timing else None) for p in plans)


def _start(reading: Reading, draft: _Draft, reference: str, parts: tuple[Bounds, ...]) -> DateInterval | None:
    if draft.resourceType == "ServiceRequest":
        period = draft.occurrencePeriod
        dated = draft.occurrenceDateTime or (period and period.start)
        return read_occurrence(reading, reference, draft.occurrenceDateTime, period) if dated else None
    return whole_start(parts) or (reading.days(reference, draft.authoredOn) if draft.authoredOn else None)


def _end(reading: Reading, draft: _Draft, reference: str, parts: tuple[Bounds, ...]) -> DateInterval | None:
    if draft.resourceType == "MedicationRequest":
        return whole_end(parts)
    return read_last_day(reading, reference, draft.occurrenceDateTime, draft.occurrencePeriod)
