"""The servers of others: key sets, FHIR servers, their certificates, and what their clocks say of ours."""

import json
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, Final

from cds_service.doctor.checks import Checked, Situation, failed, ok, warning
from cds_service.settings import Client
from cds_service.web.egress import Answer, Budget, Egress, Origin, Reason, Unanswered, get, origin_of

_SECONDS: Final = 10.0
_MOST_BYTES: Final = 20_000_000
_DAYS_LEFT: Final = 30
"""A certificate that ends sooner should be renewed by now."""

_TODO: Final = {
    Reason.NOT_ALLOWED: "https is expected; http only to this machine, with fetch.allow_http",
    Reason.ADDRESS: "its name leads inside the network: if rightly, list its origin in fetch.allow_private_addresses",
    Reason.UNREACHABLE: "look at the name, the firewall, and whether the server runs",
    Reason.CERTIFICATE: "its certificate is not trusted: renew it, or name its authority in SSL_CERT_FILE",
    Reason.TIMEOUT: "look at the firewall and at what keeps the server busy",
    Reason.REDIRECT: "write the address to which it leads into the settings",
    Reason.TOO_LARGE: "something else than the expected server answers there",
    Reason.BROKEN: "something else than the expected server answers there",
}


class Asked:
    """Asks servers as the service would, and keeps what their answers say of the time."""

    def __init__(self, situation: Situation) -> None:
        self._situation = situation
        self.offsets: dict[str, float] = {}

    def get(self, url: str) -> Answer:
        """The answer of an address that the settings name. Raises Unanswered."""
        fetching = self._situation.settings.fetching
        egress = Egress.to((url,), fetching.allow_private_addresses, allow_http=fetching.allow_http)
        return self._get(egress, url)

    def get_ours(self, url: str) -> Answer:
        """The answer of the running service, wherever it is. Raises Unanswered."""
        return self._get(Egress.to((url,), (url,), allow_http=True), url)

    def _get(self, egress: Egress, url: str) -> Answer:
        answer = get(
            egress, url, Budget.within(_SECONDS, _MOST_BYTES), {"Accept": "application/fhir+json, application/json"}
        )
        with suppress(ValueError, KeyError):
            theirs = parsedate_to_datetime(answer.headers["date"])
            self.offsets[_shown(origin_of(url))] = (self._situation.now() - theirs.astimezone(UTC)).total_seconds()
        return answer


def _shown(origin: Origin) -> str:
    return f"[{origin.host}]:{origin.port}" if ":" in origin.host else f"{origin.host}:{origin.port}"


def check_servers(situation: Situation) -> Iterator[Checked]:
    """Every server that the settings name, then the clock by what they answered."""
    asked = Asked(situation)
    settings = situation.settings
    for client in settings.trust.clients:
        yield from _key_sets(client, asked, situation)
        yield from _fhir_servers(client, asked, situation)
    if not settings.trust.clients:
        for origin in settings.fetching.fhir_origins:
            yield from _fhir_server("FHIR server", origin, None, asked, situation)
    if situation.base_url:
        yield from _running_service(situation.base_url.rstrip("/"), asked, situation)
    yield from _clock(asked.offsets, settings.trust.leeway_seconds)


def _running_service(base: str, asked: Asked, situation: Situation) -> Iterator[Checked]:
    """Whether it answers, is ready, lists its services, and is of the protocol that was looked at here."""
    protocol = situation.loaded.protocol
    for path in ("/healthz", "/readyz", "/cds-services"):
        what = f"service {path}"
        try:
            answer = asked.get_ours(f"{base}{path}")
        except Unanswered as unanswered:
            yield failed(what, f"{base}{path}: {unanswered.reason}", _TODO[unanswered.reason])
            return
        if answer.status != HTTPStatus.OK:
            yield failed(what, f"status {answer.status}", "read the service's log; its lines name what it lacks")
        elif path == "/readyz" and _loads(answer).get("protocolVersion") != protocol.version:
            todo = "start the service anew: it runs another protocol than these settings name"
            yield warning(what, f"protocol {_loads(answer).get('protocolVersion')}, here {protocol.version}", todo)
        else:
            yield ok(what, f"{base}{path}")
    yield from _certificate(origin_of(base), situation)


def _key_sets(client: Client, asked: Asked, situation: Situation) -> Iterator[Checked]:
    for url in client.jwks_urls:
        what = f"keys of client {client.name}"
        try:
            answer = asked.get(url)
        except Unanswered as unanswered:
            yield failed(what, f"{url}: {unanswered.reason}", _TODO[unanswered.reason])
            continue
        keys = _listed_keys(answer)
        if keys:
            yield ok(what, f"{url}: {keys} keys")
        else:
            yield failed(what, f"{url}: status {answer.status}, no keys", "ask the EHR's vendor where its key set is")
        yield from _certificate(origin_of(url), situation)


def _listed_keys(answer: Answer) -> int:
    """How many keys an answer lists; 0 for what is no key set."""
    keys = _loads(answer).get("keys")
    return len(keys) if answer.status == HTTPStatus.OK and isinstance(keys, list) else 0


def _fhir_servers(client: Client, asked: Asked, situation: Situation) -> Iterator[Checked]:
    for origin in client.fhir_origins:
        base = client.issuer.rstrip("/") if _is_of(client.issuer, origin) else None
        yield from _fhir_server(f"FHIR server of client {client.name}", origin, base, asked, situation)


def _is_of(address: str, origin: str) -> bool:
    try:
        return origin_of(address) == origin_of(origin)
    except Unanswered:
        return False


def _fhir_server(what: str, origin: str, base: str | None, asked: Asked, situation: Situation) -> Iterator[Checked]:
    """Whether it answers; where its base is known, whether it speaks R4."""
    url = f"{base or origin}/metadata"
    try:
        answer = asked.get(url)
    except Unanswered as unanswered:
        yield failed(what, f"{url}: {unanswered.reason}", _TODO[unanswered.reason])
        return
    version = _fhir_version(answer)
    if version.startswith("4."):
        yield ok(what, f"{url}: FHIR {version}")
    elif version:
        yield failed(what, f"{url}: FHIR {version}", "give the address of its R4 endpoint")
    elif base is None:
        yield ok(what, f"{origin} answers; below which path its FHIR is, a call will say")
    else:
        todo = "see that /metadata is open, or that the client's issuer is the base of its FHIR server"
        yield warning(what, f"{url}: status {answer.status}, no CapabilityStatement", todo)
    yield from _certificate(origin_of(url), situation)


def _fhir_version(answer: Answer) -> str:
    return str(_loads(answer).get("fhirVersion", ""))


def _loads(answer: Answer) -> Mapping[str, Any]:
    """The JSON object that came; empty for anything else."""
    try:
        given = json.loads(answer.body)
    except (ValueError, RecursionError):
        return {}
    return given if isinstance(given, dict) else {}


def _certificate(origin: Origin, situation: Situation) -> Iterator[Checked]:
    """How long the certificate that a server shows lasts. Whether it is trusted was said when the server was asked."""
    if origin.scheme != "https":
        return
    context = ssl.create_default_context()
    try:
        with (
            socket.create_connection((origin.host, origin.port), timeout=_SECONDS) as plain,
            context.wrap_socket(plain, server_hostname=origin.host) as spoken,
        ):
            shown = spoken.getpeercert() or {}
    except OSError:
        return
    ends = datetime.fromtimestamp(ssl.cert_time_to_seconds(str(shown["notAfter"])), UTC)
    yield certificate_end(f"certificate of {_shown(origin)}", ends, situation.now())


def certificate_end(what: str, ends: datetime, now: datetime) -> Checked:
    """Whether a certificate ends soon."""
    days = (ends - now).days
    found = f"ends on {ends:%Y-%m-%d}, in {days} days"
    if ends <= now:
        return failed(what, f"ended on {ends:%Y-%m-%d}", "renew it: nobody trusts it any more")
    return warning(what, found, "renew it") if days < _DAYS_LEFT else ok(what, found)


def _clock(offsets: dict[str, float], leeway: float) -> Iterator[Checked]:
    """Our clock beside those of the servers that told the time: tokens are judged by it, and windows of days."""
    if not offsets:
        yield ok("clock", "no server told the time to compare it with")
    for server, seconds in offsets.items():
        found = f"{abs(seconds):.0f} s {'ahead of' if seconds > 0 else 'behind'} {server}"
        if abs(seconds) > leeway:
            todo = f"keep the time by NTP: beyond trust.leeway_seconds ({leeway:.0f}) tokens are refused"
            yield warning("clock", found, todo)
        else:
            yield ok("clock", f"within {leeway:.0f} s of {server}")
