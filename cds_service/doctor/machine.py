"""What the machine gives: files and who may read them, memory, the port, room for the metrics."""

import errno
import stat
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from cryptography.x509 import load_pem_x509_certificates

from cds_service.doctor.checks import Checked, Situation, failed, ok, warning
from cds_service.doctor.servers import certificate_end
from cds_service.errors import ConfigurationError
from cds_service.listening import check_certificate, hindrance

_WORKER_MB = 150
"""What a worker takes, with room for a large chart (docs/performance.md: 110 MB after one of 2 MB)."""
_MEMORY = Path("/proc/meminfo")
_SECRET_BITS = stat.S_IRWXG | stat.S_IRWXO
_CHANGE_BITS = stat.S_IWGRP | stat.S_IWOTH


def check_files(situation: Situation) -> Iterator[Checked]:
    """Who may change what the service believes, and who may read its key."""
    settings = situation.settings
    if settings.file:
        yield _changeable("site file", Path(settings.file))
    for client in settings.trust.clients:
        if client.jwks_file is not None:
            yield _changeable(f"key file of client {client.name}", client.jwks_file)
    if settings.serving.tls_key is not None:
        yield _secret("TLS key", settings.serving.tls_key)
    if settings.serving.tls_certificate is not None and settings.serving.tls_key is not None:
        yield _own_certificate(settings.serving.tls_certificate, settings.serving.tls_key, situation.now())


def _changeable(what: str, file: Path) -> Checked:
    mode = file.stat().st_mode
    if mode & _CHANGE_BITS:
        todo = f"chmod go-w {file}: whoever changes it decides whom the service believes"
        return warning(what, f"others than its owner may change it ({stat.filemode(mode)})", todo)
    return ok(what, f"{file} ({stat.filemode(mode)})")


def _own_certificate(file: Path, key: Path, now: datetime) -> Checked:
    """Whether the service can speak TLS with its chain and key, and how long the first certificate lasts."""
    try:
        check_certificate(file, key)
        chain = load_pem_x509_certificates(file.read_bytes())
    except (ConfigurationError, ValueError) as error:
        return failed("TLS certificate", str(error), "give a certificate chain and its private key in PEM")
    return certificate_end("TLS certificate", chain[0].not_valid_after_utc, now)


def _secret(what: str, file: Path) -> Checked:
    """A file that nobody but the service may read."""
    mode = file.stat().st_mode
    if mode & _SECRET_BITS:
        return failed(what, f"others may read it ({stat.filemode(mode)})", f"chmod go= {file}")
    return ok(what, f"{file} ({stat.filemode(mode)})")


def check_machine(situation: Situation) -> Iterator[Checked]:
    """What the workers need of it."""
    serving = situation.settings.serving
    yield _memory(serving.workers)
    yield _port(serving.host, serving.port)
    yield _scratch()


def _memory(workers: int) -> Checked:
    """Whether the workers fit into what is free. Where the machine does not tell, that is said."""
    needed = workers * _WORKER_MB
    try:
        lines = dict(line.split(":", 1) for line in _MEMORY.read_text(encoding="ascii").splitlines())
        free = int(lines["MemAvailable"].split()[0]) // 1024
    except (OSError, KeyError, ValueError):
        return ok("memory", f"{workers} workers want about {needed} MB; this system does not say what is free")
    found = f"{workers} workers want about {needed} MB; {free} MB are free"
    if free < needed:
        return warning("memory", found, "fewer workers (serve.workers), or more memory")
    return ok("memory", found)


def _port(host: str, port: int) -> Checked:
    """Whether the service could listen there now."""
    where = f"{host}:{port}"
    error = hindrance(host, port)
    if error is None:
        return ok("port", f"{where} is free")
    if error.errno == errno.EADDRINUSE:
        todo = "well if it is this service that runs there already; else end the other, or choose another port"
        return warning("port", f"{where} is taken", todo)
    return failed("port", f"{where}: {error.strerror}", "set serve.host to an address of this machine")


def _scratch() -> Checked:
    """Whether the workers can put their counts where they are added up."""
    try:
        with tempfile.TemporaryDirectory(prefix="cotsom-cds-") as folder:
            (Path(folder) / "probe").write_bytes(b"0" * 65_536)
    except OSError as error:
        return failed("scratch folder", f"cannot be written: {error.strerror}", "set TMPDIR to a folder with room")
    return ok("scratch folder", tempfile.gettempdir())
