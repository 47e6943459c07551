"""Writes dates and dose into a received order; everything else stays as it was received (rulebook 8.2)."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from cds_service.trial.guidance.rewriting import Days
from fhir_profiles.reading.bounds import LENGTHS

Raw = Mapping[str, Any]
_KEPT = ("route", "method", "site", "sequence")


def on_day(order: Raw, day: date) -> dict[str, Any]:
    """The order of a procedure for that day; its last day goes with it, unless that is later than a later first day."""
    period = _object(order.get("occurrencePeriod"))
    if not period:
        return {**order, "occurrenceDateTime": day.isoformat()}
    start, end = day.isoformat(), str(period.get("end") or "")
    moves = end and (end < start or start < str(period.get("start")))
    return {**order, "occurrencePeriod": {**period, "start": start, **({"end": start} if moves else {})}}


def entries_of(order: Raw) -> int:
    """How many dosage entries an order has, or would have once one is written."""
    return len(_entries(order))


def with_days(order: Raw, doses: tuple[Days, ...]) -> dict[str, Any]:
    """The order of a drug with new days in its dosage entries, one for each."""
    entries = [_bounded(entry, days) for entry, days in zip(_entries(order), doses, strict=True)]
    return {**order, "dosageInstruction": entries}


def _bounded(entry: Raw, days: Days) -> Raw:
    given = {"start": days.start, "end": days.end}
    new = {name: day.isoformat() for name, day in given.items() if day is not None}
    if not new:
        return entry
    timing = _object(entry.get("timing"))
    repeat = {name: value for name, value in _object(timing.get("repeat")).items() if name not in LENGTHS}
    return {**entry, "timing": {**timing, "repeat": {**repeat, "boundsPeriod": {**_period_of(entry), **new}}}}


def in_one_dose(order: Raw, text: str, amount: Raw) -> dict[str, Any]:
    """The order with one dosage entry, that amount twice a day, in place of all: from the first day to the last."""
    entries = _entries(order)
    bounds = _bounds_of(entries[0]) if len(entries) == 1 else _joined(entries)
    kept = {name: value for name, value in entries[0].items() if name in _KEPT}
    timing = {"repeat": {"frequency": 2, "period": 1, "periodUnit": "d", **bounds}}
    one = {**kept, "text": text, "timing": timing, "doseAndRate": [{"doseQuantity": dict(amount)}]}
    return {**order, "dosageInstruction": [one]}


def _joined(entries: list[Raw]) -> Raw:
    """From the first start to the last end of the entries; without an end where one of them has none."""
    if all(_bounds_of(entry) == _bounds_of(entries[0]) for entry in entries):
        return _bounds_of(entries[0])
    periods = [_period_of(entry) for entry in entries]
    starts = [str(period["start"]) for period in periods if period.get("start")]
    ends = [str(period["end"]) for period in periods if period.get("end")]
    period = {"start": min(starts)} if starts else {}
    if ends and len(ends) == len(entries):
        period["end"] = max(ends)
    return {"boundsPeriod": period} if period else {}


def _bounds_of(entry: Raw) -> Raw:
    """What bounds an entry, as written: days or a length."""
    repeat = _object(_object(entry.get("timing")).get("repeat"))
    return {name: value for name, value in repeat.items() if name == "boundsPeriod" or name in LENGTHS}


def _period_of(entry: Raw) -> Raw:
    return _object(_bounds_of(entry).get("boundsPeriod"))


def _entries(order: Raw) -> list[Raw]:
    """The dosage entries of an order, at least one to write on."""
    given = order.get("dosageInstruction")
    return [_object(entry) for entry in given] if given and isinstance(given, list) else [{}]


def _object(value: object) -> Raw:
    """An element as received; null, or of a shape that no element has, counts as empty."""
    return value if isinstance(value, dict) else {}
