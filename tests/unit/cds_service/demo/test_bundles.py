"""A chart that somebody brings: read whole, or told in words what is wrong with it."""

import json
from pathlib import Path
from typing import Any

import pytest

from cds_service.demo.bundles import LONGEST, BrokenBundle, read_bundle
from cds_service.pages.words import load_page_words

PATIENT = {"resourceType": "Patient", "id": "p1"}


def body(*resources: Any, **elements: object) -> bytes:  # noqa: ANN401 - whatever an entry holds
    entries = [{"resource": one} for one in resources]
    return json.dumps({"resourceType": "Bundle", "entry": entries, **elements}).encode()


@pytest.mark.parametrize(
    ("given", "message", "values"),
    [
        (b"", "nothing", {}),
        (b" \n", "nothing", {}),
        (b"x" * (LONGEST + 1), "long", {"mb": 6}),
        (b'{"a": "\xff"}', "letters", {}),
        (b'{\n "a": }', "json", {"line": 2, "column": 7}),
        (b"[" * 100_000, "deep", {}),
        (b'{"resourceType": "Bundle", "n": NaN}', "deep", {}),
        (b"[]", "no-object", {}),
        (b"null", "no-object", {}),
        (b"{}", "kind", {"kind": "–"}),
        (b'{"resourceType": "<b>"}', "kind", {"kind": "–"}),
        (b'{"resourceType": "Patient"}', "kind", {"kind": "Patient"}),
        (body(), "empty", {}),
        (body(entry=7), "empty", {}),
        (body("x", None, {"resourceType": 3}), "empty", {}),
        (body({"resourceType": "Basic"}), "no-patient", {"n": 1}),
        (body(PATIENT, {**PATIENT, "id": "p2"}), "several", {"n": 2}),
    ],
)
def test_what_is_wrong_is_told(given: bytes, message: str, values: dict[str, object]) -> None:
    with pytest.raises(BrokenBundle) as told:
        read_bundle(given)
    assert (told.value.message, told.value.values) == (message, values)
    for say in load_page_words().values():
        assert say(f"ehr.broken.{message}", **values)


def test_resources_without_an_id_get_one_and_urns_become_references() -> None:
    named = {"fullUrl": "urn:uuid:1", "resource": {"resourceType": "Patient"}}
    other = {"resource": {"resourceType": "Basic", "subject": {"reference": "urn:uuid:1"}, "about": [{"a": 1}]}}
    read = read_bundle(json.dumps({"resourceType": "Bundle", "entry": [named, other]}).encode())
    assert read == (
        {"resourceType": "Patient", "id": "entry-1"},
        {"resourceType": "Basic", "id": "entry-2", "subject": {"reference": "Patient/entry-1"}, "about": [{"a": 1}]},
    )


def test_a_byte_order_mark_is_no_fault() -> None:
    assert read_bundle(b"\xef\xbb\xbf" + body(PATIENT)) == (PATIENT,)


def test_public_synthetic_charts_can_be_opened(shared: Path) -> None:
    files = sorted((shared / "examples" / "synthea").glob("*.json"))
    assert files
    for file in files:
        assert len(read_bundle(file.read_bytes())) > 100
