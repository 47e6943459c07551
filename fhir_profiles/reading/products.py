"""Reads the product that a draft is for: what names it, and how much a tablet of it holds (rulebook 8.2)."""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

from fhir_profiles.elements import CodeableConcept, Quantity
from fhir_profiles.reading.doses import TABLETS, measured, milligrams
from fhir_profiles.terminology import Terminology

Raw = Mapping[str, Any]
LookUp = Callable[[str], Raw | None]


class _Ratio(Struct, frozen=True):
    numerator: Quantity | None = None
    denominator: Quantity | None = None


class _Ingredient(Struct, frozen=True):
    """A substance; its strength is read apart, so that an odd one hides no drug."""

    itemCodeableConcept: CodeableConcept | None = None
    strength: Any = None


class _Medication(Struct, frozen=True):
    code: CodeableConcept | None = None
    ingredient: tuple[_Ingredient, ...] = ()


class Product(NamedTuple):
    """What names a product, and the milligrams of one tablet; None where they are not told, or told differently."""

    concepts: tuple[CodeableConcept, ...] = ()
    strength: Decimal | None = None


def product_of(terminology: Terminology, concept: CodeableConcept) -> Product:
    """The product that a code alone names."""
    return Product((concept,), _only(_listed(terminology, (concept,))))


def read_product(terminology: Terminology, medication: Raw) -> Product:
    """The product that a Medication describes; of one that cannot be read nothing."""
    try:
        read = msgspec.convert(medication, _Medication, strict=False)
    except msgspec.ValidationError:
        return Product()
    parts = [one.itemCodeableConcept for one in read.ingredient]
    concepts = tuple(concept for concept in (read.code, *parts) if concept is not None)
    own = [_strength(one.strength) for one in read.ingredient] if len(read.ingredient) == 1 else []
    return Product(concepts, _only((*_listed(terminology, concepts), *(s for s in own if s is not None))))


def _listed(terminology: Terminology, concepts: tuple[CodeableConcept, ...]) -> Iterator[Decimal]:
    for concept in concepts:
        yield from (s for coding in concept.coding if (s := terminology.strength(coding)) is not None)


def _only(strengths: Iterator[Decimal] | tuple[Decimal, ...]) -> Decimal | None:
    told = set(strengths)
    return told.pop() if len(told) == 1 else None


def _strength(given: object) -> Decimal | None:
    """Milligrams a tablet of a ratio such as 200 mg / 1 tablet; None for any other."""
    try:
        ratio = msgspec.convert(given, _Ratio, strict=False)
    except msgspec.ValidationError:
        return None
    amount, per = milligrams(ratio.numerator), ratio.denominator or Quantity(value=Decimal(1))
    tablets = measured(per) if (per.code or per.unit or "1") in TABLETS else None
    return amount / tablets if amount is not None and tablets is not None and tablets > 0 else None
