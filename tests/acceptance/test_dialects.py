"""Each client is told cards in the dialect of its own EHR, whatever another's is."""

import json
from pathlib import Path
from typing import Final

from cds_service.settings import Client
from tests.acceptance import write
from tests.callers import bearer, claims, guarded, key_pair, key_set, signed, trusting
from tests.http_calls import cards_of
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
