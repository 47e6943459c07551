"""`cotsom-cds check-order`: do draft orders fit the protocol? (contract 4.3)."""

import json
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import click
import orjson

from cards.fingerprint import derived_trace
from cds_service.commands.assessing import read_sources
from cds_service.commands.group import Surroundings
from cds_service.commands.running import chart_options, instant, language_option, prepare, words_of
from cds_service.errors import BadInputError, ConfigurationError
from cds_service.intake import bytes_of, files_of, read_charts
from cds_service.ordering import Request, order_cards
from cds_service.received import Received
from cds_service.trial.case import Moment
from fhir_profiles.reading.decoding import Decoded, UnreadableBody


@click.command("check-order")
@click.argument("chart")
@click.option("--draft", "drafts", multiple=True, required=True, type=click.Path(path_type=Path), help="A draft order.")
@click.option("--selection", "selections", multiple=True, help="At order-select: the drafts that were selected.")
@click.option("--hook", type=click.Choice(["order-select", "order-sign"]), default="order-sign", show_default=True)
@chart_options
@click.option("--format", "shape", type=click.Choice(["json"]), default="json", help="The cards, as JSON.")
@language_option
@click.pass_obj
def check_order_command(  # noqa: PLR0913, PLR0917 - a command has as many parameters as options
    surroundings: Surroundings,
    chart: str,
    drafts: tuple[Path, ...],
    selections: tuple[str, ...],
    hook: str,
    as_of: str | None,
    time_zone: str | None,
    supplied: str | None,
    site: Path | None,
    shape: str,
    language: str | None,
) -> None:
    """Check draft orders against the protocol, and print the cards an EHR would get.

    \b
    Example:
      cotsom-cds check-order chart.json --draft tace.json --as-of 2026-11-22T09:00:00+09:00
    """
    del shape
    loaded = prepare(surroundings, site, None, time_zone)
    moment = Moment(instant(surroundings, loaded.settings, as_of), loaded.settings.zone)
    bodies = _bodies(chart, surroundings.standard_input)
    decoded = _one_patient(chart, bodies)
    raw = tuple(_read_draft(file) for file in drafts)
    request = Request(
        decoded=decoded,
        drafts=raw,
        selections=selections if hook == "order-select" else None,
        supplied=read_sources(supplied) if supplied is not None else None,
        received=Received(bodies),
    )
    words = words_of(loaded, language)
    try:
        cards = order_cards(loaded, words, moment, request, derived_trace(f"check-order {chart}"))
    except UnreadableBody as error:
        raise BadInputError(f"{chart}: {error}") from None
    click.echo(orjson.dumps({"cards": [card.document() for card in cards]}))


def _bodies(chart: str, standard_input: BinaryIO) -> tuple[bytes, ...]:
    """What was given, as it was given: the input, the file, or every file of the folder."""
    if chart == "-":
        return (standard_input.read(),)
    path = Path(chart)
    files = files_of(path) if path.is_dir() else [path] if path.exists() else []
    return tuple(bytes_of(file) for file in files)


def _one_patient(chart: str, bodies: tuple[bytes, ...]) -> Decoded:
    """The one patient whom the drafts are for. Raises BadInputError for none and for several."""
    given, *others = read_charts((chart,), BytesIO(b"".join(bodies)))
    if others:
        raise BadInputError(f"{chart}: {len(others) + 1} patients; draft orders are checked for one")
    if given.decoded is None:
        raise BadInputError(f"{given.name}: {given.problem}")
    return given.decoded


def _read_draft(file: Path) -> Mapping[str, Any]:
    try:
        given = json.loads(file.read_bytes())
    except OSError as error:
        raise ConfigurationError(f"{file}: cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise BadInputError(f"{file}: not JSON") from None
    if not isinstance(given, dict) or not isinstance(given.get("resourceType"), str):
        raise BadInputError(f"{file}: a FHIR resource with a resourceType was expected")
    return given
