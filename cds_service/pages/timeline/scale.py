"""From days to places: the time axis of a picture, its months and its weeks."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from fhir_profiles.dates import add_days, add_months

_MONTH_STEPS = (1, 2, 3, 6, 12)


@dataclass(frozen=True, slots=True)
class Scale:
    """The days of a picture, both included, between its left and right edge. A day is as wide as it lasts."""

    first: date
    last: date
    left: float
    right: float

    @property
    def day_width(self) -> float:
        """How wide a day is."""
        return (self.right - self.left) / ((self.last - self.first).days + 1)

    def start(self, day: date) -> float:
        """Where a day begins; before or after the picture its edge."""
        return self._held((day - self.first).days)

    def end(self, day: date) -> float:
        """Where a day ends; before or after the picture its edge."""
        return self._held((day - self.first).days + 1)

    def middle(self, day: date) -> float:
        """The middle of a day."""
        return (self.start(day) + self.end(day)) / 2

    def _held(self, days: int) -> float:
        return min(max(self.left + days * self.day_width, self.left), self.right)

    def shows(self, first: date, last: date) -> bool:
        """Whether any of these days lies in the picture."""
        return first <= self.last and last >= self.first


def months(scale: Scale, room: float) -> tuple[date, ...]:
    """The first days of months, every one or as many apart as leaves each the room for its name."""
    for step in _MONTH_STEPS:
        found = tuple(_every(scale, step))
        places = [scale.start(day) for day in found]
        if all(after - before >= room for before, after in pairwise(places)):
            break
    return tuple(day for day in found if scale.start(day) + room <= scale.right)


def _every(scale: Scale, step: int) -> Iterator[date]:
    day = scale.first.replace(day=1)
    while day <= scale.last:
        if day >= scale.first and (day.month - 1) % step == 0:
            yield day
        day = add_months(day, 1)


def weeks(scale: Scale, room: float) -> tuple[date, ...]:
    """The Mondays, where a week is at least as wide as the room."""
    if scale.day_width * 7 < room:
        return ()
    monday = add_days(scale.first, -scale.first.weekday() % 7)
    return tuple(add_days(monday, days) for days in range(0, (scale.last - monday).days + 1, 7))
