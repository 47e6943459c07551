"""`cotsom-cds timeline`: where an enrolled patient stands, and the cycle that a TACE on some day would open."""

from datetime import date, datetime
from pathlib import Path
from typing import NamedTuple

import click
import orjson

from cards.timeline_document import absence_of, timeline_document
from cards.wording import Words
from cds_service.commands.assessing import read_sources
from cds_service.commands.files import output_options, require_output, write_file
from cds_service.commands.group import Surroundings
from cds_service.commands.running import (
    chart_options,
    instant,
    is_terminal,
    language_option,
    prepare,
    words_of,
)
from cds_service.errors import BadInputError, ExitCode
from cds_service.intake import Chart, read_charts
from cds_service.loading import Loaded
from cds_service.pages.timeline.drawing import Scene
from cds_service.pages.timeline.pictures import picture_file
from cds_service.pages.words import load_page_words
from cds_service.settings.clinical import is_in_reach
from cds_service.terminal import terminal
from cds_service.timeline_text import show_timeline
from cds_service.trial.case import Moment
from cds_service.viewing import View, view_of
from fhir_profiles.reading.decoding import UnreadableBody
from fhir_profiles.reading.records import read_record
from fhir_profiles.record import Source


class Drawn(NamedTuple):
    """One patient: what is shown, or why the chart cannot be read."""

    name: str
    view: View | None
    problem: str = ""


@click.command("timeline")
@click.argument("chart")
@click.option("--tace", type=click.DateTime(formats=["%Y-%m-%d"]), help="Solve the cycle of a TACE on this day.")
@chart_options
@click.option(
    "--format", "shape", type=click.Choice(["text", "json", "svg"]), help="Default: text on a terminal, else json."
)
@output_options("svg")
@language_option
@click.pass_obj
def timeline_command(  # noqa: PLR0913, PLR0917 - a command has as many parameters as options
    surroundings: Surroundings,
    chart: str,
    tace: datetime | None,
    as_of: str | None,
    time_zone: str | None,
    supplied: str | None,
    site: Path | None,
    shape: str | None,
    output: Path | None,
    force: bool,  # noqa: FBT001 - a flag of the command line
    language: str | None,
) -> None:
    """Show an enrolled patient's way through the protocol: sessions, courses, windows, what is due.

    CHART is a FHIR R4 Bundle, a folder, an NDJSON file, or - for standard input. With --tace, also the cycle of a
    TACE on that day: last dose before it, safety window, restart, response imaging, and what conflicts with it.
    With --format svg, the picture of the timeline, in light and dark and for paper, in a file of its own.

    \b
    Examples:
      cotsom-cds timeline chart.json
      cotsom-cds timeline chart.json --tace 2026-12-03 --format json
      cotsom-cds timeline chart.json --format svg --output timeline.svg

    Exit codes: 0 done, 2 wrong usage or settings, 65 the chart could not be read, 70 a fault of the program.
    """
    require_output(output, shape, "svg")
    loaded = prepare(surroundings, site, None, time_zone)
    moment = Moment(instant(surroundings, loaded.settings, as_of), loaded.settings.zone)
    words = words_of(loaded, language)
    sources = read_sources(supplied) if supplied is not None else None
    day = _day_of(tace)
    shape = shape or ("text" if is_terminal() else "json")
    charts = read_charts((chart,), surroundings.standard_input)
    if output is not None:
        drawn = tuple(_draw(one, loaded, moment, sources, day) for one in charts)
        write_file(output, _picture(drawn, words), force=force)
        return
    # every patient is shown before the exit code is told
    told = [_print(_draw(one, loaded, moment, sources, day), words, shape) for one in charts]
    raise SystemExit(int(max(told, default=ExitCode.DONE)))


def _day_of(tace: datetime | None) -> date | None:
    """The day of the cycle that is asked about; none so far off that its windows would leave the calendar."""
    if tace is not None and not is_in_reach(tace):
        raise click.BadParameter("a day between 1900 and 2200 was expected", param_hint="--tace")
    return tace.date() if tace is not None else None


def _draw(chart: Chart, loaded: Loaded, moment: Moment, supplied: frozenset[Source] | None, tace: date | None) -> Drawn:
    """One patient's timeline; what cannot be read is told, not raised."""
    if chart.decoded is None:
        return Drawn(chart.name, None, chart.problem)
    try:
        record = read_record(chart.decoded, loaded.vocabulary, moment.zone, supplied)
    except UnreadableBody as error:
        return Drawn(chart.name, None, str(error))
    return Drawn(chart.name, view_of(loaded, record, moment, tace))


def _picture(drawn: tuple[Drawn, ...], words: Words) -> str:
    """The picture of the one patient there is. Raises BadInputError for none, several, or one without a timeline."""
    if len(drawn) != 1:
        raise BadInputError(f"the chart holds {len(drawn)} patients, and a picture shows one")
    name, view, problem = drawn[0]
    if view is None:
        raise BadInputError(f"{name}: {problem}")
    if view.timeline is None:
        raise BadInputError(f"{name}: {words.say(absence_of(view.assessment))}")
    scene = Scene(view.assessment.patient, view.timeline, view.trends)
    return picture_file(scene, words, load_page_words()[words.language])


def _print(drawn: Drawn, words: Words, shape: str) -> ExitCode:
    view = drawn.view
    if view is None:
        click.echo(f"cotsom-cds: {drawn.name}: {drawn.problem}", err=True)
        return ExitCode.BAD_INPUT
    if shape == "json":
        click.echo(orjson.dumps(timeline_document(view.assessment, view.timeline, words)))
    else:
        console = terminal()
        console.print(show_timeline(view.assessment, view.timeline, words, drawn.name, console.width))
    return ExitCode.DONE
