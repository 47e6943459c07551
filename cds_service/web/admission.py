"""How many calls a process takes at once, and whose turn it is to be judged, so that those under way stay quick."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore, Lock
from types import TracebackType
from typing import Final

from werkzeug.exceptions import TooManyRequests

RETRY_AFTER: Final = 1
"""Seconds after which a refused client may ask again: a call takes a small part of that."""


class Admission:
    """The places for calls in this process; entered for as long as a call is under way, or is judged."""

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


class Turn:
    """The one call in this process that is being judged; entered for as long as it keeps the processor busy.

    Threads of one interpreter that compute at once take turns anyway, in slices: each ends later, none earlier, and the
    charts of all lie in memory together.
    """

    def __init__(self) -> None:
        self._held = Lock()

    def __enter__(self) -> None:
        """Waits for the turn."""
        self._held.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Passes it on."""
        self._held.release()

    @contextmanager
    def passed_on(self) -> Iterator[None]:
        """Lets others have it while the call waits for a server, then waits for it again."""
        self._held.release()
        try:
            yield
        finally:
            self._held.acquire()
