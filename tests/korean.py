"""What of a Korean text is left in English: names and abbreviations that Korean charts write so too are not."""

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

Json = dict[str, Any]

_IDS: Final = re.compile(r"(?<![A-Za-z0-9])(?:[IE]\d+[a-e]?|(?:TACE|SOR|NEXT|MATCH|CON)-\d+|NCT\d+)(?![A-Za-z0-9])")
_UNITS: Final = re.compile(r"\b\d[\d.,]*\s?(?:mg/dL|g/dL|mg|U/L|mmHg|×10³/µL|/µL)(?![A-Za-z])|\bmg/dL|\bU/L|×10³/µL")
_GAPS: Final = re.compile(r"\{[^{}]*\}")
_WORD: Final = re.compile(r"[A-Za-z]+")
ABBREVIATIONS: Final = frozenset(
    {
        *("AFP", "ALT", "AST", "Child", "COTSOM", "CR", "CT", "CYP", "ECOG", "FHIR", "HIV", "II", "INR", "Karnofsky"),
        *("M", "MRI", "NYHA", "PD", "PET", "PIVKA", "PR", "Pugh", "SD", "TACE", "eGFR", "hCG", "mRECIST"),
    }
)
_LETTERS: Final = frozenset("ABC")  # of a Child-Pugh class, and of CYP3A4


def english_in(text: str, also: Iterable[str] = ()) -> list[str]:
    """The words in Latin letters that a Korean reader would not expect; `also`: words of the record, in any case."""
    rest = _UNITS.sub(" ", _IDS.sub(" ", _GAPS.sub(" ", text)))
    recorded = {word.casefold() for word in also}
    unknown = [word for word in _WORD.findall(rest) if word not in ABBREVIATIONS | _LETTERS]
    return [word for word in unknown if word.casefold() not in recorded and not (word == "R" and "FHIR R4" in text)]


def shown_in(card: Json) -> Iterator[str]:
    """Everything that a clinician reads of a card, and the sentences of the assessment in it."""
    yield card["summary"]
    yield card.get("detail", "")
    yield card["source"]["topic"]["display"]
    yield from (reason["display"] for reason in card["overrideReasons"])
    yield from (link["label"] for link in card.get("links", ()))
    for suggestion in card.get("suggestions", ()):
        yield suggestion["label"]
        yield from (action["description"] for action in suggestion["actions"])
    yield from sentences_of(card["extension"]["org.cotsom-cds"].get("assessment", {}))


def sentences_of(assessment: Json) -> Iterator[str]:
    """The sentences of an assessment as JSON: reasons, what is missing, steps, data quality."""
    yield from (line["reason"] for line in (*assessment.get("criteria", ()), *assessment.get("steps", ())))
    yield from (item["text"] for item in assessment.get("missing", ()))
    yield from (issue["issue"] for issue in assessment.get("dataQuality", ()))


def latin_words(node: Any) -> frozenset[str]:  # noqa: ANN401 - any JSON
    """Every word in Latin letters in a document."""
    return frozenset(word for text in texts_of(node) for word in _WORD.findall(text))


def texts_of(node: Any) -> Iterable[str]:  # noqa: ANN401 - any JSON
    """Every text in a document."""
    if isinstance(node, dict):
        for value in node.values():
            yield from texts_of(value)
    elif isinstance(node, list):
        for value in node:
            yield from texts_of(value)
    elif isinstance(node, str):
        yield node
