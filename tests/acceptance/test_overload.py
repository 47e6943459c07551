"""More calls than a process may judge at once: the one too many is told so, and those under way are finished."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from threading import Event, Thread
from typing import Final

import requests
from werkzeug.serving import make_server

from cds_service.app import create_app
from cds_service.settings import Settings, read_clock
from cds_service.settings.limits import Limits
from tests.acceptance import AS_OF
from tests.http_calls import FEEDBACK, SERVICE, hook_request, simple_chart

ONE: Final = Limits(calls_at_once=1)
PATIENCE: Final = 20


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


def test_a_call_that_fails_gives_its_place_back() -> None:
    def broken() -> datetime:
        raise ValueError

    caller = create_app(Settings(limits=ONE), broken).test_client()
    assert [caller.post(SERVICE, json=hook_request(simple_chart())).status_code for _ in range(3)] == [500, 500, 500]
    assert [caller.post(SERVICE, json={}).status_code for _ in range(2)] == [400, 400]
