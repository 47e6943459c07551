"""The days that an update writes into the dosage entries of an order, so that the order begins and ends as it should.

No entry may end before it begins, and none is made to end later than it did (rulebook 8.3).
"""

from dataclasses import dataclass
from datetime import date

from fhir_profiles.dates import UNDATED, DateInterval, add_days
from fhir_profiles.reading.bounds import whole_end, whole_start
from fhir_profiles.record import Bounds


@dataclass(frozen=True, slots=True)
class Days:
    """The first and the last day to be written into one entry; None leaves what it has."""

    start: date | None = None
    end: date | None = None


def as_one(parts: tuple[Bounds, ...]) -> Bounds:
    """The entries taken together: one entry that begins with the first and ends with the last of them."""
    alike = {part.length for part in parts}
    length = alike.pop() if len(alike) == 1 else None
    return Bounds(whole_start(parts), whole_end(parts), length, length is None and any(map(_lasts, parts)))


def _lasts(part: Bounds) -> bool:
    """Whether an entry has a length, be it counted or not."""
    return part.length is not None or part.uncounted


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
