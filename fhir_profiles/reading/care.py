"""Reads visits, imaging reports and orders on their way (rulebook section 3 "Status" and "Dates")."""

from datetime import date

from fhir_profiles.dates import UNDATED, DateInterval, end_after, start_before
from fhir_profiles.elements import Period
from fhir_profiles.reading.context import Belongs, Reading, end_of, label_of, start_of
from fhir_profiles.record import ImagingFact, PlannedOrder, Visit
from fhir_profiles.resources import DiagnosticReport, Encounter, ServiceRequest

_REPORTED = frozenset({"final", "amended", "corrected", "appended"})
_PENDING = frozenset({"preliminary", "partial"})
_OUTPATIENT = frozenset({"AMB", "VR", "HH"})
# What is over on the day on which it began; a stay of any other class may last.
_OF_ONE_DAY = _OUTPATIENT | {"EMER", "FLD"}
ORDERING = frozenset({"order", "original-order", "reflex-order", "filler-order", "instance-order"})


def read_visit(reading: Reading, encounter: Encounter) -> Visit | None:
    """The visit; None unless it is finished. Without a class it counts as outpatient.

    Without an end a visit of one day ended on that day, a stay on any day from its start on.
    """
    if encounter.status != "finished":
        return None
    reference = f"Encounter/{encounter.id}"
    text, until = start_of(encounter.period), end_of(encounter.period)
    start = reading.days(reference, text) if text else UNDATED
    kind = encounter.kind.code if encounter.kind is not None else None
    lasting = DateInterval(start.first, date.max) if kind is not None and kind not in _OF_ONE_DAY else start
    end = reading.days(reference, until) if until else lasting
    return Visit(
        reference=reference,
        start=start_before(start, end),
        end=end_after(start, end),
        outpatient=kind is None or kind in _OUTPATIENT,
        subject_known=reading.belongs(encounter.subject) is Belongs.OURS,
    )


def read_report(reading: Reading, report: DiagnosticReport) -> ImagingFact | None:
    """The imaging that a report is about; None when it is not final or no step asks for it."""
    if report.status not in _REPORTED and report.status not in _PENDING:
        return None
    known = reading.vocabulary.terminology.sets
    sets, maybe = reading.classify_one(report.code)
    sets = frozenset(name for name in sets if "imaging" in known[name].kinds)
    maybe = {name: doubt for name, doubt in maybe.items() if "imaging" in known[name].kinds}
    if not sets and not maybe:
        return None
    reference = f"DiagnosticReport/{report.id}"
    if report.status in _PENDING:
        reading.note(reference, "pending")
        return None
    return ImagingFact(
        reference=reference,
        label=label_of(report.code),
        sets=sets,
        maybe_sets=maybe,
        subject_known=reading.belongs(report.subject) is Belongs.OURS,
        dated=reading.days(reference, report.effectiveDateTime or end_of(report.effectivePeriod), report.issued),
    )


def read_plan(reading: Reading, order: ServiceRequest) -> PlannedOrder | None:
    """An order on its way; None when it is not active or asks that something be not done."""
    if order.status != "active" or order.intent not in ORDERING or order.doNotPerform:
        return None
    sets, maybe = reading.classify_one(order.code)
    if not sets and not maybe:
        return None
    reference = f"ServiceRequest/{order.id}"
    needed = order.asNeededBoolean or order.asNeededCodeableConcept is not None
    return PlannedOrder(
        reference=reference,
        label=label_of(order.code),
        sets=sets,
        maybe_sets=maybe,
        subject_known=reading.belongs(order.subject) is Belongs.OURS,
        dated=read_occurrence(reading, reference, order.occurrenceDateTime, order.occurrencePeriod),
        until=None if needed else read_last_day(reading, reference, order.occurrenceDateTime, order.occurrencePeriod),
    )


def read_occurrence(reading: Reading, reference: str, text: str | None, period: Period | None) -> DateInterval:
    """When a procedure is ordered for: a day, else the start of a period that does not end before it."""
    if text or period is None:
        return reading.days(reference, text)
    start = reading.days(reference, period.start)
    return start_before(start, reading.days(reference, period.end)) if period.end else start


def read_last_day(reading: Reading, reference: str, text: str | None, period: Period | None) -> DateInterval | None:
    """Until when a procedure or test is ordered; None where it does not say so."""
    until = text or end_of(period)
    return reading.days(reference, until) if until else None
