"""Which prefetch key tells what of which source: absent, empty, failed, in part (contract 4.1, rulebook section 3)."""

import json
from collections.abc import Mapping

import msgspec
import pytest

from cds_service.web.discovery import PREFETCH
from fhir_profiles.reading.prefetch import KIND_OF_KEY, PARTS_OF_KEY, SOURCE_OF_KEY, decode_prefetch
from fhir_profiles.record import Source, SourceState
from fhir_profiles.resources import Observation
from tests.acceptance import BRAIN, CANCER, PATIENT, Json, bilirubin, bundle, condition

KEYS = [
    *("patient", "conditions", "observations", "procedures", "medicationRequests"),
    *("allergies", "diagnosticReports", "serviceRequests", "researchSubjects", "encounters"),
]
ASKED = [{"relation": "self", "url": "https://ehr.example/fhir/Condition?patient=p1"}]
EVERYBODY = [{"relation": "self", "url": "https://ehr.example/fhir/Condition?_count=50"}]
NEXT = [*ASKED, {"relation": "next", "url": "https://ehr.example/fhir?page=2"}]


def outcome(severity: str, code: str = "exception") -> Json:
    return {"resourceType": "OperationOutcome", "issue": [{"severity": severity, "code": code}]}


def states(prefetch: Mapping[str, object]) -> dict[Source, SourceState]:
    raw = {key: msgspec.Raw(json.dumps(value).encode()) for key, value in prefetch.items()}
    return dict(decode_prefetch(raw, "p1").states)


def conditions(value: object) -> SourceState:
    found = states({"patient": PATIENT, "conditions": value})
    others = {source: state for source, state in found.items() if source is not Source.CONDITIONS}
    expected = dict.fromkeys(others, SourceState.NOT_SUPPLIED) | {Source.PATIENT: SourceState.SUPPLIED}
    assert others == expected
    return found[Source.CONDITIONS]


def test_no_key_is_no_source() -> None:
    assert states({}) == dict.fromkeys(Source, SourceState.NOT_SUPPLIED)


@pytest.mark.parametrize("key", KEYS)
def test_a_key_supplies_its_source_and_no_other(key: str) -> None:
    supplied = [source for source, state in states({key: None}).items() if state is SourceState.SUPPLIED]
    assert supplied == [SOURCE_OF_KEY[key]]


def test_every_source_has_a_key() -> None:
    assert sorted(SOURCE_OF_KEY) == sorted(KEYS)
    assert set(SOURCE_OF_KEY.values()) == set(Source)


@pytest.mark.parametrize(
    ("value", "state"),
    [
        (None, SourceState.SUPPLIED),
        (bundle(kind="searchset"), SourceState.SUPPLIED),
        (bundle(condition(CANCER), kind="searchset", link=ASKED), SourceState.SUPPLIED),
        (bundle(condition(CANCER), outcome("warning"), kind="searchset", link=ASKED), SourceState.SUPPLIED),
        (bundle(condition(CANCER), kind="searchset", link=NEXT), SourceState.IN_PART),
        (bundle(condition(CANCER), {**condition(BRAIN), "code": 5}, kind="searchset"), SourceState.IN_PART),
        (bundle(condition(CANCER), kind="searchset", link=EVERYBODY), SourceState.NOT_SUPPLIED),
        (bundle({**condition(BRAIN), "code": 5}, kind="searchset", link=EVERYBODY), SourceState.NOT_SUPPLIED),
        (bundle(outcome("error"), kind="searchset", link=ASKED), SourceState.NOT_SUPPLIED),
        (bundle(outcome("error"), kind="searchset"), SourceState.NOT_SUPPLIED),
        (bundle(outcome("warning", "not-supported"), kind="searchset"), SourceState.NOT_SUPPLIED),
        (outcome("error"), SourceState.NOT_SUPPLIED),
        (outcome("fatal"), SourceState.NOT_SUPPLIED),
        (outcome("information", "not-supported"), SourceState.NOT_SUPPLIED),
        (5, SourceState.NOT_SUPPLIED),
        ("x", SourceState.NOT_SUPPLIED),
        ([], SourceState.NOT_SUPPLIED),
        ({}, SourceState.NOT_SUPPLIED),
        ({"resourceType": "Unheard"}, SourceState.NOT_SUPPLIED),
    ],
)
def test_what_a_key_holds_says_whether_its_source_was_supplied(value: object, state: SourceState) -> None:
    assert conditions(value) is state


def test_statements_and_administrations_add_and_their_absence_is_no_gap() -> None:
    assert states({"medicationRequests": None})[Source.MEDICATIONS] is SourceState.SUPPLIED
    added = {"medicationRequests": None, "medicationStatements": bundle(kind="searchset")}
    assert states(added)[Source.MEDICATIONS] is SourceState.SUPPLIED


@pytest.mark.parametrize("key", ["medicationStatements", "medicationAdministrations"])
def test_a_failed_search_of_what_adds_leaves_the_source_in_part(key: str) -> None:
    assert states({"medicationRequests": None, key: outcome("error")})[Source.MEDICATIONS] is SourceState.IN_PART
    assert states({key: None})[Source.MEDICATIONS] is SourceState.NOT_SUPPLIED


def test_a_key_of_another_name_shows_only_a_part() -> None:
    found = states({"patient": PATIENT, "problems": bundle(condition(CANCER))})
    assert found[Source.CONDITIONS] is SourceState.IN_PART
    whole = states({"conditions": None, "problems": bundle(condition(CANCER))})
    assert whole[Source.CONDITIONS] in (SourceState.SUPPLIED, SourceState.IN_PART)


def test_the_kind_of_a_key_is_that_of_its_query() -> None:
    assert {key: kind for key, kind in KIND_OF_KEY.items() if key in PREFETCH} == {
        key: query.partition("?")[0] for key, query in PREFETCH.items() if key != "patient"
    }


def test_the_resources_of_all_keys_are_received() -> None:
    prefetch = {"patient": PATIENT, "conditions": bundle(condition(CANCER)), "other": condition(BRAIN)}
    raw = {key: msgspec.Raw(json.dumps(value).encode()) for key, value in prefetch.items()}
    assert len(decode_prefetch(raw, "p1").received) == 3


PARTS = PARTS_OF_KEY["observations"]
EMPTY = bundle(kind="searchset")


def in_parts(**instead: object) -> dict[str, object]:
    """A prefetch with a query a category; an argument of ... leaves a part out."""
    given = {**dict.fromkeys(PARTS, EMPTY), **instead}
    return {"patient": PATIENT} | {key: value for key, value in given.items() if value is not ...}


def test_a_key_sent_in_all_its_parts_supplies_its_source() -> None:
    assert states(in_parts())[Source.OBSERVATIONS] is SourceState.SUPPLIED


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("value", [..., outcome("error")], ids=["left out", "failed"])
def test_a_part_that_lacks_leaves_the_source_open(part: str, value: object) -> None:
    seen = bilirubin(1.1)
    other = next(one for one in PARTS if one != part)
    given = in_parts(**{part: value, other: bundle(seen, kind="searchset")})
    assert states(given)[Source.OBSERVATIONS] is SourceState.IN_PART
    assert states(in_parts(**{part: value}))[Source.OBSERVATIONS] is SourceState.NOT_SUPPLIED


def test_a_part_with_a_next_page_is_a_source_in_part() -> None:
    going_on = {**EMPTY, "link": [{"relation": "next", "url": "https://ehr.example/fhir?page=2"}]}
    assert states(in_parts(observationsExam=going_on))[Source.OBSERVATIONS] is SourceState.IN_PART


def test_a_result_of_two_categories_is_there_once_and_two_of_one_id_twice() -> None:
    one, other = bilirubin(1.1), bilirubin(9.9)
    for second, times in ((one, 1), (other, 2)):
        given = in_parts(
            observationsLaboratory=bundle(one, kind="searchset"), observationsExam=bundle(second, kind="searchset")
        )
        raw = {key: msgspec.Raw(json.dumps(value).encode()) for key, value in given.items()}
        assert sum(isinstance(entry.resource, Observation) for entry in decode_prefetch(raw, "p1").received) == times
