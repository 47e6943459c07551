"""The tour of the demo EHR: its pictures are there, small, and all used."""

import re
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"
_MOST_BYTES = 150_000


def test_every_picture_is_there_small_and_used() -> None:
    named = set(re.findall(r"\]\((tour/[\w-]+\.png)\)", (DOCS / "tour.md").read_text(encoding="utf-8")))
    taken = {f"tour/{file.name}" for file in (DOCS / "tour").iterdir()}
    assert named == taken
    assert max((DOCS / name).stat().st_size for name in named) < _MOST_BYTES
