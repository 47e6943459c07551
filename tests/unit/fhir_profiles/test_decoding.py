"""A body decodes whole or entry by entry: one defect costs one fact, and says of which source (rulebook 1.6)."""

import json
from typing import Any

import pytest

from fhir_profiles.reading.decoding import Decoded, UnreadableBody, decode_body
from fhir_profiles.reading.sources import SOURCES_OF_TYPE
from fhir_profiles.record import QualityIssue, Source, SourceState
from tests.acceptance import BRAIN, CANCER, PATIENT, Json, bilirubin, bundle, condition

CONDITIONS = (Source.CONDITIONS, SourceState.IN_PART)
BROKEN = {**condition(BRAIN), "code": 5}
FAILED = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "exception"}]}
NEXT = {"relation": "next", "url": "https://ehr.example/fhir?page=2"}


def decode(body: object) -> Decoded:
    return decode_body(json.dumps(body).encode())


def names(decoded: Decoded) -> list[str]:
    return [f"{type(r.resource).__name__}/{getattr(r.resource, 'id', None)}" for r in decoded.received]


def own(link: str) -> Json:
    return {"relation": "self", "url": f"https://ehr.example/fhir/{link}"}


@pytest.mark.parametrize("kind", ["collection", "searchset", "transaction", "batch", "document", "message", "x", None])
def test_a_bundle_of_any_type_holds_its_resources(kind: str | None) -> None:
    decoded = decode({"resourceType": "Bundle", "type": kind, "entry": [{"resource": PATIENT}, {"request": {}}]})
    assert names(decoded) == ["Patient/p1"]
    assert (decoded.issues, decoded.states) == ((), ())


@pytest.mark.parametrize("kind", ["collection", "transaction", "document", None])
@pytest.mark.parametrize(
    ("empty", "place", "sources"),
    [
        ({"fullUrl": "https://ehr.example/fhir/Condition/c9"}, "Condition/c9", {Source.CONDITIONS}),
        ({"fullUrl": "urn:uuid:1", "resource": None}, "urn:uuid:1", set(Source)),
        ({}, "Bundle.entry", set(Source)),
    ],
)
def test_an_entry_that_holds_nothing_is_told_and_leaves_its_source_in_part(
    kind: str | None, empty: Json, place: str, sources: set[Source]
) -> None:
    decoded = decode({"resourceType": "Bundle", "type": kind, "entry": [{"resource": PATIENT}, empty]})
    assert names(decoded) == ["Patient/p1"]
    assert decoded.issues == (QualityIssue(place, "unreadable-entry"),)
    assert set(decoded.states) == {(source, SourceState.IN_PART) for source in sources}


def test_a_single_resource_is_received_as_it_is() -> None:
    assert names(decode(condition(CANCER))) == [f"Condition/{CANCER}"]


@pytest.mark.parametrize("name", sorted(SOURCES_OF_TYPE))
def test_a_broken_resource_makes_the_sources_of_its_type_read_in_part(name: str) -> None:
    broken = {"resourceType": name, "id": "b1", "code": 5, "birthDate": 5, "status": 5, "identifier": 5, "contained": 5}
    decoded = decode(bundle(PATIENT, broken, condition(CANCER)))
    if decoded.issues:
        assert names(decoded) == ["Patient/p1", f"Condition/{CANCER}"]
        assert [issue.reference for issue in decoded.issues] == [f"{name}/b1"]
        assert dict(decoded.states) == dict.fromkeys(SOURCES_OF_TYPE[name], SourceState.IN_PART)
    else:
        assert name in {"Encounter", "DiagnosticReport", "ServiceRequest"}


def test_a_broken_resource_alone_is_an_issue() -> None:
    decoded = decode(BROKEN)
    assert (decoded.received, decoded.states) == ((), (CONDITIONS,))
    assert decoded.issues == (QualityIssue(f"Condition/{BRAIN}", "unreadable-resource", "code"),)


@pytest.mark.parametrize(
    ("added", "place"),
    [
        ({"referenceRange": [{"high": {"value": 9, "comparator": 1}}]}, "referenceRange[0].high.comparator"),
        ({"modifierExtension": [{"url": "https://ehr.example/denied", "valueBoolean": True}]}, "modifierExtension"),
        ({"implicitRules": "https://ehr.example/rules"}, "implicitRules"),
    ],
)
def test_what_is_malformed_where_no_rule_looks_leaves_its_resource_unread(added: Json, place: str) -> None:
    decoded = decode({**bilirubin("1.0"), **added})
    assert [issue.detail for issue in decoded.issues] == [place]
    assert decoded.states == ((Source.OBSERVATIONS, SourceState.IN_PART),)


def test_what_is_malformed_in_an_element_that_is_not_decoded_hides_nothing() -> None:
    subject, ranges = {"reference": "Patient/p1", "display": 5}, [{"low": {"value": "low"}, "high": {"value": 1.2}}]
    decoded = decode({**bilirubin("1.0"), "subject": subject, "referenceRange": ranges})
    assert (decoded.issues, decoded.states, len(decoded.received)) == ((), (), 1)


@pytest.mark.parametrize(
    ("name", "address", "source"),
    [("condition", "", "conditions"), ("Diagnosis", "https://ehr.example/fhir/Condition/c1", "conditions")],
)
def test_a_type_misspelt_makes_the_source_it_belongs_to_read_in_part(name: str, address: str, source: str) -> None:
    entry = {"fullUrl": address or "urn:uuid:1", "resource": {"resourceType": name, "id": "c1"}}
    decoded = decode({"resourceType": "Bundle", "type": "collection", "entry": [entry]})
    assert decoded.states == ((Source(source), SourceState.IN_PART),)
    assert [issue.issue for issue in decoded.issues] == ["unknown-type"]


@pytest.mark.parametrize("kind", ["batch-response", "collection"])
def test_bundles_within_a_bundle_are_opened(kind: str) -> None:
    found = bundle(condition(CANCER), condition(BRAIN), kind="searchset")
    decoded = decode(bundle(PATIENT, found, kind=kind))
    assert names(decoded) == ["Patient/p1", f"Condition/{CANCER}", f"Condition/{BRAIN}"]
    assert decoded.states == ()


def test_a_broken_resource_within_a_nested_bundle_costs_itself_alone() -> None:
    found = bundle(condition(CANCER), BROKEN, kind="searchset")
    decoded = decode(bundle(PATIENT, found, kind="batch-response"))
    assert CONDITIONS in decoded.states
    assert names(decoded) == ["Patient/p1", f"Condition/{CANCER}"]
    assert [issue.reference for issue in decoded.issues] == [f"Condition/{BRAIN}"]


@pytest.mark.parametrize("broken", [{"link": [{"relation": 5}]}, {"entry": 5}, {"entry": [5]}, {"type": 5}])
def test_a_nested_bundle_that_is_broken_makes_no_source_look_whole(broken: Json) -> None:
    decoded = decode(bundle(PATIENT, {**bundle(condition(BRAIN), kind="searchset"), **broken}, kind="batch-response"))
    read = f"Condition/{BRAIN}" in names(decoded)
    assert read or decoded.states


@pytest.mark.parametrize(
    ("links", "sources"),
    [
        ([NEXT], {Source.CONDITIONS}),
        ([own("Condition?patient=p1"), NEXT], {Source.CONDITIONS}),
        ([own("Observation?patient=p1"), NEXT], {Source.CONDITIONS, Source.OBSERVATIONS}),
        ([own("Condition?patient=p1")], set()),
    ],
)
def test_an_unread_page_makes_the_source_read_in_part(links: list[Json], sources: set[Source]) -> None:
    decoded = decode(bundle(condition(CANCER), kind="searchset", link=links))
    assert dict(decoded.states) == dict.fromkeys(sources, SourceState.IN_PART)


def test_an_unread_page_that_shows_nothing_of_its_kind_leaves_every_source_in_part() -> None:
    assert dict(decode(bundle(kind="searchset", link=[NEXT])).states) == dict.fromkeys(Source, SourceState.IN_PART)


def test_a_failed_search_is_not_supplied() -> None:
    failed = bundle(FAILED, kind="searchset", link=[own("Condition?patient=p1")])
    assert decode(failed).states == ((Source.CONDITIONS, SourceState.NOT_SUPPLIED),)
    assert {state for _, state in decode(bundle(PATIENT, FAILED)).states} == {SourceState.NOT_SUPPLIED}


@pytest.mark.parametrize("outcome", [{"status": "500", "outcome": FAILED}, {"status": "404 Not Found"}])
def test_a_failed_part_of_a_batch_makes_no_source_look_whole(outcome: Json) -> None:
    parts: list[Any] = [{"resource": PATIENT, "response": {"status": "200"}}, {"response": outcome}]
    assert decode({"resourceType": "Bundle", "type": "batch-response", "entry": parts}).states


def version(resource: Json | None, method: str, *, url: bool = True) -> Json:
    address = {"fullUrl": "https://ehr.example/fhir/Condition/c"} if url else {}
    shown = {"resource": resource} if resource else {}
    return {**address, **shown, "request": {"method": method, "url": "Condition/c"}}


def test_of_a_history_the_newest_version_counts() -> None:
    newest, older = condition(CANCER, "new"), condition(BRAIN, "old")
    entries = [version(newest, "PUT"), version(older, "POST")]
    assert names(decode({"resourceType": "Bundle", "type": "history", "entry": entries})) == ["Condition/new"]


@pytest.mark.parametrize("url", [True, False])
def test_what_a_history_says_was_deleted_is_gone(url: bool) -> None:
    entries = [version(None, "DELETE", url=url), version(condition(BRAIN, "c"), "PUT")]
    assert decode({"resourceType": "Bundle", "type": "history", "entry": entries}).received == ()


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"resourceType":"X"}', b'{"resourceType":"Bundle","entry":1}'])
def test_a_body_that_is_no_resource_is_refused(body: bytes) -> None:
    with pytest.raises(UnreadableBody):
        decode_body(body)


def test_a_message_of_refusal_holds_nothing_of_the_body() -> None:
    for body in (
        b'{"resourceType":"SECRET"}',
        b'{"SECRET":1}',
        b"SECRET",
        b'{"resourceType":"Bundle","entry":"SECRET"}',
    ):
        with pytest.raises(UnreadableBody) as refused:
            decode_body(body)
        assert "SECRET" not in str(refused.value)


def test_a_recorded_number_keeps_its_digits() -> None:
    body = json.dumps(bilirubin("@")).replace('"@"', "1.10").encode()
    (received,) = decode_body(body).received
    assert bytes(getattr(received.resource, "valueQuantity").given) == b"1.10"  # noqa: B009 - the type is decoded
