"""A comparator says a range, and only a whole range decides (rulebook section 1.3)."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_profiles.intervals import NumberInterval, read_interval

Answer = bool | None
TWO = Decimal(2)
NUMBERS = st.decimals(min_value=-100, max_value=100, places=1)


@pytest.mark.parametrize(
    ("comparator", "value", "above", "below"),
    [
        (None, "1.9", False, True),
        (None, "2", False, False),
        (None, "2.1", True, False),
        ("<", "2", False, True),
        ("<", "2.1", None, None),
        ("<=", "2", False, None),
        ("<=", "1.9", False, True),
        (">", "2", True, False),
        (">", "1.9", None, None),
        (">=", "2", None, False),
        (">=", "2.1", True, False),
    ],
)
def test_a_limit_of_two_is_decided_only_by_the_whole_range(
    comparator: str | None, value: str, above: Answer, below: Answer
) -> None:
    interval = read_interval(Decimal(value), comparator)
    assert interval is not None
    assert (interval.above(TWO), interval.below(TWO)) == (above, below)
    assert interval.is_exact == (comparator is None)


@pytest.mark.parametrize("comparator", ["", "ad", "~", "=", "≤"])
def test_a_comparator_that_r4_does_not_know_is_not_read(comparator: str) -> None:
    assert read_interval(TWO, comparator) is None


@pytest.mark.parametrize(
    ("comparator", "value", "within"),
    [
        *((None, "1", True), (None, "3", True), (None, "0.9", False), (None, "3.1", False)),
        *(("<", "1", False), ("<=", "1", None), (">", "3", False), (">=", "3", None), ("<", "9", None)),
    ],
)
def test_both_limits_lie_within(comparator: str | None, value: str, within: Answer) -> None:
    interval = read_interval(Decimal(value), comparator)
    assert interval is not None
    assert interval.within(Decimal(1), Decimal(3)) is within


def test_scaling_keeps_open_ends_open() -> None:
    scaled = NumberInterval(Decimal(1), None, low_open=True).scaled(Decimal("0.5"))
    assert scaled == NumberInterval(Decimal("0.5"), None, low_open=True)


def test_a_range_is_clipped_to_what_is_plausible() -> None:
    above = NumberInterval(TWO, None, low_open=True).clipped(Decimal(0), Decimal(80))
    assert above == NumberInterval(TWO, Decimal(80), low_open=True)
    exact = NumberInterval.exactly(TWO)
    assert exact.clipped(Decimal(0), Decimal(80)) == exact


@given(low=NUMBERS, high=NUMBERS, limit=NUMBERS, factor=st.decimals(min_value="0.1", max_value=10, places=1))
def test_a_decision_does_not_depend_on_the_unit(low: Decimal, high: Decimal, limit: Decimal, factor: Decimal) -> None:
    interval = NumberInterval(min(low, high), max(low, high))
    scaled = interval.scaled(factor)
    assert scaled.above(limit * factor) is interval.above(limit)
    assert scaled.below(limit * factor) is interval.below(limit)


@given(low=NUMBERS, value=NUMBERS, high=NUMBERS, limit=NUMBERS)
def test_what_a_range_decides_every_value_in_it_decides_alike(
    low: Decimal, value: Decimal, high: Decimal, limit: Decimal
) -> None:
    low, value, high = sorted((low, value, high))
    interval, exact = NumberInterval(low, high), NumberInterval.exactly(value)
    assert interval.above(limit) in (None, exact.above(limit))
    assert interval.below(limit) in (None, exact.below(limit))
