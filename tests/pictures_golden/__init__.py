"""Timeline pictures of bundled patients, written down: what changes in them is seen in review.

`make docs` writes them anew.
"""

from pathlib import Path
from typing import Final

from cds_service.catalogues import load_words
from cds_service.commands.demonstrating import PATIENTS
from cds_service.pages.timeline.pictures import picture_file
from cds_service.pages.words import load_page_words
from tests.timeline_scenes import demo_scene, product

GOLDEN: Final = Path(__file__).parent
PICTURED: Final = ("12-response-imaging-overdue", "14-safety-results-missing", "16-liver-function-worsened")


def golden_picture(name: str) -> str:
    """The picture of a bundled patient as it is drawn today, a line an element."""
    words = load_words("en", product().protocol.titles)
    text = picture_file(demo_scene(PATIENTS / f"{name}.json"), words, load_page_words()["en"])
    return text.replace("><", ">\n<")


def write_pictures() -> None:
    """Writes every file anew."""
    for name in PICTURED:
        (GOLDEN / f"{name}.svg").write_text(f"{golden_picture(name)}\n", encoding="utf-8")
