"""The Korean particle that follows a word, whatever the word is."""

from datetime import date

import pytest

from cards.particles import particle, template


@pytest.mark.parametrize(
    ("word", "topic", "subject", "object_", "with_", "by"),
    [
        ("소라페닙", "은", "이", "을", "과", "으로"),
        ("복수", "는", "가", "를", "와", "로"),
        ("서울", "은", "이", "을", "과", "로"),
        ("AST", "는", "가", "를", "와", "로"),
        ("INR", "은", "이", "을", "과", "로"),
        ("E5b", "는", "가", "를", "와", "로"),
        ("28", "은", "이", "을", "과", "로"),
        ("2.0", "은", "이", "을", "과", "으로"),
        ("3", "은", "이", "을", "과", "으로"),
        ("5", "는", "가", "를", "와", "로"),
        ("80%", "는", "가", "를", "와", "로"),
        ("2026-11-20", "은", "이", "을", "과", "로"),  # 이십일
        ("2026-10", "은", "이", "을", "과", "로"),  # 시월
        ("알부민 (g/dL)", "은", "이", "을", "과", "으로"),
        ("“간암”", "은", "이", "을", "과", "으로"),
    ],
)
def test_the_form_follows_the_last_sound(  # noqa: PLR0917 - one column a particle
    word: str, topic: str, subject: str, object_: str, with_: str, by: str
) -> None:
    pairs = ("은/는", "이/가", "을/를", "과/와", "으로/로")
    assert tuple(particle(word, pair) for pair in pairs) == (topic, subject, object_, with_, by)


@pytest.mark.parametrize("word", ["Sorafenib", "Hepatocellular carcinoma", "nexavar 200 mg", "", "?", "肝癌"])
def test_what_is_not_known_to_sound_leaves_the_form_open(word: str) -> None:
    assert particle(word, "을/를") == "을(를)"
    assert particle(word, "으로/로") == "(으)로"


def test_a_parameter_bears_its_particle_as_format() -> None:
    assert template("{drug:을/를} {day}까지 {n:>3}").format(drug="소라페닙", day=date(2026, 11, 22), n=7) == (
        "소라페닙을 2026-11-22까지   7"
    )


def test_braces_in_a_parameter_are_text() -> None:
    assert template("{label:은/는} 있음").format(label="{x:은/는} {0}") == "{x:은/는} {0}은(는) 있음"
