"""Servers on this machine that say exactly what a test tells them to: bytes, silence, or a drop at a time."""

import os
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from threading import Event, Thread
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

Speak = Callable[["Heard"], None]


@dataclass(slots=True)
class Loopback:
    """A server that runs: its port, the requests it heard, how many connections were made, whether it is to end."""

    port: int
    requests: list[str] = field(default_factory=list)
    connections: int = 0
    over: Event = field(default_factory=Event)

    @property
    def origin(self) -> str:
        """Where it is, by its name."""
        return f"http://localhost:{self.port}"


@dataclass(frozen=True, slots=True)
class Heard:
    """One request, and the connection on which to answer it."""

    head: str
    connection: socket.socket
    server: Loopback

    @property
    def path(self) -> str:
        """What is asked for."""
        return self.head.split(" ")[1]

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers, their names in lower case."""
        lines = (line.partition(":") for line in self.head.split("\r\n")[1:])
        return {name.lower(): value.strip() for name, _, value in lines if name}

    def send(self, *parts: bytes) -> None:
        """Sends bytes as they are."""
        self.connection.sendall(b"".join(parts))

    def drip(self, part: bytes, pause: float = 0.02) -> None:
        """Sends the same bytes again and again until nobody listens."""
        while not self.server.over.wait(pause):
            self.connection.sendall(part)


_BLOCK: Final = 50
_BLOCKS: Final = 400
_TURNS: Final = count()


def free_port() -> int:
    """A port of this machine that nobody listens on, and that nobody else takes before it is used.

    The system gives out none below 32768 by itself, and each test process has a block of them for itself.
    """
    first = 10_000 + os.getpid() % _BLOCKS * _BLOCK
    return next(port for turn in _TURNS if _is_free(port := first + turn % _BLOCK))


def _is_free(port: int) -> bool:
    with socket.socket() as probe, suppress(OSError):
        probe.bind(("127.0.0.1", port))
        return True
    return False


@contextmanager
def nobody_listening() -> Iterator[int]:
    """A port of this machine on which every connection is refused: it is taken, so that no other program answers."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        yield port


def answer(body: bytes, status: str = "200 OK", **headers: str) -> bytes:
    """A whole HTTP answer."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join((*lines, "", "")).encode() + body


@contextmanager
def speaking(speak: Speak, tls: ssl.SSLContext | None = None) -> Iterator[Loopback]:
    """A server that answers every request by `speak`, for as long as a test needs it."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = Loopback(listening.getsockname()[1])
        opened: list[socket.socket] = []
        Thread(target=_accept, args=(listening, server, speak, tls, opened), daemon=True).start()
        try:
            yield server
        finally:
            server.over.set()
            with suppress(OSError):
                listening.shutdown(socket.SHUT_RDWR)
            for one in opened:
                one.close()


def _accept(
    listening: socket.socket, server: Loopback, speak: Speak, tls: ssl.SSLContext | None, opened: list[socket.socket]
) -> None:
    with suppress(OSError):
        while True:
            connection, _ = listening.accept()
            opened.append(connection)
            server.connections += 1
            Thread(target=_serve, args=(connection, server, speak, tls), daemon=True).start()


def _serve(connection: socket.socket, server: Loopback, speak: Speak, tls: ssl.SSLContext | None) -> None:
    with suppress(OSError):
        spoken = tls.wrap_socket(connection, server_side=True) if tls else connection
        with spoken:
            while head := _head(spoken):
                server.requests.append(head)
                speak(Heard(head, spoken, server))


def _head(connection: socket.socket) -> str:
    received = b""
    while not received.endswith(b"\r\n\r\n"):
        piece = connection.recv(65_536)
        if not piece:
            return ""
        received += piece
    return received.decode()


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a server shows, and the file by which a client trusts it."""

    context: ssl.SSLContext
    trusted: Path


def certificate(folder: Path, name: str) -> Certificate:
    """A certificate for this name that vouches for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    named = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    since = datetime(2020, 1, 1, tzinfo=UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(named)
        .issuer_name(named)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(since)
        .not_valid_after(since + timedelta(days=36_500))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    trusted, private = folder / f"{name}.pem", folder / f"{name}.key"
    trusted.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(trusted, private)
    return Certificate(context, trusted)
