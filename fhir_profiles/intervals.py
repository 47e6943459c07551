"""Numbers as intervals: a comparator (`<0.2`) says a range, and only a whole range decides (rulebook section 1.3)."""

from decimal import Decimal

from msgspec import Struct

# Beyond these a JSON number is no measurement, and arithmetic on it would exhaust the machine.
_GREATEST_EXPONENT = 30
_LONGEST = 40


def is_measurement(value: Decimal) -> bool:
    """Whether a number can be a measured value at all."""
    return value.is_finite() and abs(value.adjusted()) <= _GREATEST_EXPONENT and len(str(value)) <= _LONGEST


class NumberInterval(Struct, frozen=True, gc=False):
    """The values that a result may have; an open end is excluded, an end of None is unbounded."""

    low: Decimal | None
    high: Decimal | None
    low_open: bool = False
    high_open: bool = False

    @classmethod
    def exactly(cls, value: Decimal) -> "NumberInterval":
        """A value without comparator."""
        return cls(value, value)

    @property
    def is_exact(self) -> bool:
        """Whether one value is meant."""
        return self.low is not None and self.low == self.high

    def scaled(self, factor: Decimal) -> "NumberInterval":
        """The same values in another unit (factor > 0)."""
        low = None if self.low is None else self.low * factor
        high = None if self.high is None else self.high * factor
        return NumberInterval(low, high, self.low_open, self.high_open)

    def above(self, limit: Decimal) -> bool | None:
        """Whether the value is above the limit; None when it may be either."""
        if self.low is not None and (self.low > limit or (self.low == limit and self.low_open)):
            return True
        return False if self.high is not None and self.high <= limit else None

    def below(self, limit: Decimal) -> bool | None:
        """Whether the value is below the limit; None when it may be either."""
        if self.high is not None and (self.high < limit or (self.high == limit and self.high_open)):
            return True
        return False if self.low is not None and self.low >= limit else None

    def within(self, low: Decimal, high: Decimal) -> bool | None:
        """Whether the value lies between the limits, both included; None when it may or may not."""
        under, over = self.below(low), self.above(high)
        if under is False and over is False:
            return True
        return False if under or over else None

    def clipped(self, low: Decimal, high: Decimal) -> "NumberInterval":
        """The part that is possible at all, given the least and the greatest plausible value."""
        new_low, low_open = (self.low, self.low_open) if self.low is not None and self.low > low else (low, False)
        new_high, high_open = (
            (self.high, self.high_open) if self.high is not None and self.high < high else (high, False)
        )
        return NumberInterval(new_low, new_high, low_open, high_open)


_BY_COMPARATOR = {
    "<": (None, True),
    "<=": (None, False),
    ">": (True, None),
    ">=": (False, None),
}


def read_interval(value: Decimal, comparator: str | None) -> NumberInterval | None:
    """The interval that a value with FHIR comparator means; None for a comparator that R4 does not know."""
    if comparator is None:
        return NumberInterval.exactly(value)
    ends = _BY_COMPARATOR.get(comparator)
    if ends is None:
        return None
    low_open, high_open = ends
    if low_open is None:
        return NumberInterval(None, value, high_open=bool(high_open))
    return NumberInterval(value, None, low_open=low_open)
