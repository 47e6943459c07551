"""The commands are imported when they are run, and no sooner."""

import subprocess
import sys

import click
import pytest

from cds_service.cli import main
from cds_service.commands.group import Deferred


@pytest.mark.parametrize(("name", "command"), sorted(main.commands.items()))
def test_every_command_of_the_list_is_written_where_it_is_said_to_be(name: str, command: click.Command) -> None:
    assert isinstance(command, Deferred)
    assert command.written().name == name


def test_the_list_of_commands_needs_none_of_them() -> None:
    program = (
        "import sys; from cds_service.cli import main; main(['--help'], standalone_mode=False); print(*sys.modules)"
    )
    told = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout  # noqa: S603 - our own program
    assert "lint-card" in told
    assert not {"flask", "msgspec", "cds_service.settings", "cds_service.loading"} & {*told.splitlines()[-1].split()}
