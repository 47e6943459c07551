"""What may be fetched from an EHR's FHIR server, and what it may cost."""

from dataclasses import dataclass
from typing import Final

from cds_service.errors import ConfigurationError
from cds_service.settings.reading import COUNT, FLAG, ORIGINS, SECONDS, Section, is_secure


@dataclass(frozen=True, slots=True)
class Fetching:
    """What fetching may cost: a call, each search of it, each request, and a worker process.

    A call: `budget_seconds` from its arrival, `resources`, `bytes`. A search: `pages`. A request: `connect_seconds`,
    and `read_seconds` without a byte. A process: `parallel_searches` at once.
    `fhir_origins`: where data may be fetched from while no client is configured. `allow_private_addresses`: origins
    that may be inside the hospital's network. `allow_http`: http too, to this machine alone.
    """

    budget_seconds: float = 2.5
    connect_seconds: float = 1.0
    read_seconds: float = 2.0
    pages: int = 20
    resources: int = 20_000
    bytes: int = 8_000_000
    parallel_searches: int = 48
    fhir_origins: tuple[str, ...] = ()
    allow_private_addresses: tuple[str, ...] = ()
    allow_http: bool = False


FETCH: Final[Section] = {
    "budget_seconds": SECONDS,
    "connect_seconds": SECONDS,
    "read_seconds": SECONDS,
    "pages": COUNT,
    "resources": COUNT,
    "bytes": COUNT,
    "parallel_searches": COUNT,
    "fhir_origins": ORIGINS,
    "allow_private_addresses": ORIGINS,
    "allow_http": FLAG,
}


def check_fetching(fetching: Fetching) -> None:
    """Raises ConfigurationError for an origin that is neither https nor this machine."""
    for key in ("fhir_origins", "allow_private_addresses"):
        for origin in getattr(fetching, key):
            if not is_secure(origin, http_on_loopback=fetching.allow_http):
                raise ConfigurationError(
                    f"fetch.{key}: {origin}: https was expected; http only to this machine, with fetch.allow_http"
                )
