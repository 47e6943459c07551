"""Connections to the ledger's database, and its tables brought up to date."""

from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import NullPool

from cds_service.errors import ConfigurationError, StoreUnavailable

LATEST: Final = "0001"
"""The newest revision: a database that has it needs no Alembic."""

UNKNOWN_REVISION: Final = "unknown-revision"
"""What is told of tables that another build made, in place of a driver's error."""

_SECONDS: Final = 2
"""What a connection, a lock or a statement may take."""
_CONNECTIONS: Final = 4
_MIGRATING: Final = 0x636F74736F6D
"""The advisory lock under which one worker migrates while others wait."""


def open_engine(address: str) -> Engine:
    """Connections by a database URL, on which every statement is a transaction; nothing is connected yet.

    Raises ConfigurationError, which never shows the URL's password.
    """
    url = _url(address)
    # Threads that wait for SQLite's one writer wake in turn here; SQLite itself would have them sleep and look again.
    size = 1 if url.get_backend_name() == "sqlite" else _CONNECTIONS
    return _engine(url, isolation_level="AUTOCOMMIT", pool_size=size, max_overflow=0, pool_timeout=_SECONDS)


def _engine(url: URL, **options: Any) -> Engine:  # noqa: ANN401 - what SQLAlchemy takes
    if url.get_backend_name() == "sqlite":
        engine = create_engine(url, connect_args={"timeout": _SECONDS}, **options)
        event.listen(engine, "connect", _open_sqlite)
        return engine
    from cds_service.ledger.timed import connect_timed  # noqa: PLC0415 - loads a driver that SQLite does without

    engine = create_engine(url, connect_args=_POSTGRESQL, pool_recycle=1_800, **options)
    connect_timed(engine)
    return engine


_POSTGRESQL: Final = {
    "connect_timeout": _SECONDS,
    "options": f"-c statement_timeout={_SECONDS}s -c lock_timeout={_SECONDS}s",
    "tcp_user_timeout": _SECONDS * 1_000,
    "keepalives_idle": 10,
    "keepalives_interval": 2,
    "keepalives_count": 2,
}


def _url(address: str) -> URL:
    try:
        url = make_url(address)
    except ArgumentError:
        raise ConfigurationError("trust.replay_store: a database URL like sqlite:///FILE was expected") from None
    if url.drivername in ("postgresql", "postgres"):
        url = url.set(drivername="postgresql+psycopg")
    if url.drivername not in ("sqlite", "postgresql+psycopg"):
        raise ConfigurationError("trust.replay_store: sqlite:///FILE or postgresql://HOST/DATABASE was expected")
    if url.drivername == "sqlite" and url.database in (None, "", ":memory:"):
        raise ConfigurationError("trust.replay_store: a file was expected: workers share nothing in memory")
    return url


def _open_sqlite(connection: Any, _: object) -> None:  # noqa: ANN401 - the driver's connection
    """Readers never wait for the writer.

    What the last moment before a power cut wrote may be lost; what a crash of the process wrote is not.
    """
    connection.isolation_level = None  # transactions are begun by us, where there are any: the driver begins too late
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def bring_up_to_date(address: str) -> None:
    """Makes or changes the tables; of several workers starting at once one does it while the others wait.

    Raises sqlalchemy.exc.SQLAlchemyError where the database cannot be reached, StoreUnavailable where its tables are of
    a revision that is not known here, such as a newer build's.
    """
    engine = _engine(_url(address), poolclass=NullPool)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "begin", _begin_sqlite)
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATING})
        if _revision(connection) != LATEST:
            _migrate(connection)


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return found


def _migrate(connection: Connection) -> None:
    from alembic import command  # noqa: PLC0415 - a fifth of a second that a database of today does not need
    from alembic.config import Config  # noqa: PLC0415 - as above
    from alembic.util import CommandError  # noqa: PLC0415 - as above

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError:
        raise StoreUnavailable(UNKNOWN_REVISION) from None
