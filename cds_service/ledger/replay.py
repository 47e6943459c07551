"""Which tokens were used: each is accepted once, by whichever worker sees it first."""

from hashlib import sha256
from itertools import count
from threading import Lock
from typing import Final

from sqlalchemy import Delete, Engine, bindparam, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from cds_service.errors import StoreUnavailable
from cds_service.ledger.engine import bring_up_to_date, open_engine
from cds_service.ledger.tables import USED_TOKENS

_EVERY: Final = 64
_AT_ONCE: Final = 1_000
"""Every so many uses, so many expired rows are removed: faster than they can come, and never long under the lock."""


class ReplayStore:
    """The used tokens of all workers. A database that is down is asked again at the next call."""

    def __init__(self, address: str) -> None:
        """`address`: a database URL. Raises ConfigurationError for one that cannot be used; connects later."""
        self._engine: Engine = open_engine(address)
        insert = postgresql.insert if self._engine.dialect.name == "postgresql" else sqlite.insert
        self._use = insert(USED_TOKENS).on_conflict_do_nothing().returning(USED_TOKENS.c.digest)
        self._lock = Lock()
        self._up_to_date = False
        self._uses = count(1)

    def use(self, issuer: str, token: str, expires_at: int, now: int) -> bool:
        """Marks a token as used until `expires_at`; whether this is its first use. Seconds since 1970.

        Raises StoreUnavailable.
        """
        row = {"digest": sha256(f"{issuer}\0{token}".encode()).digest(), "expires_at": expires_at}
        try:
            self._prepare()
            try:
                return self._insert(row, now)
            except DBAPIError as error:
                if not error.connection_invalidated:
                    raise
                return self._insert(row, now)  # the database was started anew since the last call
        except SQLAlchemyError as error:
            raise self._unavailable(error) from None

    def check(self) -> None:
        """Raises StoreUnavailable where no token could be marked now."""
        try:
            self._prepare()
            with self._engine.connect() as connection:
                connection.execute(select(USED_TOKENS.c.expires_at).limit(1))
        except SQLAlchemyError as error:
            raise self._unavailable(error) from None

    def close(self) -> None:
        """Ends the connections; a later use opens others. A process that forks must: SQLite's may not be inherited."""
        self._engine.dispose()

    def _unavailable(self, error: SQLAlchemyError) -> StoreUnavailable:
        """What went wrong, without a value; the next call looks again whether the tables are there."""
        self._up_to_date = False
        cause = getattr(error, "orig", None) or error
        code = getattr(cause, "sqlite_errorname", None) or getattr(cause, "sqlstate", None)
        return StoreUnavailable(f"{type(cause).__name__} {code or ''}".strip())

    def _prepare(self) -> None:
        """The tables, before the first use."""
        if self._up_to_date:
            return
        with self._lock:
            if not self._up_to_date:
                bring_up_to_date(self._engine)
                self._up_to_date = True

    def _insert(self, row: dict[str, object], now: int) -> bool:
        with self._engine.begin() as connection:
            first = connection.execute(self._use, row).first() is not None
            if next(self._uses) % _EVERY == 0:
                connection.execute(_REMOVAL, {"now": now})
        return first


def _removal() -> Delete:
    expired = select(USED_TOKENS.c.digest).where(USED_TOKENS.c.expires_at < bindparam("now")).limit(_AT_ONCE)
    return delete(USED_TOKENS).where(USED_TOKENS.c.digest.in_(expired))


_REMOVAL: Final = _removal()
