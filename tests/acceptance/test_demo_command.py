"""`demo`: the bundled patients judged on a fixed day, and a chart of the reader's own."""

from pathlib import Path

import pytest

from cds_service.catalogues import load_words
from cds_service.commands.demonstrating import PATIENTS
from cds_service.trial.assessment import Status
from tests.acceptance import BRAIN, CANCER, PATIENT, Ran, bundle, condition, run, write

NAMES = sorted(file.stem for file in PATIENTS.glob("*.json"))
CATALOGUE = load_words("en", {}).catalogue


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    return run(tmp_path_factory.mktemp("demo"), "demo", environment={"COLUMNS": "200"})


def overview(ran: Ran) -> dict[str, str]:
    """The closing table: a patient's name, and the row."""
    _, _, table = ran.out.rpartition(" overview ")
    rows = [line.split(maxsplit=1) for line in table.splitlines()[1:] if line.strip()]
    return {row[0]: row[1] for row in rows if row[0] in NAMES}


def test_every_bundled_patient_is_judged(demo: Ran) -> None:
    assert (demo.code, demo.err) == (0, "")
    assert len(NAMES) >= 6
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
    assert run(tmp_path, "demo", environment=later).out == demo.out


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
