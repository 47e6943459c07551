"""Calendar dates as intervals of days in the site's time zone (rulebook sections 1.3, 2 and 3 "Dates").

A partial date (`2026-10`) is the interval of all days it may mean; no date at all is every day there is.
"""

import calendar
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Literal, NamedTuple

_EARLIEST = datetime.min.replace(tzinfo=UTC)
_LATEST = datetime.max.replace(tzinfo=UTC)
_DAY_LENGTH = len("2026-11-22")
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}T")
_PARTIAL = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?")


class DateInterval(NamedTuple):
    """The days, first to last, on one of which something happened."""

    first: date
    last: date

    @property
    def is_day(self) -> bool:
        """Whether the day is known exactly."""
        return self.first == self.last

    @property
    def is_undated(self) -> bool:
        """Whether nothing at all is known of the earliest day."""
        return self.first == date.min

    def cut_at(self, day: date) -> "DateInterval":
        """The part not after `day`: what reaches past the day of evaluation is cut there."""
        return self if self.last <= day else DateInterval(self.first, max(day, self.first))


UNDATED = DateInterval(date.min, date.max)


def end_after(start: DateInterval, end: DateInterval) -> DateInterval:
    """The end of what began on `start`; an end before the start contradicts it, and may be any day between the two."""
    return DateInterval(end.first, start.last) if end.last < start.first else end


def start_before(start: DateInterval, end: DateInterval) -> DateInterval:
    """The start of what ends on `end`; one after the end contradicts it, and may be any day between the two."""
    return DateInterval(end.first, start.last) if end.last < start.first else start


def goes_on(start: DateInterval, end: DateInterval) -> DateInterval:
    """The end of what may have any length; one before the start may be wrong, and it may end on any day from it on."""
    return DateInterval(end.first, date.max) if end.last < start.first else end


class When(NamedTuple):
    """When something happened: the days it may have been, and the instant where one was recorded."""

    days: DateInterval
    instant: datetime | None = None


NEVER_DATED = When(UNDATED)


def read_when(text: str | None, zone: tzinfo) -> When | None:
    """What a FHIR date, dateTime or instant says; None when it is not one (a data-quality finding).

    A time without offset is taken in the site's zone.
    """
    if text is None:
        return None
    try:
        if len(text) > _DAY_LENGTH:
            return _read_instant(text, zone)
        return When(_read_days(text))
    except (ValueError, OverflowError):
        return None


def _read_instant(text: str, zone: tzinfo) -> When:
    if _INSTANT.match(text) is None:
        raise ValueError(text)
    moment = datetime.fromisoformat(text)
    local = moment.astimezone(zone) if moment.tzinfo else moment.replace(tzinfo=zone)
    day = local.date()
    return When(DateInterval(day, day), local)


def _read_days(text: str) -> DateInterval:
    match = _PARTIAL.fullmatch(text)
    if match is None:
        raise ValueError(text)
    if match[3] is not None:
        day = date.fromisoformat(text)
        return DateInterval(day, day)
    year, month = int(match[1]), match[2]
    if month is None:
        return DateInterval(date(year, 1, 1), date(year, 12, 31))
    last = calendar.monthrange(year, int(month))[1]
    return DateInterval(date(year, int(month), 1), date(year, int(month), last))


def span_of(when: When, zone: tzinfo) -> tuple[datetime, datetime]:
    """The earliest and the latest instant that may be meant: a day begins and ends in the site's zone."""
    if when.instant is not None:
        return when.instant, when.instant
    first, last = when.days
    earliest = _EARLIEST if first == date.min else datetime.combine(first, time.min, zone)
    return earliest, _LATEST if last == date.max else datetime.combine(last, time.max, zone)


def add_months(day: date, months: int) -> date:
    """The same day some calendar months on (or back); a day that the month lacks becomes its last (section 2)."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    if year < date.min.year:
        return date.min
    if year > date.max.year:
        return date.max
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def add_days(day: date, days: int) -> date:
    """The day some days on (or back), held within the calendar."""
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return date.max if days > 0 else date.min


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of time as the protocol writes it: days (weeks x 7) or calendar months (years x 12)."""

    amount: int
    unit: Literal["days", "weeks", "months", "years"]

    @property
    def in_days(self) -> int | None:
        """Whole days, where the length does not depend on the calendar."""
        if self.unit == "days":
            return self.amount
        return self.amount * 7 if self.unit == "weeks" else None

    def after(self, day: date) -> date:
        """The day this long after `day`."""
        days = self.in_days
        if days is not None:
            return add_days(day, days)
        return add_months(day, self.amount * (12 if self.unit == "years" else 1))

    def before(self, day: date) -> date:
        """The day this long before `day`."""
        days = self.in_days
        if days is not None:
            return add_days(day, -days)
        return add_months(day, -self.amount * (12 if self.unit == "years" else 1))

    def __str__(self) -> str:
        return f"{self.amount} {self.unit if self.amount != 1 else self.unit[:-1]}"


@dataclass(frozen=True, slots=True)
class Delay:
    """How long after an event something is wanted: from `first` to `last`, the days of both inside."""

    first: Duration
    last: Duration

    def after(self, day: date) -> tuple[date, date]:
        """The first and the last day, counted from the day of the event."""
        return self.first.after(day), self.last.after(day)


@dataclass(frozen=True, slots=True)
class Lookback:
    """A window that ends on the day of evaluation (section 2).

    Events exclude the far boundary day ("less than 4 weeks" is 0 to 27 days), results and the anniversary of
    "more than 3 years ago" include it ("at most 28 days" is 0 to 28).
    """

    length: Duration
    includes_far_day: bool

    def first_day(self, as_of: date) -> date:
        """The earliest day still inside."""
        far = self.length.before(as_of)
        return far if self.includes_far_day else add_days(far, 1)

    def holds(self, days: DateInterval, as_of: date) -> bool | None:
        """Whether the event lies inside; None when it may lie on either side."""
        first = self.first_day(as_of)
        if days.first >= first:
            return True
        return False if days.last < first else None

    def lapses(self, days: DateInterval) -> date:
        """The first day of evaluation on which an event on the latest of `days` is outside (section 4)."""
        day = self.length.after(days.last)
        while self.first_day(day) <= days.last and day < date.max:
            day = add_days(day, 1)
        while day > days.last and self.first_day(add_days(day, -1)) > days.last:
            day = add_days(day, -1)
        return day


def years_between(birth: DateInterval, day: date) -> tuple[int, int]:
    """Completed years of age on `day`, at least and at most (a partial birth date is an interval)."""
    return _completed_years(birth.last, day), _completed_years(birth.first, day)


def _completed_years(birth: date, day: date) -> int:
    years = day.year - birth.year
    return years if add_months(birth, 12 * years) <= day else years - 1
