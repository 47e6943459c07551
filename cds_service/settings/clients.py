"""Who may call: the EHRs that this service trusts, and how far their tokens and keys are believed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any, Final

from cds_service.errors import ConfigurationError
from cds_service.settings.reading import (
    ADDRESS,
    ADDRESSES,
    COUNT,
    FILE,
    ORIGINS,
    SECONDS,
    TEXT,
    TEXTS,
    Kind,
    Place,
    Section,
    choice,
    is_secure,
    read_section,
    texts,
)

DIALECTS: Final = ("generic", "epic", "oracle")
"""The EHRs whose peculiarities cards are written for."""

ALGORITHMS: Final = (
    "ES384",
    "RS384",
    "ES256",
    "RS256",
    "ES512",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "Ed25519",
    "EdDSA",
)
"""The signatures that can be trusted: those with a public key, none with a shared one."""


@dataclass(frozen=True, slots=True)
class Client:
    """One EHR that calls: whom its tokens name, which keys sign them, how its cards are written.

    Its keys come from one of `jwks_urls` or are pinned in `jwks_file`. Empty `subjects` and `tenants` ask for none.
    `fhir_origins`: where data of its patients may be fetched from.
    """

    name: str
    issuer: str
    subjects: tuple[str, ...] = ()
    tenants: tuple[str, ...] = ()
    jwks_urls: tuple[str, ...] = ()
    jwks_file: Path | None = None
    algorithms: tuple[str, ...] = ALGORITHMS
    ehr: str = "generic"
    fhir_origins: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Trust:
    """How calls are checked. Without `clients` nothing is: the service is open.

    `audience` is this service's base address as clients know it. `lifetime_seconds`: the longest that a token may live.
    `replay_wait_seconds`: how long calls wait for a `replay_store` that just went away, as in a restart.
    Keys are fetched again after `jwks_fresh_seconds`, or for an unknown key id, but not sooner than
    `jwks_pause_seconds` after the last attempt; while the client's key server is down they are believed for
    `jwks_stale_seconds`.
    """

    clients: tuple[Client, ...] = ()
    audience: str = ""
    leeway_seconds: float = 30.0
    lifetime_seconds: float = 300.0
    token_bytes: int = 8_192
    replay_store: str = "sqlite:///cotsom-cds.sqlite"
    replay_wait_seconds: float = 2.0
    jwks_seconds: float = 2.0
    jwks_bytes: int = 262_144
    jwks_fresh_seconds: float = 3_600.0
    jwks_pause_seconds: float = 30.0
    jwks_stale_seconds: float = 86_400.0


def _algorithms(place: Place, value: object) -> tuple[str, ...]:
    given = texts(place, value)
    if not given or not set(given) <= set(ALGORITHMS):
        raise place.expects(f"a list of {', '.join(ALGORITHMS)}")
    return given


TRUST: Final[Section] = {
    "audience": ADDRESS,
    "leeway_seconds": SECONDS,
    "lifetime_seconds": SECONDS,
    "token_bytes": COUNT,
    "replay_store": TEXT,
    "replay_wait_seconds": SECONDS,
    "jwks_seconds": SECONDS,
    "jwks_bytes": COUNT,
    "jwks_fresh_seconds": SECONDS,
    "jwks_pause_seconds": SECONDS,
    "jwks_stale_seconds": SECONDS,
}
EHR: Final = choice(*DIALECTS)

_CLIENT: Final[Section] = {
    "name": TEXT,
    "issuer": TEXT,
    "subjects": TEXTS,
    "tenants": TEXTS,
    "jwks_urls": ADDRESSES,
    "jwks_file": FILE,
    "algorithms": Kind(_algorithms),
    "ehr": EHR,
    "fhir_origins": ORIGINS,
}


def clients(place: Place, value: object) -> tuple[Mapping[str, Any], ...]:
    """The tables of `[[clients]]`, each checked by itself."""
    if not isinstance(value, Sequence) or isinstance(value, str) or not all(isinstance(v, Mapping) for v in value):
        raise place.expects("a list of tables")
    return tuple(_client(place.within(f"[{at}]"), one) for at, one in enumerate(value))


def _client(place: Place, given: Mapping[str, object]) -> Mapping[str, Any]:
    read = read_section(place.within("."), given, _CLIENT)
    for key in ("name", "issuer"):
        if key not in read:
            raise place.within(f".{key}").expects("a text")
    if bool(read.get("jwks_urls")) == ("jwks_file" in read):
        raise place.expects("either jwks_urls, where its keys are, or jwks_file, where they are pinned,")
    return read


def check_trust(trust: Trust, *, http_on_loopback: bool) -> None:
    """What the settings of trust owe each other. Raises ConfigurationError."""
    if trust.clients and not trust.audience:
        raise ConfigurationError("trust.audience: needed with [[clients]]: the base address that clients call")
    for client in trust.clients:
        for address in (*client.jwks_urls, *client.fhir_origins):
            if not is_secure(address, http_on_loopback=http_on_loopback):
                raise ConfigurationError(
                    f"clients {client.name!r}: {address}: https was expected; http only to this machine, "
                    "with fetch.allow_http"
                )
    for one, other in combinations(trust.clients, 2):
        if one.name == other.name:
            raise ConfigurationError(f"clients: two are named {one.name!r}")
        if one.issuer == other.issuer and not _told_apart(one, other):
            raise ConfigurationError(
                f"clients {one.name!r} and {other.name!r} have one issuer: each needs tenants or subjects of its own"
            )


def _told_apart(one: Client, other: Client) -> bool:
    pairs = ((one.tenants, other.tenants), (one.subjects, other.subjects))
    return any(mine and theirs and not set(mine) & set(theirs) for mine, theirs in pairs)
