"""`check-order` as it is called: the same cards whichever way the chart is given, and its refusals."""

import json
from pathlib import Path

import click
import pytest

from cds_service.commands.assessing import assess_command
from cds_service.commands.checking import check_order_command
from cds_service.commands.timelines import timeline_command
from tests.acceptance import FIXED, PATIENT, Ran, invoke, ndjson, run, write
from tests.http_calls import Json
from tests.order_calls import enrolled_chart, tace

CHART = enrolled_chart()
RESOURCES = [entry["resource"] for entry in CHART["entry"]]
DRAFT = tace("2026-11-24")


def check(folder: Path, chart: str) -> Ran:
    draft = folder / write(folder, "draft.json", DRAFT)
    return invoke("check-order", str(folder / chart), "--draft", str(draft), *FIXED)


def ended(ran: Ran) -> list[Json]:
    """The orders that the cards would end."""
    assert (ran.code, ran.err) == (0, "")
    (document,) = ran.documents
    actions = [a for card in document["cards"] for one in card.get("suggestions", ()) for a in one["actions"]]
    return [a["resource"] for a in actions if a["type"] == "update" and a["resource"]["id"] == "course"]


def test_the_order_to_be_ended_is_found_in_a_file_a_folder_lines_and_input(tmp_path: Path) -> None:
    folder = tmp_path / "export"
    folder.mkdir()
    for resource in RESOURCES:
        write(folder, f"{resource['resourceType']}-{resource['id']}.json", resource)
    write(tmp_path, "chart.json", CHART)
    write(tmp_path, "chart.ndjson", ndjson(*RESOURCES))
    (expected,) = ended(check(tmp_path, "chart.json"))
    assert expected["dosageInstruction"][0]["timing"]["repeat"]["boundsPeriod"]["end"] == "2026-11-23"
    assert ended(check(tmp_path, "export")) == [expected]
    assert ended(check(tmp_path, "chart.ndjson")) == [expected]
    piped = run(tmp_path, "check-order", "-", "--draft", "draft.json", *FIXED, given=json.dumps(CHART).encode())
    assert ended(piped) == [expected]


@pytest.mark.parametrize("name", ["chart.ndjson", "none.json"])
def test_drafts_are_checked_for_one_patient(tmp_path: Path, name: str) -> None:
    write(tmp_path, "chart.ndjson", ndjson(*RESOURCES, {**PATIENT, "id": "p2"}))
    ran = check(tmp_path, name)
    assert (ran.code, ran.out) == (65, "")
    assert name in ran.err
    assert "Traceback" not in ran.err


def test_the_commands_that_judge_a_chart_explain_the_options_they_share_alike() -> None:
    shared = {"--as-of", "--time-zone", "--supplied", "--site", "--language"}
    told = [
        {one.opts[0]: one.help for one in command.params if isinstance(one, click.Option) and one.opts[0] in shared}
        for command in (assess_command, timeline_command, check_order_command)
    ]
    assert told[0].keys() == shared
    assert told[1:] == told[:1] * 2
