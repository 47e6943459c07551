"""`cotsom-cds serve`: the service on a production server."""

import http.client
import multiprocessing
import os
import shutil
import ssl
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from flask import Flask

from cds_service.app import app_from_environment
from cds_service.commands.allocating import choose_allocation
from cds_service.commands.group import Surroundings
from cds_service.errors import StoreUnavailable
from cds_service.settings import Serving, Settings, read_settings
from cds_service.settings.limits import Limits
from cds_service.settings.reading import is_loopback
from cds_service.settings.serving import check_serving
from cds_service.web.gate import Gate, create_gate
from cds_service.web.logs import log, log_fault, log_warning

_GRACE = 10
"""Seconds that a worker has to finish what is under way before it is ended."""


@click.command("serve")
@click.option("--host", help="Address to listen on. Default: 127.0.0.1, this machine alone.")
@click.option("--port", type=click.IntRange(1, 65535), help="Default: 8080.")
@click.option("--workers", type=click.IntRange(1, 64), help="Worker processes. Default: 2.")
@click.option("--site", type=click.Path(path_type=Path), help="The site's settings (TOML).")
@click.option("--tls-certificate", type=click.Path(path_type=Path), help="Speak TLS: the certificate chain (PEM).")
@click.option("--tls-key", type=click.Path(path_type=Path), help="The private key of the certificate (PEM).")
@click.option(
    "--insecure-open",
    is_flag=True,
    default=None,
    help="Answer callers from other machines although nothing checks who they are. Only inside a closed network.",
)
@click.pass_obj
def serve_command(surroundings: Surroundings, /, site: Path | None, **given: Any) -> None:  # noqa: ANN401 - options
    """Serve CDS Hooks over HTTP. Prints one line with the address when it answers.

    Callers are checked where the settings name clients; without any the service listens on this machine alone.

    \b
    Examples:
      cotsom-cds serve
      cotsom-cds serve --port 9000 --workers 4 --site our-hospital.toml
      cotsom-cds serve --host 0.0.0.0 --site our-hospital.toml --tls-certificate chain.pem --tls-key key.pem
    """
    settings = read_settings(surroundings.environment, site)
    serving = replace(settings.serving, **{name: value for name, value in given.items() if value is not None})
    check_serving(serving, asks_callers=bool(settings.trust.clients))
    if site is not None:
        os.environ["COTSOM_SITE"] = str(site.resolve())
    with counting_together():
        service = Service(app_from_environment)  # a bad setting is told before anything listens
        _say_what_is_down(create_gate(settings, surroundings.now))
        _say_what_is_open(serving, settings)
        run_server(serving, settings.limits, service)


def _say_what_is_down(gate: Gate) -> None:
    """Tells the operator that no call can be answered yet; the service starts, for its database may still come up."""
    try:
        gate.check()
    except StoreUnavailable as error:
        log_fault("replay-store", kind=error.kind)
    finally:
        gate.close()  # the workers are forked, and open connections of their own


def _say_what_is_open(serving: Serving, settings: Settings) -> None:
    """Tells the operator what nothing guards."""
    if not settings.trust.clients:
        log_warning("open", words="no clients are configured: whoever reaches this service is answered")
    if serving.tls_certificate is None and not is_loopback(serving.host):
        log_warning("plain", words="no TLS: only behind a proxy that ends it, in a network of its own")


@contextmanager
def counting_together() -> Iterator[None]:
    """Metrics of all workers are read together, as long as this lasts."""
    folder = tempfile.mkdtemp(prefix="cotsom-cds-metrics-")
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
    try:
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Service:
    """What answers calls: made once, before the workers are forked, so that they start with it and share its memory."""

    def __init__(self, create: Callable[[], Flask]) -> None:
        choose_allocation(os.environ)
        self._create = create
        self._made: Flask | None = create()

    def __reduce__(self) -> tuple[type["Service"], tuple[Callable[[], Flask]]]:
        """Where workers are not forked but started anew, they make it anew."""
        return Service, (self._create,)

    def forget(self) -> None:
        """Workers that are started from now on make it anew, of the settings as they are then."""
        self._made = None

    def begin(self) -> Flask:
        """What answers calls in the worker that asks."""
        made = self._made or self._create()
        log("started", worker=os.getpid())
        return made


def run_server(serving: Serving, limits: Limits, service: Service) -> None:
    """Runs the server until it is told to stop."""
    from granian.constants import Interfaces, SSLProtocols  # noqa: PLC0415 - the server is only needed here
    from granian.http import HTTP1Settings  # noqa: PLC0415 - as above
    from granian.server import Server  # noqa: PLC0415 - as above

    server = Server(
        "cotsom-cds",
        address=serving.host,
        port=serving.port,
        workers=serving.workers,
        ssl_cert=serving.tls_certificate,
        ssl_key=serving.tls_key,
        ssl_protocol_min=SSLProtocols.tls12,
        interface=Interfaces.WSGI,
        blocking_threads=limits.threads,
        http1_settings=HTTP1Settings(header_read_timeout=round(limits.header_seconds * 1000)),
        backlog=256,
        log_enabled=False,
        respawn_failed_workers=True,
        workers_kill_timeout=_GRACE,
    )
    server.on_reload(service.forget)
    # A process and no thread: the workers are forked, and a thread of ours could hold a lock at that moment.
    multiprocessing.get_context("fork").Process(target=announce, args=(serving,), daemon=True).start()
    try:
        server.serve(target_loader=service.begin, wrap_loader=False)
    finally:
        sys.stdout.flush()


def announce(serving: Serving) -> None:
    """Prints the address once the service answers there."""
    scheme = "http" if serving.tls_certificate is None else "https"
    for _ in range(600):
        try:
            connection = _connection(serving)
            connection.request("GET", "/healthz")
            connection.getresponse()
        except (OSError, http.client.HTTPException):
            time.sleep(0.05)
        else:
            click.echo(f"cotsom-cds: serving on {scheme}://{_shown(serving.host)}:{serving.port}/cds-services")
            return


def _connection(serving: Serving) -> http.client.HTTPConnection:
    """To the service itself, which is known by its certificate, whatever name that bears."""
    reachable = "127.0.0.1" if serving.host in ("0.0.0.0", "::") else serving.host  # noqa: S104 - read, not bound
    if serving.tls_certificate is None:
        return http.client.HTTPConnection(reachable, serving.port, timeout=1)
    context = ssl.create_default_context(cafile=str(serving.tls_certificate))
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return http.client.HTTPSConnection(reachable, serving.port, timeout=1, context=context)


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host
