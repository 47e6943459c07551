"""The files of deploy/ fit the product, and the programs that read them where those are installed."""

import re
import shlex
import shutil
import subprocess
from configparser import RawConfigParser
from pathlib import Path
from typing import Final

import pytest

from cds_service.cli import main
from cds_service.commands.group import Deferred
from cds_service.commands.serving import serve_command
from cds_service.settings.limits import Limits
from cds_service.web.observing import DEFINITIONS
from tests.acceptance import COMMAND

ROOT: Final = Path(__file__).resolve().parents[1]
UNIT: Final = ROOT / "deploy" / "cotsom-cds.service"
PROXY: Final = ROOT / "deploy" / "nginx.conf"
OPERATIONS: Final = ROOT / "docs" / "operations.md"
INSTALLED: Final = "/opt/cotsom-cds/.venv/bin/cotsom-cds"


class _CaseKept(RawConfigParser):
    """The names of systemd have capitals."""

    def optionxform(self, optionstr: str) -> str:
        return optionstr


def unit() -> RawConfigParser:
    read = _CaseKept(strict=True, comment_prefixes=("#",))
    read.read_string(UNIT.read_text(encoding="utf-8"))
    return read


def test_the_unit_starts_a_command_that_there_is() -> None:
    program, name, *options = shlex.split(unit()["Service"]["ExecStart"])
    deferred = main.commands[name]
    assert isinstance(deferred, Deferred)
    assert (program, deferred.written()) == (INSTALLED, serve_command)
    assert serve_command.make_context(name, options).params["site"] == Path("/etc/cotsom-cds/site.toml")


def test_the_unit_gives_calls_under_way_the_time_they_have() -> None:
    service = unit()["Service"]
    assert service["KillSignal"] == "SIGTERM"
    assert int(service["TimeoutStopSec"]) > 10
    assert service["RestartPreventExitStatus"] == "2"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_understands_the_unit(tmp_path: Path) -> None:
    copy = tmp_path / UNIT.name
    copy.write_text(UNIT.read_text(encoding="utf-8").replace(INSTALLED, str(COMMAND)), encoding="utf-8")
    done = subprocess.run(  # noqa: S603 - our own file
        [str(shutil.which("systemd-analyze")), "verify", str(copy)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def directives() -> list[list[str]]:
    """The directives of the proxy's file, blocks and their ends apart. Every other line must be one."""
    lines = (line.partition("#")[0].strip() for line in PROXY.read_text(encoding="utf-8").splitlines())
    simple = [line for line in lines if line and not line.endswith(("{", "}"))]
    assert all(line.endswith(";") and line.count(";") == 1 for line in simple)
    return [shlex.split(line[:-1]) for line in simple]


def test_the_blocks_of_the_proxy_s_file_are_closed() -> None:
    depth = 0
    for sign in re.findall(r"[{}]", PROXY.read_text(encoding="utf-8")):
        depth += 1 if sign == "{" else -1
        assert depth >= 0
    assert depth == 0


def test_the_proxy_takes_bodies_as_large_as_the_service_does_and_keeps_them_in_memory() -> None:
    named = {name: values for name, *values in directives()}
    size = int(named["client_max_body_size"][0].removesuffix("m")) * 1024 * 1024
    assert size >= Limits().body_bytes
    assert named["client_body_buffer_size"] == named["client_max_body_size"]
    assert named["proxy_max_temp_file_size"] == ["0"]
    assert named["proxy_next_upstream"] == ["off"]


@pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed")
def test_nginx_understands_the_proxy_s_file(tmp_path: Path) -> None:
    plain = re.sub(
        r"^\s*(listen 443 ssl|ssl_certificate\w*).*$", "", PROXY.read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    whole = tmp_path / "nginx.conf"
    whole.write_text(f"pid {tmp_path}/pid;\nevents {{}}\nhttp {{\n{plain}\n}}\n", encoding="utf-8")
    done = subprocess.run(  # noqa: S603 - our own file
        [str(shutil.which("nginx")), "-t", "-c", str(whole)], capture_output=True, text=True, check=False
    )
    assert "syntax is ok" in done.stderr  # the folders that it would use may not be there


def test_every_metric_that_operators_are_told_of_is_there() -> None:
    named = set(re.findall(r"cotsom_[a-z_]+", OPERATIONS.read_text(encoding="utf-8")))
    given = {f"{one.name}{end}" for one in DEFINITIONS.values() for end in ("", "_total", "_bucket")}
    assert named - given == set()
