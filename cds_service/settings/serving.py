"""Where and how the service listens."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cds_service.errors import ConfigurationError
from cds_service.settings.reading import COUNT, FILE, FLAG, PORT, TEXT, Section, is_address, is_loopback


@dataclass(frozen=True, slots=True)
class Serving:
    """Address, port and processes. With `tls_certificate` and `tls_key` (PEM files) the service speaks TLS itself.

    `insecure_open`: other machines are answered although no client is configured.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    workers: int = 2
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    insecure_open: bool = False


SERVE: Final[Section] = {
    "host": TEXT,
    "port": PORT,
    "workers": COUNT,
    "tls_certificate": FILE,
    "tls_key": FILE,
    "insecure_open": FLAG,
}


def check_serving(serving: Serving, *, asks_callers: bool) -> None:
    """Raises ConfigurationError for a name in place of an address, a service that would answer anybody, half a TLS."""
    if not is_address(serving.host):
        raise ConfigurationError(
            f"--host {serving.host}: an IP address was expected, such as 127.0.0.1 (this machine alone) or 0.0.0.0"
        )
    if not is_loopback(serving.host) and not asks_callers and not serving.insecure_open:
        raise ConfigurationError(
            f"--host {serving.host}: without [[clients]] in the settings nobody is asked who he is, and so this "
            "service listens on this machine alone. Name the clients, or say --insecure-open."
        )
    if (serving.tls_certificate is None) != (serving.tls_key is None):
        raise ConfigurationError("--tls-certificate and --tls-key: both were expected, or neither")
    for file in (serving.tls_certificate, serving.tls_key):
        if file is not None and not file.is_file():
            raise ConfigurationError(f"{file}: there is no such file")
