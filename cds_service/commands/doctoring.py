"""`cotsom-cds doctor`: whether the service would work here."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import click
import orjson
from rich.text import Text

from cds_service.commands.group import Surroundings
from cds_service.commands.running import is_terminal
from cds_service.doctor.checks import Checked, Situation, State, failed
from cds_service.doctor.rounds import ROUNDS
from cds_service.errors import ConfigurationError, ExitCode
from cds_service.loading import load
from cds_service.settings import read_settings
from cds_service.settings.serving import check_serving
from cds_service.terminal import terminal
from cds_service.web.gate import create_gate

_STYLES = {State.OK: "green", State.WARNING: "yellow", State.FAILED: "bold red"}
_WIDEST = max(len(state.value) for state in State)


@click.command("doctor")
@click.option("--site", type=click.Path(path_type=Path), help="The site's settings (TOML).")
@click.option("--base-url", help="A running service to look at too, e.g. https://cds.hospital.example.")
@click.option("--format", "shape", type=click.Choice(["text", "json"]), help="Default: text on a terminal, else json.")
@click.pass_obj
def doctor_command(surroundings: Surroundings, site: Path | None, base_url: str | None, shape: str | None) -> None:
    """Look over the installation: settings, files, clock, store of used tokens, key sets, FHIR servers, certificates.

    Every line is ok, a warning or failed, and says what to do. Servers that the settings name are asked; no patient's
    data is. Secrets are not shown.

    \b
    Examples:
      cotsom-cds doctor --site our-hospital.toml
      cotsom-cds doctor --site our-hospital.toml --base-url https://cds.hospital.example
      cotsom-cds doctor --format json

    Exit codes: 0 nothing failed (there may be warnings), 2 wrong usage, or settings with which nothing can start,
    65 something failed, 70 a fault of the program.
    """
    shape = shape or ("text" if is_terminal() else "json")
    try:
        situation = _situation(surroundings, site, base_url)
    except ConfigurationError as error:
        _tell([failed("settings", str(error), "mend this; nothing else was looked at")], shape)
        raise SystemExit(int(ExitCode.USAGE)) from None
    states = _tell(_look(situation), shape)
    raise SystemExit(int(ExitCode.BAD_INPUT if State.FAILED in states else ExitCode.DONE))


def _situation(surroundings: Surroundings, site: Path | None, base_url: str | None) -> Situation:
    """What `serve` would start with. Raises ConfigurationError where it would not."""
    settings = read_settings(surroundings.environment, site)
    check_serving(settings.serving, asks_callers=bool(settings.trust.clients))
    create_gate(settings, surroundings.now)
    return Situation(settings, load(settings), surroundings.now, base_url)


def _look(situation: Situation) -> Iterator[Checked]:
    """The checks one after another; on a terminal with what is being looked at."""
    console = terminal(error=True)
    for name, check in ROUNDS:
        with console.status(f"Looking at: {name}"):
            found = tuple(check(situation))
        yield from found  # not inside: a status on the terminal would take what is written to standard output


def _tell(checked: Iterable[Checked], shape: str) -> frozenset[State]:
    """Prints each as it comes, JSON at the end; the states there are."""
    found = []
    for one in checked:
        found.append(one)
        if shape == "text":
            terminal().print(_line(one), soft_wrap=True)
    if shape == "json":
        click.echo(orjson.dumps({"checks": [_document(one) for one in found]}))
    return frozenset(one.state for one in found)


def _line(one: Checked) -> Text:
    """State, what, what was found, and what to do."""
    todo = (f"\n{'':{_WIDEST}}  -> {one.todo}", "bold") if one.todo else ""
    return Text.assemble((f"{one.state.value:{_WIDEST}}", _STYLES[one.state]), f"  {one.what}: {one.found}", todo)


def _document(one: Checked) -> dict[str, str]:
    given = {"check": one.what, "state": one.state.value, "found": one.found, "todo": one.todo}
    return {name: value for name, value in given.items() if value}
