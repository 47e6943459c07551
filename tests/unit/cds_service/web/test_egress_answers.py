"""What comes back from an outbound call, and when it ends: servers on this machine that misbehave."""

import gzip
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

import pytest

from cds_service.web import wire
from cds_service.web.egress import (
    Allowance,
    Budget,
    Egress,
    Reason,
    Unanswered,
    get,
)
from tests.loopback import Certificate, Heard, Loopback, Speak, answer, certificate, nobody_listening, speaking
from tests.unit.cds_service.web.test_egress import LONG, SHORT, SMALL, fetched, guard, reason


@pytest.mark.parametrize(
    "status", ["301 Moved", "302 Found", "303 See", "307 Temporary", "308 Permanent", "300 Choose"]
)
def test_a_redirect_is_refused_and_not_followed(status: str) -> None:
    with speaking(lambda heard: heard.send(answer(b"", status, Location="/elsewhere"))) as server:
        with pytest.raises(Unanswered) as refused:
            fetched(server)
        assert refused.value.reason is Reason.REDIRECT
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", ["400 Bad", "401 Who", "404 None", "429 Slow", "503 Busy"])
def test_an_error_is_an_answer(status: str) -> None:
    with speaking(lambda heard: heard.send(answer(b"no", status, Retry_After="1"))) as server:
        got = fetched(server)
    assert (got.status, got.body, got.headers["retry-after"]) == (int(status[:3]), b"no", "1")


BODY = b'{"resourceType": "Bundle"}' * 3_000


@pytest.mark.parametrize("body", [BODY, b"", b"x", bytes(65_536), bytes(65_535 * 2)])
def test_gzip_is_unpacked(body: bytes) -> None:
    with speaking(lambda heard: heard.send(answer(gzip.compress(body), Content_Encoding="gzip"))) as server:
        assert fetched(server).body == body


def chunked(heard: Heard) -> None:
    heard.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    for start in range(0, len(BODY), 10_000):
        part = BODY[start : start + 10_000]
        heard.send(f"{len(part):x}\r\n".encode(), part, b"\r\n")
    heard.send(b"0\r\n\r\n")


def test_chunks_are_put_together() -> None:
    with speaking(chunked) as server:
        assert fetched(server).body == BODY


def endless(heard: Heard) -> None:
    heard.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    heard.drip(b"fffe\r\n" + bytes(0xFFFE) + b"\r\n", pause=0)


@pytest.mark.parametrize(
    "speak",
    [
        lambda heard: heard.send(answer(bytes(SMALL + 1))),
        lambda heard: heard.send(answer(gzip.compress(bytes(SMALL)), Content_Encoding="gzip")),
        lambda heard: heard.send(answer(gzip.compress(bytes(50_000_000)), Content_Encoding="gzip")),
        endless,
    ],
    ids=["plain", "packed", "bomb", "endless"],
)
def test_an_answer_too_large_is_given_up_packed_or_not(speak: Speak) -> None:
    assert reason(speak) is Reason.TOO_LARGE


def test_calls_side_by_side_share_what_they_may_receive() -> None:
    allowance = Allowance(1_000)
    with speaking(lambda heard: heard.send(answer(bytes(600)))) as server:
        budget = Budget(perf_counter() + LONG, LONG, LONG, allowance)
        assert len(get(guard(server), server.origin, budget).body) == 600
        assert allowance.left == 400
        with pytest.raises(Unanswered) as refused:
            get(guard(server), server.origin, budget)
    assert refused.value.reason is Reason.TOO_LARGE
    assert allowance.left == 0


@pytest.mark.parametrize(
    ("speak", "expected"),
    [
        (lambda heard: heard.send(answer(BODY)[:-5]) or heard.connection.close(), Reason.BROKEN),
        (lambda heard: heard.send(answer(gzip.compress(BODY)[:-9], Content_Encoding="gzip")), Reason.BROKEN),
        (lambda heard: heard.send(answer(gzip.compress(BODY) + b"more", Content_Encoding="gzip")), Reason.BROKEN),
        (lambda heard: heard.send(answer(BODY, Content_Encoding="gzip")), Reason.BROKEN),
        (lambda heard: heard.send(answer(BODY, Content_Encoding="br")), Reason.BROKEN),
        (lambda heard: heard.send(answer(BODY, Content_Encoding="gzip, gzip")), Reason.BROKEN),
        (lambda heard: heard.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), Reason.BROKEN),
        (lambda heard: heard.send(b"SSH-2.0\r\n\r\n"), Reason.UNREACHABLE),
        (lambda heard: heard.connection.close(), Reason.UNREACHABLE),
    ],
    ids=["cut", "gzip-cut", "gzip-tail", "no-gzip", "brotli", "twice", "chunks", "no-http", "hung-up"],
)
def test_a_broken_answer_is_none(speak: Speak, expected: Reason) -> None:
    assert reason(speak) is expected


def dripping_head(heard: Heard) -> None:
    heard.send(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    heard.drip(b"x")


def dripping_body(heard: Heard) -> None:
    heard.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    heard.drip(b"x")


def dripping_gzip(heard: Heard) -> None:
    heard.send(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n")
    for byte in gzip.compress(bytes(range(256)) * 40):
        heard.send(bytes((byte,)))
        if heard.server.over.wait(0.02):
            return


def continuing(heard: Heard) -> None:
    heard.drip(b"HTTP/1.1 100 Continue\r\n\r\n")


def silent(heard: Heard) -> None:
    heard.server.over.wait()


SLOW = [dripping_head, dripping_body, dripping_gzip, continuing, silent]


@pytest.mark.parametrize("speak", SLOW)
def test_a_server_that_drips_or_hangs_does_not_outlast_the_budget(speak: Speak) -> None:
    assert reason(speak, SHORT) is Reason.TIMEOUT


def test_a_budget_that_is_over_calls_nobody() -> None:
    with speaking(lambda heard: heard.send(answer(b"{}"))) as server:
        with pytest.raises(Unanswered) as refused:
            fetched(server, seconds=0)
        assert refused.value.reason is Reason.TIMEOUT
    assert server.connections == 0


def test_nobody_listening_is_unreachable() -> None:
    with nobody_listening() as port, pytest.raises(Unanswered) as refused:
        fetched(Loopback(port))
    assert refused.value.reason is Reason.UNREACHABLE


@contextmanager
def trusting(shown: Certificate, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This machine trusts the certificate for a while."""
    monkeypatch.setenv("SSL_CERT_FILE", str(shown.trusted))
    wire.tls_context.cache_clear()
    try:
        yield
    finally:
        wire.tls_context.cache_clear()


def test_tls_is_verified_for_the_name_though_an_address_is_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = certificate(tmp_path, "localhost")
    with trusting(shown, monkeypatch), speaking(lambda heard: heard.send(answer(BODY)), shown.context) as server:
        secure = server.origin.replace("http", "https")
        assert get(guard(server), secure, Budget.within(LONG, SMALL)).body == BODY
        by_address = f"https://127.0.0.1:{server.port}"
        with pytest.raises(Unanswered) as refused:
            get(Egress.to((by_address,)), by_address, Budget.within(LONG, SMALL))
        assert refused.value.reason is Reason.CERTIFICATE


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other, shown = certificate(tmp_path, "other"), certificate(tmp_path, "localhost")
    with trusting(other, monkeypatch), speaking(lambda heard: heard.send(answer(BODY)), shown.context) as server:
        with pytest.raises(Unanswered) as refused:
            get(guard(server), server.origin.replace("http", "https"), Budget.within(LONG, SMALL))
        assert refused.value.reason is Reason.CERTIFICATE
    assert server.requests == []


@pytest.mark.parametrize("speak", SLOW)
def test_under_tls_too_a_slow_server_does_not_outlast_the_budget(
    speak: Speak, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = certificate(tmp_path, "localhost")
    with trusting(shown, monkeypatch), speaking(speak, shown.context) as server:
        with pytest.raises(Unanswered) as refused:
            get(guard(server), server.origin.replace("http", "https"), Budget.within(SHORT, SMALL))
        assert refused.value.reason is Reason.TIMEOUT


def test_a_handshake_that_never_comes_does_not_outlast_the_budget() -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        origin = f"https://localhost:{deaf.getsockname()[1]}"
        with pytest.raises(Unanswered) as refused:
            get(Egress.to((origin,)), origin, Budget.within(SHORT, SMALL))
    assert refused.value.reason is Reason.TIMEOUT
