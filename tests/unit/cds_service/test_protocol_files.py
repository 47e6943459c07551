"""A protocol file with one slip in it: each message names the line and the key, and says what was expected."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from cds_service.errors import ConfigurationError
from cds_service.loading import load
from cds_service.protocols import statements
from cds_service.protocols.parsing import SCHEMA, parse_protocol, schema_problems
from cds_service.settings import Settings
from cds_service.trial.findings import Verdict
from fhir_profiles.record import Sex, Source
from tests.unit.cds_service.protocol_changes import cotsom, with_line, with_part

DEFINITIONS: Mapping[str, Any] = json.loads(SCHEMA.read_text(encoding="utf-8"))["$defs"]
AT = "criterion E7 > decide > [1] > violated"


def statement(text: str) -> tuple[str, ...]:
    """What the schema says of E7 with this one statement as its only clause."""
    return tuple(schema_problems(with_line("E7", f"decide: [{{violated: {text}}}]")))


def test_the_protocol_of_the_product_passes() -> None:
    assert tuple(schema_problems(cotsom())) == ()
    assert load(Settings()).protocol.id == "NCT02311205"


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(json.loads(SCHEMA.read_text(encoding="utf-8")))


def test_the_schema_knows_every_kind_of_statement() -> None:
    kinds = tuple(statements._KINDS)  # noqa: SLF001 - the table is what the schema must mirror
    assert {option["required"][0] for option in DEFINITIONS["one_kind"]["oneOf"]} == set(kinds)
    assert {one["if"]["required"][0] for one in DEFINITIONS["statement"]["then"]["allOf"]} == set(kinds)


def test_the_schema_lists_the_verdicts_sources_and_sexes_of_the_core() -> None:
    criterion = DEFINITIONS["criterion"]["properties"]
    assert criterion["sources"]["items"]["enum"] == [source.value for source in Source]
    assert DEFINITIONS["verdict"]["enum"] == [verdict.value for verdict in Verdict]
    assert DEFINITIONS["sex_name"]["enum"] == [sex.value for sex in Sex]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (
            "{lab: creatinine, abov: 2 mg/dL, at_most: 4 weeks}",
            ": 'abov' is no key of a lab statement; did you mean 'above'?",
        ),
        ("{lab: creatinine, at_most: 4 weeks}", ": expected one of the keys above, below, is"),
        ("{lab: creatinine, above: 2 mg/dL}", ": the key 'at_most' is missing; add it"),
        (
            "{lab: creatinine, above: 1, below: 2, at_most: 4 weeks}",
            ": only one of the keys 'above', 'below' can stand here; take the others away",
        ),
        ("{lab: hcg, score: ecog}", ": only one of the keys 'lab', 'score' can stand here; take the others away"),
        (
            "{condition: ascites, less_than: 4 weeks, at_most: 4 weeks}",
            ": only one of the keys 'less_than', 'at_most' can stand here; take the others away",
        ),
        (
            "{condition: ascites, activity: actve}",
            " > activity: expected one of active, inactive, any; found 'actve'; did you mean 'active'?",
        ),
        ("{condition: [ascites, ascites]}", " > condition: 'ascites' is given twice; keep one of the two"),
        ("{condition: []}", " > condition: expected a list of one or more; found an empty list"),
        ("{sex: mael}", " > sex: expected one of male, female, unknown; found 'mael'; did you mean 'male'?"),
        (
            "{result: tace-failure, is: yes}",
            (
                " > is: expected a name in small letters, digits and hyphens, like laboratory-age;"
                " found true (a text like yes or no needs quotes)"
            ),
        ),
        (
            "{score: ecog, between: [1]}",
            " > between: expected two whole numbers, the least and the greatest; found a list of 1",
        ),
        ("{score: ecog, between: [0, 1001]}", " > between > [2]: expected a whole grade from 0 to 1000; found 1001"),
        ("{any_of: [{sex: male}]}", " > any_of: expected a list of two statements or more; found a list of 1"),
        ("{age: {least: 20 years}}", " > age: 'least' is no key of age; did you mean 'at_least'?"),
        (
            "{age: {below: 20 days}}",
            " > age > below: expected a number of years like '20 years', or the name of a parameter; found '20 days'",
        ),
        ("{enrolled: false}", " > enrolled: expected true; found false"),
        ("hcg", ": expected a mapping of keys; found 'hcg'"),
    ],
)
def test_a_slip_in_a_statement_names_the_key(written: str, said: str) -> None:
    assert statement(written) == (AT + said,)


def test_a_misspelt_kind_is_told_the_nearest() -> None:
    (line,) = statement("{lba: hcg, is: positive, at_most: 4 weeks}")
    assert line.startswith(f"{AT}: expected one of the keys condition, procedure, ")
    assert line.endswith("; did you mean 'lab'?")


def test_a_misspelt_length_of_time_is_shown_with_examples() -> None:
    assert statement("{score: ecog, between: [0, 1], at_most: 28 dayz}") == (
        (
            f"{AT} > at_most: expected a length of time like '28 days', '4 weeks', '6 months' or '3 years', "
            "or the name of a parameter; found '28 dayz'"
        ),
    )


def test_a_slip_inside_joined_statements_is_found_there() -> None:
    (line,) = statement("{not: {all_of: [{sex: male}, {allergy: sorafenib, activity: any}]}}")
    assert line == f"{AT} > not > all_of > [2]: 'activity' is no key of an allergy statement; known are: allergy"


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("decide: [{vilated: {sex: male}}]", "decide > [1]: 'vilated' is no key of a clause; did you mean 'violated'?"),
        (
            "decide: [{violated: {sex: male}, satisfied: {sex: female}}]",
            "decide > [1]: only one of the keys 'satisfied', 'violated' can stand here; take the others away",
        ),
        (
            "decide: [{ask: confirm:sex}]",
            "decide > [1]: expected one of the keys satisfied, presumed, unknown, attest, violated",
        ),
        ("ask: confrm:sex", "ask: expected an ask like confirm:brain-metastasis or test:ecog; found 'confrm:sex'"),
        (
            "otherwise: satisfed",
            (
                "otherwise: expected one of satisfied, presumed, unknown, attest, violated; "
                "found 'satisfed'; did you mean 'satisfied'?"
            ),
        ),
        ("otherwise: {verdict: I3}", "otherwise: 'verdict' is no key of otherwise; did you mean 'verdict_of'?"),
        ("text: ' '", "text: expected a text that is not empty; found ' '"),
        ("decide: {}", "decide: expected a list; found a mapping"),
        ("decide: ", "decide: expected a list; found nothing"),
    ],
)
def test_a_slip_in_a_criterion_names_the_key(written: str, said: str) -> None:
    assert tuple(schema_problems(with_line("E7", written))) == (f"criterion E7 > {said}",)


def test_a_source_that_is_none_is_told_the_nearest() -> None:
    (line,) = schema_problems(with_line("E7", "sources: [observation]"))
    assert line.startswith("criterion E7 > sources > [1]: expected one of patient, conditions, observations, ")
    assert line.endswith("; found 'observation'; did you mean 'observations'?")


def test_a_criterion_without_text_or_id_is_named_all_the_same() -> None:
    given = cotsom()
    del given["criteria"][3]["text"]
    del given["criteria"][4]["id"]
    assert tuple(schema_problems(given)) == (
        "criterion I4: the key 'text' is missing; add it",
        "criterion [5]: the key 'id' is missing; add it",
    )


@pytest.mark.parametrize(
    ("section", "written", "said"),
    [
        ("trial", "version: 1.0", "version: expected a version like 1.0.0; found 1.0"),
        (
            "parameters",
            "spare: {value: 1 day, origin: trial, meaning: spare}",
            "spare > origin: expected one of registry, site; found 'trial'",
        ),
        ("parameters", "spare: 28 days", "spare: expected a mapping of keys; found '28 days'"),
        (
            "analytes",
            "hcg: {value_set: hcg, unit: U/L, plausible: [0, 9], negative_below: 5 U/L}",
            "hcg: the key 'positive_from' is missing; add it",
        ),
        (
            "analytes",
            "ast: {value_set: ast, unit: U/L, plausible: [0, 9], upper_limit: {man: 40}}",
            "ast > upper_limit: 'man' is no key of upper_limit; known are: female, male",
        ),
        ("scales", "ecog: {value_set: ecog, range: [0, 4]}", "ecog: the key 'reads_text' is missing; add it"),
        (
            "child_pugh",
            "signs: {ascites: {scale: ascites-grade, points: {none: 1}}}",
            "signs > ascites > points: expected a whole grade like 0; found 'none'",
        ),
        (
            "child_pugh",
            "signs: {ascites: {scale: ascites-grade, points: {0: 4}}}",
            "signs > ascites > points > 0: expected one of 1, 2, 3; found 4",
        ),
        (
            "answers",
            "negative: {sets: [], against: [result-positive]}",
            "negative > sets: expected a list of one or more; found an empty list",
        ),
        (
            "definitions",
            "adult: {age: {at_least: 20 years, below: 3 years}}",
            "adult > age: only one of the keys 'at_least', 'below' can stand here; take the others away",
        ),
    ],
)
def test_a_slip_in_a_section_names_the_key(section: str, written: str, said: str) -> None:
    assert tuple(schema_problems(with_part(section, written))) == (f"{section} > {said}",)


def test_a_name_in_capitals_is_refused() -> None:
    (line,) = schema_problems(with_part("parameters", "Spare: {value: 1 day, origin: site, meaning: spare}"))
    assert line == (
        "parameters: expected a name in small letters, digits and hyphens, like laboratory-age; found 'Spare'"
    )


def test_a_misspelt_section_is_told_the_nearest() -> None:
    given = cotsom()
    given["scale"] = given.pop("scales")
    assert tuple(schema_problems(given)) == ("top level: 'scale' is no key of a protocol file; did you mean 'scales'?",)


def _holes(given: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:  # noqa: ANN401 - any YAML
    yield path
    steps = given.items() if isinstance(given, dict) else enumerate(given) if isinstance(given, list) else ()
    for step, below in steps:
        yield from _holes(below, (*path, step))


@pytest.mark.parametrize("hole", [None, [], {"lab": {"deep": ["x"]}}, 7, "x" * 400, True], ids=lambda one: str(one)[:9])
def test_whatever_stands_anywhere_the_message_stays_one_short_line(hole: object) -> None:
    for path in tuple(path for path in _holes(cotsom()) if path)[::60]:
        given: Any = cotsom()
        here = given
        for step in path[:-1]:
            here = here[step]
        here[path[-1]] = hole
        assert all(len(line) < 320 and "\n" not in line for line in schema_problems(given))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "1: top level: expected a mapping of keys; found nothing"),
        ("trial: {id: a, id: b}", " line 1: the key 'id' is given twice; keep one of the two"),
        ("answers:\n  yes: {}", " line 2: a key must be a text; put yes in quotes"),
        ("trial: {id: a", " not YAML: line 2, column 1: did not find expected ',' or '}'"),
        ("trial: {id: 2026-13-45}", " not YAML: month must be in 1..12"),
    ],
)
def test_a_file_that_is_no_protocol_is_named(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "trial.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError) as refused:
        parse_protocol(file)
    assert str(refused.value) == f"{file}:{said}"


def test_a_file_that_is_not_there_or_not_text_is_named(tmp_path: Path) -> None:
    file = tmp_path / "trial.yaml"
    with pytest.raises(ConfigurationError, match=r"trial\.yaml: cannot be read: No such file"):
        parse_protocol(file)
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigurationError, match=r"trial\.yaml: not UTF-8 text"):
        parse_protocol(file)


@pytest.mark.parametrize(
    ("slip", "said"),
    [
        ("abov: 2", "{file}: criterion E7 > decide > [1] > violated: 'abov' is no key of a lab statement"),
        ("above: high", "{file}: criterion E7 > decide > [1] > violated > above: there is no parameter 'high'"),
        (
            "above: 2 g",
            "{file}: criterion E7: '2 g': a quantity in mg/dL, or in a unit that converts to it, was expected",
        ),
    ],
)
def test_loading_refuses_a_file_with_a_slip(tmp_path: Path, slip: str, said: str) -> None:
    line = f"decide: [{{violated: {{lab: creatinine, {slip}, at_most: 4 weeks}}}}]"
    file = tmp_path / "trial.yaml"
    file.write_text(yaml.safe_dump(with_line("E7", line)), encoding="utf-8")
    with pytest.raises(ConfigurationError) as refused:
        load(Settings(), file)
    assert re.sub(r":[0-9]+: ", ": ", str(refused.value), count=1).startswith(said.format(file=file))
