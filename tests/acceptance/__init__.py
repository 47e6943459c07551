"""The command as it is installed, run as a process of its own; and small charts to hand to it."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from click.testing import CliRunner

from cds_service.cli import main
from tests.case_codes import concept

Json = dict[str, Any]

COMMAND: Final = Path(sys.executable).with_name("cotsom-cds")
AS_OF: Final = "2026-11-22T09:00:00+09:00"
FIXED: Final = ("--as-of", AS_OF, "--time-zone", "Asia/Seoul", "--format", "json")

PATIENT: Final[Json] = {"resourceType": "Patient", "id": "p1", "gender": "male", "birthDate": "1968-04-12"}
CANCER: Final = "hepatocellular-carcinoma"
BRAIN: Final = "brain-metastasis"


@dataclass(frozen=True, slots=True)
class Ran:
    """What a process said, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def documents(self) -> list[Json]:
        """The JSON documents printed, one a line."""
        return [json.loads(line) for line in self.out.splitlines()]


def run(folder: Path, *arguments: str, given: bytes = b"", environment: Mapping[str, str] | None = None) -> Ran:
    """Runs `cotsom-cds` in a folder, without the settings that the tester's own environment may hold."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("COTSOM_")}
    done = subprocess.run(  # noqa: S603 - our own command with arguments of the tests
        [COMMAND, *arguments],
        cwd=folder,
        input=given,
        env={**own, **(environment or {})},
        capture_output=True,
        timeout=180,
        check=False,
    )
    return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())


def invoke(*arguments: str, **environment: str) -> Ran:
    """The command in this process, where a table of slips would start too many; paths are absolute."""
    done = CliRunner().invoke(main, arguments, env={"COLUMNS": "200", **environment})
    return Ran(done.exit_code, done.stdout, done.stderr)


def assess(folder: Path, *charts: object, options: tuple[str, ...] = FIXED) -> Ran:
    """Assesses charts given as bytes or JSON, written to `chart-0.json` and so on."""
    names = [write(folder, f"chart-{at}.json", chart) for at, chart in enumerate(charts)]
    return run(folder, "assess", *names, *options)


def write(folder: Path, name: str, content: object) -> str:
    """Writes bytes as they are, texts as UTF-8 and anything else as JSON; the name, for the command line."""
    if isinstance(content, bytes):
        (folder / name).write_bytes(content)
    else:
        (folder / name).write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return name


def ndjson(*resources: object) -> str:
    """The resources as NDJSON."""
    return "".join(json.dumps(resource) + "\n" for resource in resources)


def bundle(*resources: object, kind: str = "collection", **elements: object) -> Json:
    """A Bundle of these resources."""
    entries = [{"resource": resource} for resource in resources]
    return {"resourceType": "Bundle", "type": kind, **elements, "entry": entries}


def condition(name: str, identity: str | None = None, **elements: object) -> Json:
    """An active confirmed condition of a value set."""
    return {
        "resourceType": "Condition",
        "id": identity or name,
        "subject": {"reference": "Patient/p1"},
        "code": concept(name),
        "onsetDateTime": "2026-10-20",
        **elements,
    }


def bilirubin(value: object, identity: str = "bilirubin", **elements: object) -> Json:
    """A total bilirubin two days old."""
    return {
        "resourceType": "Observation",
        "id": identity,
        "status": "final",
        "subject": {"reference": "Patient/p1"},
        "code": concept("bilirubin-total"),
        "effectiveDateTime": "2026-11-20",
        "valueQuantity": {"value": value, "unit": "mg/dL"},
        **elements,
    }


def verdict(document: Json, criterion: str) -> str:
    """The verdict of one line."""
    return str(next(one["verdict"] for one in document["criteria"] if one["id"] == criterion))


def states(document: Json) -> dict[str, str]:
    """The state of every source."""
    return {one["id"]: one["state"] for one in document["sources"]}


def not_read(document: Json) -> dict[str, str]:
    """The sources that were not supplied whole."""
    return {name: state for name, state in states(document).items() if state != "supplied"}
