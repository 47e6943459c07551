"""Reads the upper limit of normal from a result's own reference ranges (rulebook section 3 "ULN")."""

from decimal import Decimal

from fhir_profiles.dates import When, read_when, years_between
from fhir_profiles.elements import Measure, Measurement, Quantity, Range, ReferenceRange
from fhir_profiles.intervals import is_measurement
from fhir_profiles.reading.context import Reading
from fhir_profiles.record import Sex, UpperLimit
from fhir_profiles.resources import Observation

_BOTH = frozenset({Sex.MALE, Sex.FEMALE})
_YEARS_IN = {
    **dict.fromkeys(("a", "yr", "yrs", "y", "year", "years", "Years"), Decimal(1)),
    **dict.fromkeys(("mo", "month", "months"), Decimal(1) / 12),
    **dict.fromkeys(("wk", "week", "weeks"), Decimal(7) / 365),
    **dict.fromkeys(("d", "day", "days"), Decimal(1) / 365),
}


def read_limits(reading: Reading, measured: Observation | Measurement, when: When) -> tuple[UpperLimit, ...]:
    """The upper limits that may apply to this patient: normal ranges, not of another age; each with its sexes."""
    limits = [_limit(reading, given, measured.valueQuantity, when) for given in measured.referenceRange]
    return tuple([limit for limit in limits if limit is not None])


def _limit(reading: Reading, given: ReferenceRange, own: Measure | None, when: When) -> UpperLimit | None:
    high = given.high
    if high is None or high.value is None or high.comparator or not _is_limit(high.value) or not _is_normal(given):
        return None
    fits = True if given.age is None else _fits_age(reading, given.age, when)
    if fits is False:
        return None
    unit = high.code or high.unit or (own and (own.code or own.unit)) or None
    sexes = _sexes(reading, given)
    return UpperLimit(high.value, unit, sexes or _BOTH, fits is True and sexes is not None)


def _is_limit(value: Decimal) -> bool:
    return is_measurement(value) and value > 0


def _is_normal(given: ReferenceRange) -> bool:
    return given.type is None or any(coding.code == "normal" for coding in given.type.coding)


def _sexes(reading: Reading, given: ReferenceRange) -> frozenset[Sex] | None:
    """For whom the range holds; None where it says so in words or codes that we do not know."""
    if not given.appliesTo:
        return _BOTH
    membership_of = reading.vocabulary.terminology.membership_of
    named: frozenset[str] = frozenset().union(*(membership_of(concept).certain for concept in given.appliesTo))
    return frozenset(sex for sex in _BOTH if f"sex-{sex}" in named) or None


def _fits_age(reading: Reading, age: Range, when: When) -> bool | None:
    """Whether the patient was of that age; None where a partial birth date or an undated result cannot say."""
    born = read_when(reading.patient.birthDate, reading.zone)
    low, high = _years(age.low), _years(age.high)
    if born is None or when.days.is_undated or low is high is None:
        return None
    least, _ = years_between(born.days, when.days.first)
    _, most = years_between(born.days, when.days.last)
    if (low is not None and most < low) or (high is not None and least > high):
        return False
    return True if (low is None or least >= low) and (high is None or most <= high) else None


def _years(age: Quantity | None) -> Decimal | None:
    if age is None or age.value is None or not is_measurement(age.value):
        return None
    factor = _YEARS_IN.get(age.code or age.unit or "")
    return None if factor is None else age.value * factor
