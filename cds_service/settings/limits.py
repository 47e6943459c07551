"""What one call, and all calls at once, may cost a process of the service."""

from dataclasses import dataclass
from typing import Final

from cds_service.settings.reading import COUNT, SECONDS, Section


@dataclass(frozen=True, slots=True)
class Limits:
    """The size of a body, the resources and the draft orders in it, the calls that a worker process takes at a time.

    `header_seconds`: how long a client may take to send the head of a request.
    """

    body_bytes: int = 8_000_000
    entries: int = 20_000
    drafts: int = 200
    calls_at_once: int = 16
    header_seconds: float = 10.0

    @property
    def threads(self) -> int:
        """The threads of a worker process."""
        return self.calls_at_once + _SPARE_THREADS

    @property
    def received_at_once(self) -> int:
        """How many of them calls and feedback may hold; the others stay free for health, metrics and discovery."""
        return self.calls_at_once + _SPARE_THREADS // 2


_SPARE_THREADS: Final = 8
"""Beyond those for calls that are judged: half to take in one call more and refuse it, half that calls never get."""


LIMITS: Final[Section] = {
    "body_bytes": COUNT,
    "entries": COUNT,
    "drafts": COUNT,
    "calls_at_once": COUNT,
    "header_seconds": SECONDS,
}
