"""The safety analytes under the time axis of the picture: each a small trend beside its limit."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from cards.wording import Words, capital
from cds_service.pages.timeline.bands import LINE, SMALL, Band, Maker, name_of
from cds_service.pages.timeline.dates import Say
from cds_service.pages.timeline.scale import Scale
from cds_service.pages.timeline.shapes import Anchor, Box, Frame, Label, Shape, shape
from cds_service.pages.typesetting import with_unit
from cds_service.trial.guidance.trends import Bound, Point, Trend
from cds_service.trial.results import plain, shown
from fhir_profiles.intervals import NumberInterval

_HEIGHT, _EDGE, _DOT, _NEAR, _INK = 42.0, 9.0, 3.0, 24.0, "#222"


@dataclass(frozen=True, slots=True)
class Dot:
    """A result at its place. `x` is the middle of its days."""

    point: Point
    x: float
    y: float

    @property
    def box(self) -> Box:
        """The room of the dot."""
        return Box(self.x - _DOT - 1, self.y - _DOT - 1, self.x + _DOT + 1, self.y + _DOT + 1)


def trend_row(trend: Trend, scale: Scale, frame: Frame, today: float, words: Words, say: Say) -> Maker:  # noqa: PLR0913, PLR0917 - what is drawn, where, and in which words
    """One analyte: its dots joined in the order of their dates, its limit, the latest value and those beyond."""

    def make(top: float) -> Band:
        name = name_of(capital(words.title(trend.analyte)), limit_of(trend, say), top, frame)
        height = _HEIGHT if frame.gutter else _HEIGHT - LINE / 2
        area = Box(scale.left, name.bottom, scale.right, name.bottom + height)
        points = tuple(p for p in trend.points if scale.shows(*p.days))
        if not points:
            nothing = Label(say("picture.no-results"), scale.left + 4, area.top + 20, SMALL, "tl-note")
            return Band(area.bottom + 4, (*name.elements, _ground(area), nothing))
        levels = _levels(points, area)
        dots = tuple(_dot_of(point, levels, scale) for point in points)
        elements: tuple[Shape | Label, ...] = (
            _ground(area),
            *_limits(trend.bound, dots, levels),
            _line(dots),
            *(_dot(trend, dot, words, say) for dot in dots),
            *_values(dots, area, today),
        )
        return Band(area.bottom + 4, (*name.elements, *elements))

    return make


def limit_of(trend: Trend, say: Say) -> str:
    """The limit in words, and which line sets it."""
    bound = trend.bound
    if bound is None:
        return ""
    limit = _number(bound, trend.unit, say)
    if bound.line is None:
        return _one_point(bound, limit, say)
    side = say("picture.limit-above", limit=limit) if bound.bad_above else say("picture.limit-below", limit=limit)
    return say("picture.limit-of-line", limit=side, line=bound.line)


def _one_point(bound: Bound, limit: str, say: Say) -> str:
    """Child-Pugh gives one point on the healthy side only, and more from the limit itself on."""
    return say("picture.limit-child-pugh", limit=f"{'<' if bound.bad_above else '>'} {limit}")


def _number(bound: Bound, unit: str, say: Say) -> str:
    value = plain(bound.limit.value)
    if bound.limit.times_upper_limit:
        return say("picture.limit-uln", times=value)
    return with_unit(f"{value} {unit}")


@dataclass(frozen=True, slots=True)
class Levels:
    """From values to heights: the least of what is shown at the bottom, the greatest at the top."""

    least: float
    greatest: float
    area: Box

    def of(self, value: Decimal) -> float:
        """The height of a value; where all are alike the middle."""
        span = self.greatest - self.least
        share = (float(value) - self.least) / span if span else 0.5
        return self.area.bottom - _EDGE - share * (self.area.bottom - self.area.top - 2 * _EDGE)


def _levels(points: Sequence[Point], area: Box) -> Levels:
    values = [float(v) for p in points for v in (_shown_end(p.value), p.limit) if v is not None]
    return Levels(min(values, default=0.0), max(values, default=0.0), area)


def _dot_of(point: Point, levels: Levels, scale: Scale) -> Dot:
    """The dot of a result; what cannot be read lies at the bottom."""
    value = _shown_end(point.value)
    middle = (scale.start(point.days.first) + scale.end(point.days.last)) / 2
    return Dot(point, middle, levels.area.bottom - _EDGE if value is None else levels.of(value))


def _shown_end(value: NumberInterval | None) -> Decimal | None:
    """The known end of a value: of `<0.2` it is 0.2."""
    if value is None:
        return None
    return value.high if value.low is None or (value.low_open and value.high is not None) else value.low


def _limits(bound: Bound | None, dots: Sequence[Dot], levels: Levels) -> Iterator[Shape]:
    """The limit over the days for which it holds: of each result until the next one, of the last to the edge."""
    if bound is None:
        return
    area = levels.area
    starts = [area.left, *(dot.x for dot in dots[1:])]
    for dot, start, end in zip(dots, starts, [*starts[1:], area.right], strict=True):
        if dot.point.limit is not None and end > start:
            y = levels.of(dot.point.limit)
            edge = area.top + 2 if bound.bad_above else area.bottom - 2
            size = {"x": start, "width": end - start, "y": min(y, edge), "height": abs(edge - y)}
            yield shape("rect", "tl-bad", "", **size, fill="#eee")
            yield shape("line", "tl-limit", x1=start, y1=y, x2=end, y2=y, stroke=_INK, stroke_dasharray="4 3")


def _line(dots: Sequence[Dot]) -> Shape:
    readable = [dot for dot in dots if dot.point.value is not None]
    return shape("polyline", "tl-trend", points=" ".join(f"{d.x:.1f},{d.y:.1f}" for d in readable), fill="none")


def _dot(trend: Trend, dot: Dot, words: Words, say: Say) -> Shape:
    point, analyte = dot.point, words.title(trend.analyte)
    value, when = _value(point, trend.unit) or say("picture.unreadable"), words.days(point.days)
    x, y = dot.x, dot.y
    if point.value is None:
        title = say("picture.result", analyte=analyte, value=value, when=when)
        return shape(
            "path", "tl-unreadable", title, d=f"M{x - 3:.1f} {y - 3:.1f}l6 6m0 -6l-6 6", fill="none", stroke=_INK
        )
    if point.beyond:
        limit = with_unit(f"{plain(point.limit)} {trend.unit}") if point.limit is not None else ""
        if trend.bound and trend.bound.line is None:
            limit = _one_point(trend.bound, limit, say)
        title = say("picture.result-beyond", analyte=analyte, value=value, when=when, limit=limit)
        return beyond_mark(x, y, title, certain=point.certain)
    title = say("picture.result", analyte=analyte, value=value, when=when)
    doubt, fill = ("", _INK) if is_sure(point) else (" tl-uncertain", "none")
    return shape("circle", f"tl-dot{doubt}", title, cx=x, cy=y, r=_DOT, fill=fill, stroke=_INK)


def is_sure(point: Point) -> bool:
    """Whether day and value are certain, and on which side of its limit the value lies."""
    return point.certain and (point.beyond is not None or point.limit is None)


def beyond_mark(x: float, y: float, title: str = "", *, certain: bool) -> Shape:
    """The form of a result beyond its limit."""
    form = f"M{x - 5:.1f} {y:.1f}l5 -5l5 5l-5 5z"
    doubt = "" if certain else " tl-uncertain"
    return shape("path", f"tl-beyond{doubt}", title, d=form, fill=_INK if certain else "none", stroke=_INK)


def _ground(area: Box) -> Shape:
    """What sets one analyte apart from the next."""
    size = {"x": area.left, "y": area.top, "width": area.right - area.left, "height": area.bottom - area.top}
    return shape("rect", "tl-ground", "", **size, fill="none")


def _value(point: Point, unit: str) -> str:
    return with_unit(shown(point.value, unit) or "")


def _values(dots: Sequence[Dot], area: Box, today: float) -> Iterator[Label]:
    """The latest value, then those beyond the limit from the latest back, as far as each has room of its own."""
    taken = [dot.box for dot in dots]
    for dot in reversed(dots):
        if dot.point.value is None or not (dot is dots[-1] or dot.point.beyond):
            continue
        line = Box(today - 2, area.top, today + 2, area.bottom)
        fitting = [label for label in _candidates(dot, today) if _fits(label.box, area, taken, dot)]
        found = min(fitting, key=lambda label: label.box.overlaps(line), default=None)
        if found is not None:
            taken.append(found.box)
            yield found


def _fits(box: Box, area: Box, taken: Sequence[Box], dot: Dot) -> bool:
    return area.holds(box) and not any(box.overlaps(other) for other in taken if other != dot.box)


def _candidates(dot: Dot, today: float) -> Iterator[Label]:
    """Beside the dot, behind the line of today where that is near, above, below."""
    kind = "tl-value-beyond" if dot.point.beyond else "tl-value"
    text = shown(dot.point.value, "1") or ""
    near = 0 <= today - dot.x < _NEAR
    places: tuple[tuple[float, float, Anchor], ...] = (
        (8, 4, "start"),
        (today - dot.x + 5 if near else 8, 4, "start"),
        (8, 12, "start"),
        (8, -4, "start"),
        (-8, 4, "end"),
        (0, -8, "middle"),
        (0, 16, "middle"),
        (-8, 12, "end"),
        (-8, -4, "end"),
    )
    for right, down, anchor in places:
        yield Label(text, dot.x + right, dot.y + down, SMALL, kind, anchor)
