"""The words of the pages: complete, used, alike in every language."""

import ast
from collections.abc import Iterator
from pathlib import Path

import jinja2
import pytest

import cds_service
from cards.particles import template
from cds_service.catalogues import load_words
from cds_service.pages.words import PageWords, load_page_words
from tests.message_ids import (
    Asked,
    asked_in_python,
    asked_in_template,
    called_say,
    disagreements,
    unanswered,
    unused,
    written_in_template,
)
from tests.timeline_scenes import product

SERVICE = Path(cds_service.__file__).parent
CATALOGUES = {language: words.catalogue for language, words in load_page_words().items()}
KOREAN = PageWords("ko", {"found": template("{name:을/를} 찾음")})


def _asked() -> Iterator[Asked]:
    for file in SERVICE.rglob("*.py"):
        yield from asked_in_python(file, called_say)
    for file in SERVICE.rglob("*.html"):
        yield from asked_in_template(file.read_text(encoding="utf-8"), file.name)


def test_the_languages_have_the_same_messages_with_the_same_parameters() -> None:
    assert disagreements(CATALOGUES) == []


def test_there_are_words_for_whatever_a_page_shows() -> None:
    assert unanswered(_asked(), CATALOGUES["en"]) == []


def test_every_message_is_shown_somewhere() -> None:
    assert unused(_asked(), CATALOGUES["en"]) == set()


@pytest.mark.parametrize("language", sorted(CATALOGUES))
def test_words_are_text_without_markup(language: str) -> None:
    assert [name for name, text in CATALOGUES[language].items() if "<" in text or "&" in text] == []


@pytest.mark.parametrize("file", sorted(SERVICE.rglob("*.html")), ids=lambda file: file.name)
def test_a_template_holds_no_words_of_its_own(file: Path) -> None:
    assert set(written_in_template(file.read_text(encoding="utf-8"))) <= {"COTSOM"}


def test_words_in_a_template_are_found() -> None:
    assert written_in_template('<p title="Hint {{ x }}" class="note">Hello {{ _("a") }}, 환자</p>') == [
        "Hint",
        "Hello",
        "환자",
    ]


def test_the_ids_of_a_template_are_found_written_out_and_by_prefix() -> None:
    template = "{{ _('a.b') }}{% for x in y %}{{ _('c.' ~ x, n=1) }}{% endfor %}{{ _('d' if z else 'e') }}{{ _(x) }}"
    found = [(one.id, one.whole) for one in asked_in_template(template, "t")]
    assert sorted(found) == [("", True), ("a.b", True), ("c.", False), ("d", True), ("e", True)]


def test_the_ids_of_a_module_are_found(tmp_path: Path) -> None:
    module = tmp_path / "page.py"
    module.write_text('say("a")\nsay(f"b.{x}")\nsay("c" if x else "d")\nother("e")\nsay(x)\n')
    found = [(one.id, one.whole) for one in asked_in_python(module, called_say)]
    assert found == [("a", True), ("b.", False), ("c", True), ("d", True), ("", True)]
    assert called_say(ast.parse("other('e')", mode="eval").body) is None


def test_what_is_missing_and_what_is_too_much_is_named() -> None:
    asked = (
        Asked("a", whole=True, place="t:1"),
        Asked("b.", whole=False, place="t:2"),
        Asked("", whole=True, place="t:3"),
    )
    assert unanswered(asked, {"b.x": ""}) == ["t:1: a", "t:3: an id that is not written out"]
    assert unused(asked, {"a": "", "b.x": "", "ab": ""}) == {"ab"}


def test_a_difference_between_languages_is_named() -> None:
    given = {"en": {"a": "{n}", "b": "b", "c": "c"}, "ko": {"a": "{m}", "b": ""}}
    assert disagreements(given) == [
        "ko: c: in one of the languages only",
        "ko: a: other parameters than in English",
        "ko: b: no words",
    ]


def test_a_page_escapes_what_is_shown_in_the_words() -> None:
    template = jinja2.Environment(autoescape=True).from_string("{{ _('found', name=name) }}")
    assert template.render(_=KOREAN, name="<b>환자</b>") == "&lt;b&gt;환자&lt;/b&gt;을(를) 찾음"


def test_a_message_that_is_not_there_is_an_error() -> None:
    with pytest.raises(KeyError, match="nowhere"):
        KOREAN("nowhere")


@pytest.mark.parametrize("severity", ["info", "warning", "critical"])
def test_a_korean_card_is_as_urgent_on_a_page_as_on_the_command_line(severity: str) -> None:
    cards = load_words("ko", product().protocol.titles).catalogue
    assert CATALOGUES["ko"][f"ehr.indicator.{severity}"] == cards[f"timeline.severity.{severity}"]


@pytest.mark.parametrize("word", ["동적 CT", "완전 반응", "부분 반응", "추적 관찰", "타임라인", "긴급", "임신 검사 ("])
def test_korean_pages_use_no_second_word_for_what_the_cards_name(word: str) -> None:
    assert [name for name, text in CATALOGUES["ko"].items() if word in text] == []
