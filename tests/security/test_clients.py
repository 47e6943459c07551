"""What is a client's own: the servers that may be asked for data of its patients. A demonstration has no clients."""

import json
from pathlib import Path

import pytest

from cds_service.settings import Client
from tests.acceptance import run
from tests.callers import AUDIENCE, ISSUER, Key, bearer, claims, guarded, key_pair, key_set, signed, trusting
from tests.fetch_calls import Ehr, fetching_call
from tests.http_calls import SERVICE, simple_chart
from tests.security.test_keys import pinned

WEST = "https://fhir.west.example"
NEEDED = ("patient", "conditions", "observations")


def client(folder: Path, name: str, issuer: str, key: Key, *origins: str) -> Client:
    (folder / name).mkdir()
    return Client(name, issuer, jwks_file=pinned(folder / name, key), fhir_origins=origins)


def test_data_are_fetched_from_the_callers_own_servers_and_not_from_another_clients(tmp_path: Path) -> None:
    keys = {ISSUER: key_pair("ES384", "east-1"), WEST: key_pair("ES384", "west-1")}
    east = client(tmp_path, "east", ISSUER, keys[ISSUER], "https://ehr.example")
    west = client(tmp_path, "west", WEST, keys[WEST], WEST)
    caller = guarded(trusting(tmp_path, east, west)).test_client()
    for issuer, asked in ((WEST, False), (ISSUER, True)):
        with Ehr(simple_chart()) as ehr:
            headers = bearer(signed(claims(iss=issuer), keys[issuer]))
            answer = caller.post(SERVICE, json=fetching_call(simple_chart(), NEEDED), headers=headers)
        assert answer.status_code == 200
        assert bool(ehr.asked) == asked


def test_a_caller_who_is_refused_has_nobody_asked(tmp_path: Path) -> None:
    east = client(tmp_path, "east", ISSUER, key_pair(), "https://ehr.example")
    caller = guarded(trusting(tmp_path, east)).test_client()
    with Ehr(simple_chart()) as ehr:
        for headers in ({}, bearer(signed(claims(), key_pair("ES384", "stranger-1"), kid="east-1"))):
            assert caller.post(SERVICE, json=fetching_call(simple_chart(), NEEDED), headers=headers).status_code == 401
    assert ehr.asked == []


@pytest.mark.slow
def test_the_demonstration_asks_nobody_whatever_clients_the_site_has(tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_text(json.dumps(key_set(key_pair())), encoding="utf-8")
    clients = [{"name": "east", "issuer": ISSUER, "jwks_file": "keys.json"}]
    environment = {"COTSOM_CLIENTS": json.dumps(clients), "COTSOM_TRUST_AUDIENCE": AUDIENCE}
    ran = run(tmp_path, "demo", "--no-browser", environment=environment)
    assert ran.code == 0, ran.err
    assert "an EHR opens the chart 01-qualifies" in ran.out
