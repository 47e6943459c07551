"""The words of the pages in one language, by message id."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cds_service.catalogues import read_catalogues

_WORDS = Path(__file__).parent / "words"


@dataclass(frozen=True, slots=True)
class PageWords:
    """Called with a message id and its parameters, gives the text: no markup, to be escaped like any other."""

    language: str
    catalogue: Mapping[str, str]

    def __call__(self, message: str, /, **values: object) -> str:
        """The words of a message. KeyError for an id that the catalogue lacks, or a parameter that is missing."""
        return self.catalogue[message].format(**values)


def load_page_words() -> Mapping[str, PageWords]:
    """The words of every language there is, by language; read once, at start."""
    return {language: PageWords(language, words) for language, words in read_catalogues(_WORDS).items()}
