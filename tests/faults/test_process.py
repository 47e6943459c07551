"""The service's own processes: killed in the middle of a call, told to stop under load, a clock that is set back."""

import json
import os
import signal
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from subprocess import PIPE, Popen
from threading import Semaphore
from time import sleep

import pytest
import requests

from cds_service.listening import hindrance
from cds_service.web.tokens import Reason
from tests.acceptance import COMMAND
from tests.acceptance.test_overload import BODY, HALF, HEAD, connected, open_chart, received
from tests.acceptance.test_served import PATIENCE, Served, served
from tests.callers import bearer, claims, key_pair, key_set, signed
from tests.loopback import free_port
from tests.security.attacks import Stage
from tests.security.test_keys import OLD, now_by


def workers_of(running: Served) -> list[int]:
    """The processes that began to answer calls."""
    lines = [json.loads(line) for line in running.log.read_text(encoding="utf-8").splitlines()]
    return [line["worker"] for line in lines if line["event"] == "started"]


def until(found: Callable[[], object]) -> None:
    """Waits until it is found."""
    for _ in range(20 * PATIENCE):
        if found():
            return
        sleep(0.05)
    pytest.fail("it did not come about")


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


@pytest.mark.slow
def test_told_to_stop_while_it_still_loads_it_leaves_nothing_behind(tmp_path: Path) -> None:
    site, scratch = tmp_path / "site.toml", tmp_path / "scratch"
    scratch.mkdir()
    os.mkfifo(site)
    command = [str(COMMAND), "serve", "--port", str(free_port()), "--site", str(site)]
    with Popen(command, env={**os.environ, "TMPDIR": str(scratch)}, stdout=PIPE, stderr=PIPE) as process:  # noqa: S603 - our own
        site.write_text("", encoding="utf-8")  # the settings are read; as they are read again, it waits
        until(lambda: list(scratch.iterdir()))
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
        assert process.communicate() == (b"", b"")
    assert list(scratch.iterdir()) == []


@pytest.mark.slow
def test_settings_are_read_anew_when_it_is_told_to_and_bad_ones_change_nothing(tmp_path: Path) -> None:
    def languages() -> set[str]:
        return {open_chart(running.base).headers["Content-Language"] for _ in range(5)}

    def reloaded(setting: str) -> str:
        began = len(workers_of(running))
        site.write_text(setting, encoding="utf-8")
        running.process.send_signal(signal.SIGHUP)
        until(lambda: len(workers_of(running)) == began + 1)
        lines = [json.loads(line) for line in running.log.read_text(encoding="utf-8").splitlines()]
        return next(str(line.get("words", "")) for line in reversed(lines) if line["event"] == "reload")

    site = tmp_path / "site.toml"
    site.write_text("", encoding="utf-8")
    with served(tmp_path, "--workers", "1", "--site", site.name) as running:
        assert languages() == {"en"}
        assert reloaded('language = "ko"\n') == ""
        until(lambda: languages() == {"ko"})
        assert "unknown key langage" in reloaded('langage = "en"\n')
        assert languages() == {"ko"}


@pytest.mark.slow
def test_settings_that_would_open_it_to_other_machines_are_not_taken_over(tmp_path: Path) -> None:
    keys = tmp_path / "keys.json"
    keys.write_text(json.dumps(key_set(key_pair())), encoding="utf-8")
    guarded = (
        '[trust]\naudience = "https://cds.example"\n'
        '[[clients]]\nname = "east"\nissuer = "https://east.example"\njwks_file = "keys.json"\n'
    )
    site = tmp_path / "site.toml"
    site.write_text(guarded, encoding="utf-8")
    with served(tmp_path, "--workers", "1", "--host", "0.0.0.0", "--site", site.name) as running:  # noqa: S104 - asks
        assert open_chart(running.base).status_code == 401
        site.write_text("", encoding="utf-8")
        running.process.send_signal(signal.SIGHUP)
        until(lambda: len(workers_of(running)) == 2)
        assert "--insecure-open" in running.log.read_text(encoding="utf-8")
        assert {open_chart(running.base).status_code for _ in range(5)} == {401}


@pytest.mark.slow
def test_killed_at_its_head_its_workers_end_and_the_port_is_free(tmp_path: Path) -> None:
    with served(tmp_path, "--workers", "2") as running:
        assert until_answered(running).status_code == 200
        running.process.kill()
        port = int(running.base.rpartition(":")[2])
        until(lambda: hindrance("127.0.0.1", port) is None)


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
