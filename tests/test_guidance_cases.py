"""Every next step and every order rule says of each of its cases what the case states."""

import pytest

from cds_service.catalogues import load_words
from tests.guidance_cases import (
    GuidanceCase,
    GuidanceCases,
    actions_of,
    card_about,
    chart_of,
    drafts_of,
    load_guidance,
    rules_of,
    stated_ids,
    step_of,
)
from tests.guidance_changes import changes

STEPS = tuple(f"NEXT-{number:02d}" for number in range(1, 9))
RULES = (
    *(f"TACE-{number:02d}" for number in range(1, 9)),
    *(f"SOR-{number:02d}" for number in range(1, 8)),
    *("CON-01", "CON-02", "MATCH-02", "MATCH-03", "MATCH-04"),
)
ENGLISH = load_words("en", {})
_FILES = load_guidance()
_STEP_CASES = [(file.id, case) for file in _FILES if file.id in STEPS for case in file.cases]
_RULE_CASES = [(file.id, case) for file in _FILES if file.id in RULES for case in file.cases]


@pytest.mark.parametrize(("step", "case"), _STEP_CASES, ids=[f"{case.id} {case.why}" for _, case in _STEP_CASES])
def test_the_step_is_as_stated(step: str, case: GuidanceCase) -> None:
    found = step_of(step, case)
    assert (found.state if found else "absent") == case.expected.answer, found
    if found and case.expected.window is not None:
        assert tuple(day.isoformat() for day in found.window or ()) == case.expected.window
    if case.expected.degree is not None:
        assert found
        assert found.degree == case.expected.degree
    if case.expected.says is not None:
        assert found
        assert ENGLISH.say(found.reason) == case.expected.says


@pytest.mark.parametrize(("rule", "case"), _RULE_CASES, ids=[f"{case.id} {case.why}" for _, case in _RULE_CASES])
def test_the_rule_says_what_is_stated(rule: str, case: GuidanceCase) -> None:
    card = card_about(case)
    fired = rules_of(card)
    assert fired.get(rule, "silent") == case.expected.answer, fired
    if case.expected.rules is not None:
        assert fired == case.expected.rules
    if case.expected.says is not None:
        assert card
        assert case.expected.says in card["detail"]
    if case.expected.suggests is not None:
        received = [entry["resource"] for entry in chart_of(case)["entry"]]
        assert changes(actions_of(card), (*received, *drafts_of(case))) == case.expected.suggests


def test_every_step_and_every_rule_has_a_file_of_cases() -> None:
    assert stated_ids() == {*STEPS, *RULES}


@pytest.mark.parametrize("file", _FILES, ids=[file.id for file in _FILES])
def test_the_reasons_of_a_file_are_each_their_own(file: GuidanceCases) -> None:
    assert len({case.why for case in file.cases}) == len(file.cases)
