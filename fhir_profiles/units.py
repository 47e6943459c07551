"""Units of laboratory values: what a number comes to in another unit, exactly (rulebook section 3 "Numbers").

The factors are data, `unit_factors.json`; reading that file is the caller's business. Units are UCUM, case-sensitive;
the few other spellings that laboratories send are listed one by one. What is not listed is unreadable, never guessed.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, InvalidOperation
from typing import Final

RATIO: Final = "ratio"
MASS: Final = "mass-concentration"
SUBSTANCE: Final = "substance-concentration"

# The molar mass, in g/mol, joins these two and only in these units.
_CANONICAL_OF_MOLAR_MASS: Final = {MASS: "g/L", SUBSTANCE: "mol/L"}
_ONE: Final = Decimal(1)
_ANNOTATION: Final = re.compile(r"\{[^{}]*\}")
# No traps: an odd value in a record gives an odd number, never an exception.
_EXACT: Final = Context(prec=50, Emin=MIN_EMIN, Emax=MAX_EMAX, traps=[])

# One reading of a unit: its dimension, and how many of the dimension's canonical unit it is.
_Readings = Mapping[str, Decimal]
_RATIO_ONE: Final[_Readings] = {RATIO: _ONE}
_UNKNOWN: Final[_Readings] = {}


@dataclass(frozen=True, slots=True)
class UnitTable:
    """The units that can be read, each with its dimension and its factor to the canonical unit of that dimension.

    `readings` maps a unit or spelling to {dimension: factor}; only spellings such as `IU/L` have several dimensions.
    A unit that is nothing but an annotation (`{score}`) is the ratio 1, as in UCUM, and needs no entry.
    """

    readings: Mapping[str, _Readings]

    @classmethod
    def from_json(cls, document: Mapping[str, object]) -> "UnitTable":
        """The table of a parsed `unit_factors.json`; ValueError names the key that is wrong."""
        _refuse_other_keys(document, "unit table", ("dimensions", "spellings"))
        units: dict[str, _Readings] = {}
        for name, dimension in _object(document, "dimensions").items():
            for unit, factor in _dimension_factors(name, dimension):
                if unit in units:
                    raise ValueError(f"{name}: unit {unit!r} is listed twice")
                units[unit] = {name: factor}
        spellings = _object(document, "spellings")
        return cls(units | {text: _spelling(units, text, of) for text, of in spellings.items()})

    def convert(self, value: Decimal, unit: str | None, to: str, molar_mass: Decimal | None = None) -> Decimal | None:
        """The value in unit `to`, or None when it is unreadable: unit unknown or of another dimension.

        A value without unit is readable only as a pure ratio (INR), not as a percentage. With `molar_mass` (g/mol) mass
        and substance concentrations convert into each other. Unrounded: exact wherever 50 digits can hold the result.
        """
        fraction = self._fraction(unit, to, molar_mass)
        if fraction is None or not value.is_finite():
            return None
        if unit == to:
            return value
        numerator, denominator = fraction
        return _EXACT.divide(_EXACT.multiply(value, numerator), denominator)

    def factor(self, unit: str | None, to: str, molar_mass: Decimal | None = None) -> Decimal | None:
        """How many `to` one `unit` is, to 50 digits, or None when they do not convert. For values use `convert`."""
        return self.convert(_ONE, unit, to, molar_mass)

    def dimension(self, unit: str) -> str | None:
        """What the unit measures (`mass-concentration`, ...), None when unknown; of several the first listed."""
        return next(iter(self._read(unit.strip())), None)

    def _read(self, unit: str) -> _Readings:
        found = self.readings.get(unit)
        if found is None:
            return _RATIO_ONE if _ANNOTATION.fullmatch(unit) else _UNKNOWN
        return found

    def _fraction(self, unit: str | None, to: str, molar_mass: Decimal | None) -> tuple[Decimal, Decimal] | None:
        wanted = self._read(to.strip())
        stripped = unit.strip() if unit else ""
        if not stripped:
            # A bare 60 may mean 60 % or 60 times: as a percentage it stays unread.
            return (_ONE, _ONE) if wanted.get(RATIO) == _ONE else None
        have = self._read(stripped)
        for dimension, factor in have.items():
            if dimension in wanted:
                return factor, wanted[dimension]
        return None if molar_mass is None else _molar_fraction(have, wanted, molar_mass)


def _molar_fraction(have: _Readings, wanted: _Readings, molar_mass: Decimal) -> tuple[Decimal, Decimal] | None:
    if not molar_mass > 0:
        return None
    if SUBSTANCE in have and MASS in wanted:
        return _EXACT.multiply(have[SUBSTANCE], molar_mass), wanted[MASS]
    if MASS in have and SUBSTANCE in wanted:
        return have[MASS], _EXACT.multiply(wanted[SUBSTANCE], molar_mass)
    return None


def _dimension_factors(name: str, dimension: object) -> Iterator[tuple[str, Decimal]]:
    document = _as_object(dimension, name)
    _refuse_other_keys(document, name, ("canonical", "units"))
    units = _object(document, "units", name)
    canonical = document.get("canonical")
    if not isinstance(canonical, str) or units.get(canonical) != "1":
        raise ValueError(f"{name}: 'canonical' must be one of its units, with factor '1'")
    if _CANONICAL_OF_MOLAR_MASS.get(name, canonical) != canonical:
        raise ValueError(f"{name}: 'canonical' must be {_CANONICAL_OF_MOLAR_MASS[name]!r}")
    for unit, factor in units.items():
        yield _name(unit, name), _factor(factor, f"{name}: {unit!r}")


def _factor(text: object, key: str) -> Decimal:
    try:
        factor = Decimal(text) if isinstance(text, str) else Decimal("NaN")
    except InvalidOperation:
        factor = Decimal("NaN")
    if not (factor.is_finite() and factor > 0):
        raise ValueError(f"{key}: a factor is a positive decimal in a string, not {text!r}")
    return factor


def _spelling(units: Mapping[str, _Readings], spelling: str, of: object) -> _Readings:
    stands_for = of if isinstance(of, list) else [of]
    readings: dict[str, Decimal] = {}
    for unit in stands_for:
        if not isinstance(unit, str) or unit not in units:
            raise ValueError(f"spellings: {spelling!r} stands for {unit!r}, which is no unit of the table")
        if not readings.keys().isdisjoint(units[unit]):
            raise ValueError(f"spellings: {spelling!r} stands for two units of one dimension")
        readings.update(units[unit])
    if not readings or _name(spelling, "spellings") in units:
        raise ValueError(f"spellings: {spelling!r} must stand for a unit and not be one")
    return readings


def _name(text: str, key: str) -> str:
    if not text or text != text.strip():
        raise ValueError(f"{key}: {text!r} is blank or has blanks around it")
    return text


def _refuse_other_keys(document: Mapping[str, object], key: str, known: tuple[str, ...]) -> None:
    if others := sorted(set(document) - set(known)):
        raise ValueError(f"{key}: unknown key {others[0]!r}")


def _object(document: Mapping[str, object], key: str, of: str = "unit table") -> Mapping[str, object]:
    if key not in document:
        raise ValueError(f"{of}: {key!r} is missing")
    return _as_object(document[key], f"{of}: {key!r}")


def _as_object(found: object, key: str) -> Mapping[str, object]:
    if isinstance(found, Mapping):
        return found
    raise ValueError(f"{key}: must be an object")
