"""`assess` as a process: the JSON it promises to others, every way to hand it charts, and its exit codes."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from cds_service.commands import assessing
from tests.acceptance import (
    AS_OF,
    BRAIN,
    CANCER,
    FIXED,
    PATIENT,
    Json,
    assess,
    bilirubin,
    bundle,
    condition,
    invoke,
    ndjson,
    not_read,
    run,
    states,
    verdict,
    write,
)

OTHER: Json = {**PATIENT, "id": "p2", "gender": "female"}
CHART = bundle(PATIENT, condition(CANCER), bilirubin(1.1))
SOURCES = [
    *("patient", "conditions", "observations", "procedures", "medications"),
    *("allergies", "research-subjects", "encounters", "imaging", "orders"),
]


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> Json:
    ran = assess(tmp_path_factory.mktemp("one"), CHART)
    assert (ran.code, ran.err) == (0, "")
    (only,) = ran.documents
    assert isinstance(only, dict)
    return only


def test_the_keys_are_those_of_the_contract_in_its_order(document: Json) -> None:
    assert list(document) == [
        *("trial", "protocolVersion", "asOf", "patient", "status", "earliestEligibleDate"),
        *("criteria", "missing", "childPugh", "phase", "steps", "sources", "dataQuality"),
    ]
    for line in document["criteria"]:
        assert list(line) == ["id", "verdict", "reason", "evidence", "needs"]
    for found in (found for line in document["criteria"] for found in line["evidence"]):
        assert list(found) == ["reference", "date", "value", "compared"]
    for missing in document["missing"]:
        assert list(missing) == ["id", "text", "criteria"]
    assert list(document["childPugh"]) == ["class", "score"]


def test_the_values_are_those_of_the_contract(document: Json) -> None:
    assert document["trial"] == "NCT02311205"
    assert (document["protocolVersion"], document["asOf"], document["patient"]) == ("1.0.0", AS_OF, "Patient/p1")
    assert (document["status"], document["earliestEligibleDate"]) == ("ineligible", None)
    assert (document["phase"], document["steps"], document["dataQuality"]) == (None, [], [])
    assert document["childPugh"] == {"class": None, "score": [5, 9]}
    assert document["sources"] == [{"id": name, "state": "supplied"} for name in SOURCES]


def test_every_line_has_a_verdict_a_reason_and_evidence_that_shows_its_source(document: Json) -> None:
    assert len({line["id"] for line in document["criteria"]}) == len(document["criteria"]) == 42
    for line in document["criteria"]:
        assert line["verdict"] in {"satisfied", "presumed", "unknown", "attest", "violated"}
        assert line["reason"][0].isupper()
        assert "{" not in line["reason"].replace("{INR}", "")
        assert bool(line["needs"]) == (line["verdict"] == "unknown")
    (found,) = next(line for line in document["criteria"] if line["id"] == "E5b")["evidence"]
    assert found == {
        "reference": "Observation/bilirubin",
        "date": "2026-11-20",
        "value": "1.1 mg/dL",
        "compared": "1.1 mg/dL",
    }


def test_the_missing_list_asks_once_and_names_every_line_it_serves(document: Json) -> None:
    asked = {missing["id"]: missing for missing in document["missing"]}
    assert len(asked) == len(document["missing"])
    assert {name.partition(":")[0] for name in asked} <= {"lab", "test", "confirm", "source"}
    assert asked["lab:inr"]["criteria"] == ["I3", "E2a", "E5c"]
    assert asked["lab:inr"]["text"] == "INR, not older than 28 days"
    unknown = [line for line in document["criteria"] if line["verdict"] == "unknown"]
    for line in unknown:
        assert all(line["id"] in asked[need]["criteria"] for need in line["needs"])
    assert {name for missing in asked.values() for name in missing["criteria"]} == {line["id"] for line in unknown}


def test_the_same_chart_gives_the_same_bytes_in_any_order(tmp_path: Path) -> None:
    resources = [PATIENT, condition(CANCER), condition(BRAIN), bilirubin(1.1), bilirubin(1.3, "second")]
    first = assess(tmp_path, bundle(*resources))
    again = assess(tmp_path, bundle(*resources))
    turned = assess(tmp_path, bundle(*resources[::-1]))
    assert first.code == 0
    assert first.out == again.out == turned.out


def test_several_charts_give_one_document_a_line_in_the_order_given(tmp_path: Path) -> None:
    ran = assess(tmp_path, bundle(OTHER), CHART, PATIENT)
    assert (ran.code, ran.err) == (0, "")
    assert [one["patient"] for one in ran.documents] == ["Patient/p2", "Patient/p1", "Patient/p1"]
    assert [verdict(one, "I1") for one in ran.documents] == ["violated", "satisfied", "violated"]


def test_one_unreadable_chart_of_several_costs_itself_alone(tmp_path: Path) -> None:
    ran = assess(tmp_path, CHART, b"nothing", bundle(OTHER))
    assert ran.code == 65
    assert [one["patient"] for one in ran.documents] == ["Patient/p1", "Patient/p2"]
    assert ran.err.startswith("cotsom-cds: chart-1.json: not JSON")


@pytest.mark.parametrize("name", ["export.ndjson", "export.txt", "-"])
def test_ndjson_gives_each_patient_by_id(tmp_path: Path, name: str) -> None:
    theirs = {**condition(BRAIN), "subject": {"reference": "Patient/p2"}}
    lines = ndjson(OTHER, condition(CANCER), PATIENT, theirs).encode()
    if name != "-":
        write(tmp_path, name, lines)
    ran = run(tmp_path, "assess", name, *FIXED, given=lines)
    assert (ran.code, ran.err) == (0, "")
    assert [one["patient"] for one in ran.documents] == ["Patient/p1", "Patient/p2"]
    assert [verdict(one, "I1") for one in ran.documents] == ["satisfied", "violated"]
    assert [verdict(one, "E4") for one in ran.documents] == ["presumed", "violated"]


def test_standard_input_may_be_a_bundle(tmp_path: Path) -> None:
    write(tmp_path, "chart.json", CHART)
    from_file = run(tmp_path, "assess", "chart.json", *FIXED)
    piped = run(tmp_path, "assess", "-", *FIXED, given=(tmp_path / "chart.json").read_bytes())
    assert (piped.code, piped.out) == (0, from_file.out)


def test_a_folder_may_hold_resources_export_files_and_bundles(tmp_path: Path) -> None:
    write(tmp_path, "Patient.ndjson", ndjson(OTHER, PATIENT))
    write(tmp_path, "cancer.json", condition(CANCER))
    write(tmp_path, "whole.json", bundle({**PATIENT, "id": "p3"}))
    write(tmp_path, "log.ndjson", ndjson({"event": "kickoff"}, {"event": "done"}))
    write(tmp_path, "readme.txt", "no chart")
    ran = run(tmp_path, "assess", ".", *FIXED)
    assert (ran.code, ran.err) == (0, "")
    found = {one["patient"]: verdict(one, "I1") for one in ran.documents}
    assert found == {"Patient/p3": "violated", "Patient/p1": "satisfied", "Patient/p2": "violated"}
    assert all(not_read(one) == {} and one["dataQuality"] == [] for one in ran.documents)


def test_supplied_says_exactly_which_sources_were_asked_for(tmp_path: Path) -> None:
    ran = assess(tmp_path, CHART, options=(*FIXED, "--supplied", "patient, conditions"))
    (found,) = ran.documents
    supplied = ["patient", "conditions"]
    expected = {name: "supplied" if name in supplied else "not-supplied" for name in SOURCES}
    assert states(found) == expected
    assert list(states(found)) == SOURCES
    assert (verdict(found, "E4"), verdict(found, "E9")) == ("presumed", "unknown")
    assert "source:medications" in {missing["id"] for missing in found["missing"]}


def test_the_time_zone_decides_what_day_it_is(tmp_path: Path) -> None:
    first = {"birthDate": "2006-11-23", "resourceType": "Patient", "id": "p1"}
    options = ("--as-of", "2026-11-22T16:00:00Z", "--format", "json")
    verdicts = {
        zone: verdict(assess(tmp_path, first, options=(*options, "--time-zone", zone)).documents[0], "I5")
        for zone in ("UTC", "Asia/Seoul")
    }
    assert verdicts == {"UTC": "violated", "Asia/Seoul": "satisfied"}


def test_the_site_file_sets_the_zone_and_the_option_overrides_it(tmp_path: Path) -> None:
    first = write(tmp_path, "chart.json", {**PATIENT, "birthDate": "2006-11-23"})
    write(tmp_path, "site.toml", 'time_zone = "Asia/Seoul"\n')
    given = ("assess", first, "--as-of", "2026-11-22T16:00:00Z", "--site", "site.toml")
    by_site = run(tmp_path, *given)
    by_option = run(tmp_path, *given, "--time-zone", "UTC")
    assert [verdict(ran.documents[0], "I5") for ran in (by_site, by_option)] == ["satisfied", "violated"]


def test_the_clock_may_be_set_and_the_option_overrides_it(tmp_path: Path) -> None:
    write(tmp_path, "chart.json", PATIENT)
    clock = {"COTSOM_CLOCK": "2031-05-06T07:08:09+00:00"}
    by_clock = run(tmp_path, "assess", "chart.json", environment=clock)
    by_option = run(tmp_path, "assess", "chart.json", "--as-of", AS_OF, environment=clock)
    assert by_clock.documents[0]["asOf"] == clock["COTSOM_CLOCK"]
    assert by_option.documents[0]["asOf"] == AS_OF


def test_the_default_instant_is_now_in_the_zone_of_the_site(tmp_path: Path) -> None:
    chart = tmp_path / write(tmp_path, "chart.json", PATIENT)
    ran = run(tmp_path, "assess", "chart.json", "--time-zone", "Asia/Seoul")
    as_of = datetime.fromisoformat(ran.documents[0]["asOf"])
    assert ran.documents[0]["asOf"].endswith("+09:00")
    assert as_of.microsecond == 0
    assert -2 < as_of.timestamp() - chart.stat().st_mtime < 3_600


def test_the_text_form_is_for_people(tmp_path: Path) -> None:
    ran = assess(tmp_path, CHART, options=(*FIXED[:4], "--format", "text"))
    assert ran.code == 0
    for words in ("COTSOM", "INR, not older than 28 days", "Child-Pugh: undecided, score 5-9", "2026-11-22 09:00 KST"):
        assert words in ran.out
    assert not ran.out.startswith("{")
    assert "\x1b" not in ran.out


def test_a_fault_of_ours_is_70_and_tells_nothing_of_the_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:  # noqa: ANN401 - stands for a function of any signature
        raise ZeroDivisionError("bilirubin 77.31 of Kim Marked")

    monkeypatch.setattr(assessing, "assess", fail)
    chart = tmp_path / write(tmp_path, "chart.json", bundle(PATIENT, bilirubin(77.31)))
    ran = invoke("assess", str(chart), *FIXED)
    assert ran.code == 70
    assert "a fault in the program itself (ZeroDivisionError at test_assess_command.py:" in ran.err
    for secret in ("77.31", "Marked", "Traceback"):
        assert secret not in ran.err + ran.out
    assert len(ran.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--as-of", "2026-11-22"), "'2026-11-22': an instant with offset"),
        (("--as-of", "2026-11-22T09:00:00"), "an instant with offset"),
        (("--as-of", "tomorrow"), "'tomorrow'"),
        (("--as-of", "9999-12-31T23:59:59-12:00", "--time-zone", "Asia/Seoul"), "9999-12-31"),
        (("--as-of", "0001-01-01T00:00:00+14:00"), "0001-01-01"),
        (("--time-zone", "Nowhere/Land"), "time_zone 'Nowhere/Land'"),
        (("--time-zone", ""), "an IANA name"),
        (("--time-zone", "../../etc/passwd"), "an IANA name"),
        (("--supplied", "patient,labs"), "--supplied: 'labs' is no source; there are allergies"),
        (("--format", "xml"), "'xml' is not one of 'text', 'json'"),
        (("--language", "xx"), "'--language': 'xx' is not"),
        (("--site", "/nowhere/site.toml"), "/nowhere/site.toml: cannot be read"),
        (("--protocol", "/nowhere/trial.yaml"), "/nowhere/trial.yaml"),
        (("--supplide", "patient"), "No such option"),
    ],
)
def test_wrong_usage_is_2_and_says_what_was_expected(tmp_path: Path, options: tuple[str, ...], said: str) -> None:
    chart = tmp_path / write(tmp_path, "chart.json", CHART)
    ran = invoke("assess", str(chart), *options)
    assert (ran.code, ran.out) == (2, ""), ran.err
    assert said in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize("clock", ["2026-11-22", "soon"])
def test_a_clock_that_cannot_be_read_is_2(tmp_path: Path, clock: str) -> None:
    ran = run(tmp_path, "assess", write(tmp_path, "c.json", CHART), environment={"COTSOM_CLOCK": clock})
    assert (ran.code, ran.out) == (2, "")
    assert f"'{clock}': an instant with offset" in ran.err


def test_nothing_to_assess_is_2(tmp_path: Path) -> None:
    ran = run(tmp_path, "assess")
    assert ran.code == 2
    assert "Missing argument 'CHARTS...'" in ran.err
