"""`cotsom-cds lint-card`, and the product's own cards held against it, in every dialect."""

import json
from functools import cache
from pathlib import Path
from typing import Final

import pytest
from flask.testing import FlaskClient

from cards.dialects import DIALECTS
from cards.linting import Finding, lint
from cards.linting_parts import Severity
from cds_service.commands.demonstrating import DRAFTS, PATIENTS
from tests.acceptance import AS_OF, invoke, run, write
from tests.cards_golden import GOLDEN, golden_charts
from tests.http_calls import FEEDBACK, SERVICE, Json, cards_of, hook_request, resources_of, service
from tests.order_calls import checked, enrolled_chart, order_request, sorafenib, tace

SHEET: Final = "https://sheet.example/launch"
OTHERS: Final[Json] = {
    "summary": "Consider naloxone",
    "indicator": "info",
    "source": {"label": "Another vendor"},
    "links": [{"label": "App", "url": "https://app.example/launch", "type": "smart"}],
}


@cache
def caller(ehr: str, as_of: str = AS_OF, zone: str = "Asia/Seoul") -> FlaskClient:
    return service(as_of, zone, ehr=ehr, worksheet=SHEET).test_client()


def against(cards: list[Json], ehr: str) -> list[Finding]:
    """What the EHR would refuse or drop."""
    found = (finding for card in cards for finding in lint(card, (DIALECTS[ehr],)))
    return [finding for finding in found if finding.severity is not Severity.OTHERWISE]


@pytest.mark.parametrize("ehr", DIALECTS)
@pytest.mark.parametrize("name", sorted(golden_charts()))
def test_no_ehr_refuses_or_drops_anything_of_a_known_patient_s_cards(name: str, ehr: str) -> None:
    chart = golden_charts()[name]
    asked = caller(ehr, chart.get("asOf", AS_OF), chart.get("timeZone", "Asia/Seoul"))
    cards = cards_of(asked.post(SERVICE, json=hook_request(chart["bundle"], chart.get("supplied"))))
    assert against(cards, ehr) == []
    assert bool(cards) == bool(json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8")))


@pytest.mark.parametrize("ehr", DIALECTS)
@pytest.mark.parametrize("file", sorted(DRAFTS.glob("*.json")), ids=lambda file: file.stem)
def test_no_ehr_refuses_or_drops_anything_of_order_cards(file: Path, ehr: str) -> None:
    chart = json.loads((PATIENTS / file.name).read_bytes())
    drafts = resources_of(json.loads(file.read_bytes()))
    told, plain = (checked(order_request(drafts, chart), caller(one)) for one in (ehr, "generic"))
    assert against(told, ehr) == []
    assert [card["uuid"] for card in told] == [card["uuid"] for card in plain]


def test_an_order_card_untold_loses_its_suggestion_in_oracle_and_is_caught() -> None:
    cards = checked(order_request([tace(), sorafenib()], enrolled_chart()), caller("generic"))
    assert {finding.severity for finding in against(cards, "oracle")} == {Severity.DROPPED}
    assert {finding.severity for finding in against(cards, "epic")} == {Severity.DROPPED}


@pytest.mark.parametrize("file", sorted(GOLDEN.glob("*.json")), ids=lambda file: file.stem)
def test_a_golden_file_is_refused_by_no_ehr(file: Path, tmp_path: Path) -> None:
    answer = {"cards": json.loads(file.read_bytes())}
    ran = invoke("lint-card", str(tmp_path / write(tmp_path, "answer.json", answer)), "--format", "json")
    assert ran.code == 0, ran.out
    assert all(one["severity"] == "shown otherwise" for one in ran.documents[0]["findings"])


@pytest.mark.parametrize("feedback", sorted({one.feedback for one in DIALECTS.values() if one.feedback}))
def test_feedback_is_taken_in_the_shape_of_every_dialect(feedback: str) -> None:
    reason = {"reason": {"code": "patient-refuses", "system": "s"}, "userComment": "no"}
    item = {"card": "c", "outcome": "overridden", "outcomeTimestamp": "2026-11-22T00:00:00Z", feedback: reason}
    assert caller("generic").post(FEEDBACK, json={"feedback": [item, item]}).status_code == 204


def test_a_finding_is_one_line_with_place_severity_and_ehr(tmp_path: Path) -> None:
    ran = run(tmp_path, "lint-card", "-", "--ehr", "epic", "--format", "text", given=json.dumps(OTHERS).encode())
    assert ran.code == 0
    lines = [line.split("  ")[0] for line in ran.out.splitlines()]
    assert lines == ["card.uuid", "card.source.topic", "card.links[0]", "card.links[0].label"]
    assert any("card.links[0] " in line and "dropped" in line and "Epic" in line for line in ran.out.splitlines())


def test_nothing_to_say_is_said(tmp_path: Path) -> None:
    ran = run(tmp_path, "lint-card", "-", "--format", "text", given=b'{"cards": []}')
    assert (ran.code, ran.out) == (0, "Nothing to say for CDS Hooks, Epic, Oracle Health.\n")


def test_what_may_be_refused_ends_with_65(tmp_path: Path) -> None:
    card = {**OTHERS, "indicator": "hard-stop"}
    ran = run(tmp_path, "lint-card", write(tmp_path, "card.json", card))
    assert ran.code == 65
    (refused,) = (one for one in ran.documents[0]["findings"] if one["severity"] == "refused")
    assert (refused["path"], refused["ehr"]) == ("card.indicator", "generic")
    assert ran.err == ""


@pytest.mark.parametrize(
    "content", [b"{", b"[]", b"7", b"{}", b'{"cards": {}}', b'{"cards": [1]}', b"\xff", b"[" * 100_000], ids=str
)
def test_what_is_no_card_ends_with_65_and_a_line(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "card.json").write_bytes(content)
    ran = invoke("lint-card", str(tmp_path / "card.json"))
    assert (ran.code, ran.out) == (65, "")
    assert ran.err.startswith("cotsom-cds: ")
    assert "Traceback" not in ran.err


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    ran = invoke("lint-card", str(tmp_path / "none.json"))
    assert ran.code == 65
    assert "none.json" in ran.err
