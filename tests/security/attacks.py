"""An attack is a test: what the attacker does, and which reason the operator sees; what he gets is always the same."""

import io
import json
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from inspect import signature
from pathlib import Path
from typing import Final

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from cds_service.settings import Client
from cds_service.web.logs import LOGGER, JsonLines
from cds_service.web.tokens import Reason
from tests.callers import ISSUER, Clock, Key, KeyServer, bearer, claims, guarded, key_pair, key_server, signed, trusting
from tests.http_calls import SERVICE, Json, hook_request, problem_of, simple_chart

Headers = Mapping[str, str]

WORDS: Final = "the caller is not known here"


@dataclass(frozen=True, slots=True)
class Attack:
    """A row of the page: what the attacker does, and the reason that log and metrics show."""

    does: str
    reason: Reason


ATTACKS: Final[dict[str, Attack]] = {}
"""Every attack by the name of its test."""


@dataclass
class Stage:
    """The service with two clients, their key servers, a server that nobody trusts, and the log."""

    caller: FlaskClient
    clock: Clock
    keys: KeyServer
    other_keys: KeyServer
    elsewhere: KeyServer
    log: io.StringIO

    def call(self, headers: Headers, path: str = SERVICE) -> TestResponse:
        """A chart opening with these headers."""
        return self.caller.post(path, json=hook_request(simple_chart()), headers=dict(headers))

    def honest(self, key: Key | None = None) -> TestResponse:
        """An honest call."""
        return self.call(bearer(signed(claims(), key)))

    def lines(self) -> list[Json]:
        """The log."""
        return [json.loads(line) for line in self.log.getvalue().splitlines()]

    def refuses(self, headers: Headers, reason: Reason, path: str = SERVICE) -> None:
        """The call is refused for this reason, which only the operator learns, and nothing of it is written."""
        answer = self.call(headers, path)
        issue = problem_of(answer, 401)
        assert issue["code"] == "login"
        assert issue["diagnostics"] == f"{WORDS} (trace {answer.headers['X-Trace-Id']})"
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        last = self.lines()[-1]
        assert (last["trace"], last["status"], last["refused"]) == (answer.headers["X-Trace-Id"], 401, reason.value)
        assert f'cotsom_refusals_total{{reason="{reason.value}"}}' in self.caller.get("/metrics").text
        written = self.log.getvalue() + answer.text + str(answer.headers)
        for part in headers.get("Authorization", "").removeprefix("Bearer ").split("."):
            assert len(part) < 20 or part not in written
        assert self.elsewhere.asked == []


@contextmanager
def written() -> Iterator[io.StringIO]:
    """What the service writes to its log meanwhile."""
    stream = io.StringIO()
    sink = logging.StreamHandler(stream)
    sink.setFormatter(JsonLines())
    level = LOGGER.level
    LOGGER.addHandler(sink)
    LOGGER.setLevel(logging.INFO)
    try:
        yield stream
    finally:
        LOGGER.removeHandler(sink)
        LOGGER.setLevel(level)


@contextmanager
def staged(folder: Path, clock: Clock | None = None) -> Iterator[Stage]:
    """The stage: `east` publishes an ES384 and an RS384 key, `west` an ES384 key under the same id."""
    clock = clock or Clock()
    with (
        key_server(key_pair("ES384", "east-1"), key_pair("RS384", "east-2")) as keys,
        key_server(key_pair("ES384", "west-1")) as other_keys,
        key_server(key_pair("ES384", "stranger-1")) as elsewhere,
        written() as log,
    ):
        east = Client("east", ISSUER, jwks_urls=(keys.address,))
        west = Client("west", "https://fhir.west.example", jwks_urls=(other_keys.address,), tenants=("w",))
        app = guarded(trusting(folder, east, west), clock)
        yield Stage(app.test_client(), clock, keys, other_keys, elsewhere, log)


def attack(does: str, reason: Reason) -> Callable[[Callable[..., Headers]], Callable[[Stage], None]]:
    """Makes a test of a function that returns the headers which the attacker sends; it may ask for the stage.

    The service must refuse them for this reason, say nothing of it, and go on to answer the honest.
    """

    def made(function: Callable[..., Headers]) -> Callable[[Stage], None]:
        def test(stage: Stage) -> None:
            stage.refuses(function(stage) if signature(function).parameters else function(), reason)
            assert stage.honest().status_code == 200

        for name in ("__module__", "__name__", "__qualname__"):
            setattr(test, name, getattr(function, name))
        ATTACKS[function.__name__] = Attack(does, reason)
        return test

    return made
