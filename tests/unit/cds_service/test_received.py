"""A resource is found in what was received, wherever it stands, by its id or by the address it was sent under."""

import json

import pytest

from cds_service.received import find_resource

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
    assert find_resource((b"", b"null", json.dumps(OTHER).encode(), body), reference) == ORDER


def test_it_is_found_by_its_address() -> None:
    assert find_resource((json.dumps(BUNDLE).encode(),), "urn:uuid:77") == ORDER


@pytest.mark.parametrize("reference", ["MedicationRequest/m", "Medication/m1", "urn:uuid:7", "MedicationRequest/", ""])
def test_another_one_is_not_taken_for_it(reference: str) -> None:
    assert find_resource((json.dumps(BUNDLE).encode(), json.dumps(OTHER).encode()), reference) is None


def test_what_is_contained_is_not_a_resource_of_its_own() -> None:
    holder = {**OTHER, "id": "holder", "contained": [ORDER]}
    assert find_resource((json.dumps(holder).encode(),), "MedicationRequest/m1") is None
