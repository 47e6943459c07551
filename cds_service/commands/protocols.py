"""`cotsom-cds protocol`: check a trial file, show it as a clinician reads it."""

from pathlib import Path

import click

from cds_service.commands.group import Surroundings
from cds_service.commands.running import language_option, prepare, words_of
from cds_service.loading import likely_slips
from cds_service.protocols.lines import located
from cds_service.terminal import show_protocol, terminal


@click.group("protocol")
def protocol_group() -> None:
    """Check and show trial protocol files."""


@protocol_group.command("check")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--site", type=click.Path(path_type=Path), help="The site's settings (TOML).")
@click.pass_obj
def check_command(surroundings: Surroundings, file: Path, site: Path | None) -> None:
    """Check a protocol FILE: its words, its values, its value sets, clauses that can never matter.

    Errors keep it from being used. What else should be looked at is printed, and the exit code is 0: names that nothing
    uses, clauses that match nothing.

    \b
    Example:
      cotsom-cds protocol check my-trial.yaml
    """
    loaded = prepare(surroundings, site, file, None)
    protocol, slips = loaded.protocol, likely_slips(loaded, file)
    found = f"no errors, {len(slips)} to look at" if slips else "no errors"
    click.echo(f"{file}: {protocol.name} {protocol.version}: {len(protocol.criteria)} lines, {found}")
    if slips:
        click.echo(located(file, slips))


@protocol_group.command("show")
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--site", type=click.Path(path_type=Path), help="The site's settings (TOML).")
@language_option
@click.pass_obj
def show_command(surroundings: Surroundings, file: Path | None, site: Path | None, language: str | None) -> None:
    """Show the criteria as a clinician reads them, with every threshold in force (FILE; default: COTSOM).

    \b
    Example:
      cotsom-cds protocol show --site our-hospital.toml
    """
    loaded = prepare(surroundings, site, file, None)
    terminal().print(show_protocol(loaded.protocol, words_of(loaded, language)))
