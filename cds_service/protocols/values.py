"""Reads the small values of a protocol file: durations, quantities, multiples of the upper limit."""

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from cds_service.trial.statements.observed import Limit
from fhir_profiles.dates import Duration
from fhir_profiles.intervals import is_measurement
from fhir_profiles.units import UnitTable

_DURATION = re.compile(r"(\d{1,4}) (day|week|month|year)s?")
_UPPER_LIMIT = re.compile(r"(\d+(?:\.\d+)?) x ULN")


class BadValueError(ValueError):
    """A value that does not mean what its place needs; the message says what was expected."""


def duration(text: object) -> Duration:
    """`4 weeks` and the like."""
    match = _DURATION.fullmatch(str(text))
    if match is None:
        raise BadValueError(
            f"{text!r}: a length of time like '28 days', '4 weeks', '6 months' or '3 years' was expected"
        )
    unit = f"{match[2]}s"
    return Duration(int(match[1]), unit)  # type: ignore[arg-type] # one of the four by the pattern


def years(text: object) -> int:
    """A number of years."""
    length = duration(text)
    if length.unit != "years":
        raise BadValueError(f"{text!r}: a number of years like '20 years' was expected")
    return length.amount


def quantity(text: object, unit: str, units: UnitTable, molar_mass: Decimal | None = None) -> Decimal:
    """`2.0 mg/dL`, in the unit of comparison."""
    number, _, given = str(text).partition(" ")
    value = decimal(number)
    converted = units.convert(value, given or None, unit, molar_mass)
    if converted is None:
        raise BadValueError(f"{text!r}: a quantity in {unit}, or in a unit that converts to it, was expected")
    return converted


def limit(text: object, unit: str, units: UnitTable, molar_mass: Decimal | None = None) -> Limit:
    """A quantity, or a multiple of the upper limit of normal."""
    match = _UPPER_LIMIT.fullmatch(str(text))
    if match is not None:
        return Limit(Decimal(match[1]), times_upper_limit=True)
    return Limit(quantity(text, unit, units, molar_mass))


def decimal(value: object) -> Decimal:
    """An exact number."""
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise BadValueError(f"{value!r}: a number was expected") from None
    if not is_measurement(number):
        raise BadValueError(f"{value!r}: a number that can be measured was expected")
    return number


def named(parameters: Mapping[str, str], given: object) -> object:
    """The value of a named parameter, or the value itself."""
    return parameters.get(given, given) if isinstance(given, str) else given
