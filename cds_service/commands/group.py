"""The commands of the program, each imported when it is asked for, and failures that say what to do."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO

import click

from cds_service.errors import BadInputError, ConfigurationError, ExitCode


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a command may look at beside its arguments."""

    environment: Mapping[str, str]
    now: Callable[[], datetime]
    standard_input: BinaryIO


class Deferred(click.Command):
    """A command that is imported when it is run: listing it, or running another, takes nothing of what it needs."""

    def __init__(self, name: str, summary: str, place: str) -> None:
        """`summary`: how the list of commands tells it; `place`: module and name, with a colon between."""
        super().__init__(name, help=summary)
        self._place = place

    def written(self) -> click.Command:
        """The command itself."""
        module, _, name = self._place.partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,  # noqa: ANN401 - click's own signature
    ) -> click.Context:
        """The context of the command itself, by which it is run."""
        return self.written().make_context(info_name, args, parent, **extra)


class CommandGroup(click.Group):
    """A group whose failures are one clear line and an exit code, never a traceback."""

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's own signature
        """Runs a command; what it raises becomes an exit code."""
        try:
            return super().invoke(ctx)
        except (ConfigurationError, BadInputError) as error:
            click.echo(f"cotsom-cds: {error}", err=True)
            ctx.exit(int(error.exit_code))
        except (click.exceptions.Exit, click.ClickException, click.Abort):
            raise
        except BrokenPipeError:
            ctx.exit(int(ExitCode.DONE))
        except Exception as error:  # noqa: BLE001 - the last resort: a fault of ours, told without the patient's data
            click.echo(f"cotsom-cds: {fault(error)}", err=True)
            ctx.exit(int(ExitCode.OUR_FAULT))


def fault(error: BaseException) -> str:
    """A fault of ours in one line: its kind and place, nothing of the record."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else "an unknown place"
    what = f"{type(error).__name__} at {place}"
    return f"a fault in the program itself ({what}); nothing was judged. Please report this line."
