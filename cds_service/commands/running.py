"""What every command shares: its surroundings, exit codes, and errors that say what to do."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Final

import click

from cards.wording import Words
from cds_service.catalogues import languages, load_words
from cds_service.errors import BadInputError, ConfigurationError, ExitCode
from cds_service.loading import COTSOM, Loaded, load
from cds_service.settings import Settings, read_clock, read_settings, read_zone

_CHART_OPTIONS: Final = (
    click.option("--as-of", help="Instant of evaluation with offset, e.g. 2026-11-22T09:00:00+09:00. Default: now."),
    click.option("--time-zone", help="The site's time zone, e.g. Asia/Seoul. Default: the site file's, else UTC."),
    click.option("--supplied", help="Exactly these sources were asked for, e.g. patient,conditions. Default: all."),
    click.option("--site", type=click.Path(path_type=Path), help="The site's settings (TOML)."),
)


def chart_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """When, where, of which sources and by whose settings a chart is judged."""
    for option in reversed(_CHART_OPTIONS):
        command = option(command)
    return command


language_option = click.option(
    "--language", type=click.Choice(languages()), help="Language of the words shown. Default: the site's, else English."
)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a command may look at beside its arguments."""

    environment: Mapping[str, str]
    now: Callable[[], datetime]
    standard_input: BinaryIO


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


def prepare(surroundings: Surroundings, site: Path | None, protocol: Path | None, time_zone: str | None) -> Loaded:
    """Settings, protocol and value sets of a command."""
    settings = read_settings(surroundings.environment, site)
    if time_zone is not None:
        settings = replace(settings, zone=read_zone(time_zone))
    return load(settings, protocol or COTSOM)


def instant(surroundings: Surroundings, settings: Settings, as_of: str | None) -> datetime:
    """The instant of evaluation: as asked, else the set clock, else now."""
    if as_of is not None:
        return read_clock(as_of)
    return settings.clock or surroundings.now().astimezone(settings.zone).replace(microsecond=0)


def words_of(loaded: Loaded, language: str | None) -> Words:
    """The words of the language that was asked for, else of the site's."""
    return load_words(language or loaded.settings.language, loaded.protocol.titles)


def is_terminal() -> bool:
    """Whether standard output is a terminal."""
    return sys.stdout.isatty()
