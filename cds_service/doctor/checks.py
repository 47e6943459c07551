"""What a check is, what it knows, and what it tells."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from cds_service.loading import Loaded
from cds_service.settings import Settings


class State(StrEnum):
    """What a check found: all is well; it works, and somebody should know; it does not work."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Checked:
    """One thing that was looked at, and what is to be done, if anything. Neither text shows a secret."""

    what: str
    state: State
    found: str
    todo: str = ""


@dataclass(frozen=True, slots=True)
class Situation:
    """What there is to look at: settings, what was loaded by them, the clock, perhaps a running service."""

    settings: Settings
    loaded: Loaded
    now: Callable[[], datetime]
    base_url: str | None = None


Check = Callable[[Situation], Iterator[Checked]]


def ok(what: str, found: str) -> Checked:
    """Nothing to do."""
    return Checked(what, State.OK, found)


def warning(what: str, found: str, todo: str) -> Checked:
    """It works, and somebody should know."""
    return Checked(what, State.WARNING, found, todo)


def failed(what: str, found: str, todo: str) -> Checked:
    """It does not work."""
    return Checked(what, State.FAILED, found, todo)
