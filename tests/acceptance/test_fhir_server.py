"""Against a real FHIR server: what is fetched is judged as what is prefetched; what it cannot search is not believed.

The server does not know the search `ResearchSubject?individual=`. Asked to say so (`handling=strict`) it refuses; asked
without, it leaves the parameter out of its `self` link and gives the subjects of everybody. Neither is an answer: for
this one key the fetched chart is compared with a chart of which it was not sent.
"""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
import requests
from flask.testing import FlaskClient

from cds_service.commands.demonstrating import PATIENTS
from cds_service.settings import Fetching
from tests.acceptance import AS_OF, states, verdict
from tests.acceptance.test_vignettes import ELIGIBILITY, STEPS
from tests.fhir_server import TOKEN, FhirServer, under_ids_of
from tests.http_calls import (
    SERVICE,
    Json,
    assessment_of,
    cards_of,
    client,
    hook_request,
    query_of,
    service,
)

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("fhir-server")]

DEMO: Final = sorted(PATIENTS.glob("*.json"))
NOT_SEARCHED: Final = "researchSubjects"


@cache
def fetching_from(origin: str, as_of: str, zone: str) -> FlaskClient:
    """A service that may fetch from this server, however busy the machine is."""
    fetching = Fetching(fhir_origins=(origin,), allow_http=True, budget_seconds=60, connect_seconds=60, read_seconds=60)
    return service(as_of, zone, fetching=fetching).test_client()


def put(server: FhirServer, file: Path) -> Json:
    """The chart of a file, put into the server under ids of its own."""
    read: Mapping[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    chart = under_ids_of(file.stem[:9].rstrip("-"), read.get("bundle", read))
    server.put(chart)
    return chart


def call(server: FhirServer, chart: Json, *prefetched: str) -> Json:
    request = hook_request(chart)
    request["prefetch"] = {key: request["prefetch"][key] for key in prefetched}
    return {**request, "fhirServer": server.base, "fhirAuthorization": server.authorization}


def same_from_both(server: FhirServer, chart: Json, as_of: str, zone: str) -> None:
    """What is fetched gives the cards that the prefetch gives."""
    fetching, plain = fetching_from(server.origin, as_of, zone), client(as_of, zone)
    whole = cards_of(plain.post(SERVICE, json=hook_request(chart)))
    assert cards_of(fetching.post(SERVICE, json=call(server, chart, NOT_SEARCHED))) == whole
    without = hook_request(chart)
    del without["prefetch"][NOT_SEARCHED]
    fetched = cards_of(fetching.post(SERVICE, json=call(server, chart)))
    assert fetched == cards_of(plain.post(SERVICE, json=without))
    for card in fetched:
        assert states(assessment_of(card))["research-subjects"] == "not-supplied"
        assert verdict(assessment_of(card), "E10") != "presumed"


@pytest.mark.parametrize("file", DEMO, ids=lambda file: file.stem)
def test_a_bundled_patient_is_judged_the_same_from_the_server(file: Path, fhir_server: FhirServer) -> None:
    same_from_both(fhir_server, put(fhir_server, file), AS_OF, "Asia/Seoul")


@pytest.mark.parametrize("file", ELIGIBILITY[::4] + STEPS[::4], ids=lambda file: file.stem)
def test_a_vignette_is_judged_the_same_from_the_server(file: Path, fhir_server: FhirServer) -> None:
    vignette = json.loads(file.read_text(encoding="utf-8"))
    same_from_both(fhir_server, put(fhir_server, file), vignette["asOf"], vignette["timeZone"])


def test_a_chart_of_many_pages_is_read_to_its_end(fhir_server: FhirServer) -> None:
    chart = put(fhir_server, DEMO[0])
    result = next(e["resource"] for e in chart["entry"] if e["resource"]["resourceType"] == "Observation")
    old = [{**result, "id": f"old-{at}", "effectiveDateTime": "2020-01-01"} for at in range(450)]
    fhir_server.put({"entry": [{"resource": one} for one in old]})
    chart["entry"] += [{"resource": one} for one in old]
    same_from_both(fhir_server, chart, AS_OF, "Asia/Seoul")


def test_a_server_that_ignores_whose_data_are_asked_for_is_not_believed(fhir_server: FhirServer) -> None:
    """What the server does when it is not asked to be strict, prefetched by an EHR that believes it."""
    put(fhir_server, next(file for file in DEMO if "enrolled" in file.stem))
    other = put(fhir_server, DEMO[0])
    patient = next(e["resource"]["id"] for e in other["entry"] if e["resource"]["resourceType"] == "Patient")
    headers = {"Authorization": f"Bearer {TOKEN}"}
    lenient = requests.get(f"{fhir_server.base}/{query_of(NOT_SEARCHED, patient)}", headers=headers, timeout=30).json()
    given = [entry["resource"]["resourceType"] for entry in lenient["entry"]]
    assert "ResearchSubject" in given, "those of another patient"
    request = hook_request(other)
    request["prefetch"][NOT_SEARCHED] = lenient
    (card,) = cards_of(client(AS_OF, "Asia/Seoul").post(SERVICE, json=request))
    assert states(assessment_of(card))["research-subjects"] == "not-supplied"
    assert verdict(assessment_of(card), "E10") != "presumed"


def test_a_token_that_the_server_does_not_know_brings_nothing(fhir_server: FhirServer) -> None:
    request = call(fhir_server, put(fhir_server, DEMO[0]))
    request["fhirAuthorization"]["access_token"] = "another"  # noqa: S105 - known to nobody
    answer = fetching_from(fhir_server.origin, AS_OF, "Asia/Seoul").post(SERVICE, json=request)
    assert answer.status_code == 412
    assert all(key in answer.text for key in ("patient", "conditions", "observations"))
