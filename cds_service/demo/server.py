"""Runs service and EHR of the demonstration in this process, each on a port of this machine, with one clock."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

from flask import Flask
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from cds_service.app import create_app
from cds_service.demo.clock import DemoClock
from cds_service.demo.ehr import EhrSettings, create_ehr
from cds_service.demo.visiting import Address
from cds_service.errors import ConfigurationError
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
        ours, theirs = stack.enter_context(_listening(0)), stack.enter_context(_listening(port))
        service, address = f"http://{_HOST}:{_port(ours)}", Address(_port(theirs))
        linked = replace(settings, worksheet=f"{address.url}assessment")
        stack.enter_context(_served(ours, lambda: create_app(linked, clock)))
        stack.enter_context(_served(theirs, lambda: create_ehr(EhrSettings(address, (service,)), clock)))
        yield Running(service, address.url)


def _listening(port: int) -> socket.socket:
    try:
        return socket.create_server((_HOST, port))
    except OSError as error:
        raise ConfigurationError(f"--port {port}: cannot listen there: {error.strerror}") from None


def _port(listening: socket.socket) -> int:
    port: int = listening.getsockname()[1]
    return port


@contextmanager
def _served(listening: socket.socket, create: Callable[[], Flask]) -> Iterator[None]:
    server = _server(listening, create())
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _server(listening: socket.socket, app: Flask) -> BaseWSGIServer:
    return make_server(_HOST, _port(listening), app, threaded=True, request_handler=_Quiet, fd=listening.fileno())
