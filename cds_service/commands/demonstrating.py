"""`cotsom-cds demo`: the bundled patients, judged on a fixed day."""

from pathlib import Path

import click

from cds_service.catalogues import load_words
from cds_service.commands.assessing import judge_chart
from cds_service.commands.running import Surroundings, prepare
from cds_service.errors import ExitCode
from cds_service.intake import read_charts
from cds_service.settings import read_clock, read_zone
from cds_service.terminal import show_assessment, show_overview, terminal
from cds_service.trial.case import Moment

PATIENTS = Path(__file__).parent.parent / "demo" / "patients"
AS_OF = "2026-11-22T09:00:00+09:00"
ZONE = "Asia/Seoul"


@click.command("demo")
@click.option("--chart", type=str, default="", help="Judge this file too, as of today.")
@click.pass_obj
def demo_command(surroundings: Surroundings, chart: str) -> None:
    r"""Judge the bundled patients (all invented) on 22 November 2026, and show why.

    \b
    Example:
      cotsom-cds demo --chart my-patient.json
    """
    loaded = prepare(surroundings, None, None, ZONE)
    words = load_words("en", loaded.protocol.titles)
    console = terminal()
    moment = Moment(read_clock(AS_OF), read_zone(ZONE))
    files = tuple(str(file) for file in sorted(PATIENTS.glob("*.json")))
    judged = [judge_chart(c, loaded, moment, None) for c in read_charts(files, surroundings.standard_input)]
    shown = [(Path(j.name).stem, j.assessment) for j in judged if j.assessment is not None]
    for name, assessment in shown:
        console.rule(name)
        console.print(show_assessment(assessment, loaded.protocol, words, name, brief=True))
    console.rule("overview")
    console.print(show_overview(shown, words))
    if chart:
        raise SystemExit(_own_chart(surroundings, chart))


def _own_chart(surroundings: Surroundings, chart: str) -> int:
    """A chart of the reader's own, as of now."""
    loaded = prepare(surroundings, None, None, None)
    words = load_words("en", loaded.protocol.titles)
    moment = Moment(loaded.settings.clock or surroundings.now(), loaded.settings.zone)
    console = terminal()
    code = ExitCode.DONE
    for one in read_charts((chart,), surroundings.standard_input):
        judged = judge_chart(one, loaded, moment, None)
        if judged.assessment is None:
            terminal(error=True).print(f"cotsom-cds: {judged.name}: {judged.problem}")
            code = ExitCode.BAD_INPUT
        else:
            console.rule(judged.name)
            console.print(show_assessment(judged.assessment, loaded.protocol, words, judged.name))
    return int(code)
