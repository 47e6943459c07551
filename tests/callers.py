"""EHRs that call: their keys, the tokens that they sign, and the server that publishes their keys."""

import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from flask import Flask
from joserfc import jws
from joserfc.jwk import ECKey, KeyParameters, OKPKey, RSAKey

from cds_service.app import create_app
from cds_service.settings import Client, Fetching, Settings, Trust, read_clock, read_zone
from tests.acceptance import AS_OF
from tests.http_calls import SERVICE
from tests.loopback import Heard, answer, speaking

Json = dict[str, Any]
Key = RSAKey | ECKey | OKPKey

AUDIENCE: Final = "https://cds.hospital.example"
ISSUER: Final = "https://fhir.east.example/api/R4"
NOW: Final = read_clock(AS_OF)


def key_pair(algorithm: str = "ES384", name: str = "east-1") -> Key:
    """A key pair for an algorithm; made once a process, since RSA keys take their time."""
    return _key_pair(algorithm, name)


@cache
def _key_pair(algorithm: str, name: str) -> Key:
    parameters: KeyParameters = {"kid": name, "use": "sig", "alg": algorithm}
    if algorithm.startswith("ES"):
        return ECKey.generate_key(f"P-{algorithm[2:].replace('512', '521')}", parameters)
    if algorithm.startswith(("RS", "PS")):
        return RSAKey.generate_key(2048, parameters)
    return OKPKey.generate_key("Ed25519", parameters)


def key_set(*keys: Key) -> Json:
    """The JWK Set of their public halves."""
    return {"keys": [key.as_dict(private=False) for key in keys]}


def claims(path: str = SERVICE, **changed: object) -> Json:
    """What an honest token says, with claims changed, or left out where they are None."""
    now = int(NOW.timestamp())
    honest = {"iss": ISSUER, "aud": AUDIENCE + path, "iat": now, "exp": now + 300, "jti": str(uuid4())}
    return {name: value for name, value in {**honest, **changed}.items() if value is not None}


def header(key: Key, **changed: object) -> Json:
    """What an honest token's header says, with parts changed, or left out where they are None."""
    honest = {"typ": "JWT", "alg": key.get("alg"), "kid": key.kid}
    return {name: value for name, value in {**honest, **changed}.items() if value is not None}


def signed(said: Mapping[str, object] | None = None, key: Key | None = None, **head: object) -> str:
    """A token with these claims."""
    pair = key or key_pair()
    given = header(pair, **head)
    registry = jws.JWSRegistry(algorithms=(given["alg"],), strict_check_header=False)
    registry.max_header_length = 100_000
    pair = pair if pair.get("alg") == given["alg"] else _for_any_algorithm(pair)
    return jws.serialize_compact(given, json.dumps(said or claims()).encode(), pair, registry=registry)


def _for_any_algorithm(key: Key) -> Key:
    bare = {name: value for name, value in key.as_dict(private=True).items() if name not in {"alg", "use", "kid"}}
    return type(key).import_key(bare)


def part(document: object) -> str:
    """A JSON object, or what is sent in its place, as it stands in a token."""
    text = document if isinstance(document, str) else json.dumps(document)
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def unsigned() -> str:
    """A token without signature, that says so."""
    return f"{part({**header(key_pair()), 'alg': 'none'})}.{part(claims())}."


def shared(algorithm: str, secret: bytes) -> str:
    """A token signed with a shared secret."""
    said = f"{part({**header(key_pair()), 'alg': algorithm})}.{part(claims())}"
    digest = hmac.digest(secret, said.encode(), f"sha{algorithm[2:]}")
    return f"{said}.{urlsafe_b64encode(digest).decode().rstrip('=')}"


def bearer(token: str) -> dict[str, str]:
    """The headers of a call with this token."""
    return {"Authorization": f"Bearer {token}"}


@dataclass
class KeyServer:
    """What a client's key server answers, and what it was asked. `body` None: the connection is cut off."""

    base: str = ""
    body: bytes | None = None
    status: str = "200 OK"
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    @property
    def address(self) -> str:
        """Where its keys are."""
        return f"{self.base}/jwks"

    def publish(self, *keys: Key) -> None:
        """Serves these keys from now on."""
        self.body = json.dumps(key_set(*keys)).encode()

    def speak(self, heard: Heard) -> None:
        """Answers a request."""
        self.asked.append(heard.path)
        if self.body is None:
            heard.connection.close()
        else:
            heard.send(answer(self.body, self.status, **self.headers))


@contextmanager
def key_server(*keys: Key) -> Iterator[KeyServer]:
    """A real server of keys on this machine."""
    server = KeyServer()
    server.publish(*keys)
    with speaking(server.speak) as running:
        server.base = running.origin
        yield server


@dataclass
class Clock:
    """A clock that tests turn."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        """Turns it forward."""
        self.now += timedelta(seconds=seconds)


def trusting(folder: Path, *clients: Client, **changed: Any) -> Trust:  # noqa: ANN401 - any setting
    """Trust in these clients, with a store of its own, and patience with their key servers on a busy machine."""
    store = f"sqlite:///{folder / 'ledger.sqlite'}"
    return replace(Trust(clients=clients, audience=AUDIENCE, replay_store=store, jwks_seconds=40.0), **changed)


def guarded(trust: Trust, clock: Clock | None = None) -> Flask:
    """The service that asks who calls."""
    settings = Settings(zone=read_zone("Asia/Seoul"), trust=trust, fetching=Fetching(allow_http=True))
    return create_app(settings, lambda: NOW, true_time=clock or Clock())
