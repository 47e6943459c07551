"""The store of used tokens is away, locked or read-only: nobody is let in unchecked, and nobody is refused for long."""

import json
import socket
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from io import StringIO
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.test import TestResponse

from cds_service.errors import StoreUnavailable
from cds_service.ledger.engine import LATEST, open_engine
from cds_service.ledger.replay import ReplayStore
from cds_service.settings import Client
from tests.callers import ISSUER, bearer, guarded, key_pair, key_server, signed, trusting
from tests.http_calls import SERVICE, hook_request, problem_of, simple_chart
from tests.postgres import Postgres
from tests.security.attacks import written

LONG = 60.0


@contextmanager
def caller_of(store: str, folder: Path, wait_seconds: float = 0.0) -> Iterator[FlaskClient]:
    """A caller of a service with this store, whose tokens are believed."""
    with key_server(key_pair()) as keys:
        east = Client("east", ISSUER, jwks_urls=(keys.address,))
        trust = trusting(folder, east, replay_store=store, replay_wait_seconds=wait_seconds)
        yield guarded(trust).test_client()


def call(caller: FlaskClient, headers: dict[str, str] | None = None) -> TestResponse:
    return caller.post(SERVICE, json=hook_request(simple_chart()), headers=headers or bearer(signed()))


def refused_for_now(caller: FlaskClient, log: StringIO, kind: str) -> None:
    answer = call(caller)
    assert problem_of(answer, 503)["code"] == "transient"
    assert answer.headers["Retry-After"] == "5"
    assert caller.get("/healthz").status_code == 200
    told = [json.loads(line) for line in log.getvalue().splitlines()]
    assert [kind in line["kind"] for line in told if line["event"] == "replay-store"] == [True]


@pytest.mark.slow
def test_locked(tmp_path: Path) -> None:
    with caller_of(f"sqlite:///{tmp_path / 'ledger'}", tmp_path) as caller, written() as log:
        assert call(caller).status_code == 200
        with sqlite3.connect(tmp_path / "ledger", isolation_level=None) as other:
            other.execute("BEGIN EXCLUSIVE")
            refused_for_now(caller, log, "SQLITE_BUSY")
            other.execute("ROLLBACK")
        assert call(caller).status_code == 200


def test_read_only(tmp_path: Path, postgres: Postgres) -> None:
    store = postgres.create(tmp_path.name)
    with caller_of(store, tmp_path) as caller, written() as log:
        assert call(caller).status_code == 200
        postgres.ask(f'ALTER DATABASE "{tmp_path.name}" SET default_transaction_read_only = on')
        disconnect(postgres, tmp_path.name)
        refused_for_now(caller, log, "ReadOnlySqlTransaction 25006")
        assert caller.get("/readyz").status_code == 503
        postgres.ask(f'ALTER DATABASE "{tmp_path.name}" RESET default_transaction_read_only')
        disconnect(postgres, tmp_path.name)
        assert caller.get("/readyz").status_code == 200
        assert call(caller).status_code == 200


def test_a_full_or_locked_file_is_not_ready_and_a_ready_one_is_used_by_all_again(tmp_path: Path) -> None:
    store = ReplayStore(f"sqlite:///{tmp_path / 'ledger'}")
    store.check()
    with sqlite3.connect(tmp_path / "ledger", isolation_level=None) as other:
        other.execute("CREATE TRIGGER full BEFORE INSERT ON used_tokens BEGIN SELECT RAISE(ABORT, 'full'); END")
        for ask in (store.check, lambda: store.use("issuer", "token", 100, 0)):
            with pytest.raises(StoreUnavailable):
                ask()
        other.execute("DROP TRIGGER full")
        store.check()
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match="SQLITE_BUSY"):
            store.check()
        other.execute("ROLLBACK")
        store.check()
        assert store.use("issuer", "token", 100, 0)
        assert other.execute("SELECT count(*) FROM used_tokens").fetchone() == (1,)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_tables_of_a_newer_build_are_left_alone(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    if kind == "sqlite":
        address = f"sqlite:///{tmp_path / 'ledger'}"
    else:
        address = request.getfixturevalue("postgres").create(tmp_path.name)
    ReplayStore(address).check()
    with open_engine(address).connect() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with caller_of(address, tmp_path) as caller, written() as log:
        refused_for_now(caller, log, "unknown-revision")
        assert caller.get("/readyz").status_code == 503
        with open_engine(address).connect() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = :latest"), {"latest": LATEST})
        assert caller.get("/readyz").status_code == 200
        assert call(caller).status_code == 200


def disconnect(postgres: Postgres, database: str) -> None:
    """Ends every other connection, and waits until they are ended."""
    ended = "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
    postgres.ask(f"{ended} AND backend_type = 'client backend'", database)


def test_gone_and_back(tmp_path: Path, postgres: Postgres) -> None:
    with caller_of(postgres.create(tmp_path.name), tmp_path) as caller, written() as log:
        used = bearer(signed())
        assert call(caller, used).status_code == 200
        postgres.stop()
        try:
            refused_for_now(caller, log, "OperationalError")
            assert caller.get("/readyz").status_code == 503
        finally:
            postgres.start()
        assert caller.get("/readyz").status_code == 200
        assert call(caller, used).status_code == 401
        assert call(caller).status_code == 200


@pytest.mark.slow
def test_restarted_under_calls(tmp_path: Path, postgres: Postgres) -> None:
    with caller_of(postgres.create(tmp_path.name), tmp_path, LONG) as caller, ThreadPoolExecutor(4) as threads:
        assert call(caller).status_code == 200
        postgres.stop()
        try:
            waiting = [threads.submit(call, caller.application.test_client()) for _ in range(4)]
        finally:
            postgres.start()
        assert [one.result().status_code for one in waiting] == [200] * 4


@pytest.mark.slow
def test_an_answer_lost(tmp_path: Path, postgres: Postgres) -> None:
    address = postgres.create(tmp_path.name)
    with forgetful(postgres.folder, tmp_path) as through:
        store = ReplayStore(address.replace(str(postgres.folder), str(through)), LONG)
        assert store.use("issuer", "token", 100, 0)
        assert not store.use("issuer", "token", 100, 0)
    assert not ReplayStore(address).use("issuer", "token", 100, 0)


@contextmanager
def forgetful(database: Path, folder: Path) -> Iterator[Path]:
    """A way to the database that breaks off once, when the first token was noted and before that was told."""
    name = ".s.PGSQL.5432"
    noted = threading.Event()

    def pass_on(near: socket.socket, far: socket.socket, *, answers: threading.Event | None) -> None:
        with suppress(OSError):
            while piece := near.recv(65_536):
                if answers is None and b"INSERT INTO used_tokens" in piece:
                    inserting.add(far)
                if answers is not None and near in inserting and b"INSERT 0 1" in piece and not answers.is_set():
                    answers.set()
                    break
                far.sendall(piece)
        for one in (near, far):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    inserting: set[socket.socket] = set()

    def accept() -> None:
        with suppress(OSError):
            while True:
                near, _ = listening.accept()
                far = socket.socket(socket.AF_UNIX)
                far.connect(str(database / name))
                threading.Thread(target=pass_on, args=(near, far), kwargs={"answers": None}, daemon=True).start()
                threading.Thread(target=pass_on, args=(far, near), kwargs={"answers": noted}, daemon=True).start()

    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(folder / name))
        listening.listen()
        threading.Thread(target=accept, daemon=True).start()
        yield folder
        assert noted.is_set()
        listening.shutdown(socket.SHUT_RDWR)


def test_one_call_at_a_time_asks_a_store_that_is_away() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        store = ReplayStore(f"postgresql://nobody@127.0.0.1:{silent.getsockname()[1]}/none")
        with pytest.raises(StoreUnavailable):
            store.use("issuer", "token", 100, 0)
        with ThreadPoolExecutor(16) as threads:
            used = [threads.submit(store.use, "issuer", str(number), 100, 0) for number in range(8)]
            checked = [threads.submit(store.check) for _ in range(8)]
        errors = [*(one.exception() for one in used), *(one.exception() for one in checked)]
        assert all(isinstance(error, StoreUnavailable) for error in errors)
        assert connections(silent) <= 2 + 8 // 4


def connections(listening: socket.socket) -> int:
    """How many have called."""
    listening.setblocking(False)
    found = 0
    with suppress(BlockingIOError):
        while True:
            listening.accept()[0].close()
            found += 1
    return found
