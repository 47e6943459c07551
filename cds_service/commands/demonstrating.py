"""`cotsom-cds demo`: the service, its bundled patients, the card that each chart opening brings, and order checks."""

import json
import shlex
import signal
import sys
import tempfile
import threading
import webbrowser
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import click
from rich.console import Console

from cds_service.catalogues import load_words
from cds_service.commands.assessing import judge_chart
from cds_service.commands.group import Surroundings
from cds_service.commands.running import prepare
from cds_service.commands.stopping import end_when_told
from cds_service.demo.client import Service, call, cards_in, discover, hook_request
from cds_service.demo.clock import DemoClock
from cds_service.demo.elements import Json
from cds_service.demo.orders import (
    Orders,
    accept,
    bundle_of,
    read_orders,
    resources_of,
    rewritten,
    waits_for_results,
)
from cds_service.demo.server import Running, running_demo
from cds_service.demo.showing import show_cards, show_orders, show_second_check
from cds_service.errors import ConfigurationError, ExitCode
from cds_service.intake import read_charts
from cds_service.settings import Trust, read_clock, read_zone
from cds_service.terminal import show_assessment, show_overview, terminal
from cds_service.trial.case import Moment

PATIENTS = Path(__file__).parent.parent / "demo" / "patients"
DRAFTS = PATIENTS.parent / "drafts"
AS_OF = "2026-11-22T09:00:00+09:00"
ZONE = "Asia/Seoul"
_SCREENS = ("DISPLAY", "WAYLAND_DISPLAY")


@dataclass(frozen=True, slots=True)
class _Stage:
    """Where the demonstration plays: the service, the folder of the calls made, the screen."""

    base: str
    folder: Path
    console: Console

    def service(self, hook: str) -> Service:
        """The service that discovery offers for a hook."""
        _, offered = discover(self.base)
        return next(one for one in offered if one.hook == hook)

    def call(self, service: Service, request: Json, name: str) -> Sequence[Json]:
        """The cards of a call, which is kept as a file."""
        (self.folder / f"{name}.json").write_text(json.dumps(request, ensure_ascii=False), encoding="utf-8")
        exchange = call(service, request)
        if not exchange.succeeded:
            raise ConfigurationError(f"the service answered {exchange.status or exchange.problem} to {service.id}")
        return cards_in(exchange)


@click.command("demo")
@click.option("--chart", type=str, default="", help="Judge this file too, as of today.")
@click.option("--port", default=0, type=click.IntRange(0, 65535), help="Port of the demo EHR.  [default: any free one]")
@click.option("--browser/--no-browser", default=True, help="Open the demo EHR in the browser of a desktop.")
@click.pass_obj
def demo_command(surroundings: Surroundings, chart: str, port: int, *, browser: bool) -> None:
    """Start the service, open the charts of invented patients, show the card that each brings; then a demo EHR.

    The clock stands at 22 November 2026 until it is moved in the EHR. On a terminal service and EHR go on until Ctrl-C;
    they answer this machine alone.

    \b
    Examples:
      cotsom-cds demo
      cotsom-cds demo --chart my-patient.json
      cotsom-cds demo --port 8000 --no-browser
    """
    end_when_told(signal.SIGTERM, signal.SIGHUP)
    console = terminal()
    clock = DemoClock(read_clock(AS_OF))
    settings = replace(prepare(surroundings, None, None, ZONE).settings, clock=None, trust=Trust())  # asks nobody
    with (
        running_demo(settings, clock, port) as running,
        tempfile.TemporaryDirectory(prefix="cotsom-cds-demo-") as folder,
    ):
        stage = _Stage(running.service, Path(folder), console)
        _overview(surroundings, console)
        _open_charts(stage)
        _sign_orders(stage)
        code = _own_chart(surroundings, chart) if chart else ExitCode.DONE
        _say_how(stage, running)
        if sys.stdin.isatty() and sys.stdout.isatty():
            _until_stopped(running, console, browser=browser and _has_desktop(surroundings))
    raise SystemExit(int(code))


def _has_desktop(surroundings: Surroundings) -> bool:
    """Whether there is a screen on which a browser can open."""
    return sys.platform in ("darwin", "win32") or any(surroundings.environment.get(n) for n in _SCREENS)


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


def _open_charts(stage: _Stage) -> None:
    """Opens every chart over HTTP, as an EHR does, and shows what comes back."""
    service = stage.service("patient-view")
    for file in sorted(PATIENTS.glob("*.json")):
        request = hook_request(service, resources_of(json.loads(file.read_bytes())))
        stage.console.rule(f"an EHR opens the chart {file.stem}")
        stage.console.print(show_cards(stage.call(service, request, file.stem)))


def _sign_orders(stage: _Stage) -> None:
    """Has the draft orders checked over HTTP, as an EHR does before they are signed."""
    service = stage.service("order-sign")
    for file in sorted(DRAFTS.glob("*.json")):
        chart = json.loads((PATIENTS / file.name).read_bytes())
        stage.console.rule(f"an EHR has orders to sign: {file.stem}")
        _sign(stage, service, read_orders(chart, json.loads(file.read_bytes())), file.stem)


def _sign(stage: _Stage, service: Service, orders: Orders, name: str) -> None:
    """One patient's orders: checked, corrected as the cards suggest, checked again."""
    stage.console.print(show_orders("Draft orders", orders.drafts))
    cards = _check(stage, service, orders, f"{name}.order-sign")
    stage.console.print(show_cards(cards))
    if not cards:
        return
    corrected = accept(orders, cards)
    stage.console.print(show_orders("Accepted. Draft orders now", corrected.drafts))
    changed = rewritten(orders, corrected)
    if changed:
        stage.console.print(show_orders("Orders changed in the chart", changed))
    again = _check(stage, service, corrected, f"{name}.order-sign-again")
    stage.console.print(show_second_check(again, waits=waits_for_results(again, corrected)))


def _check(stage: _Stage, service: Service, orders: Orders, name: str) -> Sequence[Json]:
    context = {"draftOrders": bundle_of(orders.drafts)}
    return stage.call(service, hook_request(service, orders.chart, context), name)


def _say_how(stage: _Stage, running: Running) -> None:
    console = stage.console
    console.rule("try it")
    console.print(f"The service: {stage.base}/cds-services", soft_wrap=True)
    for name, service in (
        ("02-inr-and-ecog-missing", "cotsom-patient-view"),
        ("13-tace-with-sorafenib-still-on.order-sign", "cotsom-order-sign"),
    ):
        body = shlex.quote(f"@{stage.folder / name}.json")
        address = f"{stage.base}/cds-services/{service}"
        json_type = "-H 'Content-Type: application/json'"
        console.print(f"curl -s {json_type} --data {body} {address}", soft_wrap=True, markup=False)
    console.print("It answers this machine alone and does not check who calls: a demonstration.")
    console.print(f"The demo EHR, to click through: {running.ehr}", soft_wrap=True)


def _until_stopped(running: Running, console: Console, *, browser: bool) -> None:
    # A shell that starts a program in the background has it ignore Ctrl-C, which would then never end.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    console.print("Ctrl-C ends both.")
    if browser:
        webbrowser.open(running.ehr)
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
