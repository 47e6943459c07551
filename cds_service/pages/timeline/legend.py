"""What the forms of the picture mean, under it."""

from collections.abc import Callable, Sequence
from datetime import date

from cards.wording import Words
from cds_service.pages.timeline.bands import SMALL, Band, Maker
from cds_service.pages.timeline.dates import Say
from cds_service.pages.timeline.laboratory import beyond_mark, is_sure
from cds_service.pages.timeline.marks import shapes_of
from cds_service.pages.timeline.rows import Look, Mark
from cds_service.pages.timeline.scale import Scale
from cds_service.pages.timeline.shapes import Frame, Label, Shape, shape
from cds_service.pages.timeline.text import width_of
from cds_service.trial.guidance.trends import Point
from fhir_profiles.dates import DateInterval

_SYMBOL, _LINE, _APART = 24.0, 22.0, 16.0
_DAY = DateInterval(date(2000, 1, 1), date(2000, 1, 1))
_KINDS = (Look.TACE, Look.PLANNED, Look.COURSE, Look.IMAGING, Look.RESPONSE, Look.VISIT)
_STATES = (Look.DONE, Look.DUE, Look.OVERDUE, Look.UPCOMING, Look.UNKNOWN)


def legend(frame: Frame, words: Words, say: Say, marks: Sequence[Mark], points: Sequence[Point]) -> Maker:
    """Every form of these marks and results with its meaning, on as many lines as the width asks for."""
    looks = {mark.look for mark in marks}
    doubt = not (all(mark.certain for mark in marks) and all(map(is_sure, points)))
    kinds = ((look, f"timeline.kind.{look}") for look in _KINDS)
    states = ((look, f"timeline.state.{look}") for look in _STATES)
    entries = (
        *((_form(look, certain=True), words.catalogue[name]) for look, name in kinds if look in looks),
        *(((_form(Look.TACE, certain=False), say("picture.legend-uncertain")),) if doubt else ()),
        *((_form(look, certain=True), words.catalogue[name]) for look, name in states if look in looks),
        *(((_beyond, say("picture.legend-beyond")),) if any(point.beyond for point in points) else ()),
    )

    def make(top: float) -> Band:
        elements: list[Shape | Label] = []
        x, y = 0.0, top + _LINE / 2 + 4
        for form, text in entries:
            width = _SYMBOL + width_of(text, SMALL) + _APART
            if x and x + width - _APART > frame.width:
                x, y = 0.0, y + _LINE
            elements += form(x, y, frame)
            elements.append(Label(text, x + _SYMBOL, y + 4, SMALL, "tl-note"))
            x += width
        return Band(y + _LINE / 2 + 4 if elements else top, tuple(elements))

    return make


_Form = Callable[[float, float, Frame], tuple[Shape, ...]]


def _form(look: Look, *, certain: bool) -> _Form:
    """The form as the picture draws it, on a day as wide as the symbol."""

    def draw(x: float, y: float, frame: Frame) -> tuple[Shape, ...]:
        scale = Scale(_DAY.first, _DAY.last, x, x + _SYMBOL - 6)
        sure = _DAY if look is Look.COURSE else None
        return tuple(shapes_of(Mark(look, _DAY, "", "", certain, sure), scale, y, frame, 0))

    return draw


def _beyond(x: float, y: float, frame: Frame) -> tuple[Shape, ...]:
    """A result beyond its limit."""
    del frame
    limit = shape(
        "line", "tl-limit", x1=x, y1=y + 5, x2=x + _SYMBOL - 6, y2=y + 5, stroke="#222", stroke_dasharray="4 3"
    )
    return beyond_mark(x + (_SYMBOL - 6) / 2, y - 2, certain=True), limit
