"""The picture from top to bottom: each band takes the height it needs."""

from collections.abc import Callable
from dataclasses import dataclass

from cds_service.pages.timeline.marks import extent_of, shapes_of
from cds_service.pages.timeline.placing import Extent, Room, place
from cds_service.pages.timeline.rows import Mark, Row
from cds_service.pages.timeline.scale import Scale
from cds_service.pages.timeline.shapes import Frame, Label, Shape, face_of, room_of, shape
from cds_service.pages.timeline.text import fitted, width_of

LINE, SMALL, NORMAL, HEADING = 22.0, 12.0, 13.0, 14.0
_PADDING, _HEADING_HEIGHT = 3.0, 32.0


@dataclass(frozen=True, slots=True)
class Band:
    """What a band holds, and where it ends."""

    bottom: float
    elements: tuple[Shape | Label, ...]


# A band is made for the height at which it begins.
Maker = Callable[[float], Band]


def heading(text: str, frame: Frame) -> Maker:
    """The name of a section over its rows."""

    def make(top: float) -> Band:
        shown = fitted(text, HEADING, frame.width / face_of("tl-heading"))
        line = shape("line", "tl-rule", x1=0.0, y1=top + 6, x2=frame.width, y2=top + 6, stroke="#888")
        return Band(top + _HEADING_HEIGHT, (line, Label(shown, 0, top + 24, HEADING, "tl-heading")))

    return make


def name_of(name: str, note: str, top: float, frame: Frame) -> Band:
    """What a row is called, and a note under it or, where names stand above their rows, behind it."""
    if frame.gutter:
        labels = [Label(fitted(name, NORMAL, (frame.gutter - 12) / face_of("tl-name")), 0, top + 16, NORMAL, "tl-name")]
        if note:
            labels.append(Label(fitted(note, SMALL, frame.gutter - 12), 0, top + 33, SMALL, "tl-note"))
        return Band(top, tuple(labels))
    shown = fitted(name, NORMAL, frame.width / face_of("tl-name"))
    after = room_of(shown, NORMAL, "tl-name") + 8
    beside = after + width_of(note, SMALL) <= frame.width
    x, under = (after, 0.0) if beside else (0.0, LINE - 4)
    label = Label(fitted(note, SMALL, frame.width), x, top + 16 + under, SMALL, "tl-note")
    return Band(top + LINE + under, (Label(shown, 0, top + 16, NORMAL, "tl-name"), *((label,) if note else ())))


def row_of(row: Row, scale: Scale, frame: Frame, today: float) -> Maker:
    """A row of marks with their labels, on as many lines as it takes."""

    def make(top: float) -> Band:
        name = name_of(row.name, "", top + _PADDING, frame)
        marks = tuple(mark for mark in row.marks if scale.shows(*mark.days))
        extents = tuple(Extent(*extent_of(mark, scale, today), mark.label, face_of(label_kind(mark))) for mark in marks)
        places = place(extents, Room(scale.left, scale.right, SMALL, today))
        lines = max((p.label_line for p in places), default=0) + 1
        elements = list(name.elements)
        for mark, found in zip(marks, places, strict=True):
            y = name.bottom + (found.line + 0.5) * LINE
            elements += shapes_of(mark, scale, y, frame, today)
            baseline = name.bottom + found.label_line * LINE + 15
            elements.append(Label(found.text, found.x, baseline, SMALL, label_kind(mark), found.anchor))
        return Band(name.bottom + lines * LINE + _PADDING, tuple(elements))

    return make


def label_kind(mark: Mark) -> str:
    """What CSS knows the words beside a mark by."""
    return f"tl-label-{mark.look}"


def stacked(makers: tuple[Maker, ...], top: float) -> Band:
    """Bands one under another."""
    elements: list[Shape | Label] = []
    for make in makers:
        band = make(top)
        elements += band.elements
        top = band.bottom
    return Band(top, tuple(elements))
