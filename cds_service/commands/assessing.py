"""`cotsom-cds assess`: charts in, assessments out."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import click
import orjson
from rich.progress import Progress

from cards.documents import assessment_document
from cards.wording import Words
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
from cds_service.errors import BadInputError, ConfigurationError, ExitCode
from cds_service.intake import Chart, read_charts
from cds_service.loading import Loaded
from cds_service.pages.assessment.rendering import assessment_file
from cds_service.pages.words import load_page_words
from cds_service.terminal import show_assessment, terminal
from cds_service.trial.assessment import Assessment, assess
from cds_service.trial.case import Moment
from cds_service.viewing import view_of
from fhir_profiles.reading.decoding import UnreadableBody
from fhir_profiles.reading.records import read_record
from fhir_profiles.record import Source

_PROGRESS_FROM = 4


class Judged(NamedTuple):
    """One chart, judged, or why not."""

    name: str
    assessment: Assessment | None
    problem: str = ""


@click.command("assess")
@click.argument("charts", nargs=-1, required=True)
@chart_options
@click.option("--protocol", type=click.Path(path_type=Path), help="Another protocol file (YAML). Default: COTSOM.")
@click.option(
    "--format", "shape", type=click.Choice(["text", "json", "html"]), help="Default: text on a terminal, else json."
)
@output_options("html")
@language_option
@click.pass_obj
def assess_command(  # noqa: PLR0913, PLR0917 - a command has as many parameters as options
    surroundings: Surroundings,
    charts: tuple[str, ...],
    as_of: str | None,
    time_zone: str | None,
    supplied: str | None,
    site: Path | None,
    protocol: Path | None,
    shape: str | None,
    output: Path | None,
    force: bool,  # noqa: FBT001 - a flag of the command line
    language: str | None,
) -> None:
    """Judge patients against the protocol.

    CHARTS are FHIR R4 Bundles of any type, folders, NDJSON files, or - for standard input. Several patients give one
    JSON document a line. With --format html, one patient's assessment as a page to print or keep: a file of its own.

    \b
    Examples:
      cotsom-cds assess chart.json
      cotsom-cds assess a.json b.json --format json
      cat chart.json | cotsom-cds assess - --as-of 2026-11-22T09:00:00+09:00
      cotsom-cds assess chart.json --format html --output assessment.html

    Exit codes: 0 done, 2 wrong usage or settings, 65 a chart could not be read, 70 a fault of the program.
    """
    require_output(output, shape, "html")
    loaded = prepare(surroundings, site, protocol, time_zone)
    moment = Moment(instant(surroundings, loaded.settings, as_of), loaded.settings.zone)
    words = words_of(loaded, language)
    sources = read_sources(supplied) if supplied is not None else None
    given = _with_progress(tuple(charts), surroundings)
    if output is not None:
        write_file(output, _page(tuple(given), loaded, moment, sources, words), force=force)
        return
    judged = (judge_chart(chart, loaded, moment, sources) for chart in given)
    raise SystemExit(_print(judged, loaded, words, shape or ("text" if is_terminal() else "json")))


def read_sources(text: str) -> frozenset[Source]:
    """Sources by name, separated by commas. Raises ConfigurationError for an unknown name."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    known = {source.value for source in Source}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ConfigurationError(f"--supplied: {unknown[0]!r} is no source; there are {', '.join(sorted(known))}")
    return frozenset(map(Source, names))


def _with_progress(charts: tuple[str, ...], surroundings: Surroundings) -> Iterator[Chart]:
    """The charts, with a progress bar on a terminal where there are many."""
    console = terminal(error=True)
    if len(charts) < _PROGRESS_FROM or not console.is_terminal:
        yield from read_charts(charts, surroundings.standard_input)
        return
    with Progress(console=console, transient=True) as progress:
        for name in progress.track(charts, description="Judging"):
            yield from read_charts((name,), surroundings.standard_input)


def judge_chart(chart: Chart, loaded: Loaded, moment: Moment, supplied: frozenset[Source] | None) -> Judged:
    """The assessment of one chart; what cannot be read is told, not raised."""
    if chart.decoded is None:
        return Judged(chart.name, None, chart.problem)
    try:
        record = read_record(chart.decoded, loaded.vocabulary, moment.zone, supplied)
    except UnreadableBody as error:
        return Judged(chart.name, None, str(error))
    return Judged(chart.name, assess(loaded.protocol, record, moment))


def _page(
    charts: tuple[Chart, ...], loaded: Loaded, moment: Moment, supplied: frozenset[Source] | None, words: Words
) -> str:
    """The page of the one patient there is. Raises BadInputError for none, several, or one who cannot be read."""
    if len(charts) != 1:
        raise BadInputError(f"the charts hold {len(charts)} patients, and a page shows one")
    name, decoded, problem = charts[0]
    if decoded is None:
        raise BadInputError(f"{name}: {problem}")
    try:
        record = read_record(decoded, loaded.vocabulary, moment.zone, supplied)
    except UnreadableBody as error:
        raise BadInputError(f"{name}: {error}") from None
    view = view_of(loaded, record, moment)
    return assessment_file(view, loaded.protocol, words, load_page_words()[words.language])


def _print(judged: Iterator[Judged], loaded: Loaded, words: Words, shape: str) -> int:
    """Prints each as it comes; the exit code says whether one could not be read."""
    code = ExitCode.DONE
    console = terminal()
    for name, assessment, problem in judged:
        if assessment is None:
            click.echo(f"cotsom-cds: {name}: {problem}", err=True)
            code = ExitCode.BAD_INPUT
        elif shape == "json":
            click.echo(orjson.dumps(assessment_document(assessment, words)))
        else:
            console.print(show_assessment(assessment, loaded.protocol, words, name))
    return int(code)
