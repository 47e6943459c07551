"""`demo` on a terminal: after its show it serves the EHR until Ctrl-C."""

import os
import pty
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from cds_service.demo.server import listening, port_of
from tests.acceptance import COMMAND
from tests.acceptance.test_served import PATIENCE

_ENDS = "Ctrl-C ends both."


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    ours, theirs = pty.openpty()
    yield ours, theirs
    os.close(ours)


def read_until(descriptor: int, wanted: str) -> str:
    """What a process prints, up to and with these words; all of it when it ends before."""
    said = b""
    while wanted.encode() not in said:
        try:
            more = os.read(descriptor, 65536)
        except OSError:  # the other end is closed
            break
        if not more:
            break
        said += more
    return said.decode(errors="replace")


@pytest.mark.slow
def test_on_a_terminal_it_serves_until_ctrl_c(terminal: tuple[int, int], tmp_path: Path) -> None:
    ours, theirs = terminal
    environment = {**os.environ, "COLUMNS": "200", "TERM": "dumb"}
    with subprocess.Popen(  # noqa: S603 - our own command
        [COMMAND, "demo", "--no-browser"], cwd=tmp_path, env=environment, stdin=theirs, stdout=theirs, stderr=theirs
    ) as process:
        os.close(theirs)
        said = read_until(ours, _ENDS)
        found = re.search(r"The demo EHR, to click through: (http://127\.0\.0\.1:\d+/)", said)
        assert found, said[-2000:]
        page = requests.get(found[1], timeout=PATIENCE)
        assert (page.status_code, "Invented One" in page.text) == (200, True)
        process.send_signal(signal.SIGINT)
        assert "Ended." in read_until(ours, "Ended.")
        assert process.wait(PATIENCE) == 0
    with pytest.raises(requests.ConnectionError):
        requests.get(found[1], timeout=PATIENCE)


@pytest.mark.slow
def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    with listening(0) as taken:
        port = str(port_of(taken))
        done = subprocess.run(  # noqa: S603 - our own command
            [COMMAND, "demo", "--port", port], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
        )
    assert done.returncode == 2
    assert f"--port {port}" in done.stderr
    assert "Traceback" not in done.stderr
