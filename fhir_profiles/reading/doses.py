"""Reads a dose: whether it is 400 mg twice a day, another dose, or cannot be told (rulebook 8.2, SOR-02)."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum

import msgspec

from fhir_profiles.dates import add_days
from fhir_profiles.elements import CodeableConcept, Element, Quantity, Range, Timing
from fhir_profiles.intervals import is_measurement
from fhir_profiles.record import Bounds

_FULL = Decimal(400)
_TWICE = 2
_IN_MG = {"mg": Decimal(1), "g": Decimal(1000), "ug": Decimal("0.001")}
TABLETS = frozenset({"{tbl}", "{tablet}", "tablet", "tablets", "tab", "TAB", "{tab}", "{pill}", "1", "정"})
_BY_CODE = {"BID": 2, "QD": 1, "TID": 3, "QID": 4, "Q12H": 2, "Q6H": 4, "Q8H": 3, "QOD": 0}
_HOURS = {"h": Decimal(1), "d": Decimal(24)}
_DAY = Decimal(24)
# Before, with and after a meal: of no certain one, so nobody can tell how many times a day that is.
_OF_ANY_MEAL = frozenset({"AC", "C", "PC"})
_TO_THE_MINUTE = len("08:00")
_PERIODS = {
    **dict.fromkeys(("h", "hour", "hours"), Decimal(1)),
    **dict.fromkeys(("d", "day", "days"), _DAY),
    **dict.fromkeys(("wk", "week", "weeks"), 7 * _DAY),
}
_UNNAMED = tuple(f"time {number}" for number in range(1, 25))


class Repeat(Timing, frozen=True, gc=False):
    """How often, and between which dates."""

    frequency: int | None = None
    frequencyMax: int | None = None
    period: Decimal | None = None
    periodMax: Decimal | None = None
    periodUnit: str | None = None
    timeOfDay: tuple[str, ...] = ()
    when: tuple[str, ...] = ()
    dayOfWeek: tuple[str, ...] = ()


class Rhythm(Element, frozen=True, gc=False):
    """When doses are taken: by repetition or by a code."""

    repeat: Repeat | None = None
    code: CodeableConcept | None = None


class DoseAndRate(Element, frozen=True, gc=False):
    """How much at a time."""

    doseQuantity: Quantity | None = None
    doseRange: Range | None = None


class Most(Element, frozen=True, gc=False):
    """The most that may be taken in a period."""

    numerator: Quantity | None = None
    denominator: Quantity | None = None


class DosePlan(Element, frozen=True, gc=False):
    """One dosage entry; one with a modifier extension does not fit, as FHIR forbids to read past it."""

    timing: Rhythm | None = None
    asNeededBoolean: bool | None = None
    asNeededCodeableConcept: CodeableConcept | None = None
    doseAndRate: tuple[DoseAndRate, ...] = ()
    maxDosePerPeriod: Most | None = None
    maxDosePerAdministration: Quantity | None = None
    modifierExtension: tuple[()] = ()


class Dose(StrEnum):
    """What a dosage comes to."""

    FULL = "full"
    OTHER = "other"
    UNREADABLE = "unreadable"


def read_dose(plans: Iterable[DosePlan], strength: Decimal | None, bounds: Collection[Bounds] = ()) -> Dose:
    """Whether the entries together are 400 mg at each of exactly two times of every day on which any of them is meant.

    `strength`: mg of one tablet. `bounds`: from when until when each entry is meant; where they differ, the entries of
    one day are added up. Where nobody can tell which these are, 400 mg as the sum of all entries cannot be told.
    """
    entries = tuple(plans)
    if len(set(bounds)) <= 1:
        return _added_up(entries, strength)
    spans = _spans(bounds)
    if spans is None:
        together = _added_up(entries, strength)
        return Dose.UNREADABLE if together is Dose.FULL else together
    doses = {_added_up(taken, strength) for taken in _day_by_day(entries, spans)}
    return next(dose for dose in (Dose.OTHER, Dose.UNREADABLE, Dose.FULL) if dose in doses)


def is_full(entry: Mapping[str, object]) -> bool:
    """Whether one dosage entry, as FHIR writes it, is 400 mg twice a day by its masses."""
    try:
        return read_dose((msgspec.convert(entry, DosePlan, strict=False),), None) is Dose.FULL
    except msgspec.ValidationError:
        return False


_Span = tuple[date, date]


def _spans(bounds: Collection[Bounds]) -> tuple[_Span, ...] | None:
    """The first and last day of each entry, of one without a start that of the order; None unless all are certain."""
    begins = min((entry.start.first for entry in bounds if entry.start is not None), default=date.min)
    spans = tuple((e.start.first if e.start else begins, e.end.last if e.end else date.max) for e in bounds)
    lasting = any(entry.length is not None or entry.uncounted for entry in bounds)
    exact = all(days is None or days.is_day for entry in bounds for days in (entry.start, entry.end))
    return spans if exact and not lasting and all(first <= last for first, last in spans) else None


def _day_by_day(entries: tuple[DosePlan, ...], spans: tuple[_Span, ...]) -> Iterator[tuple[DosePlan, ...]]:
    """The entries that are meant on a day, for each day from which on others are meant than before."""
    changes = {first for first, _ in spans} | {add_days(last, 1) for _, last in spans if last < date.max}
    for day in changes:
        taken = tuple(entry for entry, (first, last) in zip(entries, spans, strict=True) if first <= day <= last)
        if taken:
            yield taken


def _added_up(entries: tuple[DosePlan, ...], strength: Decimal | None) -> Dose:
    """What the entries of one day come to."""
    per_time: dict[str, Decimal] = {}
    fits = True
    for plan in entries:
        amount, times = _amount(plan, strength), _times(plan)
        allowed = None if amount is None or times is None else _allowed(plan, amount, len(times), strength)
        if amount is None or times is None or allowed is None:
            return Dose.UNREADABLE
        fits = fits and allowed and bool(times)
        for time in times:
            per_time[time] = per_time.get(time, Decimal(0)) + amount
    if not entries or (_may_fall_together(entries, per_time) and sum(per_time.values()) == _TWICE * _FULL):
        return Dose.UNREADABLE
    full = fits and len(per_time) == _TWICE and set(per_time.values()) == {_FULL}
    return Dose.FULL if full else Dose.OTHER


def _may_fall_together(entries: tuple[DosePlan, ...], times: Collection[str]) -> bool:
    """Whether several entries may be for one time or for two: all once a day, or of times that are told otherwise."""
    ways = {"unnamed" if time in _UNNAMED else "clock" if time[:1].isdigit() else "event" for time in times}
    return len(entries) > 1 and (len(ways) > 1 or (ways == {"unnamed"} and len(times) == 1))


def _allowed(plan: DosePlan, amount: Decimal, often: int, strength: Decimal | None) -> bool | None:
    """Whether an entry stays within the most that it allows at a time and in a period; None if that cannot be told."""
    at_once = plan.maxDosePerAdministration
    most = amount if at_once is None else _mass(at_once, strength)
    if most is None or plan.maxDosePerPeriod is None:
        return None if most is None else amount <= most
    in_period, days = _mass(plan.maxDosePerPeriod.numerator, strength), _days(plan.maxDosePerPeriod.denominator)
    if in_period is None or not days:
        return None
    if amount * often * max(days, Decimal(1)) <= in_period:
        return amount <= most
    return False if days == int(days) else None


def _days(period: Quantity | None) -> Decimal | None:
    """How many days a period has."""
    hours = _PERIODS.get(period.code or period.unit or "") if period is not None else None
    number = measured(period) if period is not None else None
    return number * hours / _DAY if number is not None and hours is not None else None


def _amount(plan: DosePlan, strength: Decimal | None) -> Decimal | None:
    """Milligrams at a time; None when they cannot be told."""
    if plan.asNeededBoolean or plan.asNeededCodeableConcept is not None or len(plan.doseAndRate) != 1:
        return None
    given = plan.doseAndRate[0]
    return _mass(given.doseQuantity, strength) if given.doseRange is None else None


def _mass(quantity: Quantity | None, strength: Decimal | None) -> Decimal | None:
    """A mass, or that of tablets of known strength, in mg."""
    amount = milligrams(quantity)
    if amount is not None or quantity is None or strength is None:
        return amount
    tablets = measured(quantity) if (quantity.code or quantity.unit) in TABLETS else None
    return tablets * strength if tablets is not None else None


def milligrams(quantity: Quantity | None) -> Decimal | None:
    """A mass in mg; None for anything else."""
    factor = _IN_MG.get(quantity.code or quantity.unit or "") if quantity is not None else None
    amount = measured(quantity) if quantity is not None else None
    return amount * factor if amount is not None and factor is not None else None


def measured(quantity: Quantity) -> Decimal | None:
    """The number of a quantity that is exactly told."""
    value = quantity.value
    return value if value is not None and not quantity.comparator and is_measurement(value) else None


def _times(plan: DosePlan) -> tuple[str, ...] | None:
    """The times of a day at which it is taken, named where they are; None when they cannot be told."""
    timing = plan.timing
    if timing is None:
        return None
    repeat = timing.repeat or Repeat()
    if repeat.dayOfWeek or repeat.frequencyMax or repeat.periodMax or not is_measurement(repeat.period or _DAY):
        return None
    if _OF_ANY_MEAL.intersection(repeat.when):
        return None
    named = tuple(time[:_TO_THE_MINUTE] for time in repeat.timeOfDay) or repeat.when
    counts = _coded(timing.code)
    if repeat.frequency is not None or not named:
        counts |= _counted(repeat)
    if named:
        return named if _every_day(repeat) and counts <= {len(named)} else None
    return _UNNAMED[: counts.pop()] if len(counts) == 1 else None


def _coded(code: CodeableConcept | None) -> set[int]:
    """How often a day by its code: more than one answer where the codes contradict each other."""
    return {_BY_CODE[coding.code] for coding in (code.coding if code else ()) if coding.code in _BY_CODE}


def _every_day(repeat: Repeat) -> bool:
    """Whether named times are those of each day; without a period they are."""
    return repeat.period is None or repeat.period * _HOURS.get(repeat.periodUnit or "", Decimal(0)) == _DAY


def _counted(repeat: Repeat) -> set[int]:
    """How often a day by its repetition; nothing where that cannot be told."""
    hours = _HOURS.get(repeat.periodUnit or "")
    if not repeat.period or hours is None:
        return set()
    per_day = Decimal(repeat.frequency or 1) * _DAY / (repeat.period * hours)
    if per_day < 1:
        return {0}
    return {int(per_day)} if per_day == int(per_day) and per_day <= _DAY else set()
