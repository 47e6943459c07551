"""What is wrong, or doubtful, with a protocol file."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from cds_service.errors import ConfigurationError


class Severity(StrEnum):
    """An error keeps the protocol from being used, a warning is likely a slip, a note is for the author to know."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to look at: where in the file, how bad, and what to do about it."""

    place: str
    severity: Severity
    text: str

    def __str__(self) -> str:
        return f"{self.place}: {self.text}"


def error(place: str, text: str) -> Problem:
    """A problem that keeps the protocol from being used."""
    return Problem(place, Severity.ERROR, text)


def warning(place: str, text: str) -> Problem:
    """A problem that is likely a slip."""
    return Problem(place, Severity.WARNING, text)


def note(place: str, text: str) -> Problem:
    """Something for the author to know."""
    return Problem(place, Severity.NOTE, text)


def refuse(problems: Iterable[Problem]) -> None:
    """Raises ConfigurationError with a line for each error among the problems."""
    errors = [str(problem) for problem in problems if problem.severity is Severity.ERROR]
    if errors:
        raise ConfigurationError("\n".join(errors))
