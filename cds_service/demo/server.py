"""Runs service and EHR of the demonstration in this process, each on a port of this machine, with one clock."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

from cds_service.app import create_app
from cds_service.demo.clock import DemoClock
from cds_service.demo.ehr import EhrSettings, create_ehr
from cds_service.demo.visiting import Address
from cds_service.errors import ConfigurationError
from cds_service.loading import load
from cds_service.settings import Settings

_HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Running:
    """Where service and EHR answer."""

    service: str
    ehr: str


class _Quiet(WSGIRequestHandler):
    """Says nothing of requests: the terminal shows the demonstration."""

    def log(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def running_demo(settings: Settings, clock: DemoClock, port: int = 0) -> Iterator[Running]:
    """Service and EHR, for as long as they are needed. `port`: of the EHR; 0 takes any that is free."""
    with ExitStack() as stack:
        ours, theirs = stack.enter_context(listening(0)), stack.enter_context(listening(port))
        service, address = f"http://{_HOST}:{port_of(ours)}", Address(port_of(theirs))
        linked = replace(settings, worksheet=f"{address.url}assessment")
        stack.enter_context(served(ours, lambda: create_app(linked, clock)))
        stack.enter_context(served(theirs, lambda: create_ehr(EhrSettings(address, (service,)), clock, load(linked))))
        yield Running(service, address.url)


def listening(port: int) -> socket.socket:
    """A socket of this machine alone; port 0 takes any that is free. Raises ConfigurationError."""
    try:
        return socket.create_server((_HOST, port))
    except OSError as error:
        raise ConfigurationError(f"--port {port}: cannot listen there: {error.strerror}") from None


def port_of(bound: socket.socket) -> int:
    """The port of a socket."""
    port: int = bound.getsockname()[1]
    return port


@contextmanager
def served(bound: socket.socket, create: Callable[[], Flask]) -> Iterator[None]:
    """An app that answers at a socket, in a thread of its own."""
    server = make_server(_HOST, port_of(bound), create(), threaded=True, request_handler=_Quiet, fd=bound.fileno())
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
