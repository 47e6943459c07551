"""A real PostgreSQL for a test session: a cluster of its own in a scratch folder, reached by a Unix socket alone."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

_SETTINGS: Final = ("listen_addresses=", "fsync=off", "max_connections=40", "shared_buffers=16MB")


@dataclass(frozen=True, slots=True)
class Postgres:
    """A cluster that can be stopped and started, its data kept."""

    programs: Path
    folder: Path

    def url(self, database: str = "postgres") -> str:
        """The address of a database, as SQLAlchemy and a site file write it."""
        return f"postgresql+psycopg://postgres@/{database}?host={self.folder}"

    def create(self, database: str) -> str:
        """A new empty database; its address."""
        self.ask(f'CREATE DATABASE "{database}"')
        return self.url(database)

    def ask(self, statement: str, database: str = "postgres") -> str:
        """What `psql` prints."""
        return self._run("psql", "-h", str(self.folder), "-d", database, "-XAtc", statement)

    def start(self) -> None:
        """Starts it and waits until it answers."""
        options = " ".join(f"-c {one}" for one in (*_SETTINGS, f"unix_socket_directories={self.folder}"))
        self._run("pg_ctl", "-D", str(self._data), "-l", str(self.folder / "log"), "-w", "-o", options, "start")

    def stop(self) -> None:
        """Stops it; whoever is connected is thrown out."""
        self._run("pg_ctl", "-D", str(self._data), "-m", "immediate", "-w", "stop")

    def stand_still(self) -> None:
        """Stops every process of the server in its tracks: connections stay open, and nothing answers."""
        self._tell(signal.SIGSTOP)

    def go_on(self) -> None:
        """Lets them go on."""
        self._tell(signal.SIGCONT)

    def _tell(self, number: signal.Signals) -> None:
        for process in self._processes():
            os.kill(process, number)

    def _processes(self) -> Iterator[int]:
        """The one that takes connections, and those that it started."""
        first = int((self._data / "postmaster.pid").read_text(encoding="ascii").split()[0])
        yield first
        yield from map(int, Path(f"/proc/{first}/task/{first}/children").read_text(encoding="ascii").split())

    def make(self) -> None:
        """Makes the cluster, which initdb refuses to do as root."""
        self._run("initdb", "-D", str(self._data), "-U", "postgres", "-A", "trust", "--no-sync")

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _run(self, program: str, *arguments: str) -> str:
        as_postgres = ("runuser", "-u", "postgres", "--") if os.geteuid() == 0 else ()
        done = subprocess.run(  # noqa: S603 - programs of the installation, arguments of the tests
            [*as_postgres, self.programs / program, *arguments],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=180,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{program}: {done.stdout}")
        return done.stdout.strip()


def installed() -> Path | None:
    """The folder of PostgreSQL's programs: on the path, or where Debian keeps them."""
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return next((one for one in reversed(folders) if (one / "initdb").exists()), None)


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """A cluster for as long as it is needed. Its folder is short: the path of a socket holds about a hundred signs."""
    programs = installed()
    if programs is None:
        pytest.fail("PostgreSQL is not installed: `make test` installs it as root, else: apt-get install postgresql")
    with tempfile.TemporaryDirectory(prefix="cotsom-pg-", dir="/tmp", ignore_cleanup_errors=True) as folder:
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres")
        cluster = Postgres(programs, Path(folder))
        cluster.make()
        cluster.start()
        try:
            yield cluster
        finally:
            cluster.stop()
