"""Whether the service can listen where it is told to, and speak TLS there; asked before anything is announced."""

import errno
import socket
import ssl
from pathlib import Path

from cds_service.errors import ConfigurationError


def hindrance(host: str, port: int) -> OSError | None:
    """What keeps a service from listening at this address now; None where nothing does.

    Asked without leave to share the port, which the workers of one service have: two services that shared one would
    answer its calls in turn, each by settings of its own.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind((host, port))
        except OSError as error:
            return error
    return None


def check_address(host: str, port: int) -> None:
    """Raises ConfigurationError where the service could not listen."""
    error = hindrance(host, port)
    if error is None:
        return
    if error.errno == errno.EADDRINUSE:
        words = "something listens there already, perhaps this service. End it, or choose another --port."
    else:
        words = f"cannot be listened at: {error.strerror}. Choose another --host or --port."
    raise ConfigurationError(f"{host}:{port}: {words}")


def check_certificate(certificate: Path, key: Path) -> None:
    """Raises ConfigurationError for files with which no TLS can be spoken."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(certificate, key, password="")  # nobody is there to be asked for one
    except ssl.SSLError as error:
        words = f"no certificate chain and its own key in PEM, without a password ({error.reason})"
        raise ConfigurationError(f"{certificate}, {key}: {words}") from None
    except OSError as error:
        raise ConfigurationError(f"{certificate}, {key}: cannot be read: {error.strerror}") from None
