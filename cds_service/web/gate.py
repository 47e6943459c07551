"""What stands before the services: open without clients, else guarded by what their tokens prove."""

from collections.abc import Callable
from datetime import datetime
from typing import Final, Protocol

from cds_service.settings import Client, Settings
from cds_service.web.problems import Problem

_RETRY_SECONDS: Final = "5"


class Gate(Protocol):
    """What stands before the services."""

    def admit(self, authorization: str | None, path: str) -> Client | None:
        """The client that calls this path, None where callers are not asked.

        `authorization` is the header that was sent. Raises Refused, or StoreUnavailable.
        """

    def check(self) -> None:
        """Raises StoreUnavailable where no caller could be admitted now."""

    def close(self) -> None:
        """Ends what is open to other processes; the next call opens it again."""


class OpenGate:
    """No client is configured: every caller is answered."""

    def admit(self, authorization: str | None, path: str) -> None:
        """Nobody in particular."""

    def check(self) -> None:
        """Always open."""

    def close(self) -> None:
        """Nothing to end."""


def create_gate(settings: Settings, clock: Callable[[], datetime]) -> Gate:
    """The gate before the services. Raises ConfigurationError for keys or a store that cannot be used."""
    if not settings.trust.clients:
        return OpenGate()
    from cds_service.web.trust import guarded_gate  # noqa: PLC0415 - an open service needs neither signatures nor SQL

    return guarded_gate(settings, clock)


def refusal() -> Problem:
    """401, in the same words whatever the reason: a caller who is not believed learns nothing from it."""
    return Problem(401, "login", "the caller is not known here", headers={"WWW-Authenticate": "Bearer"})


def unavailable() -> Problem:
    """503: a caller cannot be checked now, and so is not answered."""
    words = "callers cannot be checked at the moment; try again"
    return Problem(503, "transient", words, headers={"Retry-After": _RETRY_SECONDS})
