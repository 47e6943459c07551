"""Checks the drafts of a request, and says what would make each fit (rulebook 8.2 and 8.3)."""

from dataclasses import dataclass, replace
from datetime import date

from cds_service.trial.findings import Finding, message
from cds_service.trial.guidance.care import Care, missing_safety
from cds_service.trial.guidance.history import TACE
from cds_service.trial.guidance.orders import (
    Fired,
    Order,
    Severity,
    anchor,
    fire,
    going_on,
    next_tace,
    session_window,
    would_close,
)
from cds_service.trial.guidance.rewriting import Days, as_one, bounds_of, last_day, rewrite
from cds_service.trial.protocol import GuidanceRules
from fhir_profiles.dates import add_days
from fhir_profiles.reading.drafts import Draft
from fhir_profiles.record import Bounds, Course


@dataclass(frozen=True, slots=True)
class Ending:
    """A prescription to be ended on a day, and what its dosage entries get."""

    course: Course
    day: date
    doses: tuple[Days, ...]


@dataclass(frozen=True, slots=True)
class Correction:
    """What would make the draft fit: delete it, or new dates and dose, courses to end, tests and imaging to order.

    `day`: of a procedure. `doses`: the days of each dosage entry of a drug, or of the one entry of a corrected dose;
    `joined`: that one entry takes the place of several for different days, and has no other days than these.
    """

    delete: bool = False
    day: date | None = None
    doses: tuple[Days, ...] = ()
    full_dose: bool = False
    joined: bool = False
    endings: tuple[Ending, ...] = ()
    tests: tuple[str, ...] = ()
    tests_from: date | None = None
    tests_until: date | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """One draft, the rules it fired, and its correction."""

    draft: Draft
    fired: tuple[Fired, ...]
    correction: Correction


def check_orders(
    care: Care, findings: tuple[Finding, ...], drafts: tuple[Draft, ...], chosen: tuple[Draft, ...], *, signing: bool
) -> tuple[Checked, ...]:
    """The chosen drafts that fired a rule; every draft TACE with a date counts as planned for the others."""
    by_id = {finding.id: finding for finding in findings}
    checked = []
    for draft in chosen:
        others = tuple(other for other in drafts if other is not draft)
        dated = (d.start for d in others if TACE in d.sets and d.start is not None and d.start.is_day)
        days = {days.first for days in dated} | {plan.day for plan in care.history.plans}
        planned = tuple(sorted(day for day in days if day >= care.day))
        order = Order(care, draft, by_id, planned, signing, others)
        fired = tuple(fire(order))
        if fired:
            correction = _correct(order, {rule.id: rule for rule in fired})
            checked.append(Checked(draft, tuple(_said(order, rule, correction.day) for rule in fired), correction))
    return tuple(checked)


def check_candidates(rules: GuidanceRules, drafts: tuple[Draft, ...], day: date) -> tuple[Checked, ...]:
    """MATCH-02 to -04: drafts that would close the trial to a patient who may qualify; refer first."""
    checked = ((draft, tuple(would_close(rules, draft, day))) for draft in drafts)
    return tuple(Checked(draft, fired, Correction()) for draft, fired in checked if fired)


def _said(order: Order, fired: Fired, moved: date | None) -> Fired:
    """The rule in words of the day that is proposed for TACE, where the correction reckons with that day."""
    if moved is None or order.day is None or fired.id not in _BEFORE_TACE:
        return fired
    rules = order.care.rules
    if fired.id == "TACE-02":
        missing = missing_safety(order.care, rules.safety_window(moved))
        reason = message("rule.TACE-02-moved", day=moved, concepts=missing, length=rules.safety)
        return replace(fired, reason=reason) if missing else fired
    last, length = rules.last_dose(moved), rules.stop_sorafenib
    if going_on(order, last):
        return replace(fired, reason=message("rule.TACE-01-moved", day=moved, last=last, length=length))
    return replace(fired, reason=message("rule.TACE-01-ends", day=order.day, moved=moved))


_BEFORE_TACE = frozenset({"TACE-01", "TACE-02"})


_DELETES = frozenset({"TACE-03", "TACE-06", "TACE-07", "SOR-05"})


def _correct(order: Order, fired: dict[str, Fired]) -> Correction:
    """All corrections of one draft together; a draft that is to be deleted needs no other."""
    stops = "SOR-07" in fired and fired["SOR-07"].severity is Severity.CRITICAL
    if stops or _DELETES & fired.keys():
        return Correction(delete=True)
    return _correct_tace(order, fired) if TACE in order.draft.sets else _correct_sorafenib(order, fired)


def _correct_tace(order: Order, fired: dict[str, Fired]) -> Correction:
    moved = _moved(order) if "TACE-04" in fired else None
    endings = _endings(order, moved or order.day)
    if moved is not None and None in endings:
        moved, endings = None, ()  # of two dates that hang together neither is proposed
    day = moved or order.day
    tests, wanted = _tests(order, day) if day is not None and "TACE-02" in fired else ((), None)
    imaging = ("imaging-liver-dynamic",) if "TACE-05" in fired else ()
    return Correction(
        day=moved,
        endings=tuple(ending for ending in endings if ending is not None),
        tests=tests + imaging,
        tests_from=wanted[0] if tests and wanted else None,
        tests_until=wanted[1] if tests and wanted else None,
    )


def _tests(order: Order, day: date) -> tuple[tuple[str, ...], tuple[date, date]]:
    """The safety analytes to be ordered for a TACE on that day and not yet ordered, and for which days."""
    window, today = order.care.rules.safety_window(day), order.care.day
    wanted = (max(today, window[0]), max(today, add_days(window[1], -1)))
    missing = missing_safety(order.care, window)
    return tuple(name for name in missing if not _is_ordered(order, name, wanted)), wanted


def _is_ordered(order: Order, analyte: str, wanted: tuple[date, date]) -> bool:
    """Whether an active order, or another draft, surely asks for the analyte on some of these days and on no other."""
    name = order.care.case.measures.analytes[analyte].value_set
    on_record = order.care.case.record.orders.get(name, ())
    ordered = ((one.dated, one.until) for one in on_record if name in one.sets and one.subject_known)
    drafted = ((draft.start, draft.end) for draft in order.others if draft.firm and name in draft.sets)
    return any(
        first is not None and last is not None and wanted[0] <= first.first and last.last <= wanted[1]
        for first, last in (*ordered, *drafted)
    )


def _endings(order: Order, day: date | None) -> tuple[Ending | None, ...]:
    """How each prescription that goes on ends in time before TACE on that day; None for what cannot end by then."""
    last = order.care.rules.last_dose(day) if day is not None else None
    going = going_on(order, last) if last is not None else ()
    if last is None or last < order.care.day:
        return tuple(None for _ in going)  # sorafenib cannot end yesterday
    prescribed = (course for course in going if course.reference.startswith("MedicationRequest/"))
    return tuple(_ending(course, last, order.care.day) for course in prescribed)


def _ending(course: Course, last: date, today: date) -> Ending | None:
    """The prescription ended by that day, or sooner where its own length says so; None where that lies in the past."""
    parts = course.parts or (Bounds(),)
    doses = rewrite(parts, course.start, end=last)
    ends = last_day(parts, doses) if doses is not None else None
    return Ending(course, ends, doses) if doses is not None and ends is not None and ends >= today else None


def _moved(order: Order) -> date | None:
    """The day of the window nearest to D and not before today; None when the window is past or D stays."""
    window = session_window(order)
    if window is None or order.day is None or window[1] < order.care.day:
        return None
    moved = max(window[0], order.care.day) if order.day < window[0] else window[1]
    return moved if moved != order.day else None


def _correct_sorafenib(order: Order, fired: dict[str, Fired]) -> Correction:
    wants_test = "SOR-04" in fired and fired["SOR-04"].severity is Severity.WARNING
    tests = ("hcg",) if wants_test else ()
    full, parts = "SOR-02" in fired, order.draft.parts
    if not parts:  # of which days several entries are cannot be read, nor of which the one would be
        return Correction(full_dose=full and not order.draft.several, tests=tests)
    if not full or len(set(parts)) <= 1:
        return Correction(doses=_dates(order, fired, parts[:1] if full else parts), full_dose=full, tests=tests)
    whole = as_one(parts, order.draft.start)
    if whole is None:  # in one entry the order could last longer than it did
        return Correction(doses=_dates(order, fired, parts), tests=tests)
    dated = _dates(order, fired, (bounds_of(whole),)) or (Days(),)
    days = Days(dated[0].start or whole.start, dated[0].end or whole.end)
    return Correction(doses=(days,), full_dose=True, joined=True, tests=tests)


def _dates(order: Order, fired: dict[str, Fired], parts: tuple[Bounds, ...]) -> tuple[Days, ...]:
    """The new start and end of each dosage entry; none where an end would lie before its start or before today."""
    start = _restart(order) if "SOR-01" in fired else None
    planned = next_tace(order, order.day) if "SOR-06" in fired else None
    end = order.care.rules.last_dose(planned) if planned is not None else None
    past = end is not None and end < order.care.day
    doses = None if past else rewrite(parts, order.draft.start, start=start, end=end)
    if doses is None or all(days == Days() for days in doses):
        return ()
    ends = last_day(parts, doses)
    return doses if ends is None or ends >= order.care.day else ()


def _restart(order: Order) -> date | None:
    """The first day of the window, or today if that is later; None without anything to measure from."""
    if order.day is None:
        return None
    measured = anchor(order, order.day)
    if measured is None:
        return None
    first = max(order.care.rules.start_sorafenib.first.after(measured), order.care.day)
    return first if first != order.day else None
