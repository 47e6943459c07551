"""Who calls: a client's signed token is believed, or the call is refused (CDS Hooks 2.0, Trusting CDS Clients)."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Final

from joserfc import jws
from joserfc.errors import JoseError, UnsupportedAlgorithmError
from joserfc.jwa import JWSAlgModel

from cds_service.ledger.replay import ReplayStore
from cds_service.settings import Client, Settings, Trust
from cds_service.web.egress import Budget, Egress, Unanswered, get
from cds_service.web.keys import FetchedKeys, Key, KeyServerFailed, KeySource, PinnedKeys, ReadKeySet
from cds_service.web.tokens import Claims, Header, Reason, Refused, bearer, read_claims, read_header

_REMEMBERED: Final = 3_600
"""Seconds that a used token is remembered after its end: no clock that is set back by less brings it to life again."""


class GuardedGate:
    """Admits the configured clients, each token once."""

    def __init__(self, trust: Trust, clock: Callable[[], datetime], read: ReadKeySet, store: ReplayStore) -> None:
        """`clock` tells the true time, whatever instant patients are judged at. Raises ConfigurationError."""
        self._trust, self._clock, self._store = trust, clock, store
        self._sources = {client.name: _sources(client, trust, read) for client in trust.clients}

    def admit(self, authorization: str | None, path: str) -> Client:
        """The client whose token was sent. Raises Refused, or StoreUnavailable."""
        token = bearer(authorization, self._trust.token_bytes)
        header, claims = read_header(token), read_claims(token)
        client = _claimed(self._trust.clients, claims)
        try:
            self._believe(token, header, claims, client, path)
        except Refused as refused:
            raise Refused(refused.reason, client.name) from None
        return client

    def _believe(self, token: str, header: Header, claims: Claims, client: Client, path: str) -> None:
        now = self._clock().timestamp()
        key = _key(header, client, self._sources[client.name], now)
        if not is_signed(token, key, client.algorithms):
            raise Refused(Reason.SIGNATURE)
        _check_claims(claims, self._trust, self._trust.audience.rstrip("/") + path, now)
        forgotten_at = int(claims.expires_at + self._trust.leeway_seconds) + _REMEMBERED
        if not self._store.use(claims.issuer, claims.identity, forgotten_at, int(now)):
            raise Refused(Reason.REPLAYED)

    def check(self) -> None:
        """Raises StoreUnavailable where no caller could be admitted now."""
        self._store.check()

    def close(self) -> None:
        """Ends the connections to the store."""
        self._store.close()


def _sources(client: Client, trust: Trust, read: ReadKeySet) -> Mapping[str, KeySource]:
    """Where the keys of a client are, by address; the first is the one for tokens that name none."""
    if client.jwks_file is not None:
        return {"": PinnedKeys(client.jwks_file)}
    return {address: FetchedKeys(client, address, trust, read) for address in client.jwks_urls}


def _claimed(clients: Iterable[Client], claims: Claims) -> Client:
    """The client that a token claims to be of; believed later."""
    named = [client for client in clients if client.issuer == claims.issuer]
    if not named:
        raise Refused(Reason.ISSUER)
    for client in named:
        right_subject = not client.subjects or claims.subject in client.subjects
        if right_subject and (not client.tenants or claims.tenant in client.tenants):
            return client
    raise Refused(Reason.SUBJECT)


def _key(header: Header, client: Client, sources: Mapping[str, KeySource], now: float) -> Key:
    """The client's key of which the token says that it signed it. Addresses that are not listed are never asked."""
    if header.algorithm not in client.algorithms:
        raise Refused(Reason.ALGORITHM)
    pinned = client.jwks_file is not None
    address = next(iter(sources)) if pinned or header.key_address is None else header.key_address
    if address not in sources:
        raise Refused(Reason.KEY_ADDRESS)
    key = sources[address].find(header.key, now)
    if key is None:
        raise Refused(Reason.KEY)
    return key


class _Signatures(jws.JWSRegistry):
    """The algorithms that a client may use, and no others. Unknown parts of a header are passed over (RFC 7515, 4)."""

    def __init__(self, algorithms: Iterable[str], longest: int) -> None:
        super().__init__(algorithms=tuple(algorithms), strict_check_header=False)
        self.max_header_length = longest

    def get_alg(self, name: str) -> JWSAlgModel:
        """An algorithm by its name; EdDSA too, which the library takes for outdated and many senders still say."""
        if self.allowed is None or name not in self.allowed:
            raise UnsupportedAlgorithmError(name)
        return self.algorithms[name]


def is_signed(token: str, key: Key, algorithms: Iterable[str]) -> bool:
    """Whether this key signed the token by the algorithm that it names, and that the key is made for."""
    try:
        jws.deserialize_compact(token, key, registry=_Signatures(algorithms, len(token)))
    except (JoseError, ValueError):
        return False
    return True


def _check_claims(claims: Claims, trust: Trust, audience: str, now: float) -> None:
    """Raises Refused where a token is not for this address, or not for now."""
    leeway = trust.leeway_seconds
    if claims.audience != (audience,):
        raise Refused(Reason.AUDIENCE)
    if claims.expires_at + leeway <= now:
        raise Refused(Reason.EXPIRED)
    if max(claims.issued_at, claims.not_before) - leeway > now:
        raise Refused(Reason.NOT_YET)
    if claims.expires_at - claims.issued_at > trust.lifetime_seconds:
        raise Refused(Reason.LIFETIME)


def guarded_gate(settings: Settings, clock: Callable[[], datetime]) -> GuardedGate:
    """The gate of the configured clients."""
    trust = settings.trust
    return GuardedGate(trust, clock, key_reader(settings), ReplayStore(trust.replay_store, trust.replay_wait_seconds))


def key_reader(settings: Settings) -> ReadKeySet:
    """Reads key sets at the addresses that the settings list, and at no other."""
    trust, fetching = settings.trust, settings.fetching
    listed = tuple(address for client in trust.clients for address in client.jwks_urls)
    egress = Egress.to(listed, fetching.allow_private_addresses, allow_http=fetching.allow_http)

    def read(address: str) -> bytes:
        try:
            answer = get(egress, address, Budget.within(trust.jwks_seconds, trust.jwks_bytes))
        except Unanswered as unanswered:
            raise KeyServerFailed(unanswered.reason.value) from None
        if answer.status != HTTPStatus.OK:
            raise KeyServerFailed(f"status-{answer.status}")
        return answer.body

    return read
