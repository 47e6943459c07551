"""What the timeline picture shows, row by row, before anything has a place: marks with their days and words."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from cards.wording import Words
from cds_service.pages.timeline.dates import Say, days_of, years_differ
from cds_service.trial.findings import Message
from cds_service.trial.guidance.cycle import Cycle
from cds_service.trial.guidance.steps import Step
from cds_service.trial.guidance.timeline import Event, Kind, Timeline
from fhir_profiles.dates import UNDATED, DateInterval


class Look(StrEnum):
    """How a mark is drawn: its form says what it is, so that colour need not."""

    ENROLMENT = "enrolment"
    TACE = "tace"
    PLANNED = "tace-planned"
    COURSE = "sorafenib"
    ORDERED = "sorafenib-ordered"
    IMAGING = "imaging"
    RESPONSE = "response"
    VISIT = "examination"
    UPCOMING = "upcoming"
    DUE = "due"
    OVERDUE = "overdue"
    DONE = "done"
    UNKNOWN = "unknown"
    CYCLE = "cycle"


@dataclass(frozen=True, slots=True)
class Mark:
    """Days that something takes or may fall on. `sure`: those that it certainly covers; `open`: it goes on."""

    look: Look
    days: DateInterval
    label: str
    title: str
    certain: bool = True
    sure: DateInterval | None = None
    open: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the picture and what it is called."""

    name: str
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """Rows that belong together."""

    heading: str
    rows: tuple[Row, ...]


_LOOKS = {
    Kind.ENROLMENT: Look.ENROLMENT,
    Kind.TACE: Look.TACE,
    Kind.TACE_PLANNED: Look.PLANNED,
    Kind.SORAFENIB: Look.COURSE,
    Kind.IMAGING: Look.IMAGING,
    Kind.RESPONSE: Look.RESPONSE,
    Kind.EXAMINATION: Look.VISIT,
}
_ROWS = (
    ("enrolment", (Kind.ENROLMENT,)),
    ("tace", (Kind.TACE, Kind.TACE_PLANNED)),
    ("sorafenib", (Kind.SORAFENIB,)),
    ("imaging", (Kind.IMAGING, Kind.RESPONSE)),
    ("examination", (Kind.EXAMINATION,)),
)


def sections_of(timeline: Timeline, words: Words, say: Say) -> tuple[Section, ...]:
    """What is recorded, what the protocol wants, and the cycle that was asked about; none without rows."""
    found = [
        Section(say("picture.recorded"), tuple(_recorded(timeline, words, say))),
        Section(say("picture.steps"), tuple(_step_row(step, timeline.day, words, say) for step in timeline.steps)),
    ]
    if timeline.cycle:
        found.append(_cycle(timeline.cycle, words, say))
    return tuple(section for section in found if section.rows)


def _recorded(timeline: Timeline, words: Words, say: Say) -> Iterator[Row]:
    for name, kinds in _ROWS:
        marks = tuple(_event(event, timeline, words, say) for event in timeline.events if event.kind in kinds)
        if marks:
            yield Row(words.catalogue[f"timeline.kind.{name}"], marks)


def _event(event: Event, timeline: Timeline, words: Words, say: Say) -> Mark:
    label = _label(event, timeline.day, say)
    doubt = "" if event.certain else f" {words.catalogue['timeline.not-certain']}"
    title = f"{words.say(event.text)}, {_when(event, words)}{doubt}: {event.reference}"
    if event.kind is Kind.SORAFENIB:
        return _course(event, timeline.day, label, title)
    return Mark(_LOOKS[event.kind], event.days, label, title, event.certain and event.days.is_day)


def _when(event: Event, words: Words) -> str:
    start = words.days(event.days)
    if event.end is None:
        return start
    return words.catalogue["date.span"].format(first=start, last=words.days(event.end))


def _label(event: Event, day: date, say: Say) -> str:
    when = days_of(event.days, say)
    match event.kind:
        case Kind.SORAFENIB:
            text = _course_label(event, day, say)
        case Kind.TACE_PLANNED:
            text = say("picture.planned", when=when)
        case Kind.RESPONSE:
            place = "elsewhere" if event.text.id == "timeline.response-elsewhere" else "liver"
            text = say(f"picture.response-{place}", when=when, response=_parameter(event.text, "response"))
        case _:
            text = when
    return text if event.certain else say("picture.not-certain", text=text)


def _parameter(text: Message, name: str) -> str:
    return str(dict(text.parameters)[name])


def _course_label(event: Event, day: date, say: Say) -> str:
    """From when to when a course is taken; with years where these, or that of today, differ."""
    name = event.text.id.removeprefix("timeline.sorafenib-")
    with_year = years_differ((*event.days, *(event.end or (day,))))
    start = days_of(event.days, say, with_year=with_year)
    since = say("picture.start-not-known") if event.days == UNDATED else say("picture.since", start=start)
    if event.end is None:
        return say(f"picture.course-{name}", start=start, since=since)
    end = days_of(event.end, say, with_year=with_year)
    if name != "ended":
        return say(f"picture.course-{name}-until", start=start, since=since, end=end)
    if not event.end.is_day:
        return say("picture.course-end-open", since=since)
    known = event.days.is_day
    return say("picture.course-ended" if known else "picture.course-ended-since", start=start, since=since, end=end)


def _course(event: Event, day: date, label: str, title: str) -> Mark:
    """A course from its earliest first day to its latest last one; without an end it is drawn to today, and goes on.

    Of one on hold nobody knows since when: it is surely taken on no day.
    """
    begun, held = event.days.first <= day, event.text.id == "timeline.sorafenib-paused"
    last = event.end.last if event.end else max(event.days.first, day)
    sure_last = event.end.first if event.end else last
    sure = DateInterval(event.days.last, sure_last) if event.days.last <= sure_last and not held else None
    look = Look.COURSE if begun else Look.ORDERED
    days = DateInterval(event.days.first, max(last, event.days.first))
    return Mark(look, days, label, title, event.certain, sure, open=event.end is None and not held)


def _step_row(step: Step, day: date, words: Words, say: Say) -> Row:
    state = words.catalogue[f"timeline.state.{step.state}"]
    days = DateInterval(*step.window) if step.window else DateInterval(day, day)
    label = say("picture.step", state=state, when=days_of(days, say)) if step.window else state
    title = f"{step.id}, {state}: {words.say(step.reason)}"
    return Row(say(f"step.{step.id}"), (Mark(Look(step.state), days, label, title),))


def _cycle(cycle: Cycle, words: Words, say: Say) -> Section:
    heading = words.catalogue["timeline.heading.cycle"].format(day=cycle.tace.isoformat())
    return Section(heading, tuple(_cycle_row(cycle, name, words, say) for name, _ in cycle.parts))


def _cycle_row(cycle: Cycle, name: str, words: Words, say: Say) -> Row:
    days = DateInterval(*dict(cycle.parts)[name])
    part, when = words.catalogue[f"timeline.part.{name}"], days_of(days, say)
    against = sum(1 for conflict in cycle.conflicts if conflict.part == name)
    label = say("picture.conflicts", when=when, n=against) if against else when
    return Row(part, (Mark(Look.CYCLE, days, label, f"{part}, {label}"),))
