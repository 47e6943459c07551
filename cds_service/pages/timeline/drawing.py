"""The timeline picture as a whole: axis, rows, trends and legend, every one in its place."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from cards.wording import Words
from cds_service.pages.timeline.bands import HEADING, SMALL, Band, Maker, heading, row_of, stacked
from cds_service.pages.timeline.dates import Say, day_of, month_of
from cds_service.pages.timeline.laboratory import trend_row
from cds_service.pages.timeline.legend import legend
from cds_service.pages.timeline.rows import Section, sections_of
from cds_service.pages.timeline.scale import Scale, months, weeks
from cds_service.pages.timeline.shapes import Drawing, Frame, Label, Shape, room_of, shape
from cds_service.pages.timeline.text import width_of
from cds_service.trial.guidance.timeline import Timeline
from cds_service.trial.guidance.trends import Trend
from fhir_profiles.dates import add_days

_AXIS, _INK = 46.0, "#222"
_BEHIND = frozenset({"tl-ground", "tl-bad"})


@dataclass(frozen=True, slots=True)
class Form:
    """How a picture is drawn: its frame, and at least and at most how many days it shows."""

    frame: Frame
    least_days: int
    most_days: int


# For a screen of some width and for paper; and for a telephone, with names above the rows and fewer weeks.
WIDE = Form(Frame(width=1064, gutter=232, prefix="wide"), least_days=84, most_days=550)
NARROW = Form(Frame(width=360, gutter=0, prefix="narrow"), least_days=42, most_days=154)


@dataclass(frozen=True, slots=True)
class Scene:
    """What a picture is of; without trends it leaves out the laboratory."""

    patient: str
    timeline: Timeline
    trends: tuple[Trend, ...]


def draw(scene: Scene, form: Form, words: Words, say: Say) -> Drawing:
    """The picture. What lies outside its days is counted at its foot; the table beside it leaves out nothing."""
    frame, day = form.frame, scene.timeline.day
    sections = sections_of(scene.timeline, words, say)
    scale = _scale(scene, sections, form)
    today = scale.middle(day)
    makers = [maker for section in sections for maker in _section(section, scale, frame, today)]
    if scene.trends:
        makers.append(heading(say("picture.laboratory"), frame))
    makers += [trend_row(trend, scale, frame, today, words, say) for trend in scene.trends]
    body = stacked(tuple(makers), _AXIS)
    marks = [m for section in sections for row in section.rows for m in row.marks if scale.shows(*m.days)]
    points = [point for trend in scene.trends for point in trend.points if scale.shows(*point.days)]
    legends = legend(frame, words, say, marks, points)
    foot = stacked((_outside(sections, scale, say), legends), body.bottom + 8)
    elements = (*body.elements, *foot.elements)
    grid = _grid(scale, today, body.bottom, say)
    shapes = tuple(e for e in elements if isinstance(e, Shape))
    labels = tuple(e for e in elements if isinstance(e, Label))
    return Drawing(
        width=frame.width,
        height=foot.bottom,
        title=_title(scene, scale, say),
        description=_description(sections, day, say),
        shapes=(*(s for s in shapes if s.kind in _BEHIND), *grid, *(s for s in shapes if s.kind not in _BEHIND)),
        labels=(*_axis(scale, day, say), *labels),
    )


def _section(section: Section, scale: Scale, frame: Frame, today: float) -> Iterator[Maker]:
    rows = [row for row in section.rows if any(scale.shows(*mark.days) for mark in row.marks)]
    if rows:
        yield heading(section.heading, frame)
    for row in rows:
        yield row_of(row, scale, frame, today)


def _scale(scene: Scene, sections: tuple[Section, ...], form: Form) -> Scale:
    """All days of which anything is known, if they are few enough; else the latest of them, today well inside."""
    day = scene.timeline.day
    spans = [mark.days for section in sections for row in section.rows for mark in row.marks]
    spans += [point.days for trend in scene.trends for point in trend.points]
    ends = [end for span in spans for end in span if abs((end - day).days) <= form.most_days]
    first, last = add_days(min(ends, default=day), -4), add_days(max(ends, default=day), 4)
    first, last = min(first, add_days(day, -7)), max(last, add_days(day, 7))
    short = form.least_days - (last - first).days
    if short > 0:
        first, last = add_days(first, -(short // 2)), add_days(last, short - short // 2)
    if (last - first).days > form.most_days:
        last = min(last, add_days(day, form.most_days // 2))
        first = add_days(last, -form.most_days)
    return Scale(first, last, form.frame.gutter, form.frame.width - 1)


def _grid(scale: Scale, today: float, bottom: float, say: Say) -> Iterator[Shape]:
    """Weeks, months and today, behind everything."""
    for day in weeks(scale, room=12):
        x = scale.start(day)
        yield shape("line", "tl-week", x1=x, y1=_AXIS, x2=x, y2=bottom, stroke="#eee")
    for day in months(scale, _month_room(say)):
        x = scale.start(day)
        yield shape("line", "tl-month", x1=x, y1=_AXIS - 20, x2=x, y2=bottom, stroke="#bbb")
    yield shape("line", "tl-axis", x1=scale.left, y1=_AXIS, x2=scale.right, y2=_AXIS, stroke="#888")
    yield shape("line", "tl-today", x1=today, y1=20.0, x2=today, y2=bottom, stroke=_INK, stroke_width="1.5")


def _month_room(say: Say) -> float:
    longest = max((month_of(date(2000, n, 1), say, with_year=True) for n in range(1, 13)), key=len)
    return width_of(longest, SMALL) + 12


def _axis(scale: Scale, day: date, say: Say) -> Iterator[Label]:
    text = say("picture.today", day=day_of(day, say))
    half = room_of(text, HEADING, "tl-label-today") / 2
    middle = min(max(scale.middle(day), half), scale.right - half)
    yield Label(text, middle, 15, HEADING, "tl-label-today", "middle")
    room = _month_room(say)
    named = months(scale, room)
    if named and scale.start(named[0]) - scale.left >= room:
        named = (scale.first, *named)
    for month in named:
        shown = month_of(month, say, with_year=True)
        yield Label(shown, scale.start(month) + 4, _AXIS - 7, SMALL, "tl-note")


def _outside(sections: tuple[Section, ...], scale: Scale, say: Say) -> Maker:
    """How many marks lie before and after the days shown."""
    marks = [mark for section in sections for row in section.rows for mark in row.marks]
    earlier = sum(1 for mark in marks if mark.days.last < scale.first)
    later = sum(1 for mark in marks if mark.days.first > scale.last)

    def make(top: float) -> Band:
        if not earlier + later:
            return Band(top, ())
        text = say("picture.hidden", earlier=earlier, later=later)
        return Band(top + 20, (Label(text, 0, top + 14, SMALL, "tl-note"),))

    return make


def _title(scene: Scene, scale: Scale, say: Say) -> str:
    first, last = scale.first.isoformat(), scale.last.isoformat()
    return say("picture.title", patient=scene.patient, first=first, last=last)


def _description(sections: tuple[Section, ...], day: date, say: Say) -> str:
    steps = [mark.title for section in sections[1:2] for row in section.rows for mark in row.marks]
    text = " ".join(f"{step.rstrip('.')}." for step in steps)
    return say("picture.description", today=day.isoformat(), steps=text)
