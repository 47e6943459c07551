"""The timeline picture as text: in the page of a patient, and as a file of its own."""

from functools import cache
from pathlib import Path

from cards.wording import Words
from cds_service.pages.timeline.drawing import WIDE, Form, Scene, draw
from cds_service.pages.timeline.svg import svg_of
from cds_service.pages.words import PageWords

_STATIC = Path(__file__).parent.parent / "static"


def picture(scene: Scene, form: Form, words: Words, say: PageWords) -> str:
    """The SVG element for a page that links the style sheets."""
    return svg_of(draw(scene, form, words, say), form.frame.prefix)


def picture_file(scene: Scene, words: Words, say: PageWords) -> str:
    """An SVG file that needs nothing else."""
    drawing = draw(scene, WIDE, words, say)
    return svg_of(drawing, WIDE.frame.prefix, style=style_of("timeline.css"), language=say.language)


@cache
def style_of(name: str) -> str:
    """A style sheet of the pages."""
    return (_STATIC / name).read_text(encoding="utf-8")
