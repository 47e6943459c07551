"""Calendar dates as the days they may mean, and windows with their boundary days (rulebook sections 1.3, 2 and 3)."""

from datetime import UTC, date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_profiles.dates import (
    UNDATED,
    DateInterval,
    Duration,
    Lookback,
    When,
    add_days,
    add_months,
    read_when,
    span_of,
    years_between,
)

SEOUL = ZoneInfo("Asia/Seoul")
AS_OF = date(2026, 11, 22)
Unit = Literal["days", "weeks", "months", "years"]


def day(text: str) -> date:
    return date.fromisoformat(text)


def days(first: str, last: str | None = None) -> DateInterval:
    return DateInterval(day(first), day(last or first))


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2026", "2026-01-01", "2026-12-31"),
        ("2026-10", "2026-10-01", "2026-10-31"),
        ("2024-02", "2024-02-01", "2024-02-29"),
        ("2026-11-22", "2026-11-22", "2026-11-22"),
        ("2026-11-21T14:59:59Z", "2026-11-21", "2026-11-21"),
        ("2026-11-21T15:00:00Z", "2026-11-22", "2026-11-22"),
        ("2026-11-22T00:30:00", "2026-11-22", "2026-11-22"),
        ("2026-11-22T00:30:00.123-05:00", "2026-11-22", "2026-11-22"),
    ],
)
def test_a_date_means_all_days_it_may_be_in_the_site_s_zone(text: str, first: str, last: str) -> None:
    read = read_when(text, SEOUL)
    assert read is not None
    assert read.days == days(first, last)
    assert (read.instant is None) == (len(text) <= 10)


@pytest.mark.parametrize(
    "text",
    [
        *("", "26", "2026-1", "2026-13", "2026-02-30", "20261122", "2026-W47", "2026-W47-7", "0000", "last week"),
        *("2026-11-22T25:00:00Z", "2026-11-22Tx", " 2026", "9999-12-31T23:59:59-12:00"),
    ],
)
def test_what_is_no_fhir_date_is_not_read(text: str) -> None:
    assert read_when(text, SEOUL) is None


def test_no_text_is_no_date() -> None:
    assert read_when(None, SEOUL) is None


def test_an_instant_spans_itself_and_a_day_spans_midnight_to_midnight() -> None:
    instant = read_when("2026-11-22T09:00:00+09:00", SEOUL)
    assert instant is not None
    assert span_of(instant, SEOUL) == (datetime(2026, 11, 22, tzinfo=UTC),) * 2
    first, last = span_of(When(days("2026-11-22")), SEOUL)
    assert first == datetime(2026, 11, 21, 15, tzinfo=UTC)
    assert last - first == timedelta(days=1, microseconds=-1)
    assert span_of(When(UNDATED), SEOUL) == (
        datetime.min.replace(tzinfo=UTC),
        datetime.max.replace(tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("start", "months", "expected"),
    [
        ("2026-08-31", -6, "2026-02-28"),
        ("2024-08-31", -6, "2024-02-29"),
        ("2024-02-29", 12, "2025-02-28"),
        ("2026-11-22", 3, "2027-02-22"),
        ("2026-01-31", 1, "2026-02-28"),
        ("0001-01-31", -1, "0001-01-01"),
        ("9999-12-01", 1, "9999-12-31"),
    ],
)
def test_a_day_that_the_month_lacks_becomes_its_last(start: str, months: int, expected: str) -> None:
    assert add_months(day(start), months) == day(expected)


def test_days_are_held_within_the_calendar() -> None:
    assert add_days(date.max, 1) == date.max
    assert add_days(date.min, -1) == date.min
    assert add_days(AS_OF, -28) == date(2026, 10, 25)


def lookback(amount: int, unit: Unit, *, far_day: bool) -> Lookback:
    return Lookback(Duration(amount, unit), includes_far_day=far_day)


@pytest.mark.parametrize(
    ("window", "inside", "outside"),
    [
        (lookback(4, "weeks", far_day=False), "2026-10-26", "2026-10-25"),
        (lookback(28, "days", far_day=True), "2026-10-25", "2026-10-24"),
        (lookback(6, "months", far_day=False), "2026-05-23", "2026-05-22"),
        (lookback(3, "years", far_day=True), "2023-11-22", "2023-11-21"),
    ],
)
def test_events_exclude_the_far_day_and_results_include_it(window: Lookback, inside: str, outside: str) -> None:
    assert window.holds(days(inside), AS_OF) is True
    assert window.holds(days(outside), AS_OF) is False
    assert window.holds(days(outside, inside), AS_OF) is None
    assert window.holds(UNDATED, AS_OF) is None


LOOKBACKS = st.builds(
    Lookback,
    st.builds(Duration, st.integers(1, 40), st.sampled_from(["days", "weeks", "months", "years"])),
    includes_far_day=st.booleans(),
)


@given(window=LOOKBACKS, event=st.dates(date(1990, 1, 1), date(2090, 1, 1)))
def test_an_event_lapses_on_the_first_day_on_which_it_is_outside(window: Lookback, event: date) -> None:
    lapse = window.lapses(DateInterval(event, event))
    assert window.holds(DateInterval(event, event), lapse) is False
    assert window.holds(DateInterval(event, event), add_days(lapse, -1)) is True


def test_a_partial_date_lapses_by_its_latest_day() -> None:
    window = lookback(4, "weeks", far_day=False)
    assert window.lapses(days("2026-11-01", "2026-11-30")) == date(2026, 12, 28)


@pytest.mark.parametrize(
    ("birth", "years"),
    [
        (days("2006-11-22"), (20, 20)),
        (days("2006-11-23"), (19, 19)),
        (days("2006-01-01", "2006-12-31"), (19, 20)),
        (days("2004-02-29"), (22, 22)),
    ],
)
def test_age_is_completed_years_at_least_and_at_most(birth: DateInterval, years: tuple[int, int]) -> None:
    assert years_between(birth, AS_OF) == years


def test_a_birthday_of_29_february_is_kept_on_the_28th() -> None:
    born = days("2004-02-29")
    assert years_between(born, date(2025, 2, 27)) == (20, 20)
    assert years_between(born, date(2025, 2, 28)) == (21, 21)


def test_an_interval_is_cut_at_the_day_of_evaluation() -> None:
    assert days("2026-11-01", "2026-11-30").cut_at(AS_OF) == days("2026-11-01", "2026-11-22")
    assert days("2026-11-01", "2026-11-20").cut_at(AS_OF) == days("2026-11-01", "2026-11-20")
    assert days("2026-12-01", "2026-12-31").cut_at(AS_OF) == days("2026-12-01")


def test_a_duration_is_shown_in_words() -> None:
    assert [str(Duration(n, "weeks")) for n in (1, 4)] == ["1 week", "4 weeks"]
    assert (Duration(4, "weeks").in_days, Duration(1, "months").in_days) == (28, None)
