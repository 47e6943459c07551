"""Each client is told cards in the dialect of its own EHR, and asks for observations as its EHR can."""

import json
from pathlib import Path
from typing import Final

import pytest

from cds_service.settings import Client
from fhir_profiles.reading.prefetch import PARTS_OF_KEY
from tests.acceptance import write
from tests.callers import bearer, claims, guarded, key_pair, key_set, signed, trusting
from tests.cards_golden import golden_charts
from tests.http_calls import SERVICE, Json, cards_of, hook_request, problem_of, searchset
from tests.http_calls import client as http_client
from tests.order_calls import ORDER_SIGN, enrolled_chart, order_request, sorafenib, tace

ISSUER: Final = "https://fhir.{}.example/R4"


def client(folder: Path, name: str, ehr: str) -> Client:
    keys = write(folder, f"{name}.json", json.dumps(key_set(key_pair())))
    return Client(name, ISSUER.format(name), jwks_file=folder / keys, ehr=ehr)


def test_two_clients_of_one_service_are_told_each_in_its_dialect(tmp_path: Path) -> None:
    ehrs = ("epic", "oracle", "generic")
    caller = guarded(trusting(tmp_path, *(client(tmp_path, name, name) for name in ehrs))).test_client()
    request = order_request([tace(), sorafenib()], enrolled_chart())
    told = {}
    for name in ehrs:
        token = signed(claims(ORDER_SIGN, iss=ISSUER.format(name)))
        told[name] = cards_of(caller.post(ORDER_SIGN, json=request, headers=bearer(token)))
    suggested = {name: [len(card.get("suggestions", ())) for card in cards] for name, cards in told.items()}
    assert suggested["generic"] == [1]
    assert suggested["oracle"] == [0]
    assert suggested["epic"] > [1]
    assert len({tuple(card["uuid"] for card in cards) for cards in told.values()}) == 1
    assert len({tuple(card["summary"] for card in cards) for cards in told.values()}) == 1


def category_of(resource: Json) -> str:
    """The part in which an observation is sent: laboratory where it names no other category."""
    codes = {one["code"] for category in resource.get("category", ()) for one in category["coding"]}
    named = {"vital-signs": "VitalSigns", "survey": "Survey", "exam": "Exam", "imaging": "Imaging"}
    return next((f"observations{named[code]}" for code in sorted(codes & set(named))), "observationsLaboratory")


@pytest.mark.parametrize("name", sorted(golden_charts()))
def test_observations_by_a_query_a_category_are_judged_like_those_of_one(name: str) -> None:
    chart = golden_charts()[name]
    asked = http_client(chart["asOf"], chart["timeZone"]) if "asOf" in chart else http_client()
    whole = hook_request(chart["bundle"], chart.get("supplied"))
    split = json.loads(json.dumps(whole))
    parts: dict[str, list[Json]] = {part: [] for part in PARTS_OF_KEY["observations"]}
    for entry in split["prefetch"].pop("observations")["entry"]:
        parts[category_of(entry["resource"])].append(entry["resource"])
    split["prefetch"] |= {part: searchset(resources) for part, resources in parts.items()}
    assert cards_of(asked.post(SERVICE, json=split)) == cards_of(asked.post(SERVICE, json=whole))
    del split["prefetch"]["observationsSocialHistory"]
    assert "observations" in problem_of(asked.post(SERVICE, json=split), 412)["diagnostics"]
