"""The next steps of an enrolled patient (rulebook 8.1): each with its window, its state and why."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from cds_service.trial.case import Case
from cds_service.trial.findings import Finding, Message, Verdict, message
from cds_service.trial.guidance.history import History, ended_by, is_taken, read_history
from cds_service.trial.guidance.response import Observed, Response, latest_of, read_responses
from cds_service.trial.phase import Phase
from cds_service.trial.protocol import GuidanceRules
from cds_service.trial.results import is_firm, number_in_unit
from fhir_profiles.dates import add_days, add_months
from fhir_profiles.record import Source, SourceState


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


@dataclass(frozen=True, slots=True)
class Care:
    """An enrolled patient's case: what was done, how the tumours answer, which lines are violated."""

    case: Case
    rules: GuidanceRules
    history: History
    responses: tuple[Observed, ...]
    violated: frozenset[str]

    @property
    def day(self) -> date:
        """Today."""
        return self.case.day

    @property
    def tace_permitted(self) -> bool:
        """Whether TACE is still permitted; what cannot be decided counts as permitted."""
        return not self.violated & self.rules.ends_tace

    def read(self, *sources: Source) -> bool:
        """Whether all of these sources were wholly read."""
        return all(self.case.record.sources[source] is SourceState.SUPPLIED for source in sources)


def read_care(case: Case, rules: GuidanceRules, findings: tuple[Finding, ...]) -> Care:
    """The care of a patient who is enrolled or in follow-up."""
    start = case.enrolment.part.start if case.enrolment.part else None
    return Care(
        case=case,
        rules=rules,
        history=read_history(case.record, case.enrolment, case.day),
        responses=read_responses(case.record, start, case.day),
        violated=frozenset(f.id for f in findings if f.verdict is Verdict.VIOLATED),
    )


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


def days_after(anchor: date, days: tuple[int, int]) -> tuple[date, date]:
    """The first and the last day of a window, counted from a day."""
    return add_days(anchor, days[0]), add_days(anchor, days[1])


def _start_sorafenib(care: Care) -> Iterator[Step]:
    """NEXT-01: sorafenib is started in the days after TACE."""
    latest, degree = care.history.latest, review_degree(care)
    unasked = not care.read(Source.PROCEDURES)
    if degree == "stop" or (latest is None and not care.history.sessions.doubtful and not unasked):
        return
    sources = (Source.PROCEDURES, Source.MEDICATIONS, Source.CONDITIONS, Source.OBSERVATIONS)
    if latest is None or care.history.sessions.doubtful:
        yield Step("NEXT-01", State.UNKNOWN, None, message("step.tace-date-open"))
        return
    window = days_after(latest, care.rules.start_sorafenib)
    if any(course.subject_known and course.start.first >= latest for course in care.history.courses):
        yield Step("NEXT-01", State.DONE, window, message("step.sorafenib-started", latest=latest))
    elif not care.read(*sources) or degree == "decide" or _may_have_started(care, latest):
        yield Step("NEXT-01", State.UNKNOWN, window, message("step.sorafenib-open", latest=latest))
    else:
        yield _sorafenib_wanted(care, latest, window)


def _may_have_started(care: Care, latest: date) -> bool:
    """Whether a course whose start or drug is not certain may be the one that is wanted."""
    firm = any(course.start.last >= latest for course in care.history.courses)
    return firm or any(course.start.last >= latest for course in care.history.courses_in_doubt)


def _sorafenib_wanted(care: Care, latest: date, window: tuple[date, date]) -> Step:
    state = _by_window(care.day, window)
    if state is State.UPCOMING or not care.history.taken(care.day):
        return Step("NEXT-01", state, window, message("step.start-sorafenib", latest=latest))
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
    window = days_after(latest, care.rules.response_imaging)
    reason = message("step.imaging", latest=latest)
    if any(fact.dated.first >= window[0] for fact in care.history.dynamic if fact.subject_known):
        yield Step("NEXT-02", State.DONE, window, reason)
    elif not care.read(Source.PROCEDURES, Source.IMAGING):
        yield Step("NEXT-02", State.UNKNOWN, window, reason)
    elif any(fact.dated.last >= window[0] for fact in care.history.dynamic_in_doubt + care.history.dynamic):
        yield Step("NEXT-02", State.UNKNOWN, window, message("step.imaging-unstated", latest=latest))
    else:
        yield Step("NEXT-02", _by_window(care.day, window), window, reason)


def _examination(care: Care) -> Iterator[Step]:
    """NEXT-03: routine examination, counted from the first sorafenib course, then from visit to visit."""
    first = care.history.first_course()
    if care.read(Source.MEDICATIONS) if first is None else first.start.first > care.day:
        return
    if first is None or not care.read(Source.MEDICATIONS, Source.ENCOUNTERS) or not first.start.is_day:
        yield Step("NEXT-03", State.UNKNOWN, None, message("step.examination-open"))
        return
    opening = window = days_after(first.start.first, care.rules.first_examination)
    outpatient = sorted((v for v in care.history.visits if v.outpatient), key=lambda v: (v.start.first, v.reference))
    for visit in outpatient:
        if visit.start.is_day and visit.start.first >= window[0]:
            window = days_after(visit.start.first, care.rules.next_examination)
    doubtful = any(not v.start.is_day and v.start.last >= opening[0] for v in outpatient)
    state = State.UNKNOWN if doubtful else _by_window(care.day, window)
    yield Step("NEXT-03", state, window, message("step.examination"))


def _safety(care: Care) -> Iterator[Step]:
    """NEXT-04: safety evaluation in the days before the next TACE."""
    plan = care.history.next_plan(care.day)
    window = days_after(plan.day, care.rules.safety) if plan is not None else None
    missing = missing_safety(care, window) if window is not None else ()
    if not care.read(Source.ORDERS) and (plan is None or missing):
        yield Step("NEXT-04", State.UNKNOWN, None, message("step.orders-open"))
        return
    if plan is None or window is None:
        return
    reason = message("step.safety", day=plan.day, concepts=missing or care.rules.safety_analytes)
    if not missing:
        yield Step("NEXT-04", State.DONE, window, message("step.safety-done", day=plan.day))
    elif not care.read(Source.OBSERVATIONS):
        yield Step("NEXT-04", State.UNKNOWN, window, reason)
    else:
        yield Step("NEXT-04", _by_window(care.day, window), window, reason)


def missing_safety(care: Care, window: tuple[date, date]) -> tuple[str, ...]:
    """The safety analytes without a usable result on a day of the window."""
    return tuple(name for name in care.rules.safety_analytes if not _has_result(care, name, window))


def _has_result(care: Care, name: str, window: tuple[date, date]) -> bool:
    analyte = care.case.measures.analytes[name]
    return any(
        is_firm(result, analyte.value_set)
        and window[0] <= result.when.days.first
        and result.when.days.last <= min(window[1], care.day)
        and number_in_unit(care.case.measures, analyte, result.value)[0] is not None
        for result in care.case.record.results.get(analyte.value_set, ())
    )


def _stop_sorafenib(care: Care) -> Iterator[Step]:
    """NEXT-05: sorafenib is stopped the day before TACE."""
    plan = care.history.next_plan(care.day)
    read = care.read(Source.ORDERS, Source.MEDICATIONS)
    if plan is None:
        if not read:
            yield Step("NEXT-05", State.UNKNOWN, None, message("step.orders-open"))
        return
    eve = add_days(plan.day, -1)
    window, reason = (eve, eve), message("step.stop-sorafenib", day=plan.day)
    state = _stopped(care, eve)
    if state is not State.DONE and not read:
        yield Step("NEXT-05", State.UNKNOWN, None, message("step.orders-open"))
    elif state is not None:
        yield Step("NEXT-05", state, window, reason)


def _stopped(care: Care, eve: date) -> State | None:
    """Whether every course that is taken ends by the eve of TACE; None when none was taken since the latest."""
    history = care.history
    taken = history.taken(care.day)
    going = [course for course in taken if not ended_by(course, eve)]
    if any(course.end is None or course.end.first > eve for course in going):
        return _by_window(care.day, (eve, eve))
    if going or any(is_taken(course, care.day) and not ended_by(course, eve) for course in history.courses_in_doubt):
        return State.UNKNOWN
    last = history.latest_course()
    since = last is not None and (history.latest is None or last.start.first >= history.latest)
    over = last is not None and (ended_by(last, eve) or not (last.open or last.active))
    return State.DONE if taken or (since and over) else None


def progression(care: Care, *, after: date | None = None) -> bool:
    """Whether the latest response outside the liver is progression."""
    found = latest_of(care.responses, intrahepatic=False, after=after)
    return found is not None and found.response is Response.PROGRESSION


def review_degree(care: Care) -> str | None:
    """NEXT-06: what has to be reviewed: review, decide, stop; None for nothing."""
    if not care.tace_permitted:
        return "stop" if progression(care) else "review"
    latest = care.history.latest
    undecided = latest is not None and not care.history.sessions.doubtful and progression(care, after=latest)
    planned = care.history.next_plan(care.day) is not None or care.history.plan_of_some_day
    return "decide" if undecided and not planned else None


def _decision_open(care: Care) -> bool:
    """Whether nobody can say if a decision is due: the latest response is open, or the sessions were not asked for."""
    if not care.tace_permitted or care.history.next_plan(care.day) is not None or care.history.plan_of_some_day:
        return False
    latest = care.history.latest
    if latest is None or care.history.sessions.doubtful:
        return progression(care) and not care.read(Source.PROCEDURES)
    found = latest_of(care.responses, intrahepatic=False, after=latest)
    worsened = any(o.response is Response.PROGRESSION and o.days.last > latest for o in care.responses)
    return worsened and found is not None and found.response is None


def _review(care: Care) -> Iterator[Step]:
    """NEXT-06: review for discontinuation."""
    degree = review_degree(care)
    needed = [Source.CONDITIONS, Source.OBSERVATIONS]
    needed += [Source.ORDERS, Source.PROCEDURES] if degree == "decide" else []
    if not care.read(*needed) or (degree is None and _decision_open(care)):
        yield Step("NEXT-06", State.UNKNOWN, None, message("step.review-open"), degree)
    elif degree is not None:
        yield Step("NEXT-06", State.DUE, None, message(f"step.{degree}"), degree)


def _first_tace(care: Care) -> Iterator[Step]:
    """NEXT-08: the first TACE of the study."""
    if care.history.sessions.certain or not care.tace_permitted:
        return
    if care.history.sessions.doubtful or not care.read(Source.PROCEDURES, Source.ORDERS):
        yield Step("NEXT-08", State.UNKNOWN, None, message("step.tace-date-open"))
        return
    plan = care.history.next_plan(care.day)
    if plan is None:
        yield Step("NEXT-08", State.DUE, None, message("step.first-tace"))
    else:
        yield Step("NEXT-08", State.UPCOMING, (plan.day, plan.day), message("step.first-tace-planned", day=plan.day))


def _survival(care: Care) -> Step:
    """NEXT-07: survival follow-up, counted from the last contact."""
    contacts = [v.end.last for v in care.history.visits if v.end.is_day and v.end.last <= care.day]
    vague = [v.end.last for v in care.history.visits if not v.end.is_day and v.start.first <= care.day]
    part = care.history.part
    if not contacts and part is not None and part.end is not None and part.end.is_day:
        contacts = [part.end.last]
    if not contacts or not care.read(Source.ENCOUNTERS):
        return Step("NEXT-07", State.UNKNOWN, None, message("step.survival-open"))
    last = max(contacts)
    if any(day > last for day in vague):
        return Step("NEXT-07", State.UNKNOWN, None, message("step.survival-open"))
    window = (add_months(last, care.rules.survival[0]), add_months(last, care.rules.survival[1]))
    return Step("NEXT-07", _by_window(care.day, window), window, message("step.survival", day=last))
