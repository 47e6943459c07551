"""Writing what a command made into a file, never over another by accident."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from cds_service.errors import ConfigurationError

_Command = Callable[..., Any]


def output_options(made: str) -> Callable[[_Command], _Command]:
    """`--output FILE` and `--force` of a command; `made`: the format that they go with."""

    def add(command: _Command) -> _Command:
        said = f"Where to write it, with --format {made}."
        command = click.option("--force", is_flag=True, help="Write over a file that is there.")(command)
        return click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help=said)(command)

    return add


def require_output(output: Path | None, shape: str | None, made: str) -> None:
    """Raises ConfigurationError where the format and the file do not go together."""
    if shape == made and output is None:
        raise ConfigurationError(f"--format {made} needs --output FILE, the file to write")
    if shape != made and output is not None:
        raise ConfigurationError(f"--output goes with --format {made} only; text and json are printed")


def write_file(file: Path, text: str, *, force: bool) -> None:
    """Writes the file. Raises ConfigurationError where it is there already (unless `force`), or cannot be written."""
    try:
        with file.open("w" if force else "x", encoding="utf-8") as opened:
            opened.write(text)
    except FileExistsError:
        raise ConfigurationError(f"--output {file}: is there already; --force writes over it") from None
    except OSError as error:
        raise ConfigurationError(f"--output {file}: cannot be written: {error.strerror}") from None
