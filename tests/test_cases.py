"""Every criterion gives every one of its cases the verdict that the case states."""

import pytest

from tests.case_files import ClinicalCase, CriterionCases, file_stem, judge_case, load_cases, loaded

_FILES = load_cases()
_CASES = [(file.criterion, case) for file in _FILES for case in file.cases]


@pytest.mark.parametrize(("criterion", "case"), _CASES, ids=[f"{case.id} {case.why}" for _, case in _CASES])
def test_the_verdict_is_the_one_stated(criterion: str, case: ClinicalCase) -> None:
    finding = judge_case(criterion, case)
    assert finding.verdict == case.verdict, [reason.id for reason in finding.reasons]
    if case.needs is not None:
        assert sorted({ask.id for ask in finding.asks}) == sorted(case.needs)


def test_every_criterion_has_a_file_of_cases() -> None:
    written = {file_stem(file.criterion) for file in _FILES}
    assert written == {file_stem(criterion.id) for criterion in loaded().protocol.criteria}


@pytest.mark.parametrize("file", _FILES, ids=[file.criterion for file in _FILES])
def test_the_reasons_of_a_file_are_each_their_own(file: CriterionCases) -> None:
    assert len({case.why for case in file.cases}) == len(file.cases)
