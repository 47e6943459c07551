"""The case of an enrolled patient: what was done, how the tumours answer, what is to be reviewed (rulebook 7, 8.1)."""

from dataclasses import dataclass
from datetime import date

from cds_service.trial.case import Case
from cds_service.trial.findings import Finding, Message, Verdict, message
from cds_service.trial.guidance.history import History, read_history
from cds_service.trial.guidance.response import Observed, Response, latest_of, read_responses
from cds_service.trial.protocol import GuidanceRules
from cds_service.trial.results import perhaps_between, usable_between
from fhir_profiles.record import Source, SourceState, Visit


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
    def tace_planned(self) -> bool | None:
        """Whether a further TACE is planned; None when the date of its order does not tell."""
        some_day = self.history.plans_of_some_day
        if self.history.next_plan(self.day) is not None or any(days.first >= self.day for days in some_day):
            return True
        return None if some_day else False

    @property
    def tace_permitted(self) -> bool:
        """Whether TACE is still permitted; what cannot be decided counts as permitted."""
        return not self.violated & self.rules.ends_tace

    def read(self, *sources: Source) -> bool:
        """Whether all of these sources were wholly read."""
        return not self.unread(*sources)

    def unread(self, *sources: Source) -> tuple[Source, ...]:
        """Those of the sources that were not, or not wholly, read."""
        return tuple(one for one in sources if self.case.record.sources[one] is not SourceState.SUPPLIED)


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


def missing_safety(care: Care, window: tuple[date, date]) -> tuple[str, ...]:
    """The safety analytes without a usable result on a day of the window."""
    record, measures, last = care.case.record, care.case.measures, min(window[1], care.day)
    return tuple(
        name for name in care.rules.safety_analytes if not usable_between(record, measures, name, window[0], last)
    )


def undated_safety(care: Care, window: tuple[date, date]) -> tuple[str, ...]:
    """The safety analytes with a usable result that may or may not be of a day of the window."""
    record, measures, last = care.case.record, care.case.measures, min(window[1], care.day)
    return tuple(
        name for name in care.rules.safety_analytes if perhaps_between(record, measures, name, window[0], last)
    )


def progression(care: Care, *, after: date | None = None) -> bool:
    """Whether the latest response outside the liver is progression."""
    found = latest_of(care.responses, intrahepatic=False, after=after)
    return found is not None and found.response is Response.PROGRESSION


def review_degree(care: Care) -> str | None:
    """NEXT-06: what has to be reviewed: review, decide, stop; None for nothing."""
    if not care.tace_permitted:
        return "stop" if progression(care) else "review"
    latest = care.history.sessions.last_possible
    undecided = latest is not None and progression(care, after=latest)
    return "decide" if undecided and care.tace_planned is False else None


def decision_open(care: Care) -> bool:
    """Whether nobody can say if a decision is due: the latest response, session or plan is open, or was not read."""
    if not care.tace_permitted or care.tace_planned:
        return False
    latest = care.history.latest
    if latest is None and not care.history.sessions.doubtful:
        return progression(care) and not care.read(Source.PROCEDURES)
    return _may_have_progressed(care, after=latest)


def why_undecided(care: Care) -> Message:
    """Why nobody can say whether a decision is due."""
    if care.history.sessions.doubtful:
        return message("step.review-tace-open")
    if unread := care.unread(Source.PROCEDURES):
        return message("step.review-unread", sources=unread)
    return message("step.review-plan-open" if care.tace_planned is None else "step.review-response-open")


def restart_open(care: Care) -> bool:
    """Whether nobody can say if sorafenib is to be started again: a decision is due, or its grounds are open."""
    if care.tace_permitted:
        return review_degree(care) == "decide" or decision_open(care)
    return not progression(care) and _may_have_progressed(care)


def _may_have_progressed(care: Care, *, after: date | None = None) -> bool:
    """Whether the latest response outside the liver is progression, or one of those that may be the latest is."""
    found = latest_of(care.responses, intrahepatic=False, after=after)
    if found is None or found.response is not None:
        return found is not None and found.response is Response.PROGRESSION
    outside = [o for o in care.responses if not o.intrahepatic and (after is None or o.days.last > after)]
    return any(o.response is Response.PROGRESSION for o in outside)


def last_contact(care: Care) -> date | None:
    """The day of the last contact; None without one, or where one of no certain day may be later."""
    visits, part = care.history.visits, care.history.part
    if not visits:
        end = part.end if part is not None else None
        return end.last if end is not None and end.is_day and end.last <= care.day else None
    known = [visit.end.last for visit in visits if visit.end.is_day and visit.end.last <= care.day]
    last = max(known, default=None)
    return None if last is None or any(_may_follow(visit, last, care.day) for visit in visits) else last


def _may_follow(visit: Visit, last: date, today: date) -> bool:
    """Whether a visit may have ended after that contact; one that is not known to be over was so by the next."""
    if visit.start.is_day and visit.end.last > today:
        return visit.start.first >= last
    return visit.end.last > last
