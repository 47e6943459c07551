"""A fault is a test: what breaks, what the clinician gets, what the operator sees."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, ParamSpec, TypeVar

_P = ParamSpec("_P")
_R = TypeVar("_R")


@dataclass(frozen=True, slots=True)
class Fault:
    """A row of the page, and where its test stands."""

    part: str
    breaks: str
    clinician: str
    operator: str
    module: str
    test: str


FAULTS: Final[list[Fault]] = []


def fault(part: str, breaks: str, clinician: str, operator: str) -> Callable[[Callable[_P, _R]], Callable[_P, _R]]:
    """Makes a test a row of the page. `part`: the heading it stands under."""

    def noted(test: Callable[_P, _R]) -> Callable[_P, _R]:
        FAULTS.append(Fault(part, breaks, clinician, operator, test.__module__, test.__qualname__))
        return test

    return noted
