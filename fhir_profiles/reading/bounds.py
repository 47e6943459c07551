"""Reads from when until when each dosage entry of an order is meant (rulebook section 3 "Dates")."""

from collections.abc import Mapping
from typing import Literal

from fhir_profiles.dates import DateInterval, Duration
from fhir_profiles.elements import Period, Quantity
from fhir_profiles.reading.context import Reading
from fhir_profiles.record import Bounds

_UNITS: Mapping[str, Literal["days", "weeks", "months", "years"]] = {
    "d": "days",
    "wk": "weeks",
    "mo": "months",
    "a": "years",
}
_LONGEST = 10_000


def read_bounds(reading: Reading, reference: str, period: Period | None, length: Quantity | None) -> Bounds:
    """The bounds of one entry; a date that cannot be read is any day, a length that cannot be counted is none."""
    start, end = (period.start, period.end) if period is not None else (None, None)
    return Bounds(
        start=reading.days(reference, start) if start else None,
        end=None if end is None else reading.days(reference, end),
        length=_length(length),
    )


def _length(given: Quantity | None) -> Duration | None:
    if given is None or given.value is None or given.comparator is not None:
        return None
    unit = _UNITS.get(given.code or given.unit or "")
    whole = given.value.is_finite() and 0 < given.value < _LONGEST and given.value == int(given.value)
    return Duration(int(given.value), unit) if unit is not None and whole else None


def whole_start(parts: tuple[Bounds, ...]) -> DateInterval | None:
    """When the first of the entries begins; None where none of them says it."""
    starts = [part.start for part in parts if part.start is not None]
    return DateInterval(min(s.first for s in starts), min(s.last for s in starts)) if starts else None


def whole_end(parts: tuple[Bounds, ...]) -> DateInterval | None:
    """When the last of the entries ends; None where one of them has no end."""
    ends = [part.end for part in parts if part.end is not None]
    if not ends or len(ends) < len(parts):
        return None
    return DateInterval(max(e.first for e in ends), max(e.last for e in ends))
