"""More calls than a process may judge at once: the one too many is told so, and those under way are finished."""

import json
import select
import signal
import socket
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from threading import Event, Semaphore, Thread
from typing import Final

import pytest
import requests
from werkzeug.serving import make_server

from cds_service.app import create_app
from cds_service.settings import Settings, read_clock
from cds_service.settings.limits import Limits
from tests.acceptance import AS_OF
from tests.acceptance.test_served import PATIENCE, served
from tests.http_calls import FEEDBACK, SERVICE, hook_request, simple_chart

ONE: Final = Limits(calls_at_once=1)


class Held:
    """A clock at which a call stops until it is let go: what a call is doing while it is judged."""

    def __init__(self) -> None:
        self.reached, self.let_go = Event(), Event()

    def __call__(self) -> datetime:
        self.reached.set()
        assert self.let_go.wait(PATIENCE)
        return read_clock(AS_OF)


@contextmanager
def serving(held: Held) -> Iterator[str]:
    """The service with room for one call, answering on a port of this machine."""
    server = make_server("127.0.0.1", 0, create_app(Settings(limits=ONE), held), threaded=True)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        held.let_go.set()
        server.shutdown()
        server.server_close()


def open_chart(base: str) -> requests.Response:
    return requests.post(f"{base}{SERVICE}", json=hook_request(simple_chart()), timeout=PATIENCE)


def test_a_call_too_many_is_429_and_told_when_to_ask_again() -> None:
    held = Held()
    with serving(held) as base, ThreadPoolExecutor() as pool:
        under_way = pool.submit(open_chart, base)
        assert held.reached.wait(PATIENCE)
        refused = open_chart(base)
        assert (refused.status_code, refused.headers["Retry-After"]) == (429, "1")
        assert refused.json()["issue"][0]["code"] == "throttled"
        others = [requests.get(f"{base}{path}", timeout=PATIENCE) for path in ("/healthz", "/readyz", "/metrics")]
        assert [answer.status_code for answer in others] == [200, 200, 200]
        item = {"card": "c", "outcome": "accepted"}
        assert requests.post(f"{base}{FEEDBACK}", json={"feedback": [item]}, timeout=PATIENCE).status_code == 204
        held.let_go.set()
        assert len(under_way.result(PATIENCE).json()["cards"]) == 1
        assert open_chart(base).status_code == 200


def test_calls_are_judged_one_after_the_other() -> None:
    at_once: list[int] = []
    judged, under_way = Event(), Semaphore(0)

    def clock() -> datetime:
        under_way.release()
        judged.wait(0.05)  # so that a second one could come in
        assert under_way.acquire(blocking=False)
        at_once.append(1 + sum(under_way.acquire(blocking=False) for _ in range(8)))
        return read_clock(AS_OF)

    app = create_app(Settings(), clock)
    with ThreadPoolExecutor(4) as pool:
        calls = [pool.submit(app.test_client().post, SERVICE, json=hook_request(simple_chart())) for _ in range(4)]
        assert [one.result(PATIENCE).status_code for one in calls] == [200] * 4
    assert at_once == [1] * 4


def test_a_call_that_fails_gives_its_place_back() -> None:
    def broken() -> datetime:
        raise ValueError

    caller = create_app(Settings(limits=ONE), broken).test_client()
    assert [caller.post(SERVICE, json=hook_request(simple_chart())).status_code for _ in range(3)] == [500, 500, 500]
    assert [caller.post(SERVICE, json={}).status_code for _ in range(2)] == [400, 400]


BODY: Final = json.dumps(hook_request(simple_chart())).encode()
HALF: Final = len(BODY) // 2
HEAD: Final = (
    f"POST {SERVICE} HTTP/1.1\r\nHost: cds\r\nContent-Type: application/json\r\n"
    f"Content-Length: {len(BODY)}\r\nConnection: close\r\n\r\n"
).encode()


def connected(base: str, sent: bytes) -> socket.socket:
    """A client that has sent so much and now takes its time."""
    one = socket.create_connection(("127.0.0.1", int(base.rpartition(":")[2])), timeout=PATIENCE)
    one.sendall(sent)
    return one


def received(one: socket.socket) -> bytes:
    """All that comes until the server ends the connection."""
    pieces = []
    while piece := one.recv(65_536):
        pieces.append(piece)
    return b"".join(pieces)


@pytest.mark.slow
def test_slow_clients_stop_nobody_and_a_call_under_way_is_finished_before_the_end(tmp_path: Path) -> None:
    with served(tmp_path, "--workers", "1") as running, ExitStack() as clients:
        slow = [clients.enter_context(connected(running.base, HEAD + BODY[:HALF])) for _ in range(16)]
        assert requests.get(f"{running.base}/readyz", timeout=PATIENCE).status_code == 200
        assert open_chart(running.base).status_code == 200
        running.process.send_signal(signal.SIGTERM)
        slow[0].sendall(BODY[HALF:])
        assert received(slow[0]).startswith(b"HTTP/1.1 200 OK")
        for one in slow[1:]:
            one.close()
        assert running.process.wait(PATIENCE) == 0


def first_answered(clients: Sequence[socket.socket], count: int) -> Mapping[socket.socket, bytes]:
    """So many clients that are answered before they have sent all, with the head of their answer."""
    heads: dict[socket.socket, bytes] = {}
    while len(heads) < count:
        ready, _, _ = select.select([one for one in clients if one not in heads], (), (), PATIENCE)
        assert ready
        heads |= {one: head_of(one) for one in ready}
    return heads


def head_of(one: socket.socket) -> bytes:
    """The head of an answer, in however many pieces it comes."""
    head = b""
    while b"\r\n\r\n" not in head and (piece := one.recv(65_536)):
        head += piece
    return head


@pytest.mark.slow
def test_more_slow_clients_than_threads_leave_health_and_metrics_answered(tmp_path: Path) -> None:
    with served(tmp_path, "--workers", "1") as running, ExitStack() as clients:
        slow = [clients.enter_context(connected(running.base, HEAD + BODY[:1])) for _ in range(40)]
        refused = first_answered(slow, len(slow) - Limits().received_at_once)
        heads = refused.values()
        assert all(head.startswith(b"HTTP/1.1 429 ") and b"retry-after: 1" in head.lower() for head in heads)
        for path in ("/healthz", "/readyz", "/metrics", "/cds-services"):
            assert requests.get(f"{running.base}{path}", timeout=PATIENCE).status_code == 200
        assert open_chart(running.base).status_code == 429
        running.process.send_signal(signal.SIGTERM)
        taken = next(one for one in slow if one not in refused)
        taken.sendall(BODY[1:])
        assert received(taken).startswith(b"HTTP/1.1 200 OK")
        clients.close()
        assert running.process.wait(PATIENCE) == 0


@pytest.mark.slow
def test_a_client_that_does_not_finish_its_head_is_let_go(tmp_path: Path) -> None:
    (tmp_path / "site.toml").write_text("[limits]\nheader_seconds = 0.2\n", encoding="utf-8")
    with (
        served(tmp_path, "--workers", "1", "--site", "site.toml") as running,
        connected(running.base, HEAD[:20]) as one,
    ):
        assert b"200" not in received(one)
