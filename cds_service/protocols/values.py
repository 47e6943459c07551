"""Reads the small values of a protocol file: durations, quantities, multiples of the upper limit."""

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from cds_service.trial.statements.observed import Limit
from fhir_profiles.dates import Delay, Duration
from fhir_profiles.intervals import is_measurement
from fhir_profiles.units import UnitTable

_DURATION = re.compile(r"(\d{1,4}) (day|week|month|year)s?")
_DELAY = re.compile(r"(\d{1,4}) to (\d{1,4}) (day|week|month)s?")
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


def days_before(text: object) -> Duration:
    """A length of time before an event that is a whole number of days, one at least."""
    length = duration(text)
    if not length.in_days:
        raise BadValueError(f"{text!r}: a number of days or weeks like '3 days', one at least, was expected")
    return length


def delay(text: object) -> Delay:
    """`3 to 7 days` and the like: both ends inside, the earlier one first."""
    match = _DELAY.fullmatch(str(text))
    if match is None:
        raise BadValueError(f"{text!r}: a window like '3 to 7 days', '4 to 8 weeks' or '1 to 3 months' was expected")
    first, last = (duration(f"{amount} {match[3]}s") for amount in match.group(1, 2))
    if first.amount > last.amount or not last.amount:
        raise BadValueError(f"{text!r}: the earlier end comes first, and the later one is at least 1")
    return Delay(first, last)


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
    if _UPPER_LIMIT.fullmatch(str(text)):
        return _times_upper_limit(str(text))
    return Limit(quantity(text, unit, units, molar_mass))


def reading(text: str) -> Duration | Delay | Limit | str:
    """What a named value is, as far as its words depend on the language."""
    for read in (duration, delay, _times_upper_limit):
        try:
            return read(text)
        except BadValueError:
            continue
    return text


def _times_upper_limit(text: str) -> Limit:
    match = _UPPER_LIMIT.fullmatch(text)
    if match is None:
        raise BadValueError(f"{text!r}: a multiple like '5 x ULN' was expected")
    return Limit(Decimal(match[1]), times_upper_limit=True)


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
