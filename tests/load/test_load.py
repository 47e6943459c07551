"""Two workers, PostgreSQL, tokens and a FHIR server: eight clients call for a while, and a part goes away meanwhile."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, sleep
from typing import Final

import pytest
import requests

from tests.acceptance.test_served import PATIENCE, Served, served
from tests.callers import AUDIENCE, ISSUER, key_pair, key_set
from tests.fhir_server import TOKEN, FhirServer
from tests.load.fleet import CLIENTS, Call, Seen, call_until, calls, headers_of
from tests.postgres import Postgres

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("fhir-server")]

GROWTH: Final = 24_000
"""Kilobytes that the largest worker may grow by once it is warm: what a heap does, not what leaks."""


@dataclass(frozen=True, slots=True)
class Installation:
    """All of it, running."""

    service: Served
    folder: Path
    given: tuple[Call, ...]

    def memory(self) -> list[int]:
        """The kilobytes of each worker."""
        lines = (json.loads(line) for line in self.service.log.read_text(encoding="utf-8").splitlines())
        workers = [line["worker"] for line in lines if line["event"] == "started"]
        texts = (Path(f"/proc/{one}/status").read_text(encoding="ascii") for one in workers)
        return [int(found[1]) for text in texts if (found := re.search(r"VmRSS:\s+(\d+) kB", text))]

    def under_load(self, seconds: float, meanwhile: Callable[[], None]) -> Seen:
        """Lets the clients call; `meanwhile` happens after a third of the time."""
        begun = perf_counter()
        headers = headers_of(self.folder)
        with ThreadPoolExecutor(CLIENTS) as threads:
            calling = [
                threads.submit(call_until, self.service.base, begun + seconds, number, self.given, headers)
                for number in range(CLIENTS)
            ]
            sleep(seconds / 3)
            meanwhile()
            seen = [one.result() for one in calling]
        return Seen(sum((one.answers for one in seen), Counter()), [fault for one in seen for fault in one.wrong])

    def counted(self) -> int:
        """The calls and feedback that the metrics of both workers tell."""
        text = requests.get(f"{self.service.base}/metrics", timeout=PATIENCE).text
        found = re.findall(r'^cotsom_calls_total\{endpoint="(?:call|feedback)",.*\} (\S+)$', text, re.MULTILINE)
        return round(sum(map(float, found)))


@pytest.fixture
def installation(tmp_path: Path, postgres: Postgres, fhir_server: FhirServer) -> Iterator[Installation]:
    given = calls(fhir_server)
    with installed(tmp_path, postgres.create(tmp_path.name), fhir_server.origin) as service:
        yield Installation(service, tmp_path, given)


@contextmanager
def installed(folder: Path, store: str, origin: str) -> Iterator[Served]:
    """The service with one client; its limits of time are wide, since a test's machine may be busy."""
    (folder / "keys.json").write_text(json.dumps(key_set(key_pair())), encoding="utf-8")
    (folder / "site.toml").write_text(
        f"""
        [trust]
        audience = "{AUDIENCE}"
        replay_store = "{store}"
        replay_wait_seconds = 60
        [fetch]
        allow_http = true
        budget_seconds = 20
        connect_seconds = 20
        read_seconds = 20
        [[clients]]
        name = "east"
        issuer = "{ISSUER}"
        jwks_file = "keys.json"
        fhir_origins = ["{origin}"]
        """,
        encoding="utf-8",
    )
    with served(folder, "--workers", "2", "--site", "site.toml") as running:
        yield running


def nothing() -> None:
    """All parts stay."""


def tell(what: str, seen: Seen) -> None:
    """What `make load` shows."""
    answers = ", ".join(f"{name} {status}: {count}" for (name, status), count in sorted(seen.answers.items()))
    print(f"\n{what}: {seen.answers.total()} calls ({answers}), {len(seen.wrong)} wrong")  # noqa: T201 - the report


def test_all_parts_stay(installation: Installation, load_seconds: float) -> None:
    warm = installation.under_load(load_seconds, nothing)
    before = installation.memory()
    seen = installation.under_load(load_seconds, nothing)
    after = installation.memory()
    tell(f"all parts stay, workers of {before} then {after} kB", seen)
    assert (warm.wrong, seen.wrong) == ([], [])
    assert {status for _, status in seen.answers} == {200, 204}
    assert {name for name, _ in seen.answers} == {"sent", "fetched", "order-sign", "feedback"}
    assert installation.counted() == warm.answers.total() + seen.answers.total()
    assert max(after) - max(before) < GROWTH, (before, after)
    log = installation.service.log.read_text(encoding="utf-8")
    assert TOKEN not in log
    assert "eyJ" not in log, "no part of a token"


def test_the_fhir_server_is_killed_and_started_anew(
    installation: Installation, fhir_server: FhirServer, load_seconds: float
) -> None:
    (fetched,) = [one for one in installation.given if one.fetched][:1]
    alone: list[Seen] = []

    def killed() -> None:
        fhir_server.kill()
        headers = headers_of(installation.folder)
        alone.append(call_until(installation.service.base, 0, 0, (fetched,), headers))
        sleep(load_seconds / 6)
        fhir_server.start()

    seen = installation.under_load(load_seconds, killed)
    tell("the FHIR server is killed and started anew", seen)
    assert [(one.wrong, dict(one.answers)) for one in alone] == [([], {("fetched", 412): 1})]
    assert seen.wrong == []
    assert {status for name, status in seen.answers if name != "fetched"} == {200, 204}
    assert {status for name, status in seen.answers if name == "fetched"} <= {200, 412}
    later = installation.under_load(load_seconds / 3, nothing)
    assert (later.wrong, {status for _, status in later.answers}) == ([], {200, 204})


def test_postgresql_is_killed_and_started_anew(
    installation: Installation, postgres: Postgres, load_seconds: float
) -> None:
    def killed() -> None:
        postgres.stop()
        postgres.start()

    seen = installation.under_load(load_seconds, killed)
    tell("PostgreSQL is killed and started anew", seen)
    assert seen.wrong == []
    assert {status for _, status in seen.answers} == {200, 204}
