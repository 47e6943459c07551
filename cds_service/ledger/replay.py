"""Which tokens were used: each is accepted once, by whichever worker sees it first."""

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from hashlib import sha256
from itertools import count
from secrets import token_bytes
from threading import Lock
from time import perf_counter, sleep
from typing import Final, NamedTuple

from sqlalchemy import Connection, Delete, bindparam, delete, insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from cds_service.errors import StoreUnavailable
from cds_service.ledger.engine import bring_up_to_date, open_engine
from cds_service.ledger.tables import USED_TOKENS

_EVERY: Final = 64
_AT_ONCE: Final = 1_000
"""Every so many uses, so many expired rows are removed: faster than they can come, and never long under the lock."""
_PAUSE: Final = 0.1
"""Seconds between two attempts to reach a database that just went away."""

Row = dict[str, object]


class _Away(NamedTuple):
    """Since when the database cannot be used, on the clock of `perf_counter`, and the driver's last word about it."""

    since: float
    kind: str


class ReplayStore:
    """The used tokens of all workers.

    Calls wait a moment for a database that just went away, as in a restart. One that stays away is asked by one call at
    a time, so that waiting for it never takes all threads of a worker; the others are told at once.
    """

    def __init__(self, address: str, wait_seconds: float = 0.0) -> None:
        """`address`: a database URL; `wait_seconds`: how long calls wait for a database that just went away.

        Raises ConfigurationError for an address that cannot be used; connects later.
        """
        self._address, self._engine = address, open_engine(address)
        own = postgresql if self._engine.dialect.name == "postgresql" else sqlite
        self._use = own.insert(USED_TOKENS).on_conflict_do_nothing().returning(USED_TOKENS.c.digest)
        self._lock, self._asking = Lock(), Lock()
        self._up_to_date = False
        self._uses = count(1)
        self._wait_seconds = wait_seconds
        self._away: _Away | None = None

    def use(self, issuer: str, token: str, expires_at: int, now: int) -> bool:
        """Marks a token as used until `expires_at`; whether this is its first use. Seconds since 1970.

        Raises StoreUnavailable.
        """
        digest = sha256(f"{issuer}\0{token}".encode()).digest()
        row = {"digest": digest, "expires_at": expires_at, "call": token_bytes(16)}
        away = self._away
        if away is None or self._may_come_back(away):
            return self._ask_within_wait(partial(self._insert, row, now))
        return self._ask_alone(partial(self._insert, row, now), away)

    def _ask_alone(self, question: Callable[[], bool], away: _Away) -> bool:
        """Asks a store that is away, where no other call does."""
        if not self._asking.acquire(blocking=False):
            raise StoreUnavailable(away.kind)
        try:
            return self._ask(question)
        finally:
            self._asking.release()

    def _ask_within_wait(self, question: Callable[[], bool]) -> bool:
        with suppress(StoreUnavailable):  # a connection may be of before the database was started anew
            return self._ask(question)
        while True:
            try:
                return self._ask(question)
            except StoreUnavailable:
                if self._away is None or not self._may_come_back(self._away):
                    raise
            sleep(_PAUSE)

    def _may_come_back(self, away: _Away) -> bool:
        return perf_counter() - away.since < self._wait_seconds

    def _ask(self, question: Callable[[], bool]) -> bool:
        try:
            answer = question()
        except StoreUnavailable as error:
            raise self._unavailable(error.kind) from None
        except SQLAlchemyError as error:
            raise self._unavailable(_kind(error)) from None
        self._away = None
        return answer

    def check(self) -> None:
        """Raises StoreUnavailable where no token could be marked now."""
        away = self._away
        if away is None:
            self._ask(self._mark_and_remove)
        else:
            self._ask_alone(self._mark_and_remove, away)

    def _mark_and_remove(self) -> bool:
        """Writes a mark of nobody's token and removes it again; nobody ever sees it."""
        self._prepare()
        row = {"digest": token_bytes(32), "expires_at": 0, "call": token_bytes(16)}
        with self._engine.connect() as connection:
            connection.exec_driver_sql("BEGIN")
            connection.execute(insert(USED_TOKENS), row)
            connection.execute(_UNMARKING, {"marked": row["digest"]})
            connection.exec_driver_sql("COMMIT")
        return True

    def close(self) -> None:
        """Ends the connections; a later use opens others. A process that forks must: SQLite's may not be inherited."""
        self._engine.dispose()

    def _unavailable(self, kind: str) -> StoreUnavailable:
        """Notes that the store is away; the next call connects anew and looks again for the tables."""
        self._up_to_date = False
        self._engine.dispose()
        before = self._away
        self._away = _Away(before.since if before else perf_counter(), kind)
        return StoreUnavailable(kind)

    def _prepare(self) -> None:
        """The tables, before the first use."""
        if self._up_to_date:
            return
        with self._lock:
            if not self._up_to_date:
                bring_up_to_date(self._address)
                self._up_to_date = True

    def _insert(self, row: Row, now: int) -> bool:
        self._prepare()
        with self._engine.connect() as connection:
            first = connection.execute(self._use, row).first() is not None or self._is_own(connection, row)
            if next(self._uses) % _EVERY == 0:
                connection.execute(_REMOVAL, {"now": now})
        return first

    def _is_own(self, connection: Connection, row: Row) -> bool:
        """Whether it was this very call that used the token, in an attempt whose answer was lost."""
        return connection.execute(_CALL, {"used": row["digest"]}).scalar() == row["call"]


def _kind(error: SQLAlchemyError) -> str:
    """What went wrong, without a value."""
    cause = getattr(error, "orig", None) or error
    code = getattr(cause, "sqlite_errorname", None) or getattr(cause, "sqlstate", None)
    return f"{type(cause).__name__} {code or ''}".strip()


def _removal() -> Delete:
    expired = select(USED_TOKENS.c.digest).where(USED_TOKENS.c.expires_at < bindparam("now")).limit(_AT_ONCE)
    return delete(USED_TOKENS).where(USED_TOKENS.c.digest.in_(expired))


_REMOVAL: Final = _removal()
_UNMARKING: Final = delete(USED_TOKENS).where(USED_TOKENS.c.digest == bindparam("marked"))
_CALL: Final = select(USED_TOKENS.c.call).where(USED_TOKENS.c.digest == bindparam("used"))
