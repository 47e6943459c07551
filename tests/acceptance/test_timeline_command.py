"""`timeline` as a process: its text and JSON, its exit codes, and what it says of patients who have no timeline."""

from pathlib import Path

import pytest

from tests.acceptance import AS_OF, CANCER, FIXED, PATIENT, Json, Ran, bundle, condition, invoke, ndjson, run, write
from tests.case_codes import concept

KEYS = ["trial", "protocolVersion", "asOf", "patient", "status", "phase"]
CYCLE = ["tace", "lastDose", "safety", "restart", "imaging", "examination", "examinationExpected", "conflicts", "open"]


def enrolled(status: str = "on-study") -> Json:
    return {
        "resourceType": "ResearchSubject",
        "id": "s",
        "status": status,
        "period": {"start": "2026-09-01"},
        "individual": {"reference": "Patient/p1"},
        "study": {"identifier": {"value": "NCT02311205"}},
    }


SESSION: Json = {
    "resourceType": "Procedure",
    "id": "t",
    "status": "completed",
    "subject": {"reference": "Patient/p1"},
    "code": concept("tace"),
    "performedDateTime": "2026-10-26",
}
CHART = bundle(PATIENT, condition(CANCER), enrolled(), SESSION)
TEXT = ("--as-of", AS_OF, "--time-zone", "Asia/Seoul", "--format", "text")


def timeline(folder: Path, chart: object, *options: str) -> Ran:
    return invoke("timeline", str(folder / write(folder, "chart.json", chart)), *options)


def test_json_as_a_process(tmp_path: Path) -> None:
    write(tmp_path, "chart.json", CHART)
    ran = run(tmp_path, "timeline", "chart.json", *FIXED, "--tace", "2026-12-03")
    assert (ran.code, ran.err) == (0, "")
    (document,) = ran.documents
    assert list(document) == [*KEYS, "note", "latestTace", "latestTaceCertain", "events", "steps", "cycle", "sources"]
    assert (document["note"], document["latestTace"], document["latestTaceCertain"]) == (None, "2026-10-26", True)
    assert [event["kind"] for event in document["events"]] == ["enrolment", "tace"]
    assert list(document["cycle"]) == CYCLE
    assert document["cycle"]["restart"] == ["2026-12-06", "2026-12-10"]
    for conflict in document["cycle"]["conflicts"]:
        assert list(conflict) == ["part", "against", "severity", "rule", "reason"]
        assert conflict["reason"][0].isupper()


def test_the_steps_are_those_of_assess(tmp_path: Path) -> None:
    (document,) = timeline(tmp_path, CHART, *FIXED).documents
    (assessed,) = invoke("assess", str(tmp_path / "chart.json"), *FIXED).documents
    assert document["steps"] == assessed["steps"]
    assert document["steps"]
    assert document["cycle"] is None


def test_the_same_chart_gives_the_same_bytes_and_no_terminal_no_colour(tmp_path: Path) -> None:
    first = timeline(tmp_path, CHART, *TEXT, "--tace", "2026-12-03")
    assert first.code == 0
    assert first == timeline(tmp_path, CHART, *TEXT, "--tace", "2026-12-03")
    assert "\x1b" not in first.out
    for said in ("2026-10-26", "NEXT-02", "The cycle of a TACE on 2026-12-03", "2026-12-06 to 2026-12-10", "TACE-05"):
        assert said in first.out


@pytest.mark.parametrize("columns", ["80", "120"])
def test_a_reference_is_not_broken_and_stands_behind_the_reason(tmp_path: Path, columns: str) -> None:
    session = {**SESSION, "id": "procedure-of-october-26"}
    write(tmp_path, "chart.json", bundle(PATIENT, condition(CANCER), enrolled(), session))
    ran = run(tmp_path, "timeline", "chart.json", *TEXT, "--tace", "2026-12-03", environment={"COLUMNS": columns})
    recorded, _, conflicts = ran.out.partition("What conflicts")
    assert "Procedure/procedure-of-october-26" in recorded
    assert max(map(len, ran.out.splitlines())) <= int(columns)
    words = " ".join(conflicts.split())
    assert "since the TACE of 2026-10-26 TACE-05 Procedure/procedure-of-october-26" in words


@pytest.mark.parametrize(
    ("resources", "said"),
    [
        ((), "there is no timeline"),
        ((enrolled("screening"),), "eligibility is judged instead"),
        ((enrolled("withdrawn"),), "there is no timeline"),
    ],
)
def test_a_patient_who_is_not_enrolled_is_told_so(tmp_path: Path, resources: tuple[Json, ...], said: str) -> None:
    chart = bundle(PATIENT, condition(CANCER), *resources)
    text = timeline(tmp_path, chart, *TEXT, "--tace", "2026-12-03")
    assert (text.code, said in text.out) == (0, True)
    (document,) = timeline(tmp_path, chart, *FIXED, "--tace", "2026-12-03").documents
    assert said in document["note"]
    assert (document["events"], document["steps"], document["cycle"]) == ([], [], None)


def test_a_patient_who_died_has_no_timeline(tmp_path: Path) -> None:
    chart = bundle({**PATIENT, "deceasedBoolean": True}, condition(CANCER), enrolled(), SESSION)
    assert "there is no timeline" in timeline(tmp_path, chart, *TEXT).out


@pytest.mark.parametrize("day", ["", "tomorrow", "2026-02-30", "2026-12", "03.12.2026", "2026-12-03T09:00:00Z"])
def test_a_day_that_is_none_is_wrong_usage(tmp_path: Path, day: str) -> None:
    ran = timeline(tmp_path, CHART, *FIXED, "--tace", day)
    assert (ran.code, ran.out) == (2, "")
    assert "--tace" in ran.err


def test_a_chart_that_cannot_be_read(tmp_path: Path) -> None:
    ran = timeline(tmp_path, b"{", *FIXED)
    assert (ran.code, ran.out) == (65, "")
    assert "chart.json" in ran.err
    assert invoke("timeline", str(tmp_path / "nowhere.json"), *FIXED).code == 65


def test_several_patients_give_one_document_a_line_and_the_unreadable_one_is_told(tmp_path: Path) -> None:
    lines = ndjson(PATIENT, enrolled(), SESSION, {**PATIENT, "id": "p2"}, {**PATIENT, "id": "p3", "deceasedBoolean": 7})
    ran = invoke("timeline", str(tmp_path / write(tmp_path, "all.ndjson", lines)), *FIXED)
    assert [document["phase"] for document in ran.documents] == ["enrolled", None]
    assert (ran.code, "all.ndjson:5" in ran.err) == (65, True)


def test_sources_that_were_not_asked_for_are_open_questions(tmp_path: Path) -> None:
    supplied = ("--supplied", "patient,conditions,research-subjects", "--tace", "2026-12-03")
    (document,) = timeline(tmp_path, bundle(PATIENT, condition(CANCER), enrolled()), *FIXED, *supplied).documents
    assert "Orders were not supplied" in document["cycle"]["open"]
    assert timeline(tmp_path, CHART, *FIXED, "--supplied", "nonsense").code == 2


PICTURE = ("--as-of", AS_OF, "--time-zone", "Asia/Seoul", "--format", "svg", "--output")


def test_the_picture_is_written_to_a_file_of_its_own(tmp_path: Path) -> None:
    write(tmp_path, "chart.json", CHART)
    ran = run(tmp_path, "timeline", "chart.json", *PICTURE, "way.svg", "--tace", "2026-12-03")
    assert (ran.code, ran.out, ran.err) == (0, "", "")
    text = (tmp_path / "way.svg").read_text(encoding="utf-8")
    assert text.startswith("<svg ")
    for said in ("The cycle of a TACE on 2026-12-03", "NEXT-02, upcoming", "26 Oct"):
        assert said in text
    for personal in ("1968", "04-12", "male"):
        assert personal not in text


def test_a_file_that_is_there_is_written_over_only_when_asked(tmp_path: Path) -> None:
    mine = tmp_path / write(tmp_path, "mine.svg", "mine")
    refused = timeline(tmp_path, CHART, *PICTURE, str(mine))
    assert (refused.code, mine.read_text(encoding="utf-8")) == (2, "mine")
    assert "--force" in refused.err
    assert timeline(tmp_path, CHART, *PICTURE, str(mine), "--force").code == 0
    assert mine.read_text(encoding="utf-8").startswith("<svg ")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--format", "svg"), "needs --output"),
        (("--format", "json", "--output", "x.json"), "--format svg only"),
        (("--output", "x.svg"), "--format svg only"),
        (("--format", "svg", "--output", "nowhere/x.svg"), "cannot be written"),
    ],
)
def test_a_format_and_a_file_that_do_not_go_together(tmp_path: Path, options: tuple[str, ...], said: str) -> None:
    write(tmp_path, "chart.json", CHART)
    ran = run(tmp_path, "timeline", "chart.json", "--as-of", AS_OF, *options)
    assert (ran.code, ran.out, said in ran.err) == (2, "", True)


def test_a_cycle_at_the_end_of_the_calendar_is_refused(tmp_path: Path) -> None:
    ran = timeline(tmp_path, CHART, "--tace", "9999-12-30")
    assert (ran.code, ran.out, "a day between 1900 and 2200 was expected" in ran.err) == (2, "", True)


@pytest.mark.parametrize(
    ("chart", "said"),
    [
        (bundle(PATIENT), "there is no timeline"),
        (ndjson(PATIENT, {**PATIENT, "id": "p2"}), "2 patients"),
        (b"{", "chart.json"),
    ],
)
def test_without_one_timeline_there_is_no_picture_and_no_file(tmp_path: Path, chart: object, said: str) -> None:
    ran = timeline(tmp_path, chart, *PICTURE, str(tmp_path / "way.svg"))
    assert (ran.code, ran.out, said in ran.err) == (65, "", True)
    assert not (tmp_path / "way.svg").exists()
