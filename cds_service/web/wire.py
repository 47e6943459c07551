"""One guarded line to one origin: connects to a checked address, and stops reading at the deadline or the last byte.

`requests` bounds the wait for the next byte and never the whole of an answer; the sockets here do. The name stays what
TLS verifies and what the server is addressed by; only where to connect comes from the route. Meant to be imported when
a first call is made.
"""

import logging
import socket
import ssl
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError, ReadTimeoutError

from cds_service.web.egress import Answer, Budget, Reason, Route, Unanswered, origin_of

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

# Its lines hold whole addresses, and an address holds the patient's id.
logging.getLogger("urllib3").setLevel(logging.CRITICAL + 1)

_PIECE: Final = 65_536
_GZIP: Final = 16 + zlib.MAX_WBITS
_REDIRECTS: Final = range(HTTPStatus.MULTIPLE_CHOICES, HTTPStatus.BAD_REQUEST)


class _TimedSocket(socket.socket):
    """A socket that waits for a byte no longer than the budget lasts."""

    budget: Budget

    def recv_into(self, buffer: "WriteableBuffer", nbytes: int = 0, flags: int = 0) -> int:
        """As any socket's."""
        self.settimeout(self.budget.wait(self.budget.read_seconds))
        return super().recv_into(buffer, nbytes, flags)


class _TimedTlsSocket(ssl.SSLSocket):
    """As `_TimedSocket`, under TLS; without a budget while the handshake lasts, which the socket's timeout bounds."""

    budget: Budget

    def recv_into(self, buffer: "WriteableBuffer", nbytes: int | None = None, flags: int = 0) -> int:
        """As any socket's."""
        self.settimeout(self.budget.wait(self.budget.read_seconds))
        return super().recv_into(buffer, nbytes, flags)


@cache
def tls_context() -> ssl.SSLContext:
    """The certificate authorities that this machine trusts (SSL_CERT_FILE names others), read once."""
    context = ssl.create_default_context()
    context.sslsocket_class = _TimedTlsSocket
    return context


class _Way(NamedTuple):
    """Where to connect to, and until when."""

    route: Route
    budget: Budget

    def connect(self) -> _TimedSocket:
        """A connection to the first address that takes it. Raises Unanswered."""
        reason = Reason.UNREACHABLE
        for address in self.route.addresses(self.budget):
            try:
                return self._connect_to(address)
            except OSError as error:
                reason = Reason.TIMEOUT if isinstance(error, TimeoutError) else Reason.UNREACHABLE
        raise Unanswered(reason)

    def _connect_to(self, address: str) -> _TimedSocket:
        one = _TimedSocket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
        try:
            one.budget = self.budget
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            one.settimeout(self.budget.wait(self.budget.connect_seconds))
            one.connect((address, self.route.origin.port))
        except BaseException:
            one.close()
            raise
        return one


class _PlainConnection(HTTPConnection):
    def __init__(self, *given: Any, way: _Way, **named: Any) -> None:  # noqa: ANN401 - what urllib3 gives
        super().__init__(*given, **named)
        self.way = way

    def _new_conn(self) -> socket.socket:
        return self.way.connect()


class _TlsConnection(HTTPSConnection):
    def __init__(self, *given: Any, way: _Way, **named: Any) -> None:  # noqa: ANN401 - what urllib3 gives
        super().__init__(*given, **named)
        self.way = way

    def _new_conn(self) -> socket.socket:
        return self.way.connect()

    def connect(self) -> None:
        """As any connection's; from then on the socket keeps to the budget."""
        super().connect()
        if isinstance(self.sock, _TimedTlsSocket):
            self.sock.budget = self.way.budget


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _PlainConnection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


def _pool(way: _Way) -> HTTPConnectionPool:
    """Room for one connection, which later pages of the same search use again."""
    _, host, port = way.route.origin
    if way.route.origin.scheme == "https":
        return _TlsPool(host, port, maxsize=1, block=True, ssl_context=tls_context(), way=way)
    return _PlainPool(host, port, maxsize=1, block=True, way=way)


class _Adapter(HTTPAdapter):
    """Sends everything along one way, and leaves the certificates to the context of its pool."""

    def __init__(self, pool: HTTPConnectionPool) -> None:
        super().__init__(max_retries=0)
        self.pool = pool

    def get_connection_with_tls_context(self, *_given: object, **_named: object) -> HTTPConnectionPool:
        """The pool of the line, whatever is asked."""
        return self.pool

    def cert_verify(self, *_given: object) -> None:
        """Nothing: requests would add authorities of its own."""

    def close(self) -> None:
        """Ends the connection."""
        self.pool.close()
        super().close()


class Line:
    """GETs to one origin within one budget. Not for several threads; to be used in a `with`."""

    def __init__(self, route: Route, budget: Budget) -> None:
        self._origin, self._budget = route.origin, budget
        self._session = requests.Session()
        self._session.trust_env = False  # neither proxies nor passwords nor authorities of the environment
        adapter = _Adapter(_pool(_Way(route, budget)))
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, adapter)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def get(self, url: str, headers: Mapping[str, str]) -> Answer:
        """The answer to a GET. Raises Unanswered for none, for one that is cut off or too large, and for a redirect."""
        if origin_of(url) != self._origin:
            raise Unanswered(Reason.NOT_ALLOWED)
        budget = self._budget
        own = {"User-Agent": "cotsom-cds", "Accept-Encoding": "gzip"}
        waits = (budget.wait(budget.connect_seconds), budget.wait(budget.read_seconds))
        with (
            _told_as_unanswered(),
            self._session.get(
                url, headers={**own, **headers}, stream=True, allow_redirects=False, timeout=waits
            ) as response,
        ):
            if response.status_code in _REDIRECTS:
                raise Unanswered(Reason.REDIRECT)
            body = b"".join(_unpacked(response, budget))
            named = {name.lower(): value for name, value in response.headers.items()}
            return Answer(response.status_code, named, body)


@contextmanager
def _told_as_unanswered() -> Iterator[None]:
    """What the libraries raise, without their words: those hold addresses."""
    try:
        yield
    except (requests.Timeout, ReadTimeoutError):
        raise Unanswered(Reason.TIMEOUT) from None
    except requests.exceptions.SSLError:
        raise Unanswered(Reason.CERTIFICATE) from None
    except requests.ConnectionError:
        raise Unanswered(Reason.UNREACHABLE) from None
    except (requests.RequestException, HTTPError, zlib.error, ValueError):
        raise Unanswered(Reason.BROKEN) from None


def _unpacked(response: requests.Response, budget: Budget) -> Iterator[bytes]:
    """The body piece by piece as it arrives, never more of it than the budget has room for."""
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    pieces = _pieces(response, budget)
    if encoding in ("", "identity"):
        yield from pieces
    elif encoding in ("gzip", "x-gzip"):
        yield from _gunzipped(pieces, budget)
    else:
        raise Unanswered(Reason.BROKEN)


def _pieces(response: requests.Response, budget: Budget) -> Iterator[bytes]:
    while piece := response.raw.read1(_PIECE, decode_content=False):
        budget.wait(budget.read_seconds)
        budget.allowance.take(len(piece))
        yield piece


def _gunzipped(pieces: Iterator[bytes], budget: Budget) -> Iterator[bytes]:
    unpacking = zlib.decompressobj(_GZIP)
    for piece in pieces:
        rest, full = piece, True
        while (rest or full) and not unpacking.eof:
            out = unpacking.decompress(rest, _PIECE)
            budget.allowance.take(len(out))
            yield out
            rest, full = unpacking.unconsumed_tail, len(out) == _PIECE
        if unpacking.unused_data:
            raise Unanswered(Reason.BROKEN)
    if not unpacking.eof:
        raise Unanswered(Reason.BROKEN)
