"""Charts that nobody on this project wrote, through the command: whole exports, generated charts, hook requests."""

from pathlib import Path

import pytest

from tests.acceptance import FIXED, not_read, run, states
from tests.conftest import REFERENCE

SYNTHEA = sorted((REFERENCE / "examples" / "synthea").glob("*.json"))
REQUESTS = sorted((REFERENCE / "cds-hooks").glob("req-*.json"))
# Observations were left out of the export.
EXPORTED = "patient,conditions,procedures,medications,allergies,encounters"


def test_generated_charts_are_not_applicable_and_raise_no_issue(shared: Path, tmp_path: Path) -> None:
    assert shared == REFERENCE
    assert len(SYNTHEA) >= 6
    ran = run(tmp_path, "assess", *map(str, SYNTHEA), *FIXED)
    assert (ran.code, ran.err) == (0, "")
    assert len({document["patient"] for document in ran.documents}) == len(SYNTHEA)
    for document in ran.documents:
        assert (document["status"], document["dataQuality"]) == ("not-applicable", [])
        assert not_read(document) == {}


def test_an_export_gives_each_patient_by_id(shared: Path, tmp_path: Path) -> None:
    folder = shared / "examples" / "bulk-10-patients"
    lines = (folder / "Patient.000.ndjson").read_text(encoding="utf-8").splitlines()
    ran = run(tmp_path, "assess", str(folder), *FIXED, "--supplied", EXPORTED)
    assert (ran.code, ran.err) == (0, "")
    patients = [document["patient"] for document in ran.documents]
    assert len(patients) == len(lines) == 13
    assert patients == sorted(patients)
    for document in ran.documents:
        assert (document["status"], document["dataQuality"]) == ("not-applicable", [])
        assert {name for name, state in states(document).items() if state == "supplied"} == set(EXPORTED.split(","))


@pytest.mark.parametrize("file", REQUESTS, ids=lambda file: file.stem)
def test_a_hook_request_of_a_demonstration_ehr_is_read(file: Path, tmp_path: Path) -> None:
    ran = run(tmp_path, "assess", str(file), *FIXED)
    assert (ran.code, ran.err) == (0, "")
    (document,) = ran.documents
    assert document["patient"] == "Patient/pat-a"
    assert document["status"] == "potentially-eligible"
    assert document["dataQuality"] == []
    read = {name: state for name, state in states(document).items() if state != "not-supplied"}
    labs = {"observations": "in-part"} if "patient-view" in file.name else {}
    assert read == {"patient": "supplied", **labs}


def test_the_requests_are_there(shared: Path) -> None:
    assert len(list((shared / "cds-hooks").glob("req-*.json"))) == len(REQUESTS) == 3
