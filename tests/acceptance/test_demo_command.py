"""`demo`: the bundled patients judged on a fixed day, their orders checked, and a chart of the reader's own."""

import json
import re
from pathlib import Path
from typing import Any

import fhirkit
import pytest

from cds_service.catalogues import load_words
from cds_service.commands.demonstrating import DRAFTS, PATIENTS
from cds_service.demo.client import Service, hook_request
from cds_service.demo.elements import reference
from cds_service.demo.orders import Orders, accept, read_orders, waits_for_results
from cds_service.demo.showing import order_line
from cds_service.trial.assessment import Status
from tests.acceptance import BRAIN, CANCER, PATIENT, Ran, bundle, condition, run, write

NAMES = sorted(file.stem for file in PATIENTS.glob("*.json"))
ORDERED = sorted(file.stem for file in DRAFTS.glob("*.json"))
CATALOGUE = load_words("en", {}).catalogue
QUIET = "Second check: quiet"
WAITS = "Second check: all is ordered, it waits only for a result."


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    return run(tmp_path_factory.mktemp("demo"), "demo", environment={"COLUMNS": "200"})


def overview(ran: Ran) -> dict[str, str]:
    """The closing table: a patient's name, and the row."""
    _, _, table = ran.out.rpartition(" overview ")
    rows = [line.split(maxsplit=1) for line in table.splitlines()[1:] if line.strip()]
    return {row[0]: row[1] for row in rows if row[0] in NAMES}


def section(ran: Ran, title: str) -> str:
    """What stands under a heading, up to the next, with lines and spaces run together."""
    _, found, rest = ran.out.partition(f" {title} ─")
    assert found, title
    return " ".join(re.split(r"^─+ \S", rest, maxsplit=1, flags=re.MULTILINE)[0].translate({0x2502: " "}).split())


def test_every_bundled_patient_is_judged(demo: Ran) -> None:
    assert (demo.code, demo.err) == (0, "")
    assert len(NAMES) == 16
    assert sorted(overview(demo)) == NAMES
    for name in NAMES:
        assert f" {name} " in demo.out


def test_every_roll_up_value_appears(demo: Ran) -> None:
    rows = overview(demo).values()
    for status in Status:
        words = CATALOGUE[f"status.{status}"]
        assert any(row.startswith(words) for row in rows), status


def test_a_patient_who_may_enter_later_is_told_from_when(demo: Ran) -> None:
    assert "2026-12-12" in overview(demo)["03-not-before-12-december"]


def test_the_demo_is_the_same_on_any_day(demo: Ran, tmp_path: Path) -> None:
    later = {"COLUMNS": "200", "COTSOM_CLOCK": "2031-01-01T00:00:00+00:00"}
    assert without_addresses(run(tmp_path, "demo", environment=later)) == without_addresses(demo)


def without_addresses(ran: Ran) -> str:
    """What was printed, but for the port and the folder of this one run."""
    return re.sub(r"127\.0\.0\.1:\d+|@\S*cotsom-cds-demo-[^/]*", "", ran.out)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("11-sorafenib-due-today", "due now, until 2026-11-25 (NEXT-01)"),
        ("12-response-imaging-overdue", "overdue, was due by 2026-11-17 (NEXT-02)"),
        ("13-tace-with-sorafenib-still-on", "no card"),
        ("14-safety-results-missing", "INR or platelet count: due now, until 2026-11-25 (NEXT-04)"),
        ("15-complete-response", "no card"),
        (
            "16-liver-function-worsened",
            "TACE is no longer permitted: review whether treatment goes on (due now) (NEXT-06)",
        ),
    ],
)
def test_an_opened_chart_of_an_enrolled_patient_says_what_is_due(demo: Ran, name: str, said: str) -> None:
    assert overview(demo)[name].startswith(CATALOGUE["status.enrolled"])
    assert said in section(demo, f"an EHR opens the chart {name}")


@pytest.mark.parametrize(
    ("name", "rules", "action", "after", "second"),
    [
        (
            "11-sorafenib-due-today",
            ("SOR-02", "SOR-06"),
            "update: Change the order Sorafenib 200 mg tablets: end 2026-12-17, 400 mg twice a day",
            "Sorafenib 200 mg tablets, 400 mg twice a day, 2026-11-22 to 2026-12-17",
            QUIET,
        ),
        (
            "13-tace-with-sorafenib-still-on",
            ("TACE-01", "SOR-01"),
            "update: End Sorafenib 200 mg tablets on 2026-11-23",
            "in the chart Sorafenib 200 mg tablets, 400 mg (2 tablets) twice a day, 2026-10-23 to 2026-11-23",
            QUIET,
        ),
        (
            "14-safety-results-missing",
            ("TACE-02",),
            "create: Order INR between 2026-11-22 and 2026-11-23",
            "2026-11-22 to 2026-11-23",
            WAITS,
        ),
        (
            "15-complete-response",
            ("TACE-06",),
            "delete: Remove the order: Conventional TACE",
            "Draft orders now none",
            QUIET,
        ),
        (
            "16-liver-function-worsened",
            ("TACE-03",),
            "delete: Remove the order: Conventional TACE",
            "Draft orders now none",
            QUIET,
        ),
    ],
)
def test_orders_are_checked_corrected_and_checked_again(  # noqa: PLR0917 - a row of the table
    demo: Ran, name: str, rules: tuple[str, ...], action: str, after: str, second: str
) -> None:
    shown = section(demo, f"an EHR has orders to sign: {name}")
    before, _, corrected = shown.partition("Accepted.")
    assert sorted(re.findall(r"\(((?:TACE|SOR|CON)-\d+)\)", before)) == sorted(rules)
    assert action in before
    assert after in corrected
    assert second in corrected


def test_an_order_that_fits_brings_no_card(demo: Ran) -> None:
    shown = section(demo, "an EHR has orders to sign: 12-response-imaging-overdue")
    assert "Dynamic CT of the liver, 2026-11-23" in shown
    assert "no card" in shown
    assert "Second check" not in shown


def test_every_draft_is_of_a_bundled_patient_and_not_yet_signed() -> None:
    assert [name[:2] for name in ORDERED] == ["11", "12", "13", "14", "15", "16"]
    for name in ORDERED:
        orders = read_orders(*(json.loads((folder / f"{name}.json").read_bytes()) for folder in (PATIENTS, DRAFTS)))
        subject = {"reference": reference(orders.chart[0])}
        assert orders.drafts
        assert all((one["subject"], one["status"]) == (subject, "draft") for one in orders.drafts)


@pytest.mark.parametrize(
    "file", [*sorted(PATIENTS.glob("*.json")), *sorted(DRAFTS.glob("*.json"))], ids=lambda f: f.stem
)
def test_what_is_bundled_is_valid_fhir(file: Path) -> None:
    assert [str(issue) for issue in fhirkit.validate(file.read_bytes())] == []


def order(identity: str, code: str = "tace", **elements: Any) -> dict[str, Any]:  # noqa: ANN401 - any FHIR element
    return {"resourceType": "ServiceRequest", "id": identity, "code": {"text": code}, **elements}


def card(*actions: dict[str, Any], rule: str = "TACE-02") -> dict[str, Any]:
    suggested = {"suggestions": [{"actions": list(actions)}]} if actions else {}
    return {"extension": {"org.cotsom-cds": {"rules": [{"id": rule}]}}, **suggested}


def test_what_is_accepted_changes_the_order_that_is_meant_and_no_other() -> None:
    orders = Orders(chart=(order("c1"), order("c2")), drafts=(order("d1"), order("d2")))
    moved = card({"type": "update", "resource": order("d2", "moved")})
    ended = card({"type": "update", "resource": order("c1", "ended")})
    removed = card({"type": "delete", "resourceId": "ServiceRequest/d1"})
    added = card({"type": "create", "resource": {"resourceType": "ServiceRequest", "code": {"text": "INR"}}})
    after = accept(orders, (moved, ended, removed, added, card()))
    assert after.chart == (order("c1", "ended"), order("c2"))
    assert after.drafts == (order("d2", "moved"), order("ordered-1", "INR"))


def test_an_order_given_an_id_takes_no_other_orders_id() -> None:
    added = card({"type": "create", "resource": order("", "INR")})
    removed = card({"type": "delete", "resourceId": "ServiceRequest/d1"})
    after = accept(Orders((), (order("d1"),)), (added, removed, added))
    assert len({reference(one) for one in after.drafts}) == len(after.drafts) == 2


@pytest.mark.parametrize(
    ("again", "waits"),
    [
        (card({"type": "create", "resource": order("", "INR")}), True),
        (card({"type": "create", "resource": order("", "platelets")}), False),
        (card({"type": "update", "resource": order("d1")}), False),
        (card(), True),
        (card(rule="TACE-04"), False),
    ],
)
def test_a_second_check_waits_only_when_the_test_is_ordered(again: dict[str, Any], *, waits: bool) -> None:
    assert waits_for_results([again], Orders((), (order("d1"), order("ordered-2", "INR")))) is waits


@pytest.mark.parametrize(
    ("resource", "line"),
    [
        (order("d1", "TACE", occurrenceDateTime="2026-11-24"), "TACE, 2026-11-24"),
        (order("d1", "INR", occurrencePeriod={"start": "2026-11-22"}), "INR, from 2026-11-22"),
        (order("d1", "TACE"), "TACE"),
        ({"resourceType": "MedicationRequest", "id": "d2"}, "MedicationRequest"),
    ],
)
def test_an_order_is_shown_in_a_line(resource: dict[str, Any], line: str) -> None:
    assert order_line(resource) == line


def test_a_call_has_an_instance_of_its_own_that_can_be_repeated() -> None:
    service = Service("http://cds.example", "s", "order-sign", "S")
    first, again, other = (
        hook_request(service, (PATIENT,), {"draftOrders": {"entry": entry}}) for entry in ([], [], [1])
    )
    assert first == again
    assert first["hookInstance"] != other["hookInstance"]
    assert first["context"]["patientId"] == PATIENT["id"]


def test_a_chart_of_ones_own_is_judged_as_of_the_set_clock(tmp_path: Path) -> None:
    chart = write(tmp_path, "mine.json", bundle(PATIENT, condition(CANCER), condition(BRAIN)))
    clock = {"COTSOM_CLOCK": "2026-11-25T09:00:00+00:00", "COLUMNS": "200"}
    ran = run(tmp_path, "demo", "--chart", chart, environment=clock)
    assert (ran.code, ran.err) == (0, "")
    _, _, own = ran.out.rpartition(" mine.json ")
    assert "Patient/p1" in own
    assert "2026-11-25 09:00" in own
    assert "x E4" in own


@pytest.mark.parametrize(
    ("content", "said"), [(b"", "the input is empty"), (b"{}", "resourceType is missing"), (None, "no such file")]
)
def test_a_chart_of_ones_own_that_cannot_be_read_is_told(tmp_path: Path, content: bytes | None, said: str) -> None:
    if content is not None:
        write(tmp_path, "mine.json", content)
    ran = run(tmp_path, "demo", "--chart", "mine.json", environment={"COLUMNS": "200"})
    assert ran.code == 65
    assert "mine.json" in ran.err
    assert said in ran.err
    assert "Traceback" not in ran.err
