"""Starts the service beside the demonstration, on a free port of this machine and with a fixed clock."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from cds_service.errors import ConfigurationError


@contextmanager
def running_service(clock: str, zone: str) -> Iterator[str]:
    """The address of a service that answers, for as long as it is needed."""
    port = _free_port()
    environment = {**os.environ, "COTSOM_CLOCK": clock, "COTSOM_TIME_ZONE": zone, "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "cds_service", "serve", "--port", str(port), "--workers", "1"]
    with subprocess.Popen(  # noqa: S603 - our own command
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            if process.stdout is None or not process.stdout.readline():
                raise ConfigurationError("the service did not start; `cotsom-cds serve` says why")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(timeout=10)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
