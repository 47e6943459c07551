"""`cotsom-cds demo`: the service, its bundled patients, and the card that each chart opening brings."""

import json
import shlex
import sys
import tempfile
import threading
from pathlib import Path

import click
from rich.console import Console

from cds_service.catalogues import load_words
from cds_service.commands.assessing import judge_chart
from cds_service.commands.running import Surroundings, prepare
from cds_service.demo.client import cards_of, discover, hook_request
from cds_service.demo.server import running_service
from cds_service.demo.showing import show_cards
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
    """Start the service, open the charts of ten invented patients, show the card that each brings.

    The clock stands at 22 November 2026. On a terminal the service goes on until Ctrl-C.

    \b
    Examples:
      cotsom-cds demo
      cotsom-cds demo --chart my-patient.json
    """
    console = terminal()
    _overview(surroundings, console)
    with running_service(AS_OF, ZONE) as base, tempfile.TemporaryDirectory(prefix="cotsom-cds-demo-") as folder:
        _open_charts(base, Path(folder), console)
        code = _own_chart(surroundings, chart) if chart else ExitCode.DONE
        _say_how(base, Path(folder), console)
        if sys.stdin.isatty() and sys.stdout.isatty():
            _until_stopped(console)
    raise SystemExit(int(code))


def _overview(surroundings: Surroundings, console: Console) -> None:
    """Every bundled patient, judged as `assess` does, and all of them at a glance."""
    loaded = prepare(surroundings, None, None, ZONE)
    words = load_words("en", loaded.protocol.titles)
    moment = Moment(read_clock(AS_OF), read_zone(ZONE))
    files = tuple(str(file) for file in sorted(PATIENTS.glob("*.json")))
    judged = [judge_chart(c, loaded, moment, None) for c in read_charts(files, surroundings.standard_input)]
    shown = [(Path(j.name).stem, j.assessment) for j in judged if j.assessment is not None]
    for name, assessment in shown:
        console.rule(name)
        console.print(show_assessment(assessment, loaded.protocol, words, name, brief=True))
    console.rule("all patients")
    console.print(show_overview(shown, words))


def _open_charts(base: str, folder: Path, console: Console) -> None:
    """Opens every chart over HTTP, as an EHR does, and shows what comes back."""
    service = next(s for s in discover(base) if s["hook"] == "patient-view")
    for file in sorted(PATIENTS.glob("*.json")):
        request = hook_request(service, json.loads(file.read_bytes()))
        (folder / file.name).write_text(json.dumps(request, ensure_ascii=False), encoding="utf-8")
        console.rule(f"an EHR opens the chart {file.stem}")
        console.print(show_cards(cards_of(base, service, request)))


def _say_how(base: str, folder: Path, console: Console) -> None:
    body = shlex.quote(f"@{folder / '02-inr-and-ecog-missing.json'}")
    address = f"{base}/cds-services/cotsom-patient-view"
    console.rule("try it")
    console.print(f"The service: {base}/cds-services", soft_wrap=True)
    console.print(f"curl -s -H 'Content-Type: application/json' --data {body} {address}", soft_wrap=True, markup=False)
    console.print("It answers this machine alone and does not check who calls: a demonstration.")


def _until_stopped(console: Console) -> None:
    console.print("Ctrl-C ends it.")
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        console.print("Ended.")


def _own_chart(surroundings: Surroundings, chart: str) -> ExitCode:
    """A chart of the reader's own, as of now."""
    loaded = prepare(surroundings, None, None, None)
    words = load_words("en", loaded.protocol.titles)
    moment = Moment(loaded.settings.clock or surroundings.now(), loaded.settings.zone)
    console = terminal()
    code = ExitCode.DONE
    for one in read_charts((chart,), surroundings.standard_input):
        judged = judge_chart(one, loaded, moment, None)
        if judged.assessment is None:
            click.echo(f"cotsom-cds: {judged.name}: {judged.problem}", err=True)
            code = ExitCode.BAD_INPUT
        else:
            console.rule(judged.name)
            console.print(show_assessment(judged.assessment, loaded.protocol, words, judged.name))
    return code
