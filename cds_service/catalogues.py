"""Reads the message catalogues (gettext `.po` files), once, at start."""

from collections.abc import Mapping
from pathlib import Path

from babel.messages.pofile import PoFileError, read_po

import cards
from cards.particles import template
from cards.wording import Words
from cds_service.errors import ConfigurationError

_FOLDER = Path(cards.__file__).parent / "words"


def languages() -> tuple[str, ...]:
    """The languages there are catalogues for."""
    return tuple(sorted(file.stem for file in _FOLDER.glob("*.po")))


def read_catalogues(folder: Path) -> Mapping[str, Mapping[str, str]]:
    """The catalogues of a folder, one file a language: by language, then by message id."""
    return {file.stem: read_catalogue(file) for file in sorted(folder.glob("*.po"))}


def read_catalogue(file: Path) -> Mapping[str, str]:
    """The messages of one file, whose name ends in its language, by message id."""
    with file.open("rb") as opened:
        messages = read_po(opened, locale=file.stem.rpartition(".")[2])
    return {str(message.id): template(str(message.string)) for message in messages if message.id}


def read_texts(protocol: Path) -> Mapping[str, Mapping[str, str]]:
    """What the texts of a protocol file are in other languages: `trial.ko.po` beside `trial.yaml`, by the text.

    Raises ConfigurationError for a file that cannot be read.
    """
    files = {language: protocol.with_name(f"{protocol.stem}.{language}.po") for language in languages()}
    try:
        return {language: read_catalogue(file) for language, file in files.items() if file.exists()}
    except (OSError, UnicodeDecodeError, PoFileError) as error:
        raise ConfigurationError(f"{protocol}: its texts in another language cannot be read: {error}") from None


def load_all_words(titles: Mapping[str, str]) -> Mapping[str, Words]:
    """The words of every language there is, by language."""
    return {language: load_words(language, titles) for language in languages()}


def load_words(language: str, titles: Mapping[str, str]) -> Words:
    """The words of one language."""
    return Words(language, read_catalogue(_FOLDER / f"{language}.po"), titles)
