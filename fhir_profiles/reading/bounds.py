"""Reads from when until when each dosage entry of an order is meant (rulebook section 3 "Dates")."""

from collections.abc import Mapping
from typing import Literal

from fhir_profiles.dates import DateInterval, Duration, goes_on
from fhir_profiles.elements import Period, Quantity, Timing
from fhir_profiles.reading.context import Reading
from fhir_profiles.record import Bounds

LENGTHS = ("boundsDuration", "boundsRange")
"""The elements by which a Timing is bounded by how long it lasts, instead of by days."""
UCUM_UNITS: Mapping[str, Literal["days", "weeks", "months", "years"]] = {
    "d": "days",
    "wk": "weeks",
    "mo": "months",
    "a": "years",
}
_UNITS: Mapping[str, Literal["days", "weeks", "months", "years"]] = {
    **UCUM_UNITS,
    **dict.fromkeys(("day", "days"), "days"),
    **dict.fromkeys(("week", "weeks"), "weeks"),
    **dict.fromkeys(("month", "months"), "months"),
    **dict.fromkeys(("year", "years"), "years"),
}
_LONGEST = 10_000


def read_bounds(reading: Reading, reference: str, timing: Timing | None) -> Bounds:
    """The bounds of one entry; a date that cannot be read is any day, of a range of lengths the longest counts.

    An entry that ends before it begins may go on.
    """
    if timing is None:
        return Bounds()
    period = timing.boundsPeriod or Period()
    longest = timing.boundsRange.high if timing.boundsRange is not None else None
    given = timing.boundsDuration or longest
    length = _length(given) if given is not None else None
    start = reading.days(reference, period.start) if period.start else None
    end = None if period.end is None else reading.days(reference, period.end)
    return Bounds(
        start=start,
        end=end if start is None or end is None else goes_on(start, end),
        length=length,
        uncounted=length is None and not (timing.boundsDuration is None and timing.boundsRange is None),
    )


def _length(given: Quantity) -> Duration | None:
    if given.value is None or given.comparator is not None:
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
