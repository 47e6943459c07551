"""The catalogues of cards, pages and protocol in every language: complete, of one mind, and Korean where Korean."""

import re
from collections.abc import Mapping

import pytest

from cards.wording import Words
from cds_service.catalogues import languages, load_all_words
from cds_service.loading import COTSOM
from cds_service.pages.words import load_page_words
from cds_service.protocols.parsing import parse_protocol
from cds_service.trial.protocol import TrialProtocol
from tests.case_files import loaded
from tests.korean import english_in
from tests.message_ids import disagreements

PROTOCOL = loaded().protocol
WORDS = load_all_words(PROTOCOL.titles)
PAGES = {language: words.catalogue for language, words in load_page_words().items()}
OTHERS = sorted(set(languages()) - {"en"})
# The marks of a chart, a command by its name, and what those who look at calls and charts as files know by its name.
NAMES = {"timeline.none-screening": ["assess"], "timeline.legend": ["T", "P", "I", "R", "E"]}
TECHNICAL = frozenset(
    {
        *("Bundle", "EHR", "HTTP", "JSON", "MB", "Patient", "R", "UTF"),
        *("discovery", "feedback", "hook", "ms", "prefetch", "resourceType"),
    }
)
MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"


def messages(words: Words) -> dict[str, str]:
    """The messages proper: what value sets are called stands with the value sets in English."""
    return {name: text for name, text in words.catalogue.items() if not name.startswith("set.")}


def texts_of_protocol(protocol: TrialProtocol) -> set[str]:
    """Everything in a protocol file that a reader is shown in words."""
    lines = {text for line in protocol.criteria for text in (line.text, line.question) if text}
    return {protocol.title, *lines, *(value.meaning for value in protocol.named_values)}


def both() -> Mapping[str, tuple[str, str]]:
    """English and Korean side by side, by message id, title or text."""
    sides = {name: (text, WORDS["ko"].catalogue[name]) for name, text in messages(WORDS["en"]).items()}
    titles = {f"set.{name}": (title, WORDS["ko"].title(name)) for name, title in PROTOCOL.titles.items()}
    texts = {text: (text, translated) for text, translated in PROTOCOL.texts["ko"].items()}
    pages = {f"page {name}": (text, PAGES["ko"][name]) for name, text in PAGES["en"].items()}
    return {**sides, **titles, **texts, **pages}


BOTH = both()


def test_every_message_is_in_every_language_with_the_same_parameters() -> None:
    assert disagreements({language: messages(words) for language, words in WORDS.items()}) == []


@pytest.mark.parametrize("language", OTHERS)
def test_every_value_set_has_a_name_in_every_language(language: str) -> None:
    named = {name.removeprefix("set.") for name in WORDS[language].catalogue if name.startswith("set.")}
    assert named == set(PROTOCOL.titles)


def test_everything_measured_is_a_value_set_or_has_a_name() -> None:
    given = parse_protocol(COTSOM)
    asked = {clause.ask.id.partition(":") for line in PROTOCOL.criteria for clause in line.clauses if clause.ask}
    tests = {name for kind, _, name in asked if kind == "test"}
    signs = set(given["child_pugh"]["signs"])
    assert {*given["analytes"], *given["scales"], *signs, *tests} <= set(PROTOCOL.titles)


@pytest.mark.parametrize("language", OTHERS)
def test_every_text_of_the_protocol_is_in_every_language_and_none_besides(language: str) -> None:
    assert set(PROTOCOL.texts[language]) == texts_of_protocol(PROTOCOL)


def test_a_text_that_was_changed_stays_as_it_stands_in_the_file() -> None:
    assert WORDS["ko"].of_trial(PROTOCOL, "No ascites") == "복수 없음"
    assert WORDS["ko"].of_trial(PROTOCOL, "No ascites whatsoever") == "No ascites whatsoever"
    assert WORDS["en"].of_trial(PROTOCOL, "No ascites") == "No ascites"


@pytest.mark.parametrize("name", BOTH)
def test_korean_words_are_korean(name: str) -> None:
    also = NAMES.get(name, TECHNICAL if name.startswith("page ehr.") else ())
    assert english_in(BOTH[name][1], also) == []


def figures(text: str) -> list[str]:
    """The figures of a text; a frequency and a month in words count as the figures that Korean writes them with."""
    text = re.sub(r"twice (daily|a day)", "1 2", text).replace("once a day", "1 1")
    for number, month in enumerate(MONTHS.split(), 1):
        text = re.sub(rf"^{month}$|(?<=\d ){month}[a-z]*", str(number), text)
    return sorted(re.findall(r"\d+(?:[.,]\d+)*", text))


@pytest.mark.parametrize("name", BOTH)
def test_figures_are_the_same_in_both_languages(name: str) -> None:
    english, korean = BOTH[name]
    assert figures(korean) == figures(english)


@pytest.mark.parametrize("name", BOTH)
def test_no_particle_is_fixed_after_a_parameter(name: str) -> None:
    assert not re.search(r"\}(은|는|이|가|을|를|과|와|으로|로)(?![가-힣])", BOTH[name][1])
