"""The cycle that a TACE on some day would open: its dates, and what on record conflicts with them (7 and 8)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from cds_service.trial.findings import Finding, Message, message
from cds_service.trial.guidance.care import Care, review_degree
from cds_service.trial.guidance.history import TACE, ended_by
from cds_service.trial.guidance.orders import Fired, Order, Severity, fire, goes_on_before, going_on, out_of_time
from cds_service.trial.guidance.response import latest_of
from cds_service.trial.guidance.steps import State, Step
from cds_service.trial.phase import Phase
from fhir_profiles.dates import DateInterval
from fhir_profiles.reading.doses import Dose
from fhir_profiles.reading.drafts import Draft
from fhir_profiles.record import Course, Source, SourceState

Window = tuple[date, date]


class Part(StrEnum):
    """A part of a cycle that something may conflict with."""

    TACE = "tace"
    LAST_DOSE = "last-dose"
    SAFETY = "safety"
    RESTART = "restart"


@dataclass(frozen=True, slots=True)
class Conflict:
    """What stands against a part of the cycle: a rule of 8.2 where one says so, resources, lines or analytes, and why.

    `rule` is None where only the timeline sees it.
    """

    part: Part
    severity: Severity
    reasons: tuple[Message, ...]
    rule: str | None = None
    against: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Cycle:
    """The dates that hang on a TACE, all days included, and what they conflict with; `open`: what cannot be told.

    `examination` is the routine examination window by then; None where it cannot be told. `expected`: no course is
    on record yet, so it is counted from the first and the last day on which the first one is to start.
    """

    tace: date
    last_dose: date
    safety: Window
    restart: Window
    imaging: Window
    examination: Window | None
    expected: bool
    conflicts: tuple[Conflict, ...]
    open: tuple[Message, ...]

    @property
    def parts(self) -> tuple[tuple[str, Window], ...]:
        """The windows of the cycle by name, in the order in which they come."""
        examined = "examination-expected" if self.expected else "examination"
        return (
            ("last-dose", (self.last_dose, self.last_dose)),
            ("safety", self.safety),
            ("tace", (self.tace, self.tace)),
            ("restart", self.restart),
            ("imaging", self.imaging),
            *(((examined, self.examination),) if self.examination else ()),
        )


def solve(care: Care, findings: tuple[Finding, ...], steps: tuple[Step, ...], tace: date) -> Cycle:
    """The cycle of a TACE on that day: when sorafenib stops and starts again, what is due when, what conflicts."""
    order = _order(care, findings, tace)
    restart = care.rules.start_sorafenib.after(tace)
    conflicts = sorted(_conflicts(order, tace), key=_gravest_first)
    return Cycle(
        tace=tace,
        last_dose=care.rules.last_dose(tace),
        safety=care.rules.safety_window(tace),
        restart=restart,
        imaging=care.rules.response_imaging.after(tace),
        examination=_examination(care, steps, restart),
        expected=care.history.first_course() is None,
        conflicts=tuple(conflicts),
        open=tuple(_open(care)),
    )


def _gravest_first(conflict: Conflict) -> tuple[int, int, str, tuple[str, ...]]:
    return (
        -tuple(Severity).index(conflict.severity),
        tuple(Part).index(conflict.part),
        conflict.rule or "",
        conflict.against,
    )


def _order(care: Care, findings: tuple[Finding, ...], tace: date) -> Order:
    """The TACE as though it were being ordered: the rules of 8.2 then speak of it as they do of an order."""
    days = DateInterval(tace, tace)
    draft = Draft(reference="", label="", sets=frozenset({TACE}), start=days, end=None, dose=Dose.UNREADABLE, raw={})
    planned = tuple(sorted(plan.day for plan in care.history.plans))
    return Order(care, draft, {finding.id: finding for finding in findings}, planned, signing=True)


def _examination(care: Care, steps: tuple[Step, ...], restart: Window) -> Window | None:
    """The window of NEXT-03; before the first course that of the first examination after it."""
    asked = next((step for step in steps if step.id == "NEXT-03"), None)
    if asked is not None:
        return None if asked.state is State.UNKNOWN else asked.window
    if care.case.enrolment.phase is Phase.FOLLOW_UP or not care.read(Source.MEDICATIONS, Source.ENCOUNTERS):
        return None
    begins, wanted = _first_course(care, steps, restart), care.rules.first_examination
    return wanted.after(begins[0])[0], wanted.after(begins[1])[1]


def _first_course(care: Care, steps: tuple[Step, ...], restart: Window) -> Window:
    """When the first course starts: as ordered, else as NEXT-01 still wants it, else after this TACE."""
    first = care.history.first_course()
    if first is not None:
        return first.start.first, first.start.last
    wanted = (step.window for step in steps if step.id == "NEXT-01" and step.state in (State.UPCOMING, State.DUE))
    return next(wanted, None) or restart


_READ = (
    *(Source.PROCEDURES, Source.ORDERS, Source.MEDICATIONS, Source.OBSERVATIONS, Source.CONDITIONS),
    *(Source.IMAGING, Source.ENCOUNTERS),
)


def _open(care: Care) -> Iterator[Message]:
    if care.history.sessions.doubtful:
        yield message("step.tace-date-open")
    for days in dict.fromkeys(care.history.plans_of_some_day):
        yield message("timeline.plan-undated") if days.is_undated else message("timeline.plan-open", days=days)
    for place, inside, after in (("liver", True, care.history.latest), ("elsewhere", False, None)):
        found = latest_of(care.responses, intrahepatic=inside, after=after)
        if found is not None and found.response is None:
            yield message(f"timeline.response-{place}-open")
    for source in _READ:
        state = care.case.record.sources[source]
        if state is not SourceState.SUPPLIED:
            yield message(f"source.{state.value}", source=source.value)


def _conflicts(order: Order, tace: date) -> Iterator[Conflict]:
    """Everything that stands against the cycle; a day that is past, or a patient in follow-up, needs no more said."""
    care = order.care
    if care.case.enrolment.phase is Phase.FOLLOW_UP:
        yield Conflict(Part.TACE, Severity.WARNING, (message("timeline.follow-up"),))
        return
    if tace < care.day:
        yield Conflict(Part.TACE, Severity.WARNING, (message("timeline.past", day=tace),))
        return
    for fired in fire(order):
        yield from _of_rule(order, fired)
    yield from _other_sessions(care, tace)
    yield from _courses_to_come(order, tace)
    yield from _courses_in_doubt(care, tace)
    if review_degree(care) == "stop":
        found = latest_of(care.responses, intrahepatic=False)
        against = (found.reference,) if found else ()
        yield Conflict(Part.RESTART, Severity.CRITICAL, (message("rule.SOR-07-stop"),), "SOR-07", against)


_PARTS = {"TACE-01": Part.LAST_DOSE, "TACE-02": Part.SAFETY}


def _of_rule(order: Order, fired: Fired) -> Iterator[Conflict]:
    """A rule of 8.2 as a conflict; of TACE-03 one for each line, with that line's own reasons."""
    if fired.id == "TACE-03":
        for line in _names(fired, "lines"):
            yield Conflict(Part.TACE, fired.severity, order.findings[line].reasons, fired.id, (line,))
        return
    part = _PARTS.get(fired.id, Part.TACE)
    yield Conflict(part, fired.severity, (fired.reason,), fired.id, tuple(_against(order, fired)))


def _names(fired: Fired, parameter: str) -> tuple[str, ...]:
    given = dict(fired.reason.parameters)[parameter]
    return given if isinstance(given, tuple) and not isinstance(given, DateInterval) else ()


def _against(order: Order, fired: Fired) -> Iterable[str]:
    """What the rule found: courses, analytes, the latest session, responses, the line."""
    history, day = order.care.history, order.day
    if fired.id == "TACE-01" and day is not None:
        return (course.reference for course in going_on(order, order.care.rules.last_dose(day)))
    if fired.id == "TACE-02":
        return _names(fired, "concepts")
    if fired.id == "TACE-07":
        return ("E3",)
    if fired.id == "TACE-06":
        days = dict(fired.reason.parameters)["days"]
        return (found.reference for found in order.care.responses if found.intrahepatic and found.days == days)
    return (fact.reference for fact in history.sessions.certain if fact.dated.last == history.latest)


def _other_sessions(care: Care, tace: date) -> Iterator[Conflict]:
    """Another TACE planned within the shortest distance of two sessions, before or after."""
    apart = care.rules.next_tace.first
    for plan in care.history.plans:
        if plan.day != tace and max(plan.day, tace) < apart.after(min(plan.day, tace)):
            reason = message("timeline.another-tace", day=plan.day, length=apart)
            yield Conflict(Part.TACE, Severity.WARNING, (reason,), against=(plan.order.reference,))


def _courses_to_come(order: Order, tace: date) -> Iterator[Conflict]:
    """Courses already ordered for later: one that goes on beyond the last dose, one that starts again out of time."""
    care = order.care
    coming = [c for c in care.history.courses if c.active and c.start.first > care.day]
    for course in coming:
        if course.start.first < tace and not ended_by(course, care.rules.last_dose(tace)):
            yield _of_course(Part.LAST_DOSE, goes_on_before(care.rules, tace), course)
    after = min((c for c in coming if c.start.first >= tace), key=lambda c: (c.start, c.reference), default=None)
    if after is not None and not any(tace < day <= after.start.first for day in order.planned):
        fired = out_of_time(care.rules.start_sorafenib, tace, after.start.first)
        if fired is not None:
            yield _of_course(Part.RESTART, fired, after)


def _of_course(part: Part, fired: Fired, course: Course) -> Conflict:
    return Conflict(part, fired.severity, (fired.reason,), fired.id, (course.reference,))


def _courses_in_doubt(care: Care, tace: date) -> Iterator[Conflict]:
    """A course that may be sorafenib of the study, and may be taken beyond the last dose."""
    last = care.rules.last_dose(tace)
    for course in care.history.courses_in_doubt:
        if course.active and course.start.first <= last and not ended_by(course, last):
            reason = message("timeline.course-open", last=last)
            yield Conflict(Part.LAST_DOSE, Severity.INFO, (reason,), against=(course.reference,))
