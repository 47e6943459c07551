"""The public keys of clients: pinned in a file, or fetched from the client's own address and kept for a while."""

import json
from base64 import urlsafe_b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any, Final, Protocol

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, OKPKey, RSAKey

from cds_service.errors import ConfigurationError
from cds_service.settings import Client, Trust
from cds_service.web.logs import log, log_fault

Key = RSAKey | ECKey | OKPKey
Keys = Mapping[str, Key]

_LEAST_RSA_BITS: Final = 2_048


class KeyServerFailed(Exception):  # noqa: N818 - a state of another's server
    """The address did not give a key set; `kind` says how, without what was sent."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


ReadKeySet = Callable[[str], bytes]
"""The way out to a client's key server: the body at an address. Raises KeyServerFailed."""


class KeySource(Protocol):
    """Where a client's keys come from."""

    def find(self, identity: str, now: float) -> Key | None:
        """The key of this id, if the client has one. `now`: seconds since 1970."""


def read_keys(body: bytes) -> Keys:
    """The keys of a JWK Set that can check a signature, by id. Raises ValueError for what is no set, or shows secrets.

    A key without id, for encryption, too short or of a kind that is not known is left out.
    """
    given = json.loads(body)
    listed = given.get("keys") if isinstance(given, Mapping) else None
    if not isinstance(listed, list):
        raise ValueError("no JWK Set")  # noqa: TRY004 - the value is at fault
    if any(isinstance(one, Mapping) and ("d" in one or one.get("kty") == "oct") for one in listed):
        raise ValueError("a JWK Set that shows a secret key")
    usable = (one for one in listed if isinstance(one, Mapping) and _checks_signatures(one))
    read = ((one["kid"], _key(one)) for one in usable)
    return {identity: key for identity, key in read if key is not None}


def _checks_signatures(given: Mapping[str, Any]) -> bool:
    operations = given.get("key_ops", ["verify"])
    named = isinstance(given.get("kid"), str) and given["kid"]
    return bool(named and given.get("use", "sig") == "sig" and isinstance(operations, list) and "verify" in operations)


def _key(given: Mapping[str, Any]) -> Key | None:
    try:
        if given["kty"] == "RSA" and len(urlsafe_b64decode(given["n"] + "==")) * 8 < _LEAST_RSA_BITS:
            return None
        key = JWKRegistry.import_key(dict(given))
    except (JoseError, ValueError, TypeError, KeyError):
        return None
    return key if isinstance(key, RSAKey | ECKey | OKPKey) else None


class PinnedKeys:
    """The keys of a file, as they were at start."""

    def __init__(self, file: Path) -> None:
        """Raises ConfigurationError where the file cannot be read, or holds no key that could check a signature."""
        try:
            self._keys = read_keys(file.read_bytes())
        except OSError as error:
            raise ConfigurationError(f"jwks_file {file}: cannot be read: {error.strerror}") from None
        except (ValueError, RecursionError):
            raise ConfigurationError(f"jwks_file {file}: a JWK Set of public keys was expected") from None
        if not self._keys:
            raise ConfigurationError(f"jwks_file {file}: holds no key with a kid that could check a signature")

    def find(self, identity: str, now: float) -> Key | None:  # noqa: ARG002 - pinned keys do not age
        """The key of this id."""
        return self._keys.get(identity)


@dataclass(frozen=True, slots=True)
class _Fetched:
    """The keys of an address, when they came, and when it was last asked, in seconds since 1970."""

    keys: Keys
    came_at: float
    asked_at: float


class FetchedKeys:
    """The keys of one address: fetched when first needed, when they grow old, and when an id is not among them.

    Never sooner than the settings' pause after the last attempt: a caller who invents key ids does not make us call
    the client's server for each. While that server fails, the keys known are believed for a bounded time.
    """

    def __init__(self, client: Client, address: str, trust: Trust, read: ReadKeySet) -> None:
        self._client, self._address, self._trust, self._read = client.name, address, trust, read
        self._lock = Lock()
        self._fetched: _Fetched | None = None

    def find(self, identity: str, now: float) -> Key | None:
        """The key of this id."""
        # Whoever has a key to go on with does not wait for another's fetch, and nobody longer than one may take.
        patience = self._trust.jwks_seconds if self._known(identity, now) is None else 0
        if self._is_due(identity, now) and self._lock.acquire(timeout=patience):
            try:
                if self._is_due(identity, now):
                    self._fetch(now)
            finally:
                self._lock.release()
        return self._known(identity, now)

    def _known(self, identity: str, now: float) -> Key | None:
        fetched = self._fetched
        if fetched is None or now - fetched.came_at > self._trust.jwks_stale_seconds:
            return None
        return fetched.keys.get(identity)

    def _is_due(self, identity: str, now: float) -> bool:
        fetched = self._fetched
        if fetched is None:
            return True
        if abs(now - fetched.asked_at) < self._trust.jwks_pause_seconds:
            return False
        return identity not in fetched.keys or abs(now - fetched.came_at) >= self._trust.jwks_fresh_seconds

    def _fetch(self, now: float) -> None:
        before = self._fetched or _Fetched({}, now, now)
        try:
            keys = read_keys(self._read(self._address))
        except KeyServerFailed as error:
            self._fetched = _Fetched(before.keys, before.came_at, now)
            log_fault("keys", client=self._client, kind=error.kind, kept=len(before.keys))
        except (ValueError, RecursionError):
            self._fetched = _Fetched(before.keys, before.came_at, now)
            log_fault("keys", client=self._client, kind="no-key-set", kept=len(before.keys))
        else:
            self._fetched = _Fetched(keys, now, now)
            log("keys", client=self._client, found=len(keys))
