"""A resource is found in what was received, wherever it stands, by its id or by the address it was sent under."""

import json
from collections.abc import Iterator

import pytest

from cds_service.received import Received

ORDER = {"resourceType": "MedicationRequest", "id": "m1", "note": [{"text": "as received"}]}
BUNDLE = {"resourceType": "Bundle", "entry": [{"fullUrl": "urn:uuid:77", "resource": ORDER}, {}, None]}
OTHER = {"resourceType": "ServiceRequest", "id": "m1"}


@pytest.mark.parametrize(
    "body",
    [
        json.dumps(ORDER).encode(),
        json.dumps(BUNDLE).encode(),
        b"\xef\xbb\xbf" + json.dumps(BUNDLE).encode(),
        json.dumps({"hook": "order-sign", "prefetch": {"a": None, "medicationRequests": BUNDLE}}).encode(),
        json.dumps({"resourceType": "Bundle", "entry": [{"resource": BUNDLE}]}).encode(),
        f'{json.dumps(OTHER)}\nno JSON "m1"\n{json.dumps(ORDER)}\n'.encode(),
    ],
    ids=["alone", "bundle", "mark", "request", "bundle in a bundle", "lines"],
)
@pytest.mark.parametrize(
    "reference", ["MedicationRequest/m1", "https://ehr.example/fhir/MedicationRequest/m1/_history/3"]
)
def test_it_is_found_by_its_id(body: bytes, reference: str) -> None:
    assert Received((b"", b"null", json.dumps(OTHER).encode(), body)).find(reference) == ORDER


def test_it_is_found_by_its_address() -> None:
    assert Received((json.dumps(BUNDLE).encode(),)).find("urn:uuid:77") == ORDER


@pytest.mark.parametrize("reference", ["MedicationRequest/m", "Medication/m1", "urn:uuid:7", "MedicationRequest/", ""])
def test_another_one_is_not_taken_for_it(reference: str) -> None:
    assert Received((json.dumps(BUNDLE).encode(), json.dumps(OTHER).encode())).find(reference) is None


def test_what_is_contained_is_not_a_resource_of_its_own() -> None:
    holder = {**OTHER, "id": "holder", "contained": [ORDER]}
    assert Received((json.dumps(holder).encode(),)).find("MedicationRequest/m1") is None


def test_nothing_is_read_before_a_resource_is_looked_for_and_no_body_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[bytes] = []

    def noted(body: bytes) -> Iterator[object]:
        read.append(body)
        yield json.loads(body)

    monkeypatch.setattr("cds_service.received._documents", noted)
    first, second, later = (json.dumps(one).encode() for one in (OTHER, BUNDLE, {**ORDER, "id": "m2"}))
    received = Received((first, second))
    assert read == []
    assert received.find("MedicationRequest/m2") is None
    received.add((later,))
    assert received.find("MedicationRequest/m2") == {**ORDER, "id": "m2"}
    assert received.find("MedicationRequest/m1") == ORDER
    assert read == [first, second, later]


def test_of_a_resource_that_stands_in_several_bodies_the_first_is_taken() -> None:
    received = Received((json.dumps(ORDER).encode(),))
    received.add((json.dumps({**ORDER, "note": []}).encode(),))
    assert received.find("MedicationRequest/m1") == ORDER
