"""The next steps of an enrolled patient (rulebook 8.1): each with its window, its state and why."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from cds_service.trial.findings import Message, message
from cds_service.trial.guidance.care import (
    Care,
    decision_open,
    last_contact,
    missing_safety,
    restart_open,
    review_degree,
    undated_safety,
    why_undecided,
)
from cds_service.trial.guidance.history import SORAFENIB, Plan, ended_by, is_taken
from cds_service.trial.phase import Phase
from fhir_profiles.dates import DateInterval
from fhir_profiles.record import Course, Source


class State(StrEnum):
    """Where a step stands today."""

    UPCOMING = "upcoming"
    DUE = "due"
    OVERDUE = "overdue"
    DONE = "done"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what the protocol wants, in which window, and where that stands."""

    id: str
    state: State
    window: tuple[date, date] | None
    reason: Message
    degree: str | None = None


def next_steps(care: Care) -> tuple[Step, ...]:
    """Every step that applies, those done included; in follow-up only survival."""
    if care.case.enrolment.phase is Phase.FOLLOW_UP:
        return (_survival(care),)
    makers = (_start_sorafenib, _response_imaging, _examination, _safety, _stop_sorafenib, _review, _first_tace)
    return tuple(step for make in makers for step in make(care))


def _by_window(day: date, window: tuple[date, date]) -> State:
    if day < window[0]:
        return State.UPCOMING
    return State.DUE if day <= window[1] else State.OVERDUE


def _start_sorafenib(care: Care) -> Iterator[Step]:
    """NEXT-01: sorafenib is started in the days after TACE."""
    latest = care.history.latest
    unasked = not care.read(Source.PROCEDURES)
    if review_degree(care) == "stop" or (latest is None and not care.history.sessions.doubtful and not unasked):
        return
    sources = (Source.PROCEDURES, Source.MEDICATIONS, Source.CONDITIONS, Source.OBSERVATIONS)
    if latest is None or care.history.sessions.doubtful:
        yield Step("NEXT-01", State.UNKNOWN, None, message("step.tace-date-open"))
        return
    window = care.rules.start_sorafenib.after(latest)
    if any(_certainly_since(course, latest) for course in care.history.courses):
        yield Step("NEXT-01", State.DONE, window, message("step.sorafenib-started", latest=latest))
    elif unread := care.unread(*sources):
        yield Step("NEXT-01", State.UNKNOWN, window, message("step.sorafenib-unread", latest=latest, sources=unread))
    elif restart_open(care):
        yield Step("NEXT-01", State.UNKNOWN, window, message("step.sorafenib-undecided", latest=latest))
    elif _may_have_started(care, latest):
        yield Step("NEXT-01", State.UNKNOWN, window, message("step.sorafenib-open", latest=latest))
    else:
        yield _sorafenib_wanted(care, latest, window)


def _certainly_since(course: Course, latest: date) -> bool:
    """Whether this patient's course began on that day or later."""
    return course.subject_known and course.start.first >= latest and not course.contradicted


def _may_have_started(care: Care, latest: date) -> bool:
    """Whether a course whose start or drug is not certain may be the one that is wanted."""
    firm = any(course.start.last >= latest for course in care.history.courses)
    return firm or any(course.start.last >= latest for course in care.history.courses_in_doubt)


def _sorafenib_wanted(care: Care, latest: date, window: tuple[date, date]) -> Step:
    state = _by_window(care.day, window)
    if state is State.UPCOMING or not care.history.taken(care.day):
        reason = message("step.start-sorafenib", latest=latest, window=care.rules.start_sorafenib)
        return Step("NEXT-01", state, window, reason)
    # a course that began before the session is still recorded as taken: was it paused, and taken again?
    state = State.DUE if state is State.DUE else State.UNKNOWN
    return Step("NEXT-01", state, window, message("step.confirm-paused", latest=latest))


def _response_imaging(care: Care) -> Iterator[Step]:
    """NEXT-02: response CT or MRI some weeks after TACE."""
    latest = care.history.latest
    if latest is None or care.history.sessions.doubtful:
        if care.history.sessions.doubtful or not care.read(Source.PROCEDURES):
            yield Step("NEXT-02", State.UNKNOWN, None, message("step.tace-date-open"))
        return
    window = care.rules.response_imaging.after(latest)
    reason = message("step.imaging", latest=latest, window=care.rules.response_imaging)
    if any(fact.dated.first >= window[0] for fact in care.history.dynamic if fact.subject_known):
        yield Step("NEXT-02", State.DONE, window, message("step.imaging-done", latest=latest))
    elif unread := care.unread(Source.PROCEDURES, Source.IMAGING):
        yield Step("NEXT-02", State.UNKNOWN, window, message("step.imaging-unread", latest=latest, sources=unread))
    elif any(
        _may_reach(fact.dated, window[0], care.day) for fact in care.history.dynamic_in_doubt + care.history.dynamic
    ):
        yield Step("NEXT-02", State.UNKNOWN, window, message("step.imaging-unstated", latest=latest))
    else:
        yield Step("NEXT-02", _by_window(care.day, window), window, reason)


def _may_reach(days: DateInterval, first: date, today: date) -> bool:
    """Whether what lies behind us may be of that first day or later."""
    return days.cut_at(today).last >= first


def _examination(care: Care) -> Iterator[Step]:
    """NEXT-03: routine examination, counted from the first sorafenib course, then from visit to visit."""
    first = care.history.first_course()
    ahead = first is not None and first.start.first > care.day
    if ahead or (first is None and care.read(Source.MEDICATIONS) and not _in_doubt(care)):
        return
    if first is None or not care.read(Source.MEDICATIONS, Source.ENCOUNTERS) or not _is_first(care, first):
        yield Step("NEXT-03", State.UNKNOWN, None, message("step.examination-open"))
        return
    name, anchor, wanted = "step.first-examination", first.start.first, care.rules.first_examination
    opening = window = wanted.after(anchor)
    outpatient = sorted((v for v in care.history.visits if v.outpatient), key=lambda v: (v.start.first, v.reference))
    for visit in outpatient:
        if visit.start.is_day and visit.start.first >= window[0]:
            name, anchor, wanted = "step.next-examination", visit.start.first, care.rules.next_examination
            window = wanted.after(anchor)
    if any(not v.start.is_day and _may_reach(v.start, opening[0], care.day) for v in outpatient):
        yield Step("NEXT-03", State.UNKNOWN, window, message("step.examination-open"))
    else:
        yield Step("NEXT-03", _by_window(care.day, window), window, message(name, day=anchor, window=wanted))


def _in_doubt(care: Care) -> tuple[Course, ...]:
    """Courses of sorafenib that may or may not be the study's: of no certain day, or perhaps another's."""
    return tuple(course for course in care.history.courses_in_doubt if SORAFENIB in course.sets)


def _is_first(care: Care, course: Course) -> bool:
    """Whether the study's first course certainly began on that day: no other of sorafenib may be of an earlier one."""
    if any(one.contradicted for one in care.history.courses):
        return False
    return course.start.is_day and all(c.start.first >= course.start.first for c in _in_doubt(care))


def _safety(care: Care) -> Iterator[Step]:
    """NEXT-04: safety evaluation in the days before the next TACE."""
    plan = care.history.next_plan(care.day)
    if plan is None:
        yield from _without_a_day(care, "NEXT-04", care.unread(Source.ORDERS))
        return
    window = care.rules.safety_window(plan.day)
    missing = missing_safety(care, window)
    if missing and not care.read(Source.ORDERS):
        yield Step("NEXT-04", State.UNKNOWN, None, message("step.orders-open"))
    elif not missing:
        yield _of_plan("NEXT-04", State.DONE, plan, window, message("step.safety-done", day=plan.day))
    elif set(missing) <= set(undated_safety(care, window)):
        reason = message("step.safety-undated", day=plan.day, concepts=missing)
        yield Step("NEXT-04", State.UNKNOWN, window, reason)
    elif unread := care.unread(Source.OBSERVATIONS):
        reason = message("step.safety-unread", day=plan.day, sources=unread)
        yield Step("NEXT-04", State.UNKNOWN, window, reason)
    else:
        reason = message("step.safety", day=plan.day, concepts=missing, length=care.rules.safety)
        yield _of_plan("NEXT-04", _by_window(care.day, window), plan, window, reason)


def _without_a_day(care: Care, step: str, unread: tuple[Source, ...]) -> Iterator[Step]:
    """A step before a TACE of which no day is on record: open if one is ordered for a month, or sources are unread."""
    if unread:
        yield Step(step, State.UNKNOWN, None, _unread(unread))
    elif care.history.planned_for_some_month:
        yield Step(step, State.UNKNOWN, None, message("step.next-tace-open"))


def _unread(sources: tuple[Source, ...]) -> Message:
    """What the unread sources leave open of sorafenib and the next TACE."""
    if Source.ORDERS in sources:
        return message("step.orders-open")
    return message("step.stop-unread", sources=sources)


def _of_plan(step: str, state: State, plan: Plan, window: tuple[date, date], reason: Message) -> Step:
    """A step before a TACE; neither done nor still ahead where another TACE may come first."""
    if plan.open and state in (State.DONE, State.UPCOMING):
        return Step(step, State.UNKNOWN, window, message("step.next-tace-open"))
    return Step(step, state, window, reason)


_SETTLED: Mapping[State, str] = {State.DONE: "step.sorafenib-stopped", State.UNKNOWN: "step.stop-open"}


def _stop_sorafenib(care: Care) -> Iterator[Step]:
    """NEXT-05: sorafenib is stopped in time before TACE."""
    plan = care.history.next_plan(care.day)
    unread = care.unread(Source.ORDERS, Source.MEDICATIONS)
    if plan is None:
        if unread or _stopped(care, care.day) is not None:
            yield from _without_a_day(care, "NEXT-05", unread)
        return
    last = care.rules.last_dose(plan.day)
    state = _stopped(care, last)
    if state is not State.DONE and unread:
        yield Step("NEXT-05", State.UNKNOWN, None, _unread(unread))
    elif state is not None:
        name = _SETTLED.get(state, "step.stop-sorafenib")
        reason = message(name, day=plan.day, length=care.rules.stop_sorafenib)
        yield _of_plan("NEXT-05", state, plan, (last, last), reason)


def _stopped(care: Care, until: date) -> State | None:
    """Whether every course that is taken ends by that day; None when none was taken since the latest."""
    history = care.history
    taken = history.taken(care.day)
    going = [course for course in taken if not ended_by(course, until)]
    if any(course.end is None or course.end.first > until for course in going):
        return _by_window(care.day, (until, until))
    if going or any(is_taken(course, care.day) and not ended_by(course, until) for course in history.courses_in_doubt):
        return State.UNKNOWN
    last = history.latest_course()
    since = last is not None and (history.latest is None or last.start.first >= history.latest)
    if taken:
        return State.DONE
    if last is None or not since or last.open or (last.active and not ended_by(last, until)):
        return None
    if last.end is not None and last.end.first > until:
        return None  # on hold or stopped already, whatever end was planned: not on sorafenib, and nothing to stop
    # what was stopped on a day that nobody wrote down was stopped by today, and perhaps not by that day
    return State.DONE if ended_by(last, until) or (last.end is None and care.day <= until) else State.UNKNOWN


def _review(care: Care) -> Iterator[Step]:
    """NEXT-06: review for discontinuation."""
    degree = review_degree(care)
    needed = [Source.CONDITIONS, Source.OBSERVATIONS]
    needed += [Source.ORDERS, Source.PROCEDURES] if degree == "decide" else []
    if unread := care.unread(*needed):
        yield Step("NEXT-06", State.UNKNOWN, None, message("step.review-unread", sources=unread), degree)
    elif degree is None and decision_open(care):
        yield Step("NEXT-06", State.UNKNOWN, None, why_undecided(care))
    elif degree is not None:
        yield Step("NEXT-06", State.DUE, None, message(f"step.{degree}"), degree)


def _first_tace(care: Care) -> Iterator[Step]:
    """NEXT-08: the first TACE of the study."""
    if care.history.sessions.certain or not care.tace_permitted:
        return
    if care.history.sessions.doubtful:
        yield Step("NEXT-08", State.UNKNOWN, None, message("step.tace-date-open"))
        return
    if unread := care.unread(Source.PROCEDURES, Source.ORDERS):
        yield Step("NEXT-08", State.UNKNOWN, None, message("step.first-tace-unread", sources=unread))
        return
    plan = care.history.next_plan(care.day)
    if plan is None and care.history.planned_for_some_month:
        yield Step("NEXT-08", State.UNKNOWN, None, message("step.next-tace-open"))
    elif plan is None:
        yield Step("NEXT-08", State.DUE, None, message("step.first-tace"))
    else:
        yield Step("NEXT-08", State.UPCOMING, (plan.day, plan.day), message("step.first-tace-planned"))


def _survival(care: Care) -> Step:
    """NEXT-07: survival follow-up, counted from the last contact."""
    last = last_contact(care)
    if last is None or not care.read(Source.ENCOUNTERS):
        return Step("NEXT-07", State.UNKNOWN, None, message("step.survival-open"))
    window, reason = care.rules.survival.after(last), message("step.survival", day=last, window=care.rules.survival)
    return Step("NEXT-07", _by_window(care.day, window), window, reason)
