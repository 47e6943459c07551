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


def read_catalogues(folder: Path) -> Mapping[str, Mapping[str, str]]:
    """The catalogues of a folder, one file a language: by language, then by message id."""
    return {file.stem: read_catalogue(file) for file in sorted(folder.glob("*.po"))}


def read_catalogue(file: Path) -> Mapping[str, str]:
    """The messages of one file, by message id."""
    with file.open("rb") as opened:
        return {str(m.id): str(m.string) for m in read_po(opened, locale=file.stem) if m.id}


def load_words(language: str, titles: Mapping[str, str]) -> Words:
    """The words of one language."""
    return Words(language, read_catalogue(_FOLDER / f"{language}.po"), titles)
