"""Charts that once broke a law, kept: each says less than before and must not pass a line that it did not pass."""

from datetime import date
from typing import Any, Final

import pytest

from cds_service.trial.findings import Verdict
from tests.properties.blurs import without
from tests.properties.charts import Chart, Json, difference, judge, new_passes
from tests.properties.codings import codings, concept
from tests.properties.observations import lab_result, quantity
from tests.properties.records import ELIGIBLE, OURS, numbered

MAN: Final[Json] = {"resourceType": "Patient", "id": "p1", "gender": "male", "birthDate": "1968-04-12"}
WOMAN: Final[Json] = {"resourceType": "Patient", "id": "p1", "gender": "female", "birthDate": "1990-05-05"}


def later(name: str, value: float, unit: str) -> dict[str, Any]:
    """A result of the day before, later than the eligible patient's own."""
    return {**lab_result(name, value, unit, None, OURS), "effectiveDateTime": "2026-11-21"}


def in_words(observation: Json) -> Json:
    """The observation with its code's display alone."""
    return {**observation, "code": {"text": observation["code"]["coding"][0]["display"]}}


def part(status: str, start: date) -> dict[str, Any]:
    """A part in our study."""
    study = {"identifier": {"value": "NCT02311205"}}
    period = {"start": start.isoformat()}
    return {"resourceType": "ResearchSubject", "status": status, "study": study, "individual": OURS, "period": period}


ON_STUDY: Final = part("on-study", date(2026, 9, 1))
WITHDRAWN: Final = part("withdrawn", date(2026, 10, 27))
CHILDRENS_RANGE: Final = {"high": quantity(60, "U/L"), "age": {"high": {"value": 17, "code": "a"}}}
HIGH_AST: Final = {**later("ast", 250, "U/L"), "referenceRange": [CHILDRENS_RANGE]}
POSITIVE: Final = {"valueCodeableConcept": concept(codings("result-positive")[0])}
HIV_TEST: Final = {**lab_result("hiv-test-confirmatory", 0, "", None, OURS), **POSITIVE}

# Every display of a listed code mentions its concept, and a text that mentions it leaves the line open (section 3).
RESULTS: Final = (
    ("E5b", later("bilirubin-total", 5.0, "mg/dL")),
    ("I3", later("bilirubin-total", 5.0, "mg/dL")),
    ("E7", later("creatinine", 2.5, "mg/dL")),
    ("I4", {**later("ecog", 0, ""), "valueInteger": 3}),
    ("E13e", later("systolic-blood-pressure", 180, "mm[Hg]")),
    ("I9", later("hcg", 1000, "[IU]/L")),
    ("E15", HIV_TEST),
)


def less_is_no_pass(line: str, before: Chart, after: Chart) -> None:
    """Asserts that the line does not pass before, nor after."""
    whole, less = judge(numbered(before)), judge(numbered(after))
    assert not whole.finding(line).verdict.passes
    assert line not in new_passes(whole, less), difference(before, after)


@pytest.mark.parametrize(("line", "result"), RESULTS, ids=[line for line, _ in RESULTS])
def test_a_later_result_in_words_leaves_the_line_open(line: str, result: Json) -> None:
    if "Choriogonadotropin" in result["code"]["coding"][0]["display"]:
        result = {**result, "code": concept(next(c for c in codings("hcg") if c["code"] == "19080-1"))}
    less_is_no_pass(line, (WOMAN, *ELIGIBLE, result), (WOMAN, *ELIGIBLE, in_words(result)))


def test_a_withdrawal_without_its_date_does_not_enrol() -> None:
    before = (MAN, *ELIGIBLE, ON_STUDY, WITHDRAWN)
    less_is_no_pass("I7", before, (*before[:-1], without(WITHDRAWN, "period")))


def test_a_withdrawal_that_nobody_is_named_for_does_not_enrol() -> None:
    before = (MAN, *ELIGIBLE, ON_STUDY, WITHDRAWN)
    less_is_no_pass("I7", before, (*before[:-1], without(WITHDRAWN, "individual")))


@pytest.mark.parametrize("patient", [without(MAN, "birthDate"), {**MAN, "birthDate": "2008"}], ids=["no", "partial"])
def test_a_range_for_an_age_that_may_not_be_the_patients_does_not_replace_the_sites_limit(patient: Json) -> None:
    born = MAN if "birthDate" not in patient else {**MAN, "birthDate": "2008-01-01"}
    less_is_no_pass("E5a", (born, *ELIGIBLE, HIGH_AST), (patient, *ELIGIBLE, HIGH_AST))


def test_the_eligible_patient_is_eligible() -> None:
    found = judge(numbered((MAN, *ELIGIBLE))).findings
    assert {finding.verdict for finding in found} == {Verdict.SATISFIED, Verdict.PRESUMED, Verdict.ATTEST}
