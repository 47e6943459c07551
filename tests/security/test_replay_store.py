"""The store of used tokens, in real files and a real PostgreSQL: one use each, and none while it is down."""

import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

import cds_service.ledger
from cds_service.errors import ConfigurationError, StoreUnavailable
from cds_service.ledger.engine import LATEST, open_engine
from cds_service.ledger.replay import ReplayStore
from cds_service.ledger.tables import METADATA
from cds_service.settings import Client
from tests.callers import ISSUER, bearer, guarded, key_pair, key_server, signed, trusting
from tests.http_calls import SERVICE, hook_request, problem_of, simple_chart
from tests.postgres import Postgres
from tests.security.attacks import written

WORKER = """
import sys
from cds_service.ledger.replay import ReplayStore
sys.stdin.readline()
store = ReplayStore(sys.argv[1])
print(sum(store.use("issuer", str(number), 1000, 0) for number in range(200)))
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    cluster: Postgres = request.getfixturevalue("postgres")
    return cluster.create(tmp_path.name)


def test_a_token_is_used_once(address: str) -> None:
    store, other = ReplayStore(address), ReplayStore(address)
    assert store.use("issuer", "token", 100, 0)
    assert not store.use("issuer", "token", 100, 0)
    assert not other.use("issuer", "token", 200, 50)
    assert other.use("another", "token", 100, 0)
    assert other.use("issuer", "another", 100, 0)


def test_issuer_and_id_are_not_run_together(address: str) -> None:
    store = ReplayStore(address)
    assert store.use("ab", "c", 100, 0)
    assert store.use("a", "bc", 100, 0)


def test_of_many_threads_one_is_the_first(address: str) -> None:
    store = ReplayStore(address)
    with ThreadPoolExecutor(8) as threads:
        for token in map(str, range(20)):
            uses = threads.map(lambda _, token=token: store.use("issuer", token, 100, 0), range(8))
            assert sum(uses) == 1


@pytest.mark.slow
def test_workers_that_start_at_once_make_the_tables_once_and_share_them(address: str) -> None:
    command = [sys.executable, "-c", WORKER, address]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    workers = [subprocess.Popen(command, **pipes) for _ in range(4)]  # type: ignore[call-overload]  # noqa: S603 - our own
    for worker in workers:
        worker.stdin.write("go\n")
        worker.stdin.flush()
    told = [worker.communicate(timeout=60) for worker in workers]
    assert [(worker.returncode, error) for worker, (_, error) in zip(workers, told, strict=True)] == [(0, "")] * 4
    assert sum(int(said) for said, _ in told) == 200


def test_only_a_digest_is_kept(tmp_path: Path) -> None:
    store = ReplayStore(f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    assert store.use("https://issuer.example", "mark-in-token", 100, 0)
    with sqlite3.connect(tmp_path / "ledger.sqlite") as connection:
        assert connection.execute("SELECT length(digest), expires_at FROM used_tokens").fetchall() == [(32, 100)]
    content = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"mark-in-token" not in content
    assert b"issuer.example" not in content


def test_expired_rows_are_removed_and_no_others(address: str) -> None:
    store = ReplayStore(address)
    for number in range(200):
        assert store.use("issuer", str(number), number, 0)
    for number in range(200, 264):
        assert store.use("issuer", str(number), 1_000, 150)
    with open_engine(address).connect() as connection:
        left = connection.exec_driver_sql("SELECT min(expires_at), count(*) FROM used_tokens").one()
    assert tuple(left) == (150, 50 + 64)


def test_the_tables_are_those_that_the_migrations_make(address: str) -> None:
    ReplayStore(address).check()
    with open_engine(address).connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []


def test_the_latest_revision_is_the_head_of_the_migrations() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(cds_service.ledger.__file__).parent / "migrations"))
    assert ScriptDirectory.from_config(config).get_current_head() == LATEST


@pytest.mark.parametrize(
    "address", ["", "nonsense", "mysql://host/db", "sqlite://", "sqlite:///:memory:", "postgresql+pg8000://h/d"]
)
def test_an_address_that_workers_cannot_share_is_refused(address: str) -> None:
    with pytest.raises(ConfigurationError, match=r"trust\.replay_store: "):
        ReplayStore(address)


def test_an_address_without_driver_is_read_as_this_products(postgres: Postgres, tmp_path: Path) -> None:
    given = postgres.create(tmp_path.name).replace("+psycopg", "")
    assert ReplayStore(given).use("issuer", "token", 100, 0)


def test_a_password_is_not_in_an_error() -> None:
    store = ReplayStore("postgresql://user:mark-in-password@/db?host=/nowhere")
    with pytest.raises(StoreUnavailable) as failed:
        store.use("issuer", "token", 100, 0)
    assert failed.value.kind == "OperationalError"


def test_a_database_that_was_down_is_used_again_when_it_is_back(postgres: Postgres, tmp_path: Path) -> None:
    store = ReplayStore(postgres.create(tmp_path.name))
    assert store.use("issuer", "before", 100, 0)
    postgres.stop()
    try:
        for _ in range(3):
            with pytest.raises(StoreUnavailable):
                store.use("issuer", "during", 100, 0)
    finally:
        postgres.start()
    assert not store.use("issuer", "before", 100, 0)
    assert store.use("issuer", "during", 100, 0)


def test_a_database_started_anew_between_two_calls_costs_none_of_them(postgres: Postgres, tmp_path: Path) -> None:
    store = ReplayStore(postgres.create(tmp_path.name))
    assert store.use("issuer", "before", 100, 0)
    postgres.stop()
    postgres.start()
    assert store.use("issuer", "after", 100, 0)


def test_a_database_that_stands_still_is_given_up_and_used_again_when_it_goes_on(
    postgres: Postgres, tmp_path: Path
) -> None:
    store = ReplayStore(postgres.create(tmp_path.name))
    assert store.use("issuer", "before", 100, 0)
    postgres.stand_still()
    try:
        with pytest.raises(StoreUnavailable):
            store.use("issuer", "during", 100, 0)
    finally:
        postgres.go_on()
    assert store.use("issuer", "after", 100, 0)
    assert not store.use("issuer", "before", 100, 0)


def test_while_the_store_is_down_calls_are_refused_and_then_answered(tmp_path: Path) -> None:
    folder = tmp_path / "later"
    with key_server(key_pair()) as keys, written() as log:
        trust = trusting(folder, Client("east", ISSUER, jwks_urls=(keys.address,)))
        caller = guarded(trust).test_client()
        headers = bearer(signed())
        answer = caller.post(SERVICE, json=hook_request(simple_chart()), headers=headers)
        assert problem_of(answer, 503)["code"] == "transient"
        assert answer.headers["Retry-After"] == "5"
        assert caller.get("/readyz").status_code == 503
        assert '"event": "replay-store"' in log.getvalue()
        assert "SQLITE_CANTOPEN" in log.getvalue()
        assert not [part for part in headers["Authorization"].split(".") if part in log.getvalue()]
        folder.mkdir()
        assert caller.get("/readyz").status_code == 200
        assert caller.post(SERVICE, json=hook_request(simple_chart()), headers=headers).status_code == 200
