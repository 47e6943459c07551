"""The way of an enrolled patient through the protocol on one line: what was done, what is next (7 and 8)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from cds_service.trial.findings import Finding, Message, message
from cds_service.trial.guidance.care import Care
from cds_service.trial.guidance.cycle import Cycle, solve
from cds_service.trial.guidance.history import TACE, is_taken
from cds_service.trial.guidance.steps import Step
from fhir_profiles.dates import DateInterval
from fhir_profiles.record import Course, ProcedureFact


class Kind(StrEnum):
    """What an event is."""

    ENROLMENT = "enrolment"
    TACE = "tace"
    TACE_PLANNED = "tace-planned"
    SORAFENIB = "sorafenib"
    IMAGING = "imaging"
    RESPONSE = "response"
    EXAMINATION = "examination"


@dataclass(frozen=True, slots=True)
class Event:
    """What is recorded, and when. `end`: of a course that ends; `certain`: whether it surely counts."""

    kind: Kind
    days: DateInterval
    text: Message
    reference: str
    end: DateInterval | None = None
    certain: bool = True


@dataclass(frozen=True, slots=True)
class Timeline:
    """What was done since enrolment and is planned, by date; what the protocol wants next; the cycle asked about."""

    day: date
    events: tuple[Event, ...]
    latest: date | None
    latest_open: bool
    steps: tuple[Step, ...]
    cycle: Cycle | None


def read_timeline(care: Care, findings: tuple[Finding, ...], steps: tuple[Step, ...], tace: date | None) -> Timeline:
    """The timeline of a patient who is enrolled or in follow-up; `tace`: the day for which a cycle is solved."""
    sessions = care.history.sessions
    return Timeline(
        day=care.day,
        events=tuple(sorted(_events(care), key=lambda event: (event.days, event.kind, event.reference))),
        latest=sessions.latest,
        latest_open=sessions.doubtful,
        steps=steps,
        cycle=None if tace is None else solve(care, findings, steps, tace),
    )


def _events(care: Care) -> Iterator[Event]:
    history, part = care.history, care.history.part
    if part is not None and part.start is not None:
        yield Event(Kind.ENROLMENT, part.start, message("timeline.enrolment"), part.reference)
    for certain, fact in _sessions(care):
        yield Event(Kind.TACE, fact.dated.cut_at(care.day), message("timeline.tace"), fact.reference, certain=certain)
    for plan in history.plans:
        days = DateInterval(plan.day, plan.day)
        yield Event(Kind.TACE_PLANNED, days, message("timeline.tace-planned"), plan.order.reference)
    for certain, courses in ((True, history.courses), (False, history.courses_in_doubt)):
        for one in courses:
            text, end = _course_text(one, care.day), _course_end(one, care.day)
            yield Event(Kind.SORAFENIB, one.start, text, one.reference, end, certain and not one.contradicted)
    yield from _looks(care)


def _sessions(care: Care) -> Iterator[tuple[bool, ProcedureFact]]:
    """The sessions that count, and those of which the day, the kind or the end is not certain."""
    certain, start = care.history.sessions.certain, _enrolled_from(care)
    for fact in care.case.record.procedures.get(TACE, ()):
        if fact in certain or (fact.dated.first <= care.day and fact.dated.last >= start):
            yield fact in certain, fact


def _enrolled_from(care: Care) -> date:
    part = care.history.part
    return part.start.first if part is not None and part.start is not None else date.min


def _course_end(course: Course, day: date) -> DateInterval | None:
    """When a course ends or ended; one that is stopped without an end did so on some day up to now."""
    if course.contradicted:
        return None if course.active else DateInterval(course.start.first, max(course.start.first, day))
    if course.end is not None or course.open:
        return course.end
    return DateInterval(course.start.first, max(course.start.first, day))


def _course_text(course: Course, day: date) -> Message:
    end = _course_end(course, day)
    if end is not None and end.first <= day:
        return message("timeline.sorafenib-ended")
    if not course.active:
        return message("timeline.sorafenib-paused")
    return message("timeline.sorafenib-taken" if is_taken(course, day) else "timeline.sorafenib-planned")


def _looks(care: Care) -> Iterator[Event]:
    """Imaging, responses and examinations since enrolment."""
    history = care.history
    for certain, facts in ((True, history.dynamic), (False, history.dynamic_in_doubt)):
        text = message("timeline.imaging" if certain else "timeline.imaging-unstated")
        for fact in facts:
            yield Event(Kind.IMAGING, fact.dated.cut_at(care.day), text, fact.reference, certain=certain)
    for found in care.responses:
        if found.response is None:
            continue
        place = "timeline.response-liver" if found.intrahepatic else "timeline.response-elsewhere"
        text = message(place, response=found.response.value)
        yield Event(Kind.RESPONSE, found.days, text, found.reference, certain=found.since)
    for visit in history.visits:
        if visit.outpatient and visit.start.last >= _enrolled_from(care):
            days = visit.start.cut_at(care.day)
            yield Event(Kind.EXAMINATION, days, message("timeline.examination"), visit.reference)
