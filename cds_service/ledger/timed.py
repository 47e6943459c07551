"""PostgreSQL that gives up: a server that takes a statement and never answers holds no thread for good."""

from typing import Any, Final, TypeVar

import psycopg
from psycopg.abc import PQGen
from sqlalchemy import Engine, event

_T = TypeVar("_T")
_INTERVAL: Final = 0.1
_SECONDS: Final = 3.0
"""Longer than the server itself gives a statement: this is for one that no longer counts."""


class TimedConnection(psycopg.Connection[Any]):
    """A connection on which nothing takes longer; one that did is closed, for its answer could still come."""

    def wait(self, gen: PQGen[_T], interval: float = _INTERVAL, timeout: float | None = None) -> _T:
        """What the server answers. Raises psycopg.OperationalError when it does not."""
        try:
            return super().wait(gen, interval, timeout or _SECONDS)
        except psycopg.errors._WaitTimeout:  # noqa: SLF001 - the library raises it under no other name
            self.pgconn.finish()
            raise


def connect_timed(engine: Engine) -> None:
    """Makes every connection of the engine a timed one."""

    def connect(_dialect: object, _record: object, arguments: list[Any], named: dict[str, Any]) -> TimedConnection:
        return TimedConnection.connect(*arguments, **named)

    event.listen(engine, "do_connect", connect)
