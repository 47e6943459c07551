"""Reads the message catalogues (gettext `.po` files), once, at start."""

from collections.abc import Mapping
from pathlib import Path

from babel.messages.pofile import read_po

import cards
from cards.wording import Words

_FOLDER = Path(cards.__file__).parent / "words"


def languages() -> tuple[str, ...]:
    """The languages there are catalogues for."""
    return tuple(sorted(file.stem for file in _FOLDER.glob("*.po")))


def load_words(language: str, titles: Mapping[str, str]) -> Words:
    """The words of one language."""
    with (_FOLDER / f"{language}.po").open("rb") as file:
        catalogue = read_po(file, locale=language)
    return Words(language, {str(m.id): str(m.string) for m in catalogue if m.id}, titles)
