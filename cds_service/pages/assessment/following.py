"""What the assessment page shows of a patient on the study: steps, the timeline picture, and the same in a table."""

from collections.abc import Iterator
from dataclasses import dataclass

from markupsafe import Markup

from cards.timeline_document import reasons_of
from cards.wording import Words, capital
from cds_service.pages.timeline.dates import Say
from cds_service.pages.timeline.drawing import NARROW, WIDE, Form, Scene, draw
from cds_service.pages.timeline.laboratory import limit_of
from cds_service.pages.timeline.svg import svg_of
from cds_service.pages.typesetting import with_unit
from cds_service.trial.guidance.cycle import Cycle
from cds_service.trial.guidance.steps import State, Step
from cds_service.trial.guidance.timeline import Event, Timeline
from cds_service.trial.guidance.trends import Point, Trend
from cds_service.trial.results import shown as in_unit
from cds_service.viewing import View

_URGENCY = (State.OVERDUE, State.DUE, State.UNKNOWN, State.UPCOMING, State.DONE)


@dataclass(frozen=True, slots=True)
class StepView:
    """One step: what it is, where it stands, its window, and why."""

    id: str
    name: str
    state: str
    state_text: str
    window: str
    reason: str


@dataclass(frozen=True, slots=True)
class EventView:
    """What is recorded, and when; `certain`: whether it surely counts."""

    when: str
    text: str
    certain: bool
    reference: str


@dataclass(frozen=True, slots=True)
class PointView:
    """One result; `beyond`: whether it is on the bad side of its limit."""

    when: str
    value: str
    beyond: bool
    certain: bool


@dataclass(frozen=True, slots=True)
class TrendView:
    """An analyte with its limit and its results, the latest first."""

    name: str
    limit: str
    points: tuple[PointView, ...]


@dataclass(frozen=True, slots=True)
class CycleView:
    """The cycle of a planned TACE: parts with their windows, and what conflicts."""

    heading: str
    parts: tuple[tuple[str, str], ...]
    conflicts: tuple[tuple[str, str, str], ...]
    open: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FollowedView:
    """A patient on the study."""

    steps: tuple[StepView, ...]
    wide: Markup
    narrow: Markup
    events: tuple[EventView, ...]
    latest_open: bool
    trends: tuple[TrendView, ...]
    cycle: CycleView | None


def followed_of(view: View, timeline: Timeline, words: Words, say: Say) -> FollowedView:
    """Steps by urgency, both forms of the picture, and its table."""
    scene = Scene(view.assessment.patient, timeline, view.trends)
    return FollowedView(
        steps=tuple(_step(step, words, say) for step in sorted(timeline.steps, key=lambda s: _URGENCY.index(s.state))),
        wide=_picture(scene, WIDE, words, say),
        narrow=_picture(scene, NARROW, words, say),
        events=tuple(_event(event, words) for event in timeline.events),
        latest_open=timeline.latest_open,
        trends=tuple(_trend(trend, words, say) for trend in view.trends),
        cycle=_cycle(timeline.cycle, words) if timeline.cycle else None,
    )


def _picture(scene: Scene, form: Form, words: Words, say: Say) -> Markup:
    """The picture as markup: `svg_of` has escaped whatever the record says."""
    return Markup(svg_of(draw(scene, form, words, say), form.frame.prefix))  # noqa: S704 - escaped where it is written


def _step(step: Step, words: Words, say: Say) -> StepView:
    window = words.window(step.window) if step.window else ""
    state = words.catalogue[f"timeline.state.{step.state}"]
    return StepView(step.id, say(f"step.{step.id}"), step.state.value, state, window, words.say(step.reason))


def _event(event: Event, words: Words) -> EventView:
    when = words.days(event.days)
    if event.end is not None:
        when = words.catalogue["date.span"].format(first=when, last=words.days(event.end))
    return EventView(when, words.say(event.text), event.certain, event.reference)


def _trend(trend: Trend, words: Words, say: Say) -> TrendView:
    points = tuple(_points(trend, words, say))
    return TrendView(capital(words.title(trend.analyte)), limit_of(trend, say), points)


def _points(trend: Trend, words: Words, say: Say) -> Iterator[PointView]:
    for point in reversed(trend.points):
        yield PointView(words.days(point.days), _value(point, trend.unit, say), point.beyond is True, point.certain)


def _value(point: Point, unit: str, say: Say) -> str:
    return with_unit(in_unit(point.value, unit) or say("picture.unreadable"))


def _cycle(cycle: Cycle, words: Words) -> CycleView:
    catalogue = words.catalogue
    return CycleView(
        heading=catalogue["timeline.heading.cycle"].format(day=cycle.tace.isoformat()),
        parts=tuple((catalogue[f"timeline.part.{name}"], words.window(days)) for name, days in cycle.parts),
        conflicts=tuple(
            (catalogue[f"timeline.severity.{c.severity}"], catalogue[f"timeline.part.{c.part}"], reasons_of(c, words))
            for c in cycle.conflicts
        ),
        open=tuple(words.say(question) for question in cycle.open),
    )
