"""`cotsom-cds lint-card`: what an EHR would make of a card, ours or another's."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click
import orjson
from rich.text import Text

from cards.dialects import DIALECTS, Dialect
from cards.linting import Finding, lint
from cards.linting_parts import Severity
from cds_service.commands.group import Surroundings
from cds_service.commands.running import is_terminal
from cds_service.errors import BadInputError, ExitCode
from cds_service.terminal import terminal

_STYLES = {Severity.REFUSED: "bold red", Severity.DROPPED: "yellow", Severity.OTHERWISE: "cyan"}
_WIDEST = max(len(severity.value) for severity in Severity)


@click.command("lint-card")
@click.argument("card")
@click.option("--ehr", type=click.Choice([*DIALECTS, "all"]), default="all", show_default=True, help="Whose EHR.")
@click.option("--format", "shape", type=click.Choice(["text", "json"]), help="Default: text on a terminal, else json.")
@click.pass_obj
def lint_card_command(surroundings: Surroundings, card: str, ehr: str, shape: str | None) -> None:
    """Say what an EHR would refuse, drop or show otherwise in a card.

    CARD is the JSON of one card or of a whole answer ({"cards": [...]}), whoever made it, or - for standard input. A
    finding of "generic" holds for every EHR: it is the specification's.

    \b
    Examples:
      cotsom-cds lint-card answer.json
      cotsom-cds lint-card answer.json --ehr epic --format text
      curl -s --data @request.json -H 'Content-Type: application/json' \\
        http://127.0.0.1:8080/cds-services/cotsom-patient-view | cotsom-cds lint-card -

    Exit codes: 0 nothing that an EHR may refuse, 2 wrong usage, 65 not JSON of a card, or something may be refused.
    """
    given = _read(surroundings, card)
    dialects = tuple(DIALECTS.values()) if ehr == "all" else (DIALECTS[ehr],)
    found = [finding for path, one in _cards(given) for finding in lint(one, dialects, path)]
    if (shape or ("text" if is_terminal() else "json")) == "json":
        click.echo(orjson.dumps({"findings": [finding.document() for finding in found]}))
    else:
        for line in _lines(found, dialects):
            terminal().print(line, soft_wrap=True)
    if any(finding.severity is Severity.REFUSED for finding in found):
        raise SystemExit(int(ExitCode.BAD_INPUT))


def _read(surroundings: Surroundings, name: str) -> Mapping[str, Any]:
    try:
        body = surroundings.standard_input.read() if name == "-" else Path(name).read_bytes()
        given = orjson.loads(body)
    except OSError as error:
        raise BadInputError(f"{name}: cannot be read: {error.strerror}") from None
    except orjson.JSONDecodeError:
        raise BadInputError(f"{name}: not JSON") from None
    if not isinstance(given, dict):
        raise BadInputError(f'{name}: a card, or an answer {{"cards": [...]}}, was expected')
    cards = given.get("cards", [])
    if not isinstance(cards, list) or not all(isinstance(one, dict) for one in cards):
        raise BadInputError(f"{name}: cards: a list of objects was expected")
    if "cards" not in given and not {"summary", "indicator", "source"} & set(given):
        raise BadInputError(f"{name}: neither a card nor an answer: it has no cards, summary, indicator or source")
    return given


def _cards(given: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    if "cards" not in given:
        return [("card", given)]
    return [(f"cards[{at}]", one) for at, one in enumerate(given["cards"])]


def _lines(found: list[Finding], dialects: tuple[Dialect, ...]) -> Iterator[Text]:
    """One line a finding: place, severity, EHR, and what."""
    if not found:
        yield Text(f"Nothing to say for {', '.join(dialect.name for dialect in dialects)}.")
    place, ehr = (max((len(text) for text in texts), default=0) for texts in _columns(found))
    for one in found:
        severity = (f"{one.severity.value:{_WIDEST}}", _STYLES[one.severity])
        yield Text.assemble(f"{one.path:{place}}  ", severity, f"  {DIALECTS[one.ehr].name:{ehr}}  {one.what}")


def _columns(found: list[Finding]) -> tuple[list[str], list[str]]:
    return [one.path for one in found], [DIALECTS[one.ehr].name for one in found]
