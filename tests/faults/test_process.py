"""The service's own processes: killed in the middle of a call, told to stop under load, a clock that is set back."""

import json
import os
import signal
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Semaphore
from time import sleep

import pytest
import requests

from cds_service.web.tokens import Reason
from tests.acceptance.test_overload import BODY, HALF, HEAD, connected, open_chart, received
from tests.acceptance.test_served import PATIENCE, Served, served
from tests.callers import bearer, claims, signed
from tests.security.attacks import Stage
from tests.security.test_keys import OLD, now_by


def workers_of(running: Served) -> list[int]:
    """The processes that began to answer calls."""
    lines = [json.loads(line) for line in running.log.read_text(encoding="utf-8").splitlines()]
    return [line["worker"] for line in lines if line["event"] == "started"]


def until_answered(running: Served) -> requests.Response:
    """The first answer of a service that may just be starting a worker."""
    for _ in range(20 * PATIENCE):
        try:
            return open_chart(running.base)
        except requests.ConnectionError:
            sleep(0.05)
    pytest.fail("no answer")


@pytest.mark.slow
def test_a_worker_killed_in_the_middle_of_a_call(tmp_path: Path) -> None:
    with served(tmp_path, "--workers", "1") as running, connected(running.base, HEAD + BODY[:HALF]) as one:
        (worker,) = workers_of(running)
        os.kill(worker, signal.SIGKILL)
        with suppress(ConnectionResetError):
            assert received(one) == b""
        assert until_answered(running).status_code == 200
        assert len(workers_of(running)) == 2


@pytest.mark.slow
def test_told_to_stop_under_load(tmp_path: Path) -> None:
    def call_until_it_is_gone() -> Counter[int]:
        told: Counter[int] = Counter()
        while True:
            try:
                answer = open_chart(running.base)
            except requests.ConnectionError:
                return told
            assert len(answer.json()["cards"]) == 1
            told[answer.status_code] += 1
            if told.total() == 5:
                warm.release()

    warm = Semaphore(0)
    with served(tmp_path, "--workers", "2") as running, ThreadPoolExecutor(4) as clients:
        calling = [clients.submit(call_until_it_is_gone) for _ in range(4)]
        for _ in calling:
            assert warm.acquire(timeout=PATIENCE)
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(PATIENCE) == 0
        assert [set(one.result(PATIENCE)) for one in calling] == [{200}] * 4


def test_a_clock_set_back(stage: Stage) -> None:
    used = bearer(signed(claims()))
    assert stage.call(used).status_code == 200
    stage.clock.advance(-3_600)
    stage.refuses(bearer(signed(claims())), Reason.NOT_YET)
    stage.clock.advance(3_600)
    stage.refuses(used, Reason.REPLAYED)


def test_a_clock_set_back_brings_no_used_token_back(stage: Stage) -> None:
    used = bearer(signed(claims()))
    assert stage.call(used).status_code == 200
    stage.clock.advance(400)
    for _ in range(130):
        assert stage.call(now_by(stage, OLD)).status_code == 200
    stage.clock.advance(-400)
    stage.refuses(used, Reason.REPLAYED)
