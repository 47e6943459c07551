"""Searches of several pages: read to the end on the same server, or told to be in part."""

import json

import pytest

from cds_service.web.discovery import PREFETCH
from tests.acceptance import bundle, states, verdict
from tests.fetch_calls import (
    BASE,
    CHART,
    FAILURE,
    NEEDED,
    Answer,
    Ehr,
    allergies,
    answered,
    fetching_call,
    page,
    shown,
)
from tests.http_calls import (
    Json,
)

ALLERGY: Json = {
    "resourceType": "AllergyIntolerance",
    "id": "a",
    "patient": {"reference": "Patient/p1"},
    "clinicalStatus": {"coding": [{"code": "active"}]},
    "code": {"text": "sorafenib"},
}


@pytest.mark.parametrize(
    "link",
    [
        f"{BASE}/AllergyIntolerance?page=2",
        f"{BASE}?_getpages=AllergyIntolerance",
        "AllergyIntolerance?patient=p1&page=2",
        "/fhir/AllergyIntolerance?page=2",
    ],
)
def test_the_next_page_is_read_too(link: str) -> None:
    with Ehr(CHART, allergies=[page([], link), page([ALLERGY], total=9)]):
        found = shown(fetching_call(CHART, NEEDED))
    assert states(found)["allergies"] == "supplied"
    assert verdict(found, "E22") == "unknown", "the drug is mentioned on the second page"


@pytest.mark.parametrize(
    "link",
    [
        "https://other.example/fhir/AllergyIntolerance?page=2",
        "http://ehr.example/fhir/AllergyIntolerance?page=2",
        "https://ehr.example:444/fhir/AllergyIntolerance?page=2",
        "https://ehr.example/other/AllergyIntolerance?page=2",
        "https://ehr.example/fhirish/AllergyIntolerance?page=2",
        f"{BASE}/../other/AllergyIntolerance",
        f"{BASE}/%2e%2e/other/AllergyIntolerance",
        f"{BASE}/..%2fother/AllergyIntolerance",
        "https://ehr.example@other.example/fhir/AllergyIntolerance",
        f"{BASE}/AllergyIntolerance#2",
        "https://[ehr.example/fhir/AllergyIntolerance",
        "javascript:alert(1)",
    ],
)
def test_a_page_elsewhere_is_not_read_and_its_source_is_in_part(link: str) -> None:
    with Ehr(CHART, allergies=[page([], link)]) as ehr:
        found = shown(fetching_call(CHART, NEEDED))
    assert states(found)["allergies"] == "in-part"
    assert verdict(found, "E22") == "unknown"
    assert ehr.keys.count("allergies") == 1


SECOND = f"{BASE}/AllergyIntolerance?page=2"


@pytest.mark.parametrize(
    "second",
    [
        answered(FAILURE, 500),
        answered(FAILURE, 404),
        answered(FAILURE),
        answered("<html>"),
        page([], SECOND),
        answered(bundle(kind="collection")),
    ],
)
def test_a_page_that_cannot_be_read_leaves_its_source_in_part(second: Answer) -> None:
    assert allergies([page([], SECOND), second]) == "in-part"


def test_a_failed_search_on_a_later_page_fails_the_whole() -> None:
    assert allergies([page([], SECOND), page([FAILURE])]) == "not-supplied"


def test_pages_are_read_up_to_a_limit() -> None:
    pages = [page([], f"{BASE}/AllergyIntolerance?page={at}") for at in range(9)]
    assert allergies(pages[:3], pages=3) == "in-part"
    assert allergies([*pages[:2], page([])], pages=3) == "supplied"


def test_resources_and_bytes_are_read_up_to_a_limit() -> None:
    many = [{**ALLERGY, "id": str(at)} for at in range(50)]
    assert allergies([page(many[:5], SECOND), page(many[5:])], resources=20) == "in-part"
    assert allergies(page(many), resources=20) == "not-supplied"
    assert allergies([page(many[:5], SECOND), page(many[5:] * 9)], bytes=20_000) == "in-part"


def test_a_server_that_counts_more_than_it_gives_is_read_in_part() -> None:
    assert allergies(page([ALLERGY], total=2)) == "in-part"
    assert allergies(page([ALLERGY], total=1)) == "supplied"


def test_the_pages_that_a_prefetched_search_has_beyond_the_first_are_fetched() -> None:
    request = fetching_call(CHART, set(PREFETCH) - {"allergies"})
    request["prefetch"]["allergies"] = json.loads(page([], SECOND)[2])
    with Ehr(CHART, allergies=[page([ALLERGY])]) as ehr:
        found = shown(request)
    assert ehr.paths == ["AllergyIntolerance?page=2"]
    assert states(found)["allergies"] == "supplied"
    with Ehr(CHART, allergies=[answered(FAILURE, 500)]):
        assert states(shown(request))["allergies"] == "in-part"
