"""What a client's token says of itself, before any of it is believed (CDS Hooks 2.0, Trusting CDS Clients)."""

import binascii
import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import isfinite
from typing import Any, Final

Json = Mapping[str, Any]

_BEARER: Final = re.compile(r"Bearer +([A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*)", re.IGNORECASE)
_BROUGHT_KEYS: Final = ("jwk", "x5c", "x5u")
_LONGEST_NAME: Final = 512
_HALF_CHARACTER: Final = re.compile("[\ud800-\udfff]")
"""What JSON may spell and no text can hold: one half of a surrogate pair."""


class Reason(StrEnum):
    """Why a call is refused. Only the operator learns it, from the log and the metrics."""

    NO_TOKEN = "no-token"  # noqa: S105 - a reason, no secret
    MALFORMED = "malformed-token"
    TOO_LONG = "token-too-long"
    TYPE = "wrong-type"
    ALGORITHM = "algorithm-not-allowed"
    BROUGHT_KEY = "key-in-header"
    CRITICAL = "critical-header"
    ISSUER = "unknown-issuer"
    SUBJECT = "unknown-subject-or-tenant"
    KEY_ADDRESS = "key-address-not-allowed"
    KEY = "unknown-key"
    SIGNATURE = "bad-signature"
    AUDIENCE = "wrong-audience"
    EXPIRED = "expired"
    NOT_YET = "from-the-future"
    LIFETIME = "lives-too-long"
    REPLAYED = "used-before"


class Refused(Exception):  # noqa: N818 - a decision about a caller, not a fault
    """A call whose caller is not believed. `client` is the name of the client whose token it claims to be."""

    def __init__(self, reason: Reason, client: str | None = None) -> None:
        super().__init__(reason)
        self.reason, self.client = reason, client


@dataclass(frozen=True, slots=True)
class Header:
    """Which key is said to have signed, and how. `key_address`: where the key is said to be."""

    algorithm: str
    key: str
    key_address: str | None


@dataclass(frozen=True, slots=True)
class Claims:
    """Who calls whom, from when to when (seconds since 1970), by a token of which identity."""

    issuer: str
    audience: tuple[str, ...]
    issued_at: float
    expires_at: float
    not_before: float
    identity: str
    subject: str | None
    tenant: str | None


def bearer(authorization: str | None, longest: int) -> str:
    """The token of an Authorization header. Raises Refused."""
    if not authorization:
        raise Refused(Reason.NO_TOKEN)
    if len(authorization) > longest:
        raise Refused(Reason.TOO_LONG)
    found = _BEARER.fullmatch(authorization)
    if found is None:
        raise Refused(Reason.MALFORMED if authorization[:6].lower() == "bearer" else Reason.NO_TOKEN)
    return found[1]


def read_header(token: str) -> Header:
    """What a token says of its signature. Raises Refused, also where it brings a key of its own to be checked with."""
    given = _part(token, 0)
    if any(name in given for name in _BROUGHT_KEYS):
        raise Refused(Reason.BROUGHT_KEY)
    if "crit" in given:
        raise Refused(Reason.CRITICAL)
    if str(given.get("typ")).upper() != "JWT":
        raise Refused(Reason.TYPE)
    return Header(_text(given, "alg"), _text(given, "kid"), _text(given, "jku") if "jku" in given else None)


def read_claims(token: str) -> Claims:
    """What a token says of its sender. Raises Refused where something that is required does not stand there."""
    given = _part(token, 1)
    issued_at = _instant(given, "iat")
    return Claims(
        issuer=_text(given, "iss"),
        audience=_audience(given.get("aud")),
        issued_at=issued_at,
        expires_at=_instant(given, "exp"),
        not_before=_instant(given, "nbf") if "nbf" in given else issued_at,
        identity=_text(given, "jti"),
        subject=_text(given, "sub") if "sub" in given else None,
        tenant=_text(given, "tenant") if "tenant" in given else None,
    )


def _part(token: str, at: int) -> Json:
    """One of the JSON objects that a token is made of."""
    part = token.split(".")[at]
    try:
        given = json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)), object_pairs_hook=_once)
    except (ValueError, binascii.Error, RecursionError):
        raise Refused(Reason.MALFORMED) from None
    if not isinstance(given, Mapping):
        raise Refused(Reason.MALFORMED)
    return given


def _once(pairs: Sequence[tuple[str, Any]]) -> Json:
    """Names that stand twice are read differently by different readers, so by none."""
    if len(dict(pairs)) != len(pairs):
        raise ValueError
    return dict(pairs)


def _text(given: Json, name: str) -> str:
    value = given.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_NAME or _HALF_CHARACTER.search(value):
        raise Refused(Reason.MALFORMED)
    return value


def _instant(given: Json, name: str) -> float:
    value = given.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value) or abs(value) > _FARTHEST:
        raise Refused(Reason.MALFORMED)
    return float(value)


_FARTHEST: Final = 2**40
"""Seconds beyond any calendar; a number of many digits is no instant."""


def _audience(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    if isinstance(value, list) and value and all(isinstance(one, str) for one in value):
        return tuple(value)
    raise Refused(Reason.MALFORMED)
