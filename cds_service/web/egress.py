"""The guard of every outbound call: who may be called, at which addresses, and what one answer may cost.

A hook call names the server to ask, and a token names the keys to fetch. Neither is believed: a call goes to a listed
origin alone, over https, to an address that was looked at first, through no proxy, along no redirect, and ends at its
deadline however slowly the other side speaks.
"""

import re
import socket
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from threading import BoundedSemaphore, Lock, Thread
from time import perf_counter
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import urlsplit

from cds_service.settings.reading import is_loopback

if TYPE_CHECKING:
    from cds_service.web.wire import Line


class Reason(StrEnum):
    """Why an outbound call brought no answer."""

    NOT_ALLOWED = "not-allowed"
    ADDRESS = "refused-address"
    UNREACHABLE = "unreachable"
    CERTIFICATE = "untrusted-certificate"
    TIMEOUT = "timeout"
    REDIRECT = "redirect"
    TOO_LARGE = "too-large"
    BROKEN = "broken"


class Unanswered(Exception):  # noqa: N818 - it is what came of a call, not a fault of ours
    """An outbound call that brought no answer. Says why, and nothing of the address or of what was received."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


class Origin(NamedTuple):
    """Scheme, host and port, in one spelling."""

    scheme: str
    host: str
    port: int


class Answer(NamedTuple):
    """What came back, its body unpacked; the names of the headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Allowance:
    """Bytes that may still be received, counted on the wire and again unpacked; shared by calls side by side."""

    def __init__(self, limit: int) -> None:
        self._limit, self._lock = limit, Lock()
        self.received = 0

    def take(self, count: int) -> None:
        """Counts bytes that arrived. Raises Unanswered where they are too many."""
        with self._lock:
            self.received += count
            if self.received > self._limit:
                raise Unanswered(Reason.TOO_LARGE)

    @property
    def left(self) -> int:
        """How many more there may be."""
        return max(0, self._limit - self.received)


@dataclass(frozen=True, slots=True)
class Budget:
    """What a call may cost: `ends` is the instant of `perf_counter` at which it is over, whatever has come by then."""

    ends: float
    connect_seconds: float
    read_seconds: float
    allowance: Allowance

    @classmethod
    def within(cls, seconds: float, limit: int) -> "Budget":
        """A budget of so many seconds from now and so many bytes, for a call on its own."""
        return cls(perf_counter() + seconds, seconds, seconds, Allowance(limit))

    def wait(self, most: float) -> float:
        """How long the next step may take, at most. Raises Unanswered when the time is over."""
        left = self.ends - perf_counter()
        if left <= 0:
            raise Unanswered(Reason.TIMEOUT)
        return min(left, most)


Resolve = Callable[[str, int], Iterable[str]]


def resolve(host: str, port: int) -> tuple[str, ...]:
    """The addresses of a host, as this machine knows them."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Unanswered(Reason.UNREACHABLE) from None
    return tuple(dict.fromkeys(str(address[0]) for *_, address in found))


_RESOLVING: Final = BoundedSemaphore(8)
"""The names that a process asks for at once: none can be called back, so one that hangs keeps its place and thread."""


def _resolve_in_time(resolve: Resolve, origin: Origin, budget: Budget) -> tuple[str, ...]:
    """The addresses of an origin. Raises Unanswered, at the latest when the time to connect is over."""
    if not _RESOLVING.acquire(timeout=budget.wait(budget.connect_seconds)):
        raise Unanswered(Reason.TIMEOUT)
    answer: Future[tuple[str, ...]] = Future()

    def ask() -> None:
        try:
            answer.set_result(tuple(resolve(origin.host, origin.port)))
        except Exception as error:  # noqa: BLE001 - raised to who waits
            answer.set_exception(error)
        finally:
            _RESOLVING.release()

    Thread(target=ask, name="resolve", daemon=True).start()  # a process that ends does not wait for it
    try:
        return answer.result(budget.wait(budget.connect_seconds))
    except TimeoutError:
        raise Unanswered(Reason.TIMEOUT) from None


@dataclass(frozen=True, slots=True)
class Egress:
    """What may be called: these origins alone. `private` ones may lie inside the hospital's network."""

    origins: frozenset[Origin]
    private: frozenset[Origin] = frozenset()
    allow_http: bool = False
    resolve: Resolve = resolve

    @classmethod
    def to(cls, origins: Iterable[str], private: Iterable[str] = (), *, allow_http: bool = False) -> "Egress":
        """The guard of these origins, as settings name them; `allow_http`: http too, to this machine alone."""
        return cls(frozenset(map(origin_of, origins)), frozenset(map(origin_of, private)), allow_http)

    def route(self, url: str) -> "Route":
        """The way to an address. Raises Unanswered where it may not be called; asks nobody yet."""
        origin = origin_of(url)
        secure = origin.scheme == "https" or (self.allow_http and is_loopback(origin.host))
        if origin not in self.origins or not secure:
            raise Unanswered(Reason.NOT_ALLOWED)
        return Route(origin, origin in self.private, self.resolve)


@dataclass(slots=True)
class Route:
    """The way to one origin. Its name is resolved once, so that no second answer can lead elsewhere."""

    origin: Origin
    private: bool
    resolve: Resolve
    _lock: Lock = field(default_factory=Lock)
    _addresses: tuple[str, ...] = ()

    def addresses(self, budget: Budget) -> tuple[str, ...]:
        """Where to connect to. Raises Unanswered if a single address of the name may not be called, or none is told."""
        if not self._lock.acquire(timeout=budget.wait(budget.connect_seconds)):
            raise Unanswered(Reason.TIMEOUT)
        try:
            if not self._addresses:
                self._addresses = self._looked_at(_resolve_in_time(self.resolve, self.origin, budget))
            return self._addresses
        finally:
            self._lock.release()

    def _looked_at(self, found: tuple[str, ...]) -> tuple[str, ...]:
        if not found:
            raise Unanswered(Reason.UNREACHABLE)
        here = is_loopback(self.origin.host)
        if not all(may_be_called(one, here=here, private=self.private) for one in found):
            raise Unanswered(Reason.ADDRESS)
        return found


# What RFC 3986 allows in an address; everything else is read differently by different programs.
_PLAIN: Final = re.compile(r"(?:https|http)://[A-Za-z0-9.:\[\]-]+(?:[/?][A-Za-z0-9._~:/?\[\]@!$&'()*+,;=%-]*)?")
_PORTS: Final = {"http": 80, "https": 443}


def origin_of(url: str) -> Origin:
    """The origin of an address. Raises Unanswered for one that is not plain: a user, a fragment, an odd character."""
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        raise Unanswered(Reason.NOT_ALLOWED) from None
    if not _PLAIN.fullmatch(url) or not host:
        raise Unanswered(Reason.NOT_ALLOWED)
    return Origin(parts.scheme, host, port)


_INSIDE: Final = tuple(map(ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")))
# Where clouds tell a machine its own secrets, beside the link-local address that most of them use.
_METADATA: Final = frozenset(map(ip_address, ("100.100.100.200", "168.63.129.16", "fd00:ec2::254", "fd20:ce::254")))
# Inside a site as it was once done, and examples in books: Python takes them for public ones.
_NOBODYS: Final = tuple(map(ip_network, ("fec0::/10", "3fff::/20")))
_TRANSLATED: Final = ip_network("64:ff9b::/96")


def may_be_called(address: str, *, here: bool, private: bool) -> bool:
    """Whether an address may be called: of this machine only where it was named (`here`), else a public one.

    `private` admits the addresses of a network's inside. Link-local and metadata addresses are never admitted.
    """
    one = _unwrapped(ip_address(address))
    if here or one.is_loopback:
        return here and one.is_loopback
    if one.is_link_local or one.is_multicast or one.is_unspecified or one.is_reserved or one in _METADATA:
        return False
    if any(one in network for network in _NOBODYS):
        return False
    return one.is_global or (private and any(one in network for network in _INSIDE))


def _unwrapped(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address that an IPv6 address carries inside, where it does."""
    if isinstance(address, IPv4Address):
        return address
    if address in _TRANSLATED:
        return IPv4Address(address.packed[-4:])
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else address)


def open_line(egress: Egress, url: str, budget: Budget) -> "Line":
    """A line to the origin of an address, for one call or several; to be used in a `with`. Raises Unanswered."""
    return line_along(egress.route(url), budget)


def line_along(route: Route, budget: Budget) -> "Line":
    """As `open_line`, along a way that other lines take too."""
    from cds_service.web.wire import Line  # noqa: PLC0415 - a service that calls nobody does not load an HTTP client

    return Line(route, budget)


def get(egress: Egress, url: str, budget: Budget, headers: Mapping[str, str] | None = None) -> Answer:
    """One GET. Raises Unanswered; an answer of any status but a redirect is an answer."""
    with open_line(egress, url, budget) as line:
        return line.get(url, headers or {})
