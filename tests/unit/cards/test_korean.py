"""In Korean every sentence about every case is Korean, whatever it is about, and as short as a card must be."""

from collections.abc import Iterator

import pytest

from cards.wording import Words
from cds_service.catalogues import load_words
from cds_service.trial.findings import Finding, Message
from tests.case_files import CriterionCases, judge_case, load_cases, loaded
from tests.guidance_cases import GuidanceCases, cards_of, chart_of, drafts_of, load_guidance, step_of
from tests.korean import english_in, latin_words, shown_in

KOREAN = load_words("ko", loaded().protocol.titles)
# What the record itself says, in whatever language.
OF_THE_RECORD = ("label", "value", "documented")


def without_the_record(message: Message) -> Message:
    given = ((name, "기록" if name in OF_THE_RECORD else value) for name, value in message.parameters)
    return Message(message.id, tuple(given))


def said(finding: Finding, words: Words) -> Iterator[str]:
    yield from (words.say(without_the_record(reason)) for reason in finding.reasons)
    yield from (words.say(ask.text) for ask in finding.asks)


@pytest.mark.parametrize("file", load_cases(), ids=lambda file: file.criterion)
def test_what_is_said_of_a_criterion(file: CriterionCases) -> None:
    for case in file.cases:
        sentences = list(said(judge_case(file.criterion, case), KOREAN))
        assert sentences
        assert [word for sentence in sentences for word in english_in(sentence)] == [], case.id


@pytest.mark.parametrize("file", load_guidance(), ids=lambda file: file.id)
def test_what_is_said_of_a_step_or_an_order(file: GuidanceCases) -> None:
    for case in file.cases:
        recorded = latin_words([chart_of(case), *drafts_of(case)])
        step = step_of(file.id, case)
        sentences = [KOREAN.say(step.reason)] if step else []
        for card in cards_of(case, "ko"):
            assert len(card["summary"]) < 140
            sentences += shown_in(card)
        assert [word for sentence in sentences for word in english_in(sentence, recorded)] == [], case.id
