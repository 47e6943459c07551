"""Clauses that an earlier one has taken the meaning from: they can only add doubt, so they are refused."""

import pytest

from cds_service.protocols.checking import Severity
from tests.unit.cds_service.protocol_changes import lines, with_line

BLEEDING = "{violated: {condition: gi-bleeding, activity: any, less_than: 4 weeks}}"
NEVER = "it never decides: whenever it holds, {} already does; take it away, or move it above"


@pytest.mark.parametrize(
    ("later", "place"),
    [
        ("{unknown: {condition: gi-bleeding, activity: any, less_than: 4 weeks}, ask: confirm:bleeding}", "unknown"),
        ("{unknown: {condition: gi-bleeding, activity: any, less_than: 3 weeks}, ask: confirm:bleeding}", "unknown"),
        ("{unknown: {condition: gi-bleeding, less_than: 28 days}, ask: confirm:bleeding}", "unknown"),
        ("{attest: {condition: gi-bleeding, activity: inactive, site: site-liver, less_than: 1 day}}", "attest"),
        ("{attest: {all_of: [{sex: male}, {condition: gi-bleeding, less_than: 1 week}]}}", "attest"),
    ],
)
def test_a_clause_that_an_earlier_one_covers_is_an_error(later: str, place: str) -> None:
    given = with_line("E11", f"decide: [{BLEEDING}, {later}]")
    assert lines(given, Severity.ERROR) == [f"criterion E11 > decide > [2] > {place}: {NEVER.format('[1]')}"]


@pytest.mark.parametrize(
    "later",
    [
        "{attest: {condition: gi-bleeding, activity: any, less_than: 1 month}}",
        "{attest: {condition: gi-bleeding, activity: any, at_most: 4 weeks}}",
        "{attest: {condition: gi-bleeding, activity: any, dated_by: onset, less_than: 3 weeks}}",
        "{attest: {condition: [gi-bleeding, varices-bleeding], less_than: 4 weeks}}",
        "{attest: {any_of: [{sex: male}, {condition: gi-bleeding, less_than: 1 week}]}}",
        "{attest: {condition: gi-bleeding}}",
        "{attest: {not: {condition: gi-bleeding}}}",
    ],
)
def test_a_clause_that_reaches_further_is_none(later: str) -> None:
    assert lines(with_line("E11", f"decide: [{BLEEDING}, {later}]"), Severity.ERROR) == []


@pytest.mark.parametrize(
    ("first", "second", "third", "taken"),
    [
        (
            "{score: ecog, between: [0, 1], at_most: 28 days}",
            "{score: ecog, between: [2, 3], at_most: 28 days}",
            "{score: ecog, between: [1, 2], at_most: 14 days}",
            "[1] or [2]",
        ),
        (
            "{course: sorafenib}",
            "{course: cyp3a4-inducer-strong}",
            "{course: [sorafenib, cyp3a4-inducer-strong]}",
            "[1] or [2]",
        ),
        ("{sex: male}", "{procedure: [tace, pacemaker]}", "{procedure: tace, less_than: 1 day}", "[2]"),
        ("{allergy: trial-agent-allergy}", "{sex: male}", "{allergy: trial-agent-allergy}", "[1]"),
        (
            "{lab: ast, above: 5 x ULN, at_most: 28 days}",
            "{lab: ast, below: 9 U/L, at_most: 28 days}",
            "{lab: ast, above: 6 x ULN, at_most: 4 weeks}",
            "[1]",
        ),
        (
            "{lab: ast, above: 5 x ULN, at_most: 28 days}",
            "{lab: ast, below: 9 U/L, at_most: 28 days}",
            "{lab: ast, below: 5 U/L, at_most: 14 days}",
            "[2]",
        ),
        (
            "{result: hiv-test-screening, is: positive, any_of_them: true}",
            "{sex: male}",
            "{result: hiv-test-screening, is: positive, at_most: 1 year}",
            "[1]",
        ),
        (
            "{vital: blood-pressure, systolic_above: '150 mm[Hg]', diastolic_above: '90 mm[Hg]', at_most: 28 days}",
            "{sex: male}",
            "{vital: blood-pressure, systolic_above: '180 mm[Hg]', diastolic_above: '90 mm[Hg]', at_most: 7 days}",
            "[1]",
        ),
        ("{age: {at_least: 55 years}}", "{age: {below: 20 years}}", "{age: {at_least: 70 years}}", "[1]"),
        ("{age: {at_least: 55 years}}", "{age: {below: 20 years}}", "{age: {below: 18 years}}", "[2]"),
        ("{child_pugh: A}", "{child_pugh: B-C}", "{child_pugh: A, basis: recorded}", "[1]"),
        (
            "{any_of: [{sex: male}, {course: sorafenib}]}",
            "{age: {below: 20 years}}",
            "{all_of: [{course: sorafenib, less_than: 4 weeks}, {procedure: tace}]}",
            "[1]",
        ),
        (
            "{all_of: [{sex: male}, {course: sorafenib}]}",
            "{age: {below: 20 years}}",
            "{all_of: [{course: sorafenib, less_than: 4 weeks}, {sex: male}]}",
            "[1]",
        ),
    ],
)
def test_every_kind_of_statement_is_compared_with_those_before(first: str, second: str, third: str, taken: str) -> None:
    given = with_line("E23", f"decide: [{{attest: {first}}}, {{violated: {second}}}, {{attest: {third}}}]")
    assert lines(given, Severity.ERROR) == [f"criterion E23 > decide > [3] > attest: {NEVER.format(taken)}"]


@pytest.mark.parametrize(
    "all_patients",
    [
        "{satisfied: {any_of: [{sex: female}, {sex: unknown}]}}, {violated: {sex: male}}",
        "{satisfied: {count: tace}}, {violated: {sex: male}}",
    ],
)
def test_a_clause_after_one_that_answers_for_everyone_is_an_error(all_patients: str) -> None:
    given = with_line("E23", f"decide: [{all_patients}, {{violated: {{condition: pregnancy}}}}]")
    said = "it is never reached: the clauses above answer for every patient; take it away"
    assert f"criterion E23 > decide > [3]: {said}" in lines(given, Severity.ERROR)
