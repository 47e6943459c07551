"""`cotsom-cds serve`: the service on a production server."""

import http.client
import ipaddress
import multiprocessing
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

import click

from cds_service.commands.running import Surroundings
from cds_service.errors import ConfigurationError
from cds_service.loading import load
from cds_service.settings import read_settings

SERVICE = "cds_service.app:app_from_environment"
_GRACE = 10
"""Seconds that a worker has to finish what is under way before it is ended."""


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8080, show_default=True, type=click.IntRange(1, 65535))
@click.option("--workers", default=2, show_default=True, type=click.IntRange(1, 64), help="Worker processes.")
@click.option("--site", type=click.Path(path_type=Path), help="The site's settings (TOML).")
@click.option(
    "--insecure-open",
    is_flag=True,
    help="Answer callers from other machines although nothing checks who they are. Only inside a closed network.",
)
@click.pass_obj
def serve_command(  # noqa: PLR0913 - a command has as many parameters as options
    surroundings: Surroundings, host: str, port: int, workers: int, site: Path | None, *, insecure_open: bool
) -> None:
    """Serve CDS Hooks over HTTP. Prints one line with the address when it answers.

    \b
    Examples:
      cotsom-cds serve
      cotsom-cds serve --port 9000 --workers 4 --site our-hospital.toml
    """
    if not is_loopback(host) and not insecure_open:
        raise ConfigurationError(
            f"--host {host}: this service does not yet check who calls it, and so listens on this machine alone. "
            "Put it behind a proxy that does, or say --insecure-open."
        )
    load(read_settings(surroundings.environment, site))  # a bad setting is told before anything listens
    if site is not None:
        os.environ["COTSOM_SITE"] = str(site.resolve())
    run_server(host, port, workers)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def run_server(host: str, port: int, workers: int, target: str = SERVICE) -> None:
    """Runs the server until it is told to stop; metrics of all workers are read together. `target` makes the app."""
    from granian.constants import Interfaces  # noqa: PLC0415 - the server is only needed here
    from granian.server import Server  # noqa: PLC0415 - as above

    folder = tempfile.mkdtemp(prefix="cotsom-cds-metrics-")
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
    server = Server(
        target,
        address=host,
        port=port,
        workers=workers,
        interface=Interfaces.WSGI,
        factory=True,
        blocking_threads=4,
        backlog=256,
        log_enabled=False,
        respawn_failed_workers=True,
        workers_kill_timeout=_GRACE,
    )
    # A process and no thread: the workers are forked, and a thread of ours could hold a lock at that moment.
    multiprocessing.get_context("fork").Process(target=announce, args=(host, port), daemon=True).start()
    try:
        server.serve()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        sys.stdout.flush()


def announce(host: str, port: int) -> None:
    """Prints the address once the service answers there."""
    reachable = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104 - read, not bound
    for _ in range(600):
        try:
            connection = http.client.HTTPConnection(reachable, port, timeout=1)
            connection.request("GET", "/readyz")
            if connection.getresponse().status == http.HTTPStatus.OK:
                click.echo(f"cotsom-cds: serving on http://{_shown(host)}:{port}/cds-services")
                return
        except OSError:
            time.sleep(0.05)


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host
