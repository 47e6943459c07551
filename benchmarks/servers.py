"""Servers that the benchmarks start, and what their processes spend."""

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from time import perf_counter
from typing import Final

from benchmarks.charts import AS_OF

_HOST: Final = "127.0.0.1"
_TRIES: Final = 1000


@dataclass(frozen=True, slots=True)
class Served:
    """A server that answers: its process, its port, and the seconds from its start to its first answer."""

    process: int
    port: int
    ready: float

    def workers(self) -> tuple[int, ...]:
        """The processes that answer calls."""
        children = Path(f"/proc/{self.process}/task/{self.process}/children").read_text(encoding="ascii").split()
        commands = ((int(one), Path(f"/proc/{one}/cmdline").read_bytes()) for one in children)
        return tuple(one for one, command in commands if command and b"resource_tracker" not in command)

    def processor_seconds(self) -> float:
        """What the workers have spent so far."""
        return sum(map(_processor_seconds, self.workers()))

    def megabytes(self) -> float:
        """The resident memory of the largest worker."""
        return max(map(_megabytes, self.workers()))


@contextmanager
def started(command: Sequence[str]) -> Iterator[Served]:
    """A server for as long as it is needed, judging on the day for which the charts are made."""
    port = _free_port()
    filled = [sys.executable, *(part.format(port=port) for part in command)]
    environment = {**os.environ, "COTSOM_CLOCK": AS_OF.isoformat()}
    begun = perf_counter()
    quiet = subprocess.DEVNULL
    with subprocess.Popen(  # noqa: S603 - our own command
        filled, env=environment, stdout=quiet, stderr=quiet, start_new_session=True
    ) as process:
        try:
            _wait_until_ready(port)
            yield Served(process.pid, port, perf_counter() - begun)
        finally:
            _stop(process)


def _stop(process: "subprocess.Popen[bytes]") -> None:
    """Asks the server to end, and ends it with its workers where it does not."""
    process.terminate()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)


def _wait_until_ready(port: int) -> None:
    """Raises TimeoutError where nothing answers."""
    for _ in range(_TRIES):
        try:
            connection = HTTPConnection(_HOST, port, timeout=1)
            connection.request("GET", "/readyz")
            if connection.getresponse().status == HTTPStatus.OK:
                return
        except (OSError, HTTPException):
            threading.Event().wait(0.01)
    raise TimeoutError(f"no answer on port {port}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _processor_seconds(process: int) -> float:
    """User and system time: the 14th and 15th field of stat, counted after the name in parentheses."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _megabytes(process: int) -> float:
    lines = Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) / 1000 for line in lines if line.startswith("VmRSS:"))
