"""What the checks see in a protocol that the schema passes: one change each, and the message that it earns."""

import pytest

from cds_service.errors import ConfigurationError
from cds_service.protocols.checking import Problem, Severity, refuse
from tests.unit.cds_service.protocol_changes import Given, cotsom, lines, with_line, with_part


def test_the_protocol_of_the_product_has_no_errors() -> None:
    assert lines(cotsom(), Severity.ERROR) == []


def added(given: Given, severity: Severity) -> list[str]:
    """What a change adds to the product's own warnings or notes."""
    before = set(lines(cotsom(), severity))
    return [line for line in lines(given, severity) if line not in before]


@pytest.mark.parametrize(
    ("name", "written", "said"),
    [
        (
            "E7",
            "decide: [{violated: {lab: creatinin, above: 2 mg/dL, at_most: 4 weeks}}]",
            "decide > [1] > violated > lab: there is no analyte 'creatinin'; did you mean 'creatinine'?",
        ),
        (
            "E7",
            "decide: [{violated: {lab: inr, above: inr-limt, at_most: 4 weeks}}]",
            "decide > [1] > violated > above: there is no parameter 'inr-limt'; did you mean 'inr-limit'?",
        ),
        (
            "I4",
            "decide: [{violated: {score: ekog, between: [2, 4]}}]",
            "decide > [1] > violated > score: there is no scale 'ekog'; did you mean 'ecog'?",
        ),
        (
            "E1",
            "decide: [{violated: {result: tace-failure, is: affirmed}}]",
            (
                "decide > [1] > violated > is: there is no answer 'affirmed'; "
                "known are: distant-metastasis, negative, no, positive, pregnant, yes"
            ),
        ),
        (
            "I9",
            "decide: [{satisfied: {definition: not-of-child-bearing}}]",
            (
                "decide > [1] > satisfied > definition: there is no definition 'not-of-child-bearing'; "
                "did you mean 'not-of-childbearing-potential'?"
            ),
        ),
        (
            "E20",
            "decide: [{violated: {condition: fractur}}]",
            "decide > [1] > violated: there is no value set 'fractur'; did you mean 'fracture'?",
        ),
        (
            "E4",
            "decide: [{violated: {condition: unspecific-metastasis, site: site-brian}}]",
            "decide > [1] > violated: there is no value set 'site-brian'; did you mean 'site-brain'?",
        ),
        (
            "E20",
            "decide: [{violated: {condition: cirrhosis}}]",
            (
                "decide > [1] > violated: 'cirrhosis' is a context set, which decides nothing; "
                "name another, or take `context` from that set"
            ),
        ),
        (
            "I4",
            "ask: test:ecogg",
            "ask: there is no value set 'ecogg' to ask a test of; name one, or confirm:ecogg",
        ),
    ],
)
def test_a_name_that_nothing_bears_is_an_error(name: str, written: str, said: str) -> None:
    assert lines(with_line(name, written), Severity.ERROR) == [f"criterion {name} > {said}"]


def test_a_definition_may_only_name_those_above_it() -> None:
    given = with_part("definitions", "{person: {any_of: [{definition: man}, {sex: female}]}, man: {sex: male}}")
    assert lines(given, Severity.ERROR) == [
        (
            "definitions > person > any_of > [1] > definition: "
            "the definition 'man' does not stand above this one; move it up"
        )
    ]


@pytest.mark.parametrize(
    ("name", "written", "said"),
    [
        (
            "E11",
            "otherwise: satisfied",
            " > otherwise: satisfied cannot follow [1], which may find nothing recorded; write presumed",
        ),
        (
            "E20",
            "decide: [{unknown: {condition: peptic-ulcer}}]",
            " > decide > [1]: unknown needs an ask; add what would settle it, like ask: confirm:sex",
        ),
        (
            "E20",
            "decide: [{unknown: {any_of: [{sex: unknown}, {condition: peptic-ulcer}]}}]",
            " > decide > [1]: unknown needs an ask; add what would settle it, like ask: confirm:sex",
        ),
        (
            "E20",
            "otherwise: unknown",
            ": otherwise: unknown needs an ask; add what would settle it, like ask: test:ecog",
        ),
        (
            "E20",
            "decide: [{violated: {condition: fracture}, existence: true}]",
            (
                " > decide > [1] > existence: it is for a condition that passes by being recorded "
                "(satisfied: {condition: ...}); take it away here"
            ),
        ),
        (
            "E20",
            "decide: [{violated: {condition: fracture, less_than: 0 days}}]",
            " > decide > [1] > violated: a window of length 0 holds no earlier day; give it a length",
        ),
        (
            "E20",
            "decide: [{violated: {condition: fracture, dated_by: onset}}]",
            (
                " > decide > [1] > violated > dated_by: it does nothing without a window; "
                "add less_than or at_most, or take it away"
            ),
        ),
        (
            "E2b",
            "decide: [{violated: {score: encephalopathy-grade, between: [1, 5]}}]",
            " > decide > [1] > violated > between: encephalopathy-grade goes from 0 to 4; keep 1 to 5 inside that",
        ),
        (
            "E2b",
            "decide: [{violated: {score: encephalopathy-grade, between: [3, 1]}}]",
            " > decide > [1] > violated > between: 3 is above 1; write the lesser grade first",
        ),
        (
            "E7",
            "decide: [{violated: {lab: ast, is: positive, at_most: 3 days}}]",
            (
                " > decide > [1] > violated > is: analyte 'ast' has no limits of a test; "
                "give it negative_below and positive_from"
            ),
        ),
        (
            "E2a",
            "otherwise: {verdict_of: E18}",
            " > otherwise > verdict_of: no criterion 'E18' stands above this one; name one that does, or move it up",
        ),
    ],
)
def test_a_line_that_cannot_mean_what_it_says_is_an_error(name: str, written: str, said: str) -> None:
    assert lines(with_line(name, written), Severity.ERROR) == [f"criterion {name}{said}"]


@pytest.mark.parametrize(
    "asks_by_itself",
    [
        "{sex: unknown}",
        "{any_of: [{sex: unknown}, {sex: female}]}",
        "{all_of: [{sex: unknown}, {condition: pregnancy}]}",
        "{first: bone-metastasis, at_most: 90 days}",
    ],
)
def test_unknown_needs_no_ask_where_the_statement_asks_by_itself(asks_by_itself: str) -> None:
    assert lines(with_line("E23", f"decide: [{{unknown: {asks_by_itself}}}]"), Severity.ERROR) == []


def test_an_id_stands_once_and_the_population_line_exists() -> None:
    assert lines(with_line("E7", "id: E6c"), Severity.ERROR) == [
        "criterion E6c: the id stands 2 times; give each line its own",
        "guidance > forbids_tace: there is no criterion 'E7'; did you mean 'E17'?",
    ]
    assert lines(with_part("trial", "population: I99"), Severity.ERROR) == [
        "trial > population: there is no criterion 'I99'; name the line that says who the trial is for"
    ]


@pytest.mark.parametrize(
    ("section", "written", "said"),
    [
        ("trial", "history: tac", "trial > history: there is no value set 'tac'; did you mean 'tace'?"),
        (
            "child_pugh",
            "laboratory: {bilirubin: [2.0 mg/dL, 3.0 mg/dL]}",
            "child_pugh > laboratory: there is no analyte 'bilirubin'; did you mean 'bilirubin-total'?",
        ),
        (
            "child_pugh",
            "signs: {ascites: {scale: ascites-grade, points: {0: 1, 1: 2}}}",
            (
                "child_pugh > signs > ascites > points: ascites-grade goes from 0 to 2; "
                "give each of these whole grades its points"
            ),
        ),
        (
            "child_pugh",
            "maximum_age: 0 days",
            "child_pugh > maximum_age: a window of length 0 holds no earlier day; give it a length",
        ),
        (
            "scales",
            "karnofsky: {value_set: karnofsky, range: [100, 100], reads_text: true}",
            "scales > karnofsky > range: 100 is not below 100; write the lesser grade first",
        ),
        (
            "answers",
            "positive: {sets: [result-postive], against: [result-negative]}",
            "answers > positive: there is no value set 'result-postive'; did you mean 'result-positive'?",
        ),
    ],
)
def test_a_section_that_cannot_mean_what_it_says_is_an_error(section: str, written: str, said: str) -> None:
    assert said in lines(with_part(section, written), Severity.ERROR)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            with_line("E20", "sources: [conditions, patient]"),
            "criterion E20 > sources: no clause looks into 'patient'; take it away, or add the clause that does",
        ),
        (
            with_line("E2b", "decide: [{violated: {condition: encephalopathy}}, "
                      "{violated: {score: encephalopathy-grade, between: [1, 2], at_most: 28 days}}]"),
            ("criterion E2b > decide: no clause speaks of encephalopathy-grade 0, 3 to 4; "
            "add one, unless `otherwise` is meant for them"),
        ),
        (
            with_line("E20", "decide: [{violated: {condition: sorafenib}}]"),
            ("criterion E20 > decide > [1] > violated: 'sorafenib' is a set for medication, so only words and "
            "a site's own codes match; name a set for condition"),
        ),
        (
            with_part("analytes", "ast: {value_set: ast, unit: U/L, plausible: [0, 20000], upper_limit: {male: 40}}"),
            ("criterion E5a > decide > [1] > violated: analyte 'ast' has no upper_limit for each sex; "
            "add it for results that bring none"),
        ),
        (
            with_part("parameters", "spare: {value: 1 day, origin: site, meaning: spare}"),
            "parameters > spare: nothing uses it; take it away, or name it where it belongs",
        ),
        (
            with_part("definitions", "spare: {sex: male}"),
            "definitions > spare: nothing uses it; take it away, or name it where it belongs",
        ),
    ],
)  # fmt: skip
def test_what_is_likely_a_slip_is_a_warning_and_does_not_keep_the_protocol_from_use(given: Given, said: str) -> None:
    assert added(given, Severity.WARNING) == [said]
    assert lines(given, Severity.ERROR) == []


def test_a_value_set_that_is_to_close_the_trial_is_named_by_a_line() -> None:
    given = with_part("guidance", "closes: {cyp3a4-inducer: {less_than: inducer-washout}}")
    (said,) = lines(given, Severity.ERROR)
    assert said.startswith("guidance > closes > cyp3a4-inducer: no line names the value set 'cyp3a4-inducer'")


def test_a_value_set_that_no_line_names_is_a_note() -> None:
    given = with_line("E20", "decide: [{violated: {condition: fracture}}, {violated: {condition: peptic-ulcer}}]")
    said = "no line names it; well if steps or order rules do, else take the set away"
    assert added(given, Severity.NOTE) == [f"value set nonhealing-wound-ulcer: {said}"]


def test_refusing_names_every_error_and_nothing_else() -> None:
    problems = (
        Problem("criterion E1", Severity.ERROR, "one"),
        Problem("criterion E2a", Severity.WARNING, "two"),
        Problem("criterion E3", Severity.ERROR, "three"),
    )
    with pytest.raises(ConfigurationError) as refused:
        refuse(problems)
    assert str(refused.value) == "criterion E1: one\ncriterion E3: three"
    refuse(problems[1:2])
