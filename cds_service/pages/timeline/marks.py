"""The form of each mark. Colour comes on top, by the class: without any the picture still says all."""

from collections.abc import Callable, Iterator

from cds_service.pages.timeline.rows import Look, Mark
from cds_service.pages.timeline.scale import Scale
from cds_service.pages.timeline.shapes import Frame, Shape, shape

_HALF, _BAR, _WINDOW, _ARROW = 6.0, 5.0, 7.0, 26.0
POINTS = frozenset({Look.ENROLMENT, Look.TACE, Look.PLANNED, Look.IMAGING, Look.RESPONSE, Look.VISIT})
_COURSES = frozenset({Look.COURSE, Look.ORDERED})
_INK = "#222"


def extent_of(mark: Mark, scale: Scale, today: float) -> tuple[float, float]:
    """From where to where the mark reaches on the time axis, with its arrow, or with how late it is by today."""
    start, end = _ends(mark, scale)
    if mark.open:
        end = _tip(end, scale)
    return start, max(end, today) if mark.look is Look.OVERDUE else end


def _tip(end: float, scale: Scale) -> float:
    """Where the arrow of what goes on ends."""
    return min(end + _ARROW, max(scale.right, end))


def _ends(mark: Mark, scale: Scale) -> tuple[float, float]:
    if mark.look in POINTS and mark.days.is_day:
        middle = min(max(scale.middle(mark.days.first), scale.left + _HALF), scale.right - _HALF)
        return middle - _HALF, middle + _HALF
    start, end = scale.start(mark.days.first), scale.end(mark.days.last)
    short = max(2 * _HALF - (end - start), 0)
    start = max(start - short / 2, scale.left)
    return start, max(end, start + 2 * _HALF)


def shapes_of(mark: Mark, scale: Scale, y: float, frame: Frame, today: float) -> Iterator[Shape]:
    """The mark at the height of its middle; `today`: where today is."""
    start, end = _ends(mark, scale)
    kind = f"tl-{mark.look}"
    if mark.look in _COURSES:
        yield from _course(mark, scale, y, frame.hatch)
    elif mark.look in POINTS:
        if mark.certain and mark.days.is_day:
            yield point(mark.look, (start + end) / 2, y, mark.title)
        else:
            yield _span(f"{kind} tl-uncertain", (start, end), y, _HALF, mark.title)
    else:
        yield from _window(mark, (start, end), y, frame.late)
        if mark.look is Look.OVERDUE and end < today:
            yield shape("line", "tl-late", x1=end, y1=y, x2=today, y2=y, stroke=_INK, stroke_dasharray="1 4")


def _span(kind: str, ends: tuple[float, float], y: float, half: float, title: str) -> Shape:
    """Days on one of which it happened."""
    size = {"x": ends[0], "y": y - half, "width": ends[1] - ends[0], "height": 2 * half, "rx": half}
    return shape("rect", kind, title, **size, fill="none", stroke=_INK, stroke_dasharray="3 3")


def _course(mark: Mark, scale: Scale, y: float, hatch: str) -> Iterator[Shape]:
    """A bar over the days that are certain, hatched where they are not, with an arrow where it goes on."""
    start, end = _ends(mark, scale)
    doubtful = "" if mark.certain else " tl-uncertain"
    kind = f"tl-{mark.look}{doubtful}"
    size = {"y": y - _BAR, "height": 2 * _BAR}
    yield shape("rect", f"{kind} tl-hatched", mark.title, x=start, width=end - start, **size, fill=hatch, stroke=_INK)
    if mark.sure is not None and mark.certain and scale.shows(*mark.sure):
        left, right = max(scale.start(mark.sure.first), start), min(scale.end(mark.sure.last), end)
        fill = "none" if mark.look is Look.ORDERED else _INK
        yield shape("rect", f"{kind} tl-sure", mark.title, x=left, width=max(right - left, 1), **size, fill=fill)
    if mark.open:
        tip = _tip(end, scale)
        path = f"M{end:.1f} {y:.1f}H{tip - 2:.1f}m-5 -4l5 4l-5 4"
        yield shape("path", f"{kind} tl-arrow", d=path, fill="none", stroke=_INK)


_FILLS = {Look.DONE: "#ddd", Look.DUE: "#555", Look.UPCOMING: "none", Look.UNKNOWN: "none", Look.CYCLE: "#eee"}


def _window(mark: Mark, ends: tuple[float, float], y: float, late: str) -> Iterator[Shape]:
    """A window: hollow before, filled when due, hatched when overdue, ticked when done, dashed when unknown."""
    size = {"x": ends[0], "y": y - _WINDOW, "width": ends[1] - ends[0], "height": 2 * _WINDOW, "rx": 2.0}
    fill = late if mark.look is Look.OVERDUE else _FILLS[mark.look]
    dashes = {"stroke_dasharray": "3 3"} if mark.look is Look.UNKNOWN else {}
    yield shape("rect", f"tl-{mark.look}", mark.title, **size, fill=fill, stroke=_INK, **dashes)
    if mark.look is Look.DONE:
        x = (ends[0] + ends[1]) / 2
        tick = f"M{x - 4:.1f} {y:.1f}l3 3l5 -6"
        yield shape("path", "tl-tick", d=tick, fill="none", stroke=_INK)


def point(look: Look, x: float, y: float, title: str = "") -> Shape:
    """What happened, or is planned, on one day."""
    return _POINTS[look](x, y, f"tl-{look}", title)


def _circle(x: float, y: float, kind: str, title: str) -> Shape:
    return shape("circle", kind, title, cx=x, cy=y, r=_HALF, fill=_INK, stroke=_INK)


def _path(form: str, *, filled: bool) -> Callable[[float, float, str, str], Shape]:
    def draw(x: float, y: float, kind: str, title: str) -> Shape:
        return shape("path", kind, title, d=f"M{x:.1f} {y:.1f}{form}", fill=_INK if filled else "none", stroke=_INK)

    return draw


_POINTS: dict[Look, Callable[[float, float, str, str], Shape]] = {
    Look.TACE: _circle,
    Look.PLANNED: _path("m-6 0l6 -7l6 7l-6 7z", filled=False),
    Look.ENROLMENT: _path("m-4 7v-14l9 4l-9 4", filled=True),
    Look.IMAGING: _path("m-5 -5h10v10h-10z", filled=True),
    Look.RESPONSE: _path("m-6 -5h7l5 5l-5 5h-7z", filled=False),
    Look.VISIT: _path("m-6 5l6 -10l6 10z", filled=False),
}
