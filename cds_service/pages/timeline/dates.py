"""Days and months in few words, as they stand beside a mark."""

from collections.abc import Callable, Iterable
from datetime import date

from fhir_profiles.dates import UNDATED, DateInterval

# The words of a page: `say("id", name=value)` is the sentence in the reader's language.
Say = Callable[..., str]


def day_of(day: date, say: Say, *, with_year: bool = False) -> str:
    """A day; its year is left to the axis, unless it has to be told."""
    month = say(f"picture.month.{day.month}")
    if with_year:
        return say("picture.day-year", day=day.day, month=month, year=day.year)
    return say("picture.day", day=day.day, month=month)


def month_of(day: date, say: Say, *, with_year: bool) -> str:
    """A month as the axis names it."""
    month = say(f"picture.month.{day.month}")
    return say("picture.month-year", month=month, year=day.year) if with_year else month


def years_differ(days: Iterable[date]) -> bool:
    """Whether the days are of more than one year; an end that is not known is of none."""
    return len({day.year for day in days if day not in UNDATED}) > 1


def days_of(days: DateInterval, say: Say, *, with_year: bool = False) -> str:
    """A day, or from when to when, with years where these differ; of an unknown end it tells the other alone."""
    first, last = days
    if days == UNDATED:
        return say("picture.undated")
    with_year = with_year or years_differ(days)
    if first == date.min:
        return say("picture.until", day=day_of(last, say, with_year=with_year))
    if last == date.max:
        return say("picture.from", day=day_of(first, say, with_year=with_year))
    if first == last:
        return day_of(first, say, with_year=with_year)
    if first.month == last.month and not with_year:
        return say("picture.days-of-month", first=first.day, last=last.day, month=say(f"picture.month.{last.month}"))
    return say(
        "picture.days", first=day_of(first, say, with_year=with_year), last=day_of(last, say, with_year=with_year)
    )
