"""`cotsom-cds serve` as it is run: a process of its own, on a port of this machine."""

import json
import os
import platform
import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest
import requests

from tests.acceptance import AS_OF, COMMAND, run
from tests.http_calls import SERVICE, hook_request, searchset, simple_chart
from tests.loopback import free_port

CLOCK = {"COTSOM_CLOCK": AS_OF, "COTSOM_TIME_ZONE": "Asia/Seoul"}
PATIENCE = 60


@dataclass(frozen=True, slots=True)
class Served:
    """A running service."""

    process: subprocess.Popen[str]
    line: str
    base: str
    log: Path


@contextmanager
def served(folder: Path, *options: str) -> Iterator[Served]:
    """The service on a free port, ended however the test ends."""
    port = free_port()
    own = {name: value for name, value in os.environ.items() if not name.startswith(("COTSOM_", "PROMETHEUS_"))}
    log = folder / "log"
    with log.open("w") as written:
        process = subprocess.Popen(  # noqa: S603 - our own command
            [COMMAND, "serve", "--port", str(port), *options],
            cwd=folder,
            env={**own, **CLOCK},
            stdout=subprocess.PIPE,
            stderr=written,
            text=True,
            start_new_session=True,
        )
    try:
        assert process.stdout is not None
        yield Served(process, process.stdout.readline(), f"http://127.0.0.1:{port}", log)
    finally:
        with_all_it_started(process, signal.SIGKILL)
        process.wait(PATIENCE)


def with_all_it_started(process: subprocess.Popen[str], number: signal.Signals) -> None:
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("served")) as running:
        yield running


def test_it_prints_one_line_with_its_address(service: Served) -> None:
    assert service.line == f"cotsom-cds: serving on {service.base}/cds-services\n"


def test_it_answers_a_chart_opening(service: Served) -> None:
    answer = requests.post(f"{service.base}{SERVICE}", json=hook_request(simple_chart()), timeout=PATIENCE)
    assert answer.status_code == 200
    assert len(answer.json()["cards"]) == 1


def test_a_body_in_chunks_is_read_as_one(service: Served) -> None:
    body = json.dumps(hook_request(simple_chart())).encode()
    chunks = (body[at : at + 1000] for at in range(0, len(body), 1000))
    headers = {"Content-Type": "application/json"}
    answer = requests.post(f"{service.base}{SERVICE}", data=chunks, headers=headers, timeout=PATIENCE)
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_beyond_the_limit_is_413(service: Served, chunked: bool) -> None:
    body = b'{"hook":"' + b"x" * 8_000_001 + b'"}'
    headers = {"Content-Type": "application/json"}
    data = iter((body,)) if chunked else body
    answer = requests.post(f"{service.base}{SERVICE}", data=data, headers=headers, timeout=PATIENCE)
    assert answer.status_code == 413, answer.text[:200]
    assert answer.json()["resourceType"] == "OperationOutcome"


def test_a_body_that_ends_before_its_length_is_400_and_nobody_is_judged_by_what_came(service: Served) -> None:
    body = json.dumps(hook_request(simple_chart())).encode()
    head = f"POST {SERVICE} HTTP/1.1\r\nHost: cds\r\nContent-Type: application/json\r\nContent-Length: {len(body) + 1}"
    port = int(service.base.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as one:
        one.sendall(head.encode() + b"\r\nConnection: close\r\n\r\n" + body)
        one.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: one.recv(65_536), b""))
    assert answer.startswith(b"HTTP/1.1 400 "), answer[:200]
    assert b"body: it ended before the length that Content-Length tells" in answer


def test_the_metrics_of_both_workers_add_up(service: Served) -> None:
    def answered() -> float:
        text = requests.get(f"{service.base}/metrics", timeout=PATIENCE).text
        found = re.search(r'^cotsom_calls_total\{endpoint="discover",status="200"\} (\S+)', text, re.MULTILINE)
        return float(found[1]) if found else 0.0

    before = answered()
    for _ in range(40):
        assert requests.get(f"{service.base}/cds-services", timeout=PATIENCE).status_code == 200
    assert {answered() for _ in range(6)} == {before + 40}


def test_the_build_is_told_once_for_all_workers(service: Served) -> None:
    text = requests.get(f"{service.base}/metrics", timeout=PATIENCE).text
    assert re.findall(r"^cotsom_build_info\{.*\} (\S+)$", text, re.MULTILINE) == ["1.0"]


def test_its_log_is_one_json_object_a_line_and_names_no_patient(service: Served) -> None:
    requests.post(f"{service.base}{SERVICE}", json={"hook": "Lebensztejn"}, timeout=PATIENCE)
    log = service.log.read_text(encoding="utf-8")
    first, *lines = [json.loads(line) for line in log.splitlines()]
    assert (first["level"], first["event"]) == ("warning", "open")
    assert "started" in [line["event"] for line in lines]
    assert all(line["trace"] for line in lines if line["event"] != "started")
    assert "Lebensztejn" not in log


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_told_to_stop_it_ends_well_and_leaves_nothing_running(number: signal.Signals, tmp_path: Path) -> None:
    with served(tmp_path, "--workers", "1") as running:
        assert requests.get(f"{running.base}/healthz", timeout=PATIENCE).status_code == 200
        running.process.send_signal(number)
        assert running.process.wait(PATIENCE) == 0
        with pytest.raises(requests.ConnectionError):
            requests.get(f"{running.base}/healthz", timeout=1)


def test_it_does_not_open_itself_to_other_machines_unasked(tmp_path: Path) -> None:
    ran = run(tmp_path, "serve", "--host", "0.0.0.0", "--port", str(free_port()))  # noqa: S104 - must be refused
    assert (ran.code, ran.out) == (2, "")
    assert "--insecure-open" in ran.err
    assert "Traceback" not in ran.err


def test_a_bad_setting_is_told_before_anything_listens(tmp_path: Path) -> None:
    (tmp_path / "site.toml").write_text('[cors]\norigins = ["*"]\n', encoding="utf-8")
    ran = run(tmp_path, "serve", "--port", str(free_port()), "--site", "site.toml")
    assert (ran.code, ran.out) == (2, "")
    assert "cors.origins" in ran.err


def test_a_port_in_use_is_told_and_nothing_is_announced(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ran = run(tmp_path, "serve", "--port", str(taken.getsockname()[1]), "--workers", "1", environment=CLOCK)
    assert (ran.code, ran.out) == (2, "")
    assert "another --port" in ran.err


def test_two_services_do_not_share_a_port(service: Served, tmp_path: Path) -> None:
    ran = run(tmp_path, "serve", "--port", service.base.rpartition(":")[2], environment=CLOCK)
    assert (ran.code, ran.out) == (2, "")
    assert "listens there already" in ran.err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--host", "localhost"), "an IP address was expected"),
        (("--host", "203.0.113.7", "--insecure-open"), "cannot be listened at"),
        (("--tls-certificate", "chain.pem", "--tls-key", "none.pem"), "none.pem: there is no such file"),
        (("--tls-certificate", "chain.pem", "--tls-key", "chain.pem"), "key in PEM"),
    ],
)
def test_where_it_cannot_listen_it_says_why(options: tuple[str, ...], words: str, tmp_path: Path) -> None:
    (tmp_path / "chain.pem").write_text("no certificate", encoding="utf-8")
    ran = run(tmp_path, "serve", "--port", str(free_port()), *options)
    assert (ran.code, ran.out) == (2, "")
    assert words in ran.err


def test_a_site_file_decides_for_the_workers_too(tmp_path: Path) -> None:
    (tmp_path / "site.toml").write_text('[cards]\nworksheet = "https://sheet.example"\n', encoding="utf-8")
    with served(tmp_path, "--workers", "1", "--site", "site.toml") as running:
        request = hook_request(simple_chart(), allergies=searchset(()))
        (card,) = requests.post(f"{running.base}{SERVICE}", json=request, timeout=PATIENCE).json()["cards"]
    assert [link["url"] for link in card["links"]] == ["https://sheet.example"]


ARENA = 64 * 1024 * 1024
"""glibc reserves that much for each arena beside the first, at a multiple of it (malloc/arena.c)."""


def arenas(process: int) -> int:
    """How many arenas glibc has made for the threads of a process."""
    lines = Path(f"/proc/{process}/maps").read_text(encoding="utf-8").splitlines()
    mapped = [(*(int(at, 16) for at in line.split()[0].split("-")), line.split()[1] == "---p") for line in lines]
    return sum(
        start % ARENA == 0 and end == start + ARENA and reserved for (start, *_), (_, end, reserved) in pairwise(mapped)
    )


@pytest.mark.slow
@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library hands memory out in its own way")
@pytest.mark.parametrize(("chosen", "several"), [({}, False), ({"MALLOC_ARENA_MAX": "8"}, True)])
def test_the_threads_of_a_worker_share_one_arena_unless_the_environment_chooses(
    chosen: dict[str, str], several: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in chosen.items():
        monkeypatch.setenv(name, value)
    with served(tmp_path, "--workers", "1") as running:
        for _ in range(4):
            requests.post(f"{running.base}{SERVICE}", json=hook_request(simple_chart()), timeout=PATIENCE)
        (started,) = (json.loads(line) for line in running.log.read_text().splitlines() if '"started"' in line)
        assert (arenas(started["worker"]) > 0) is several
