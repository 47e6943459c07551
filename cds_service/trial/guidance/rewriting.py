"""The days that an update writes into the dosage entries of an order, so that the order begins and ends as it should.

No entry may end before it begins, and none is made to end later than it did (rulebook 8.3).
"""

from dataclasses import dataclass
from datetime import date

from fhir_profiles.dates import UNDATED, DateInterval, add_days
from fhir_profiles.reading.bounds import whole_start
from fhir_profiles.record import Bounds


@dataclass(frozen=True, slots=True)
class Days:
    """The first and the last day to be written into one entry; None leaves what it has."""

    start: date | None = None
    end: date | None = None


def as_one(parts: tuple[Bounds, ...], begins: DateInterval | None) -> Days | None:
    """The days of one entry in place of several of an order that begins on `begins`: from the first day to the last.

    None where these are no certain days; the end is None where one of the entries has none.
    """
    whole = whole_start(parts) or begins
    starts = [part.start or whole for part in parts]
    if any(start is not None and not start.is_day for start in starts) or any(part.uncounted for part in parts):
        return None
    if whole is None and any(part.length is not None for part in parts):
        return None  # nothing to count a length from
    lasts = [_last(part, start.first if start else date.min) for part, start in zip(parts, starts, strict=True)]
    ends = [last for last in lasts if last is not None]
    return Days(whole.first if whole else None, max(ends) if len(ends) == len(parts) else None)


def bounds_of(days: Days) -> Bounds:
    """An entry that has these days."""
    first, last = (DateInterval(day, day) if day is not None else None for day in (days.start, days.end))
    return Bounds(first, last)


def last_day(parts: tuple[Bounds, ...], doses: tuple[Days, ...]) -> date | None:
    """The day on which the last of the entries ends once they are rewritten; None where one of them has no end."""
    ends = [days.end or (part.end.last if part.end else None) for part, days in zip(parts, doses, strict=True)]
    known = [end for end in ends if end is not None]
    return max(known) if known and len(known) == len(ends) else None


def rewrite(
    parts: tuple[Bounds, ...], begins: DateInterval | None, *, start: date | None = None, end: date | None = None
) -> tuple[Days, ...] | None:
    """What each entry gets so that the order, which now begins on `begins`, begins on `start` and is over by `end`.

    None where an entry would end before it begins, or where the entries are not known.
    """
    whole = whole_start(parts)
    earliest = whole.first if whole is not None else date.min
    written = [_rewrite(part, begins, start if _moves(part, earliest, start) else None, end) for part in parts]
    known = tuple(days for days in written if days is not None)
    return known if known and len(known) == len(written) else None


def _moves(part: Bounds, earliest: date, start: date | None) -> bool:
    """Whether an entry begins with the order, or too early for its new start."""
    return start is not None and (part.start is None or part.start.first <= max(earliest, add_days(start, -1)))


def _rewrite(part: Bounds, begins: DateInterval | None, start: date | None, end: date | None) -> Days | None:
    own = part.start or begins or UNDATED
    first = start or own.first
    last = _last(part, start or own.last)
    closes = end is not None and (last is None or last > end)
    over = end if closes else last
    if over is not None and over < first:
        return None
    if part.end is not None and part.end.first < first and over == date.max:
        return None  # an end that stands before the start would be left there
    if part.uncounted and start is not None and over is None:
        return None  # days would take the place of a length, and the order would have no end
    # a length says nothing beside days: it becomes the days that it means
    if part.length is not None and part.end is None and over is not None and (start or end):
        return Days(start or (own.first if own.is_day else None), over)
    return Days(start, end if closes else None)


def _last(part: Bounds, first: date) -> date | None:
    """The latest day on which an entry that begins on some day may end; None where it says nothing of its end."""
    if part.end is not None:
        return part.end.last
    return add_days(part.length.after(first), -1) if part.length is not None else None
