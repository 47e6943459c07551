"""Which result counts, and what it comes to (rulebook section 3 "Which result" and "Numbers")."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum, auto

import msgspec

from cds_service.trial.findings import Evidence
from cds_service.trial.protocol import Analyte, Measures, Scale
from fhir_profiles.dates import DateInterval, Lookback
from fhir_profiles.intervals import NumberInterval
from fhir_profiles.record import Coded, Number, PatientRecord, Result, Unreadable, Value, Words

_PERCENT = frozenset({"%", "10*-2"})
# A scale to a hundred (Karnofsky) is often sent in per cent.
_WHOLE = 100
_SHOWN_TO, _SHOWN_ROUNDED = Decimal("0.001"), Decimal(1_000_000)
_GRADE = re.compile(r"\d{1,3}(?:\.0+)?", re.ASCII)


class Usability(Enum):
    """What a latest result is good for."""

    FRESH = auto()
    STALE = auto()
    UNDATED = auto()
    UNREADABLE = auto()


@dataclass(frozen=True, slots=True)
class Reading:
    """A latest result, as it is compared: its interval in the unit of comparison (None when unreadable)."""

    result: Result
    usability: Usability
    interval: NumberInterval | None = None
    why: str = ""
    in_words: bool = False

    @property
    def firm(self) -> bool:
        """Whether it is certainly a result of this patient and analyte, and certainly recent or stale."""
        return self.result.subject_known and not self.in_words and self.usability is not Usability.UNDATED


def is_firm(result: Result, name: str) -> bool:
    """Whether it is certainly this patient's, and certainly of this kind (a code of ours, not words)."""
    return result.subject_known and name in result.sets


def latest(record: PatientRecord, name: str, day: date) -> tuple[Result, ...]:
    """The result that counts; several where the order cannot be told (partial dates, no subject, words only, a tie).

    Future-dated ones are plans. Of several at the same instant the latest issued counts.
    """
    past = [result for result in record.results.get(name, ()) if result.when.days.first <= day]
    if len(past) <= 1:
        return tuple(past)
    known = [result.span[0] for result in past if is_firm(result, name)]
    if not known:
        return tuple(past)
    newest = max(known)
    return _latest_issued([result for result in past if result.span[1] >= newest], name)


def _latest_issued(candidates: list[Result], name: str) -> tuple[Result, ...]:
    same = len({result.span for result in candidates}) == 1 and all(is_firm(r, name) for r in candidates)
    stamps = [_instant(r.issued) for r in candidates] if same and len(candidates) > 1 else [None]
    known = [stamp for stamp in stamps if stamp is not None]
    if len(known) < len(candidates):
        return tuple(candidates)
    newest = max(known)
    return tuple(r for r, stamp in zip(candidates, stamps, strict=True) if stamp == newest)


def _instant(text: str | None) -> datetime | None:
    """A FHIR instant; None for what has no time or no offset, which orders nothing."""
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def age_of(result: Result, maximum: Lookback | None, day: date) -> Usability:
    """Whether a result is recent enough; an undated or partly dated one may not be."""
    if maximum is None:
        return Usability.FRESH
    holds = maximum.holds(result.when.days.cut_at(day), day)
    if holds is None:
        return Usability.UNDATED
    return Usability.FRESH if holds else Usability.STALE


def read_analyte(
    record: PatientRecord, measures: Measures, name: str, maximum: Lookback, day: date
) -> tuple[Reading, ...]:
    """The latest results of an analyte in its unit; a derived one where there is no count, or only a stale one."""
    analyte = measures.analytes[name]
    found = latest(record, analyte.value_set, day)
    readings = tuple(_read(measures, analyte, result, maximum, day) for result in found)
    if analyte.derived_from is None or any(r.usability is not Usability.STALE for r in readings):
        return readings
    return _derived(record, measures, analyte, maximum, day) or readings


def _of(record: PatientRecord, name: str) -> tuple[Result, ...]:
    return tuple(result for result in record.results.get(name, ()) if name in result.sets)


def _read(measures: Measures, analyte: Analyte, result: Result, maximum: Lookback, day: date) -> Reading:
    usability = age_of(result, maximum, day)
    interval, why = number_in_unit(measures, analyte, result.value)
    in_words = analyte.value_set not in result.sets
    if usability is Usability.FRESH and interval is None:
        return Reading(result, Usability.UNREADABLE, None, why, in_words)
    return Reading(result, usability, interval, why, in_words)


def number_in_unit(measures: Measures, analyte: Analyte, value: Value) -> tuple[NumberInterval | None, str]:
    """The value in the analyte's unit, as far as it is plausible; else None and why it cannot be read."""
    if not isinstance(value, Number):
        return None, value.why if isinstance(value, Unreadable) else "not-a-number"
    given = _converted(measures, analyte, value)
    if given is None:
        return None, "unit"
    low, high = analyte.plausible
    if given.is_exact and given.within(low, high):
        return given, ""
    if any(end is not None and not low <= end <= high for end in (given.low, given.high)):
        return None, "implausible"
    return given.clipped(low, high), ""


def _converted(measures: Measures, analyte: Analyte, value: Number) -> NumberInterval | None:
    """The interval in the analyte's unit; a percentage is no INR (a prothrombin activity sent under its code)."""
    if value.unit in _PERCENT and analyte.unit not in _PERCENT:
        return None
    given = value.interval
    low = None if given.low is None else convert(measures, analyte, given.low, value.unit)
    if given.high is given.low:
        high = low
    else:
        high = None if given.high is None else convert(measures, analyte, given.high, value.unit)
    if (low is None) != (given.low is None) or (high is None) != (given.high is None):
        return None
    return NumberInterval(low, high, given.low_open, given.high_open)


def convert(measures: Measures, analyte: Analyte, value: Decimal, unit: str | None) -> Decimal | None:
    """A value in the analyte's unit; None when the unit cannot be read."""
    return measures.units.convert(value, unit, analyte.unit, analyte.molar_mass)


def _derived(
    record: PatientRecord, measures: Measures, analyte: Analyte, maximum: Lookback, day: date
) -> tuple[Reading, ...]:
    """Count x percentage of the same date, the latest such pair (E6a)."""
    if analyte.derived_from is None:
        return ()
    names = analyte.derived_from
    pairs = [pair for pair in _pairs(record, measures, names) if pair[0].when.days.first <= day]
    newest = max((whole.when.days for whole, _ in pairs), default=None)
    of_newest = [pair for pair in pairs if pair[0].when.days == newest]
    readings = []
    for whole, share in of_newest:
        interval, why = _product(measures, names, whole, share)
        usability = age_of(whole, maximum, day)
        readings.append(Reading(whole, usability if interval else Usability.UNREADABLE, interval, why))
    return tuple(readings)


def _pairs(record: PatientRecord, measures: Measures, names: tuple[str, str]) -> Iterator[tuple[Result, Result]]:
    """Every count with every percentage of the same date."""
    for whole in _of(record, measures.analytes[names[0]].value_set):
        for share in _of(record, measures.analytes[names[1]].value_set):
            if whole.when.days.is_day and whole.when.days == share.when.days:
                yield whole, share


def usable_between(record: PatientRecord, measures: Measures, name: str, first: date, last: date) -> bool:
    """Whether an analyte has a usable result on these days; a derived one where there is none of its own (E6a)."""
    analyte = measures.analytes[name]

    def counts(result: Result, value_set: str) -> bool:
        return is_firm(result, value_set) and first <= result.when.days.first and result.when.days.last <= last

    own = [result for result in _of(record, analyte.value_set) if counts(result, analyte.value_set)]
    if own or analyte.derived_from is None:
        return any(number_in_unit(measures, analyte, result.value)[0] is not None for result in own)
    sets = [measures.analytes[part].value_set for part in analyte.derived_from]
    pairs = [p for p in _pairs(record, measures, analyte.derived_from) if all(map(counts, p, sets))]
    return any(_product(measures, analyte.derived_from, *pair)[0] is not None for pair in pairs)


def perhaps_between(record: PatientRecord, measures: Measures, name: str, first: date, last: date) -> bool:
    """Whether a usable result of the analyte, of no certain day, may be of these days."""
    analyte = measures.analytes[name]
    return any(
        not result.when.days.is_day
        and result.when.days.first <= last
        and first <= result.when.days.last
        and first <= last
        and is_firm(result, analyte.value_set)
        and number_in_unit(measures, analyte, result.value)[0] is not None
        for result in _of(record, analyte.value_set)
    )


def _product(
    measures: Measures, names: tuple[str, str], whole: Result, share: Result
) -> tuple[NumberInterval | None, str]:
    """Count times percentage; None, and why, where one of them cannot be read."""
    count, why = number_in_unit(measures, measures.analytes[names[0]], whole.value)
    part, why_not = number_in_unit(measures, measures.analytes[names[1]], share.value)
    if count is None or part is None:
        return None, why or why_not
    fraction = measures.units.factor(measures.analytes[names[1]].unit, "1") or Decimal(1)
    return (_times(count, part.scaled(fraction)), "") if share.subject_known else (None, "no-value")


def _times(count: NumberInterval, part: NumberInterval) -> NumberInterval | None:
    if None in (count.low, count.high, part.low, part.high):
        return None
    low, high = (
        (count.low or Decimal(0)) * (part.low or Decimal(0)),
        (count.high or Decimal(0)) * (part.high or Decimal(0)),
    )
    return NumberInterval(low, high, count.low_open or part.low_open, count.high_open or part.high_open)


def score_of(measures: Measures, scale: Scale, value: Value) -> int | None:
    """The grade on an ordinal scale; None when the value is no whole grade of it."""
    number = _ordinal(measures, scale, value)
    if number is None or number != number.to_integral_value() or not scale.least <= number <= scale.greatest:
        return None
    return int(number)


def _ordinal(measures: Measures, scale: Scale, value: Value) -> Decimal | None:
    match value:
        case Number(interval=interval, unit=unit) if interval.is_exact and interval.low is not None:
            if unit in _PERCENT and scale.greatest == _WHOLE:
                return interval.low
            return measures.units.convert(interval.low, unit, "1")
        case Coded(answers=answers, ordinal=ordinal):
            return ordinal if scale.answers in answers else None
        case Words(recorded=text) if scale.reads_text and _GRADE.fullmatch(text.strip()):
            return Decimal(text.strip())
    return None


def shown(interval: NumberInterval | None, unit: str) -> str | None:
    """A compared value for a reader: rounded to what a laboratory prints, with its comparator and unit."""
    if interval is None:
        return None
    name = "" if unit in ("1", "{INR}") else f" {unit}"
    low, high = interval.low, interval.high
    if low is not None and low == high:
        return f"{plain(low)}{name}"
    bottom = "" if low is None else f"{'>' if interval.low_open else '>='}{plain(low)}"
    top = "" if high is None else f"{'<' if interval.high_open else '<='}{plain(high)}"
    return f"{' '.join(part for part in (bottom, top) if part)}{name}"


def plain(value: Decimal) -> str:
    """A number without needless digits; never rounded to another side of a limit it is close to."""
    rounded = value.quantize(_SHOWN_TO) if -_SHOWN_ROUNDED < value < _SHOWN_ROUNDED else value
    text = f"{rounded:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def as_compared(reading: Reading, unit: str) -> str | None:
    """The compared value for a reader, without an end that only plausibility gives it: `<5`, not `>=0 <5`."""
    interval, value = reading.interval, reading.result.value
    if interval is None or not isinstance(value, Number) or value.comparator is None:
        return shown(interval, unit)
    ends = {"low": None, "low_open": False} if "<" in value.comparator else {"high": None, "high_open": False}
    return shown(msgspec.structs.replace(interval, **ends), unit)


def evidence_of(reading: Reading, unit: str) -> Evidence:
    """The result as recorded and as compared."""
    result = reading.result
    recorded = result.value.recorded
    compared = as_compared(reading, unit)
    return Evidence(result.reference, dated(result.when.days), recorded, compared if compared != recorded else None)


def dated(days: DateInterval) -> DateInterval | None:
    """The days, unless nothing is known of them."""
    return None if days.is_undated else days
