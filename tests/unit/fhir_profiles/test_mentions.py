"""Words raise a question: which concepts a text mentions, and which words look like one and are none."""

import pytest

from cds_service.loading import load_vocabulary
from cds_service.settings import Settings

FIND = load_vocabulary(Settings()).mentions.find


@pytest.mark.parametrize(
    ("text", "concept"),
    [
        ("Sorafenib 200 mg tablet", "sorafenib"),
        ("NEXAVAR", "sorafenib"),
        ("소라페닙 200mg", "sorafenib"),
        ("moderate ascites, drained", "ascites"),
        ("복수 동반", "ascites"),
        ("ｓｏｒａｆｅｎｉｂ 200mg", "sorafenib"),
        ("Secondary malignant neoplasm of brain (disorder)", "brain-metastasis"),
    ],
)
def test_a_text_mentions_a_concept_in_any_language_and_case(text: str, concept: str) -> None:
    assert concept in FIND(text)
    assert concept in FIND(text.upper())


@pytest.mark.parametrize(
    "text", ["no ascites", "No ascites.", "without ascites", "denies ascites", "no evidence of ascites", "복수의 병변"]
)
def test_a_mention_directly_denied_or_inside_another_word_is_none(text: str) -> None:
    assert "ascites" not in FIND(text)


@pytest.mark.parametrize(
    "text", ["no pain, ascites", "nano ascites", "no change; ascites", "no ascites before, now ascites"]
)
def test_a_denial_of_something_else_leaves_the_mention(text: str) -> None:
    assert "ascites" in FIND(text)


@pytest.mark.parametrize("text", ["", " ", "paracetamol", "serum lactate", "고위암"])
def test_other_words_mention_nothing(text: str) -> None:
    assert FIND(text) == frozenset()
