"""Where the keys of clients come from: rotation without restart, and what a key server that fails or lies can do."""

import json
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path
from threading import Event
from typing import Literal

import pytest
from joserfc.jwk import ECKey, OKPKey

from cds_service.errors import ConfigurationError
from cds_service.settings import Client
from cds_service.settings.clients import ALGORITHMS
from cds_service.web.keys import FetchedKeys, PinnedKeys, read_keys
from cds_service.web.tokens import Reason
from cds_service.web.trust import is_signed
from tests.callers import ISSUER, Clock, Key, bearer, claims, guarded, key_pair, key_set, part, signed, trusting
from tests.http_calls import SERVICE, hook_request, simple_chart
from tests.security.attacks import Stage

OLD, NEW = key_pair("ES384", "east-1"), key_pair("ES384", "east-3")
ONE_DAY = 86_400
PATIENCE = 20


def now_by(stage: Stage, key: Key, **changed: object) -> dict[str, str]:
    """The headers of a call at the stage's own time."""
    now = int(stage.clock().timestamp())
    return bearer(signed(claims(iat=now, exp=now + 300, **changed), key))  # type: ignore[arg-type]


def kept(stage: Stage) -> list[int]:
    return [line["kept"] for line in stage.lines() if line["event"] == "keys" and line["level"] == "error"]


def test_keys_are_fetched_once_for_many_calls(stage: Stage) -> None:
    for _ in range(5):
        assert stage.call(now_by(stage, OLD)).status_code == 200
    assert stage.keys.asked == ["/jwks"]
    assert stage.other_keys.asked == []


def test_a_new_key_is_believed_without_a_restart_and_the_old_one_no_longer(stage: Stage) -> None:
    assert stage.call(now_by(stage, OLD)).status_code == 200
    stage.keys.publish(NEW)
    stage.clock.advance(31)
    assert stage.call(now_by(stage, NEW)).status_code == 200
    stage.refuses(now_by(stage, OLD), Reason.KEY)
    assert len(stage.keys.asked) == 2


def test_a_key_taken_back_is_refused_once_the_keys_grow_old(stage: Stage) -> None:
    assert stage.call(now_by(stage, OLD)).status_code == 200
    stage.keys.publish(NEW)
    stage.clock.advance(3_599)
    assert stage.call(now_by(stage, OLD)).status_code == 200
    stage.clock.advance(1)
    stage.refuses(now_by(stage, OLD), Reason.KEY)


def test_invented_key_ids_do_not_make_the_service_call_for_each(stage: Stage) -> None:
    assert stage.call(now_by(stage, OLD)).status_code == 200
    for number in range(20):
        stage.refuses(bearer(signed(claims(), NEW, kid=f"invented-{number}")), Reason.KEY)
    assert len(stage.keys.asked) == 1
    stage.clock.advance(31)
    for _ in range(20):
        stage.refuses(now_by(stage, key_pair("ES384", "east-4")), Reason.KEY)
    assert len(stage.keys.asked) == 2
    assert stage.call(now_by(stage, OLD)).status_code == 200


def test_while_the_key_server_is_down_known_keys_are_believed_for_a_day(stage: Stage) -> None:
    assert stage.call(now_by(stage, OLD)).status_code == 200
    stage.keys.body = None
    stage.clock.advance(ONE_DAY)
    assert stage.call(now_by(stage, OLD)).status_code == 200
    assert kept(stage) == [2]
    stage.clock.advance(1)
    stage.refuses(now_by(stage, OLD), Reason.KEY)
    stage.keys.publish(OLD)
    stage.clock.advance(31)
    assert stage.call(now_by(stage, OLD)).status_code == 200


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        (b"<html>sign in</html>", "200 OK", "no-key-set"),
        (b'{"keys": "none"}', "200 OK", "no-key-set"),
        (b"[" * 100_000, "200 OK", "no-key-set"),
        (json.dumps(key_set(OLD)).encode(), "404 Not Found", "status-404"),
        (b"x" * 300_000, "200 OK", "too-large"),
    ],
)
def test_a_key_server_that_answers_something_else_takes_no_key_away(
    stage: Stage, body: bytes, status: str, kind: str
) -> None:
    assert stage.call(now_by(stage, OLD)).status_code == 200
    stage.keys.body, stage.keys.status = body, status
    stage.clock.advance(3_600)
    assert stage.call(now_by(stage, OLD)).status_code == 200
    (line,) = [line for line in stage.lines() if line["event"] == "keys" and line["level"] == "error"]
    assert (line["client"], line["kind"], line["kept"]) == ("east", kind, 2)


def test_a_client_whose_keys_were_never_seen_is_refused_while_its_server_is_down(stage: Stage) -> None:
    stage.keys.body = None
    stage.refuses(now_by(stage, OLD), Reason.KEY)
    assert kept(stage) == [0]


def test_nobody_waits_for_a_key_server_that_hangs_longer_than_it_may_take(tmp_path: Path) -> None:
    asked, let_go = Event(), Event()

    def hanging(_address: str) -> bytes:
        asked.set()
        let_go.wait()
        return json.dumps(key_set(OLD)).encode()

    client = Client("east", ISSUER, jwks_urls=("https://keys.example/jwks",))
    trust = trusting(tmp_path, client, jwks_seconds=0.05)
    keys = FetchedKeys(client, "https://keys.example/jwks", trust, hanging)
    with ThreadPoolExecutor(2) as threads:
        try:
            first = threads.submit(keys.find, "east-1", 0.0)
            assert asked.wait(PATIENCE)
            assert threads.submit(keys.find, "east-1", 0.0).result(PATIENCE) is None
        finally:
            let_go.set()
        assert first.result(PATIENCE) is not None


def test_a_clock_set_back_does_not_stop_keys_from_being_fetched(stage: Stage) -> None:
    assert stage.call(now_by(stage, OLD)).status_code == 200
    stage.keys.publish(NEW)
    stage.clock.advance(-3 * ONE_DAY)
    assert stage.call(now_by(stage, NEW)).status_code == 200


@pytest.mark.parametrize(
    "changed",
    [
        {"use": "enc"},
        {"key_ops": ["encrypt"]},
        {"kid": None},
        {"kty": "unheard-of"},
        {"crv": "P-1"},
        {"x": "AA"},
        {"x": 5},
    ],
)
def test_a_key_that_is_for_something_else_or_unreadable_is_left_out(changed: dict[str, object]) -> None:
    given = key_set(OLD, NEW)
    given["keys"][0] |= changed
    assert set(read_keys(json.dumps(given).encode())) == {"east-3"}


def test_a_short_rsa_key_is_left_out() -> None:
    given = key_set(key_pair("RS384", "east-2"), OLD)
    given["keys"][0]["n"] = given["keys"][0]["n"][:170]
    assert set(read_keys(json.dumps(given).encode())) == {"east-1"}


def test_a_set_that_shows_a_secret_key_is_not_believed_at_all() -> None:
    secret = {"keys": [OLD.as_dict(private=True), *key_set(NEW)["keys"]]}
    symmetric = {"keys": [{"kty": "oct", "kid": "s", "k": "c2VjcmV0"}, *key_set(NEW)["keys"]]}
    for given in (secret, symmetric):
        with pytest.raises(ValueError, match="shows a secret key"):
            read_keys(json.dumps(given).encode())


@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")  # signing says so; senders still do
@pytest.mark.parametrize("algorithm", ["ES256", "ES512", "RS256", "RS512", "PS384", "EdDSA", "Ed25519"])
def test_every_algorithm_with_a_public_key_is_understood(tmp_path: Path, algorithm: str) -> None:
    key = key_pair(algorithm, "k")
    client = Client("pinned", ISSUER, jwks_file=pinned(tmp_path, key))
    caller = guarded(trusting(tmp_path, client)).test_client()
    answer = caller.post(SERVICE, json=hook_request(simple_chart()), headers=bearer(signed(claims(), key)))
    assert answer.status_code == 200


def pinned(folder: Path, *keys: Key) -> Path:
    file = folder / "keys.json"
    file.write_text(json.dumps(key_set(*keys)), encoding="utf-8")
    return file


def test_pinned_keys_stand_whatever_address_a_token_names(tmp_path: Path) -> None:
    client = Client("pinned", ISSUER, jwks_file=pinned(tmp_path, OLD))
    caller = guarded(trusting(tmp_path, client), Clock()).test_client()
    for address, status in ((None, 200), ("https://elsewhere.example/jwks", 200)):
        headers = bearer(signed(claims(), OLD, jku=address))
        assert caller.post(SERVICE, json=hook_request(simple_chart()), headers=headers).status_code == status
    headers = bearer(signed(claims(), NEW))
    assert caller.post(SERVICE, json=hook_request(simple_chart()), headers=headers).status_code == 401


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot be read: No such file"),
        ("keys", "a JWK Set of public keys was expected"),
        ('{"keys": []}', "holds no key with a kid"),
        (json.dumps({"keys": [OLD.as_dict(private=True)]}), "a JWK Set of public keys was expected"),
    ],
)
def test_a_pinned_file_without_public_keys_is_refused_at_start(tmp_path: Path, content: str | None, said: str) -> None:
    file = tmp_path / "keys.json"
    if content is not None:
        file.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=said):
        PinnedKeys(file)


def test_no_kind_of_key_takes_a_forged_signature_for_a_good_one_nor_breaks() -> None:
    curves: tuple[Literal["Ed25519", "Ed448", "X25519", "X448"], ...] = ("Ed25519", "Ed448", "X25519", "X448")
    pairs: list[Key] = [OKPKey.generate_key(curve, {"kid": curve}) for curve in curves]
    pairs += [ECKey.generate_key(curve, {"kid": curve}) for curve in ("P-256", "P-384", "P-521", "secp256k1")]
    given = read_keys(json.dumps(key_set(*pairs, key_pair("RS384", "rsa"))).encode())
    assert len(given) == 9
    for (name, key), algorithm in product(given.items(), ALGORITHMS):
        said = f"{part({'typ': 'JWT', 'alg': algorithm, 'kid': name})}.{part(claims())}"
        for forged in ("", "AA", "A" * 86, "A" * 128, "A" * 342):
            assert not is_signed(f"{said}.{forged}", key, ALGORITHMS)
