"""What a picture is made of: shapes, and labels that know the room they take."""

from dataclasses import dataclass
from typing import Literal

from cds_service.pages.timeline.text import width_of

Anchor = Literal["start", "middle", "end"]
# Above and below the baseline, in parts of the type size: Hangul and accents included.
_ASCENT, _DESCENT = 0.95, 0.28
_BOLD = 1.12

HEAVY = frozenset({"tl-heading", "tl-name", "tl-label-today", "tl-value-beyond", "tl-label-due", "tl-label-overdue"})


@dataclass(frozen=True, slots=True)
class Box:
    """A part of the picture, in its units, from the top left."""

    left: float
    top: float
    right: float
    bottom: float

    def overlaps(self, other: "Box") -> bool:
        """Whether the two share more than an edge."""
        across = self.left < other.right and other.left < self.right
        return across and self.top < other.bottom and other.top < self.bottom

    def holds(self, other: "Box") -> bool:
        """Whether the other lies wholly inside."""
        across = self.left <= other.left and other.right <= self.right
        return across and self.top <= other.top and other.bottom <= self.bottom


@dataclass(frozen=True, slots=True)
class Label:
    """A line of text at its baseline; `kind` is what CSS knows it by, which draws some in a heavier, wider face."""

    text: str
    x: float
    baseline: float
    size: float
    kind: str
    anchor: Anchor = "start"

    @property
    def box(self) -> Box:
        """The room that it may take."""
        width = room_of(self.text, self.size, self.kind)
        left = self.x - {"start": 0.0, "middle": width / 2, "end": width}[self.anchor]
        top, bottom = self.baseline - _ASCENT * self.size, self.baseline + _DESCENT * self.size
        return Box(left, top, left + width, bottom)


def room_of(text: str, size: float, kind: str) -> float:
    """The most that a label takes."""
    return width_of(text, size * face_of(kind))


def face_of(kind: str) -> float:
    """How much wider than a usual face the one is in which CSS draws labels of a kind."""
    return _BOLD if kind in HEAVY else 1.0


@dataclass(frozen=True, slots=True)
class Shape:
    """One SVG element without text of its own; `title` is what a pointer shows."""

    tag: str
    kind: str
    attributes: tuple[tuple[str, str], ...]
    title: str = ""


def number(value: float) -> str:
    """A coordinate as SVG writes it: a tenth of a unit is finer than anyone sees."""
    text = f"{value:.1f}"
    return text.removesuffix(".0") if text != "-0.0" else "0"


def shape(tag: str, kind: str, title: str = "", **attributes: float | str) -> Shape:
    """A shape; underscores in the names of attributes are hyphens."""
    given = ((name.replace("_", "-"), v if isinstance(v, str) else number(v)) for name, v in attributes.items())
    return Shape(tag, kind, tuple(given), title)


@dataclass(frozen=True, slots=True)
class Frame:
    """A picture's width, the room for the names of rows beside them (0: above them), and the prefix of its ids."""

    width: float
    gutter: float
    prefix: str

    @property
    def hatch(self) -> str:
        """The pattern of what is not certain."""
        return f"url(#{self.prefix}-hatch)"

    @property
    def late(self) -> str:
        """The pattern of what is overdue."""
        return f"url(#{self.prefix}-late)"


@dataclass(frozen=True, slots=True)
class Drawing:
    """A whole picture: its size, what it is called and says, its shapes in the order of drawing, its labels on top."""

    width: float
    height: float
    title: str
    description: str
    shapes: tuple[Shape, ...]
    labels: tuple[Label, ...]
