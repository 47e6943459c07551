"""`cotsom-cds serve`: the service on a production server."""

import gc
import http.client
import multiprocessing
import os
import signal
import ssl
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import click
from flask import Flask

from cds_service.app import app_by, collect_seldom
from cds_service.commands.allocating import choose_allocation
from cds_service.commands.group import Surroundings, fault
from cds_service.commands.stopping import end_when_told, end_with_parent
from cds_service.errors import ConfigurationError, StoreUnavailable
from cds_service.listening import check_address, check_certificate
from cds_service.settings import Serving, Settings, read_settings
from cds_service.settings.limits import Limits
from cds_service.settings.reading import is_loopback
from cds_service.settings.serving import check_serving
from cds_service.web.gate import Gate, create_gate
from cds_service.web.logs import log, log_fault, log_warning

_GRACE = 10
"""Seconds that a worker has to finish what is under way before it is ended."""
_OVERLAP = 1.0
"""Seconds that a worker goes on beside the one that takes its place, when settings are read anew."""


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
    end_when_told(signal.SIGTERM, signal.SIGINT)  # the server has signals of its own, once it listens
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # asks to read the settings, which is under way
    settings = read_settings(surroundings.environment, site)
    serving = replace(settings.serving, **{name: value for name, value in given.items() if value is not None})
    if site is not None:
        os.environ["COTSOM_SITE"] = str(site.resolve())
    _check_listening(serving, settings)
    with counting_together():
        service = Service(partial(served, serving))  # a bad setting is told before anything listens
        _say_what_is_down(create_gate(settings, surroundings.now))
        _say_what_is_open(serving, settings)
        run_server(serving, settings.limits, service)


def _check_listening(serving: Serving, settings: Settings) -> None:
    """Raises ConfigurationError where the service could not, or may not, listen as it is told to."""
    check_serving(serving, asks_callers=bool(settings.trust.clients))
    if serving.tls_certificate is not None and serving.tls_key is not None:
        check_certificate(serving.tls_certificate, serving.tls_key)
    check_address(serving.host, serving.port)


def served(serving: Serving) -> Flask:
    """The service by the settings as they are now. Raises ConfigurationError, also where they would open it unasked."""
    settings = read_settings(os.environ)
    check_serving(serving, asks_callers=bool(settings.trust.clients))
    return app_by(settings)


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
    try:
        folder = tempfile.TemporaryDirectory(prefix="cotsom-cds-metrics-", ignore_cleanup_errors=True)
    except OSError as error:
        words = f"no folder for the counts of the workers can be made: {error.strerror}. Set TMPDIR to one with room."
        raise ConfigurationError(words) from None
    with folder as name:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = name
        yield


class Service:
    """What answers calls: made once, before the workers are forked, so that they start with it and share its memory."""

    def __init__(self, create: Callable[[], Flask]) -> None:
        choose_allocation(os.environ)
        self._create = create
        self._made = create()

    def __reduce__(self) -> tuple[type["Service"], tuple[Callable[[], Flask]]]:
        """Where workers are not forked but started anew, they make it anew."""
        return Service, (self._create,)

    def renew(self) -> None:
        """Makes it anew, by the settings as they are now, for the workers that are started from now on.

        What keeps it from being made is told to the operator, and what was made before stays in force.
        """
        try:
            self._made = self._create()
        except Exception as error:  # noqa: BLE001 - whatever it is, calls are answered as before
            words = str(error) if isinstance(error, ConfigurationError) else fault(error)
            log_fault("reload", words=f"{words}; the settings before stay in force")
        else:
            log("reload")
            gc.unfreeze()  # what was made before is given back
            collect_seldom()

    def begin(self) -> Flask:
        """What answers calls in the worker that asks."""
        end_with_parent()
        log("started", worker=os.getpid())
        return self._made


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
        respawn_interval=_OVERLAP,
        workers_kill_timeout=_GRACE,
    )
    server.on_reload(service.renew)
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
