"""`assess --format html`: one patient's assessment as a file to print or keep."""

from pathlib import Path

import pytest

from cds_service.commands.demonstrating import PATIENTS
from tests.acceptance import AS_OF, PATIENT, Ran, bundle, invoke, ndjson, run, write

PAGE = ("--as-of", AS_OF, "--time-zone", "Asia/Seoul", "--format", "html", "--output")
CHART = PATIENTS / "12-response-imaging-overdue.json"


def test_a_page_in_a_file_of_its_own(tmp_path: Path) -> None:
    ran = run(tmp_path, "assess", str(CHART), *PAGE, "page.html")
    assert (ran.code, ran.out, ran.err) == (0, "", "")
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert text.startswith("<!doctype html>")
    for said in ("Patient/demo-12", "2026-11-22 09:00 KST", "E23", "overdue", "<svg ", "not a medical device"):
        assert said in text
    for loaded in ("<script", "<link", "src=", "http://", "https://", "@import", "url(/"):
        assert loaded not in text.replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert "<details" in text
    assert text.count("<details") == text.count(" open>")


def test_the_same_chart_gives_the_same_bytes(tmp_path: Path) -> None:
    texts = []
    for name in ("a.html", "b.html"):
        assert invoke("assess", str(CHART), *PAGE, str(tmp_path / name)).code == 0
        texts.append((tmp_path / name).read_bytes())
    assert texts[0] == texts[1]


def test_a_file_that_is_there_is_written_over_only_when_asked(tmp_path: Path) -> None:
    mine = tmp_path / write(tmp_path, "mine.html", "mine")
    refused = invoke("assess", str(CHART), *PAGE, str(mine))
    assert (refused.code, mine.read_text(encoding="utf-8")) == (2, "mine")
    assert "--force" in refused.err
    assert invoke("assess", str(CHART), *PAGE, str(mine), "--force").code == 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--format", "html"), "needs --output"),
        (("--output", "x.html"), "--format html only"),
        (("--format", "json", "--output", "x.html"), "--format html only"),
    ],
)
def test_a_format_and_a_file_that_do_not_go_together(options: tuple[str, ...], said: str) -> None:
    ran: Ran = invoke("assess", str(CHART), *options)
    assert (ran.code, ran.out, said in ran.err) == (2, "", True)


@pytest.mark.parametrize(
    ("chart", "said"),
    [
        (ndjson(PATIENT, {**PATIENT, "id": "p2"}), "2 patients"),
        (b"{", "chart.json"),
        (bundle(), "chart.json"),
    ],
    ids=["two", "no JSON", "nobody"],
)
def test_without_one_readable_patient_there_is_no_file(tmp_path: Path, chart: object, said: str) -> None:
    given = str(tmp_path / write(tmp_path, "chart.json", chart))
    ran = invoke("assess", given, *PAGE, str(tmp_path / "page.html"))
    assert (ran.code, ran.out, said in ran.err) == (65, "", True)
    assert not (tmp_path / "page.html").exists()
