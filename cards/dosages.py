"""Writes dates and dose into a received order; everything else stays as it was received (rulebook 8.2)."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from cards.instructions import name_of, stays_true
from cds_service.trial.guidance.rewriting import Days
from fhir_profiles.reading.bounds import LENGTHS
from fhir_profiles.reading.doses import is_full

Raw = Mapping[str, Any]
_KEPT = ("id", "sequence", "site", "route", "method", "maxDosePerLifetime")
_MOST = ("maxDosePerPeriod", "maxDosePerAdministration")


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


def in_one_dose(order: Raw, text: str, amount: Raw, *, joined: bool) -> dict[str, Any]:
    """The order with one dosage entry, that amount twice a day, in place of all; `joined`: its days are yet to be set.

    What the entries say alike and what stays true beside another dose is kept.
    """
    entries = _entries(order)
    bounds = {} if joined else _bounds_of(entries[0])
    timing = {"repeat": {"frequency": 2, "period": 1, "periodUnit": "d", **bounds}}
    one = {"text": text, "timing": timing, "doseAndRate": [{"doseQuantity": dict(amount)}]}
    return {**order, "dosageInstruction": [{**_kept(entries, one), **one}]}


def _kept(entries: list[Raw], one: Raw) -> Raw:
    """Of the entries, what is as true of the new one."""
    kept = _alike(entries, _KEPT)
    most = {name: most for name, most in _alike(entries, _MOST).items() if is_full({**one, name: most})}
    coded = [i for entry in entries for i in _instructions(entry) if stays_true(i)]
    told = [entry["patientInstruction"] for entry in entries if stays_true(entry.get("patientInstruction"))]
    return {
        **kept,
        **most,
        **({"additionalInstruction": _once(coded)} if coded else {}),
        **({"patientInstruction": "\n".join(_once(told))} if told else {}),
    }


def _alike(entries: list[Raw], names: Iterable[str]) -> dict[str, Any]:
    """The elements of these names that no entry has otherwise."""
    given = {name: [entry[name] for entry in entries if name in entry] for name in names}
    return {name: values[0] for name, values in given.items() if values and all(v == values[0] for v in values)}


def _instructions(entry: Raw) -> list[Any]:
    given = entry.get("additionalInstruction")
    return given if isinstance(given, list) else []


def _once(values: list[Any]) -> list[Any]:
    return [value for at, value in enumerate(values) if value not in values[:at]]


def left_out(order: Raw) -> tuple[str, ...]:
    """The instructions that a corrected dose leaves out, as they may tell the dose that it replaces."""
    entries = _entries(order)
    given = [i for entry in entries for i in (*_instructions(entry), entry.get("patientInstruction"))]
    names = [name_of(instruction) for instruction in given if not stays_true(instruction)]
    return tuple(_once([name for name in names if name]))


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
