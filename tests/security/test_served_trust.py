"""Trust as it is run: workers and machines that share what was used, TLS, and two headers where one belongs."""

import http.client
import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import pytest
import requests

from cds_service.ledger.engine import open_engine
from cds_service.ledger.replay import ReplayStore
from tests.acceptance import run
from tests.acceptance.test_served import PATIENCE, Served, served
from tests.callers import AUDIENCE, ISSUER, bearer, claims, key_pair, key_set, signed
from tests.http_calls import SERVICE, hook_request, simple_chart
from tests.loopback import certificate, free_port
from tests.postgres import Postgres

KEY: Final = key_pair("ES384", "east-1")
BODY: Final = json.dumps(hook_request(simple_chart())).encode()
JSON: Final = {"Content-Type": "application/json"}


def site(folder: Path, *, audience: str = AUDIENCE, store: str = "sqlite:///ledger.sqlite") -> str:
    """A site file with one client, whose keys are pinned beside it."""
    (folder / "keys.json").write_text(json.dumps(key_set(KEY)), encoding="utf-8")
    (folder / "site.toml").write_text(
        f"""
        [trust]
        audience = "{audience}"
        replay_store = "{store}"
        [[clients]]
        name = "east"
        issuer = "{ISSUER}"
        jwks_file = "keys.json"
        """,
        encoding="utf-8",
    )
    return "site.toml"


def fresh(folder: Path) -> dict[str, str]:
    """The headers of an honest call now, by the clock of the file system: the one that the service goes by."""
    now = int((folder / "site.toml").stat().st_mtime)
    return {**JSON, **bearer(signed(claims(iat=now, exp=now + 300), KEY))}


def statuses(base: str, headers: dict[str, str], times: int) -> Counter[int]:
    """What calls with the same token are answered that come at the same time, each by a connection of its own."""
    with ThreadPoolExecutor(times) as threads:
        return Counter(
            threads.map(
                lambda _: requests.post(base + SERVICE, BODY, headers=headers, timeout=PATIENCE).status_code,
                range(times),
            )
        )


@pytest.mark.slow
def test_one_token_is_good_for_one_call_over_all_workers_and_after_a_restart(tmp_path: Path) -> None:
    options = ("--workers", "2", "--site", site(tmp_path))
    headers = fresh(tmp_path)
    with served(tmp_path, *options) as running:
        assert statuses(running.base, headers, 16) == {200: 1, 401: 15}
        assert used_before(running) == 15
    with served(tmp_path, *options) as running:
        assert statuses(running.base, headers, 2) == {401: 2}
        assert statuses(running.base, fresh(tmp_path), 1) == {200: 1}


def used_before(running: Served) -> int:
    log = [json.loads(line) for line in running.log.read_text(encoding="utf-8").splitlines()]
    return sum(line.get("refused") == "used-before" for line in log)


@pytest.mark.slow
def test_one_token_is_good_for_one_call_over_two_machines_with_one_database(tmp_path: Path, postgres: Postgres) -> None:
    store = postgres.create("two-machines")
    folders = [tmp_path / "a", tmp_path / "b"]
    for folder in folders:
        folder.mkdir()
        site(folder, store=store)
    headers = fresh(folders[0])
    with served(folders[0], "--site", "site.toml") as one, served(folders[1], "--site", "site.toml") as other:
        assert statuses(one.base, headers, 1) == {200: 1}
        assert statuses(other.base, headers, 4) == {401: 4}
        assert statuses(other.base, fresh(folders[1]), 1) == {200: 1}


def two_headers(running: Served, first: str, second: str) -> int:
    """The status of a call that bears two Authorization headers."""
    connection = http.client.HTTPConnection("127.0.0.1", int(running.base.rpartition(":")[2]), timeout=PATIENCE)
    connection.putrequest("POST", SERVICE)
    for name, value in (("Authorization", first), ("Authorization", second), *JSON.items()):
        connection.putheader(name, value)
    connection.putheader("Content-Length", str(len(BODY)))
    connection.endheaders(BODY)
    return connection.getresponse().status


@pytest.mark.slow
def test_a_call_with_two_tokens_is_refused_whichever_is_honest(tmp_path: Path) -> None:
    with served(tmp_path, "--workers", "1", "--site", site(tmp_path)) as running:
        forged = bearer(signed(claims(), key_pair("ES384", "stranger-1")))["Authorization"]
        honest = (fresh(tmp_path)["Authorization"] for _ in range(2))
        assert (two_headers(running, next(honest), forged), two_headers(running, forged, next(honest))) == (401, 401)


@pytest.mark.slow
def test_with_a_certificate_it_speaks_tls_and_nothing_else(tmp_path: Path) -> None:
    shown = certificate(tmp_path, "localhost")
    options = (
        "--tls-certificate",
        "localhost.pem",
        "--tls-key",
        "localhost.key",
        "--site",
        site(tmp_path),
        "--workers",
        "1",
    )
    with served(tmp_path, *options) as running:
        base = running.base.replace("http:", "https:")
        assert running.line == f"cotsom-cds: serving on {base}/cds-services\n"
        address = base.replace("127.0.0.1", "localhost") + SERVICE
        known = str(shown.trusted)
        answer = requests.post(address, BODY, headers=fresh(tmp_path), timeout=PATIENCE, verify=known)
        assert answer.status_code == 200
        with pytest.raises(requests.ConnectionError):
            requests.get(f"{running.base}/healthz", timeout=PATIENCE)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--host", "0.0.0.0"), "--insecure-open"),  # noqa: S104 - must be refused
        (("--tls-certificate", "site.toml"), "both were expected"),
        (("--tls-certificate", "none.pem", "--tls-key", "none.pem"), "none.pem: there is no such file"),
    ],
)
def test_what_would_leave_the_service_open_is_refused_at_start(
    tmp_path: Path, options: tuple[str, ...], said: str
) -> None:
    (tmp_path / "site.toml").write_text("", encoding="utf-8")
    ran = run(tmp_path, "serve", "--port", str(free_port()), *options)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.slow
def test_it_says_at_start_what_nothing_guards(tmp_path: Path) -> None:
    with served(tmp_path, "--workers", "1", "--host", "0.0.0.0", "--insecure-open") as running:  # noqa: S104 - asked for
        assert running.line.startswith("cotsom-cds: serving on http://0.0.0.0:")
        told = [json.loads(line) for line in running.log.read_text(encoding="utf-8").splitlines()]
        assert [(line["level"], line["event"]) for line in told[:2]] == [("warning", "open"), ("warning", "plain")]


@pytest.mark.slow
def test_with_clients_it_may_listen_to_other_machines_and_a_store_that_is_down_is_told(tmp_path: Path) -> None:
    name = site(tmp_path, store="sqlite:////nowhere/ledger.sqlite")
    with served(tmp_path, "--workers", "1", "--host", "0.0.0.0", "--site", name) as running:  # noqa: S104 - guarded
        told = [json.loads(line) for line in running.log.read_text(encoding="utf-8").splitlines()]
        assert [line["event"] for line in told[:2]] == ["replay-store", "plain"]
        assert told[0]["kind"] == "OperationalError SQLITE_CANTOPEN"
        base = running.base
        assert requests.post(base + SERVICE, BODY, headers=fresh(tmp_path), timeout=PATIENCE).status_code == 503
        assert requests.get(f"{base}/healthz", timeout=PATIENCE).status_code == 200
        assert requests.get(f"{base}/readyz", timeout=PATIENCE).status_code == 503


@pytest.mark.slow
def test_tables_of_a_newer_build_are_told_at_start_and_calls_are_refused_for_now(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    ReplayStore(store).check()
    with open_engine(store).connect() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with served(tmp_path, "--workers", "1", "--site", site(tmp_path)) as running:
        assert statuses(running.base, fresh(tmp_path), 1) == {503: 1}
        assert requests.get(f"{running.base}/readyz", timeout=PATIENCE).status_code == 503
        log = [json.loads(line) for line in running.log.read_text(encoding="utf-8").splitlines()]
    assert {(line["event"], line["kind"]) for line in log if line["level"] == "error"} == {
        ("replay-store", "unknown-revision")
    }
    assert log[0]["event"] == "replay-store"
