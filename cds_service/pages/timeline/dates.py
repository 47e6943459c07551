"""Days and months in few words, as they stand beside a mark."""

from collections.abc import Callable
from datetime import date

from fhir_profiles.dates import DateInterval

# The words of a page: `say("id", name=value)` is the sentence in the reader's language.
Say = Callable[..., str]


def day_of(day: date, say: Say) -> str:
    """A day without its year, which the axis tells."""
    return say("picture.day", day=day.day, month=say(f"picture.month.{day.month}"))


def month_of(day: date, say: Say, *, with_year: bool) -> str:
    """A month as the axis names it."""
    month = say(f"picture.month.{day.month}")
    return say("picture.month-year", month=month, year=day.year) if with_year else month


def days_of(days: DateInterval, say: Say) -> str:
    """A day, or from when to when; an end that is not known is left out."""
    first, last = days
    if first == last:
        return day_of(first, say)
    if first == date.min:
        return say("picture.until", day=day_of(last, say)) if last < date.max else say("picture.undated")
    if (first.year, first.month) == (last.year, last.month):
        return say("picture.days-of-month", first=first.day, last=last.day, month=say(f"picture.month.{last.month}"))
    return say("picture.days", first=day_of(first, say), last=day_of(last, say))
