"""What the card of an enrolled patient says of when a step is wanted."""

from dataclasses import replace
from datetime import date

import pytest

from cards.matching import CardSettings
from cards.reminding import step_card
from cds_service.trial.findings import message
from cds_service.trial.guidance.steps import State, Step
from tests.unit.cards.test_matching import CHART, TRACE, judged, product, words

DAY, LATER = date(2026, 11, 22), date(2026, 11, 26)


@pytest.mark.parametrize(
    ("state", "window", "english", "korean"),
    [
        (State.UPCOMING, (DAY, LATER), "from 2026-11-22 to 2026-11-26", "2026-11-22부터 2026-11-26까지"),
        (State.UPCOMING, (DAY, DAY), "on 2026-11-22", "2026-11-22에"),
        (State.DUE, (DAY, LATER), "due now, until 2026-11-26", "지금 시행, 2026-11-26까지"),
        (State.DUE, (DAY, DAY), "due today, 2026-11-22", "오늘 시행, 2026-11-22"),
        # the last day of the window is the last on which it was in time, not the first of being late
        (State.OVERDUE, (DAY, LATER), "overdue, was due by 2026-11-26", "2026-11-26 기한이 지남"),
        (State.OVERDUE, (DAY, DAY), "overdue, was due on 2026-11-22", "2026-11-22 기한이 지남"),
        (State.DUE, None, "due now", "지금 시행"),
    ],
)
def test_when_a_step_is_wanted(state: State, window: tuple[date, date] | None, english: str, korean: str) -> None:
    step = Step("NEXT-08", state, window, message("step.first-tace"))
    told = {"en": f"The first TACE of the study: {english}", "ko": f"연구의 첫 TACE: {korean}"}
    for language, line in told.items():
        assessment = replace(judged(*CHART), steps=(step,))
        card = step_card(assessment, product().protocol, words(language), CardSettings(), TRACE)
        assert card is not None
        assert line in card.summary


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("step.review", "TACE is no longer permitted: review whether treatment goes on (due now)"),
        ("step.decide", "no TACE planned: is a further TACE of benefit? (due now)"),
    ],
)
def test_a_sentence_with_a_colon_or_a_question_takes_no_second_colon(reason: str, said: str) -> None:
    assessment = replace(judged(*CHART), steps=(Step("NEXT-06", State.DUE, None, message(reason)),))
    card = step_card(assessment, product().protocol, words(), CardSettings(), TRACE)
    assert card is not None
    assert card.summary.endswith(said)
