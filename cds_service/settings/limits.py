"""What one call, and all calls at once, may cost a process of the service."""

from dataclasses import dataclass
from typing import Final

from cds_service.settings.reading import COUNT, SECONDS, Section


@dataclass(frozen=True, slots=True)
class Limits:
    """The size of a body, the resources in it, the calls that a worker process takes at a time.

    `header_seconds`: how long a client may take to send the head of a request.
    """

    body_bytes: int = 8_000_000
    entries: int = 20_000
    calls_at_once: int = 16
    header_seconds: float = 10.0


LIMITS: Final[Section] = {
    "body_bytes": COUNT,
    "entries": COUNT,
    "calls_at_once": COUNT,
    "header_seconds": SECONDS,
}
