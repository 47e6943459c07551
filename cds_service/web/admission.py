"""How many calls a process judges at once: one more is refused at once, so that those under way stay quick."""

from threading import BoundedSemaphore
from types import TracebackType
from typing import Final

from werkzeug.exceptions import TooManyRequests

RETRY_AFTER: Final = 1
"""Seconds after which a refused client may ask again: a call takes a small part of that."""


class Admission:
    """The places for calls in this process; entered for as long as a call is judged."""

    def __init__(self, at_once: int) -> None:
        self._places = BoundedSemaphore(at_once)

    def __enter__(self) -> None:
        """Takes a place. Raises TooManyRequests (429, with Retry-After) where there is none."""
        if not self._places.acquire(blocking=False):
            raise TooManyRequests(retry_after=RETRY_AFTER)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Gives the place back."""
        self._places.release()
