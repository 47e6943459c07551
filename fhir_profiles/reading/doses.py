"""Reads a dose: whether it is 400 mg twice a day, another dose, or cannot be told (rulebook 8.2, SOR-02)."""

from collections.abc import Iterable
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise
from typing import NamedTuple

from fhir_profiles.elements import CodeableConcept, Element, Period, Quantity, Timing
from fhir_profiles.intervals import is_measurement

_FULL = Decimal(400)
_TWICE = 2
_IN_MG = {"mg": Decimal(1), "g": Decimal(1000), "ug": Decimal("0.001")}
TABLETS = frozenset({"{tbl}", "{tablet}", "tablet", "tablets", "tab", "TAB", "{tab}", "{pill}", "1", "정"})
_BY_CODE = {"BID": 2, "QD": 1, "TID": 3, "QID": 4, "Q12H": 2, "Q6H": 4, "Q8H": 3, "QOD": 0}
_HOURS = {"h": Decimal(1), "d": Decimal(24)}
_DAY = Decimal(24)
_DAY_WRITTEN = len("2026-11-22")


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


class DosePlan(Element, frozen=True, gc=False):
    """One dosage entry."""

    timing: Rhythm | None = None
    asNeededBoolean: bool | None = None
    asNeededCodeableConcept: CodeableConcept | None = None
    doseAndRate: tuple[DoseAndRate, ...] = ()


class Dose(StrEnum):
    """What a dosage comes to."""

    FULL = "full"
    OTHER = "other"
    UNREADABLE = "unreadable"


def read_dose(plans: Iterable[DosePlan], strength: Decimal | None) -> Dose:
    """Whether the entries together are 400 mg at each of exactly two times a day. `strength`: mg of one tablet.

    Entries of which one is certainly over before the next begins take turns, and are not added up.
    """
    entries = tuple(plans)
    turns: dict[_Turn, list[DosePlan]] = {}
    for plan in entries:
        turns.setdefault(_turn_of(plan), []).append(plan)
    if len(turns) > 1 and _one_after_another(turns):
        return _in_turns([_added_up(tuple(turn), strength) for turn in turns.values()])
    return _added_up(entries, strength)


class _Turn(NamedTuple):
    """The days that an entry is for, as written."""

    start: str
    end: str


def _turn_of(plan: DosePlan) -> _Turn:
    repeat = (plan.timing.repeat if plan.timing else None) or Repeat()
    period = repeat.boundsPeriod or Period()
    return _Turn(period.start or "", period.end or "")


def _in_turns(doses: list[Dose]) -> Dose:
    if Dose.UNREADABLE in doses:
        return Dose.UNREADABLE
    return Dose.FULL if set(doses) == {Dose.FULL} else Dose.OTHER


def _one_after_another(turns: Iterable[_Turn]) -> bool:
    """Whether each of the turns is certainly over on the day before the next."""
    last, first = _DAY_WRITTEN, slice(_DAY_WRITTEN)
    return all(len(one.end) >= last and one.end < then.start[first] for one, then in pairwise(sorted(turns)))


def _added_up(entries: tuple[DosePlan, ...], strength: Decimal | None) -> Dose:
    read = [(_amount(plan, strength), _times(plan)) for plan in entries]
    if not read or any(amount is None or times is None for amount, times in read):
        return Dose.UNREADABLE
    per_time: dict[str, Decimal] = {}
    for amount, times in read:
        for time in times or ():
            per_time[time] = per_time.get(time, Decimal(0)) + (amount or Decimal(0))
    if len(entries) > 1 and {len(times or ()) for _, times in read} == {1} and len(per_time) == 1:
        return Dose.UNREADABLE
    daily = all(times for _, times in read)
    full = daily and len(per_time) == _TWICE and set(per_time.values()) == {_FULL}
    return Dose.FULL if full else Dose.OTHER


def _amount(plan: DosePlan, strength: Decimal | None) -> Decimal | None:
    """Milligrams at a time; None when they cannot be told."""
    if plan.asNeededBoolean or plan.asNeededCodeableConcept is not None or len(plan.doseAndRate) != 1:
        return None
    quantity = plan.doseAndRate[0].doseQuantity
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
    named = repeat.timeOfDay or repeat.when
    counts = _coded(timing.code)
    if repeat.frequency is not None or not named:
        counts |= _counted(repeat)
    if named:
        return named if _every_day(repeat) and counts <= {len(named)} else None
    return tuple(f"time {number + 1}" for number in range(counts.pop())) if len(counts) == 1 else None


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
