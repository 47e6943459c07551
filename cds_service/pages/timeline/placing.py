"""Where marks and their labels stand in a row: side by side, on as many lines as keep all of them apart."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count

from cds_service.pages.timeline.shapes import Anchor
from cds_service.pages.timeline.text import fitted, width_of

_GAP, _APART = 6.0, 8.0
Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Extent:
    """What is to be placed: from where to where its mark reaches, and the words beside it."""

    start: float
    end: float
    label: str
    face: float = 1.0

    def width(self, size: float) -> float:
        """The most that the words take; `face`: how much wider than usual their face is."""
        return width_of(self.label, size * self.face)


@dataclass(frozen=True, slots=True)
class Place:
    """On which lines of the row the mark and its label stand, and where the label does."""

    line: int
    label_line: int
    text: str
    x: float
    anchor: Anchor


@dataclass(frozen=True, slots=True)
class Room:
    """What labels may take: from where to where, in which size; and where they had better not cross a line."""

    left: float
    right: float
    size: float
    line: float

    def crosses(self, span: "Span") -> bool:
        """Whether words from here to there would lie over the line."""
        return span[0] - 2 < self.line < span[1] + 2


def place(extents: Sequence[Extent], room: Room) -> tuple[Place, ...]:
    """A place for each, in the order given; whatever would touch goes to a further line.

    Marks stay where their days are; a label stands right of its mark, else left of it, else under it.
    """
    lines: list[list[Span]] = []
    found = {at: _place(extents[at], room, lines) for at in sorted(range(len(extents)), key=lambda a: extents[a].start)}
    return tuple(found[at] for at in range(len(extents)))


def _place(extent: Extent, room: Room, lines: list[list[Span]]) -> Place:
    for line in range(len(lines) + 1):
        for span, x, anchor in _beside(extent, room):
            if _is_free(lines, line, span):
                _take(lines, line, span)
                return Place(line, line, extent.label, x, anchor)
    return _under(extent, room, lines)


def _beside(extent: Extent, room: Room) -> Iterator[tuple[Span, float, Anchor]]:
    """The label right of the mark, else left of it, as far as there is room; off the line rather than over it."""
    width = extent.width(room.size)
    right, left = extent.end + _GAP, extent.start - _GAP
    found: list[tuple[Span, Span, float, Anchor]] = []
    if right + width <= room.right:
        found.append(((right, right + width), (extent.start, right + width), right, "start"))
    if left - width >= room.left:
        found.append(((left - width, left), (left - width, extent.end), left, "end"))
    for _, span, x, anchor in sorted(found, key=lambda one: room.crosses(one[0])):
        yield span, x, anchor


def _under(extent: Extent, room: Room, lines: list[list[Span]]) -> Place:
    """The mark on the first line that has room for it, the label on a line under it, cut to what there is."""
    text = fitted(extent.label, room.size * extent.face, room.right - room.left)
    width = width_of(text, room.size * extent.face)
    x = max(min(extent.start, room.right - width), room.left)
    line = next(at for at in count() if _is_free(lines, at, (extent.start, extent.end)))
    _take(lines, line, (extent.start, extent.end))
    under = next(at for at in count(line + 1) if _is_free(lines, at, (x, x + width)))
    _take(lines, under, (x, x + width))
    return Place(line, under, text, x, "start")


def _is_free(lines: list[list[Span]], line: int, span: Span) -> bool:
    if line >= len(lines):
        return True
    return all(span[1] + _APART <= start or end + _APART <= span[0] for start, end in lines[line])


def _take(lines: list[list[Span]], line: int, span: Span) -> None:
    lines.extend([] for _ in range(line + 1 - len(lines)))
    lines[line].append(span)
