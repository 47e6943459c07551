"""Every message that the code can emit has words that format, and the catalogue holds no words that nobody says."""

import ast
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from string import Formatter

import pytest

import cards
import cds_service
import fhir_profiles
from cards.documents import reason_of
from cards.wording import Words, capital, small
from cds_service.catalogues import load_all_words
from cds_service.terminal import decision_list
from cds_service.trial.findings import Finding, Verdict, message
from cds_service.trial.phase import Phase
from fhir_profiles.dates import UNDATED, DateInterval, Duration
from tests.case_files import ClinicalCase, judge_case, load_cases, loaded

CATALOGUES = load_all_words(loaded().protocol.titles)
WORDS = CATALOGUES["en"]
IDS = frozenset(WORDS.catalogue)
PACKAGES = [Path(str(package.__file__)).parent for package in (cards, cds_service, fhir_profiles)]
SOURCES = sorted(file for folder in PACKAGES for file in folder.rglob("*.py"))
CASES = [(file.criterion, case) for file in load_cases() for case in file.cases]
PROTOCOL = (PACKAGES[1] / "protocols" / "cotsom.yaml").read_text(encoding="utf-8")
# Ids of one segment, and texts of the code that look like ids and are none.
SAID = re.compile(r"[a-z-]+(\.[a-zA-Z-]+)+|none-recorded|none-counting")
PREFIXES = frozenset(name.partition(".")[0] for name in IDS)
NO_IDS = re.compile(r".*\.(css|json|ya?ml|po|py|toml|ndjson|db)$|.*-$|study\.references")


def literals() -> Iterator[str]:
    """Every text of the code; of a text with gaps, a pattern that has `*` in them."""
    for file in SOURCES:
        tree = ast.parse(file.read_text(encoding="utf-8"))
        inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
        for node in ast.walk(tree):
            if isinstance(node, ast.JoinedStr):
                yield "".join(str(p.value) if isinstance(p, ast.Constant) else "*" for p in node.values)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside:
                yield node.value


LITERALS = frozenset(literals())
PATTERNS = [
    re.compile(re.escape(text).replace(r"\*", "[A-Za-z.-]+"))
    for text in LITERALS
    if "*" in text and text.partition(".")[0] in PREFIXES and re.fullmatch(r"[a-z*-]+(\.[a-zA-Z*-]+)+", text)
]
# A length of time that a message tells in figures of its own; `1일 2회` is how often a dose is taken.
LENGTH = re.compile(r"\d+ (?:day|week|month|year)s?|\d+(?:일(?! \d+회)|주|개월|년)")
GRADES = ("ascites-grade", "encephalopathy-grade")
# What the gaps of such patterns are filled with.
ALTERNATIVES = {
    "fact.doubt.*": ("unconfirmed", "words-only", "unverified-code", "unresolved", "activity", "date", "no-subject"),
    "verdict.*": ("satisfied", "presumed", "unknown", "attest", "violated"),
    "group.*": ("satisfied", "presumed", "unknown", "attest", "violated"),
    "source.*": ("not-supplied", "in-part"),
    "ask.source.*": ("not-supplied", "in-part"),
    "sex.*": ("male", "female", "unknown"),
    "status.*": (
        *("not-applicable", "enrolled", "follow-up", "ineligible", "potentially-eligible"),
        "eligible-pending-confirmation",
    ),
    "source.name.*": (
        *("patient", "conditions", "observations", "procedures", "medications"),
        *("allergies", "research-subjects", "encounters", "imaging", "orders"),
    ),
    "lab.unreadable.*": (
        *("unit", "implausible", "no-value", "several-values", "not-a-number", "not-a-measurement"),
        "unknown-comparator",
    ),
    "quality.*": (
        *("unreadable-entry", "unreadable-resource", "unknown-type", "another-patient", "pending"),
        *("undated", "unreadable-date", "nameless"),
    ),
    "step.*": ("review", "decide", "stop"),
    "state.*": ("upcoming", "due", "overdue"),
    "state.*-day": ("upcoming", "due", "overdue"),
    "phase.*": tuple(Phase),
    "show.verdict.*": tuple(Verdict),
    "card.topic.*": ("trialmatch", "protocolstep", "ordercheck"),
    "confirm.*": tuple(sorted({*re.findall(r"ask: confirm:([a-z-]+)", PROTOCOL), *GRADES})),
}


def missing_of(pattern: str) -> list[str]:
    return [name for gap in ALTERNATIVES[pattern] if (name := pattern.replace("*", gap)) not in IDS]


@pytest.mark.parametrize("pattern", ALTERNATIVES)
def test_every_alternative_of_a_built_id_has_words(pattern: str) -> None:
    assert pattern in LITERALS, "the code builds no such id any more"
    assert missing_of(pattern) == []
    assert ALTERNATIVES[pattern]


def called_names() -> Iterator[str]:
    """The ids given literally to what makes a message or looks words up."""
    for file in SOURCES:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("message", "Message"):
                yield from texts_in(node.args[0])
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "confirm":
                yield from (f"confirm.{text}" for text in texts_in(node.args[0]))
            if isinstance(node, ast.Subscript) and ast.unparse(node.value) in ("say", "words.catalogue"):
                yield from texts_in(node.slice)


def texts_in(node: ast.AST) -> list[str]:
    """The texts that an expression may be: a constant, or either side of a choice."""
    if isinstance(node, ast.IfExp):
        return texts_in(node.body) + texts_in(node.orelse)
    return [node.value] if isinstance(node, ast.Constant) and isinstance(node.value, str) else []


def test_every_id_named_in_the_code_has_words() -> None:
    named = set(called_names())
    assert len(named) > 60
    assert named - IDS == set()


def test_every_message_id_written_down_in_the_code_has_words() -> None:
    written = {text for text in LITERALS if SAID.fullmatch(text) and text.partition(".")[0] in PREFIXES}
    assert {text for text in written - IDS if not NO_IDS.fullmatch(text)} == set()


def test_no_words_are_kept_that_nobody_says() -> None:
    asked = {f"confirm.{name}" for name in (*re.findall(r"confirm:([a-z-]+)", PROTOCOL), *GRADES)}
    built = {f"{unit}.{number}" for unit in ("days", "weeks", "months", "years") for number in ("one", "many")}
    used = LITERALS | set(called_names()) | asked | built
    unused = {
        name
        for name in IDS - used
        if not any(pattern.fullmatch(name) for pattern in PATTERNS if not pattern.pattern.startswith("confirm"))
    }
    assert unused == set()


def test_every_sentence_names_its_gaps() -> None:
    for name, text in WORDS.catalogue.items():
        gaps = [gap for _, gap, _, _ in Formatter().parse(text) if gap is not None]
        assert all(gaps), name
        assert text.strip() or name == "describe.dated.date", name


@pytest.mark.parametrize("language", CATALOGUES)
def test_no_message_has_figures_for_what_a_site_may_set(language: str) -> None:
    protocol = loaded().protocol
    lines = (criterion.text for criterion in protocol.criteria)
    told = {text: protocol.texts.get(language, {}).get(text, text) for text in lines}
    assert [name for name, text in {**CATALOGUES[language].catalogue, **told}.items() if LENGTH.search(text)] == []


def said(finding: Finding, words: Words) -> list[str]:
    return [reason_of(finding, words), *(words.say(ask.text) for ask in finding.asks)]


@pytest.mark.parametrize("language", CATALOGUES)
@pytest.mark.parametrize(("criterion", "case"), CASES, ids=[case.id for _, case in CASES])
def test_every_reason_of_every_case_is_a_sentence(criterion: str, case: ClinicalCase, language: str) -> None:
    for sentence in said(judge_case(criterion, case), CATALOGUES[language]):
        assert sentence
        assert sentence[0] == sentence[0].upper()
        assert not re.search(r"\{(?!INR)|datetime|Decimal\(|Interval\(|None|9999|0001", sentence)


@pytest.mark.parametrize("language", CATALOGUES)
def test_every_line_of_the_protocol_is_a_sentence(language: str) -> None:
    for criterion in loaded().protocol.criteria:
        for sentence in decision_list(criterion, loaded().protocol, CATALOGUES[language]):
            assert not re.search(r"\{(?!INR)|Decimal\(|None", sentence)


@pytest.mark.parametrize(
    ("first", "last", "shown"),
    [
        (date(2026, 11, 22), date(2026, 11, 22), "2026-11-22"),
        (date(2026, 11, 1), date(2026, 11, 30), "2026-11"),
        (date(2024, 2, 1), date(2024, 2, 29), "2024-02"),
        (date(2026, 1, 1), date(2026, 12, 31), "2026"),
        (date(2025, 1, 1), date(2026, 12, 31), "2025-01-01 to 2026-12-31"),
        (date(2026, 11, 2), date(2026, 11, 30), "2026-11-02 to 2026-11-30"),
        (date.min, date(2026, 11, 22), "until 2026-11-22"),
        (date.min, date.max, "undated"),
    ],
)
def test_a_date_is_shown_as_far_as_it_is_known(first: date, last: date, shown: str) -> None:
    assert WORDS.days(DateInterval(first, last)) == shown


def test_a_window_of_a_whole_month_names_both_of_its_days() -> None:
    assert WORDS.window((date(2028, 2, 1), date(2028, 2, 29))) == "2028-02-01 to 2028-02-29"


def test_parameters_are_shown_as_a_reader_expects_them() -> None:
    own = Words("en", {**WORDS.catalogue, "x": "{concepts}; {age}; {source}; {days}; {n}"}, {"a": "one", "b": "two"})
    given = message("x", concepts=("a", "b", "a"), age=Duration(1, "weeks"), source="orders", days=UNDATED, n=3)
    assert own.phrase(given) == "one or two; 1 week; orders; undated; 3"
    assert own.say(given).startswith("One or two")
    with pytest.raises(KeyError):
        own.phrase(message("unheard-of"))


def test_inside_a_sentence_only_a_name_keeps_its_capital() -> None:
    given = ("Confirm it", "HIV infection", "Child-Pugh class", "복수 확인", "TACE 실패", "")
    assert [small(text) for text in given] == ["confirm it", *given[1:]]


def test_only_the_first_letter_is_made_large() -> None:
    assert [capital(text) for text in ("", "iNR", "복수")] == ["", "INR", "복수"]
