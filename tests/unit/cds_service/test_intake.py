"""Charts that cannot be read: each is told with its place and exit code, and never with what it says of a patient."""

import json
from collections.abc import Iterable
from pathlib import Path

import pytest

from fhir_profiles.record import Source
from tests.acceptance import (
    BRAIN,
    CANCER,
    FIXED,
    PATIENT,
    Json,
    Ran,
    bilirubin,
    bundle,
    condition,
    invoke,
    ndjson,
    not_read,
    states,
    verdict,
    write,
)

MARKS = ("MARK", "표시", "1917-03-09", "1917", "7654.321", "7654")
MARKED: Json = {
    "resourceType": "Patient",
    "id": "p1",
    "identifier": [{"system": "https://hospital.example/mrn", "value": "MARK-MRN-77"}],
    "name": [{"family": "MARKFAMILY", "given": ["MARKGIVEN"], "text": "표시된 사람"}],
    "gender": "male",
    "birthDate": "1917-03-09",
}
RESULT = bilirubin(7654.321, note=[{"text": "MARKNOTE"}])
SECRET: Json = {**condition(BRAIN), "code": {"text": "MARKDIAGNOSIS"}}
CHART = bundle(MARKED, RESULT, SECRET)
TEXT = json.dumps(CHART, ensure_ascii=False)
DEEP = "[" * 100_000 + "]" * 100_000
JSON_PROBLEM = "not JSON: malformed near byte"
NO_RESOURCE = "not a FHIR resource: a JSON object with a resourceType was expected"

UNREADABLE: dict[str, tuple[str | bytes, str]] = {
    "empty": ("", "the input is empty"),
    "blank": (" \n \n", "the input is empty"),
    "cut short": (TEXT[: TEXT.index("7654") + 6], "not JSON"),
    "not JSON": (f"MARK {TEXT}", JSON_PROBLEM),
    "trailing text": (f"{TEXT} MARK", JSON_PROBLEM),
    "NaN": (TEXT.replace("7654.321", "NaN"), JSON_PROBLEM),
    "an array": (f"[{TEXT}]", NO_RESOURCE),
    "a number": ("7654.321", NO_RESOURCE),
    "a text": ('"MARK"', NO_RESOURCE),
    "null": ("null", NO_RESOURCE),
    "no resourceType": (TEXT.replace('"resourceType": "Bundle",', ""), "resourceType is missing"),
    "resourceType a number": (TEXT.replace('"Bundle"', "7654.321"), NO_RESOURCE),
    "unknown resourceType": (TEXT.replace('"Bundle"', '"MARK"'), "resourceType is not one of R4's"),
    "entry no array": (json.dumps({"resourceType": "Bundle", "entry": MARKED}), "Bundle.entry: an array was expected"),
    "not UTF-8": (TEXT.replace('"male"', '"MARK\xff"').encode("latin-1", "replace"), "the text is not UTF-8"),
    "UTF-16": (TEXT.encode("utf-16"), "not JSON"),
    "no patient": (json.dumps(bundle(RESULT, SECRET)), "no Patient"),
    "two patients": (json.dumps(bundle(MARKED, {**MARKED, "id": "p2"})), "2 Patients"),
    "patient unreadable": (json.dumps(bundle({**MARKED, "birthDate": ["1917-03-09"]}, RESULT)), "no Patient"),
    "a result alone": (json.dumps(RESULT), "no Patient"),
    "deep": ('{"MARK":' * 100_000, "nested too deeply"),
    "deep in the patient": (json.dumps({**MARKED, "extension": "@"}).replace('"@"', DEEP), "nested too deeply"),
    "deep in a value": (TEXT.replace("7654.321", DEEP), "nested too deeply"),
    "deep in Bundles": ('{"resourceType":"Bundle","entry":[{"resource":' * 20_000, "nested too deeply"),
    "deep in a request": (f'{{"hook":"patient-view","context":{DEEP},"prefetch":{{}}}}', "nested too deeply"),
    "request without patient": (json.dumps({"hook": "patient-view", "prefetch": {"conditions": CHART["entry"]}}), "no"),
}


def assess(*paths: Path) -> Ran:
    return invoke("assess", *map(str, paths), *FIXED)


def keeps_silent(ran: Ran) -> None:
    """Nothing on standard error that tells of the patient, and no traceback."""
    assert "Traceback" not in ran.err
    assert [mark for mark in MARKS if mark in ran.err] == []


def judged(folder: Path, chart: object) -> Json:
    ran = assess(folder / write(folder, "chart.json", chart))
    assert (ran.code, ran.err) == (0, "")
    (document,) = ran.documents
    assert isinstance(document, dict)
    return document


@pytest.mark.parametrize(("body", "said"), UNREADABLE.values(), ids=UNREADABLE.keys())
def test_a_chart_that_cannot_be_read_is_65_and_tells_nothing_of_the_patient(
    tmp_path: Path, body: str | bytes, said: str
) -> None:
    ran = assess(tmp_path / write(tmp_path, "chart.json", body))
    assert (ran.code, ran.out) == (65, "")
    assert ran.err.startswith("cotsom-cds: ")
    assert "chart.json: " in ran.err
    assert said in ran.err
    assert len(ran.err.splitlines()) == 1
    keeps_silent(ran)


@pytest.mark.parametrize("body", ["", "MARK", f"[{json.dumps(MARKED)}]", json.dumps(RESULT), DEEP, "7654.321\n7654"])
def test_lines_without_a_patient_are_65(tmp_path: Path, body: str) -> None:
    ran = assess(tmp_path / write(tmp_path, "export.ndjson", body))
    assert (ran.code, ran.out) == (65, "")
    assert "export.ndjson: no Patient" in ran.err
    keeps_silent(ran)


def test_a_path_that_is_not_there_and_a_folder_without_charts_are_65(tmp_path: Path) -> None:
    write(tmp_path, "notes.txt", "MARK")
    for path, said in ((tmp_path / "nowhere.json", "no such file or folder"), (tmp_path, "no .json and no .ndjson")):
        ran = assess(path)
        assert (ran.code, ran.out) == (65, "")
        assert f"{path}: " in ran.err
        assert said in ran.err
        keeps_silent(ran)


BROKEN: dict[str, tuple[object, str, str]] = {
    "wrong type": ({**RESULT, "valueQuantity": "7654.321 MARK"}, "Observation/bilirubin", "valueQuantity"),
    "unit no text": ({**RESULT, "valueQuantity": {"value": 1, "unit": 7654}}, "Observation/bilirubin", "Quantity.unit"),
    "code no concept": ({**RESULT, "code": "MARK"}, "Observation/bilirubin", "code"),
    "subject no reference": ({**RESULT, "subject": "MARK"}, "Observation/bilirubin", "subject"),
    "id no text": ({**RESULT, "id": 7654.321, "status": 7654}, "entry[1]", "id"),
}


@pytest.mark.parametrize(("broken", "reference", "place"), BROKEN.values(), ids=BROKEN.keys())
def test_one_broken_result_costs_itself_and_makes_its_source_read_in_part(
    tmp_path: Path, broken: object, reference: str, place: str
) -> None:
    after = bilirubin(3.5, "after")
    document = judged(tmp_path, bundle(MARKED, broken, condition(CANCER), after))
    assert not_read(document) == {"observations": "in-part"}
    (issue,) = document["dataQuality"]
    assert issue["reference"] == reference
    assert place in issue["issue"]
    assert [mark for mark in MARKS if mark in json.dumps(issue, ensure_ascii=False)] == []
    assert (verdict(document, "I1"), verdict(document, "E5b")) == ("satisfied", "violated")
    assert verdict(document, "E4") == "presumed"
    assert verdict(document, "E13e") == "unknown"


def test_an_entry_of_no_kind_at_all_may_have_been_anything(tmp_path: Path) -> None:
    for entry in (7654.321, "MARK", None, ["MARK"]):
        document = judged(tmp_path, {**bundle(MARKED), "entry": [{"resource": MARKED}, entry]})
        assert set(states(document).values()) == {"in-part"}
        assert document["dataQuality"] == [
            {"reference": "entry[1]", "issue": "an entry that holds nothing that can be read"}
        ]


ITS_PATIENT = [{"relation": "self", "url": "https://ehr.example/fhir/Patient/p1/$everything"}]


@pytest.mark.parametrize(
    ("frame", "gaps"),
    [
        ({"total": 2}, set()),
        ({"total": 3}, set(Source)),
        ({"total": 3, "link": ITS_PATIENT}, set(Source)),
        ({"link": [*ITS_PATIENT, {"relation": "next", "url": "https://ehr.example/fhir?page=2"}]}, set(Source)),
        ({"total": 3, "type": "collection"}, set()),
    ],
)
@pytest.mark.parametrize("name", ["chart.json", "chart.ndjson"])
def test_a_searchset_is_held_to_its_count_and_pages(tmp_path: Path, frame: Json, gaps: set[Source], name: str) -> None:
    chart = {**bundle(MARKED, condition(CANCER), kind="searchset"), **frame}
    (document,) = assess(tmp_path / write(tmp_path, name, chart)).documents
    assert not_read(document) == dict.fromkeys(gaps, "in-part")
    assert (verdict(document, "I1"), verdict(document, "E9")) == ("satisfied", "unknown" if gaps else "presumed")


def test_a_search_within_a_batch_is_held_to_its_count(tmp_path: Path) -> None:
    search = {**bundle(condition(CANCER), kind="searchset"), "total": 2}
    document = judged(tmp_path, bundle(MARKED, search, kind="batch-response"))
    assert not_read(document) == {"conditions": "in-part"}


def test_an_entry_without_resource_type_is_told_in_words(tmp_path: Path) -> None:
    document = judged(tmp_path, bundle(MARKED, {"id": "x", "code": "MARK"}))
    assert set(states(document).values()) == {"in-part"}
    (issue,) = document["dataQuality"]
    assert "missing required field" not in issue["issue"]


@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_resource_that_r4_does_not_know_is_one_line_and_no_source(tmp_path: Path, at: int) -> None:
    resources = [MARKED, condition(CANCER)]
    resources.insert(at, {"resourceType": "MARKTYPE", "id": "x"})
    document = judged(tmp_path, bundle(*resources))
    assert document["dataQuality"] == [{"reference": f"entry[{at}]", "issue": "not a FHIR R4 resource; not read"}]
    assert not_read(document) == {}
    assert verdict(document, "I1") == "satisfied"


@pytest.mark.parametrize("value", ["NaN", "sNaN", "-Infinity", "1e999999999", "9" * 400])
def test_a_number_that_is_no_measurement_is_unreadable(tmp_path: Path, value: str) -> None:
    document = judged(tmp_path, bundle(MARKED, bilirubin(value)))
    assert verdict(document, "E5b") == "unknown"
    assert document["dataQuality"] == []


@pytest.mark.parametrize("value", ["1e999999999", "-1e999999999"])
@pytest.mark.parametrize(
    "given_range",
    [
        '{"high": {"value": @, "unit": "U/L"}}',
        '{"high": {"value": 40, "unit": "U/L"}, "age": {"high": {"value": @, "code": "mo"}}}',
        '{"high": {"value": 40, "unit": "U/L"}, "age": {"low": {"value": @, "code": "a"}}}',
    ],
)
def test_a_range_beyond_measure_is_judged_without_a_fault(tmp_path: Path, given_range: str, value: str) -> None:
    result = {**bilirubin(48), "code": {"coding": [{"system": "http://loinc.org", "code": "1920-8"}]}}
    measured = {**result, "valueQuantity": {"value": 48, "unit": "U/L"}, "referenceRange": ["@"]}
    body = json.dumps(bundle(MARKED, measured)).replace('"@"', given_range.replace("@", value))
    ran = assess(tmp_path / write(tmp_path, "chart.json", body))
    assert (ran.code, ran.err) == (0, "")
    assert verdict(ran.documents[0], "E5a") == "unknown"


def export(folder: Path, files: Iterable[tuple[str, str | bytes]]) -> list[Json]:
    for name, content in files:
        write(folder, name, content)
    ran = assess(folder)
    keeps_silent(ran)
    return ran.documents


@pytest.mark.parametrize("name", ["Condition.ndjson", "condition.json"])
@pytest.mark.parametrize("before", ["", ndjson(condition(CANCER))], ids=["alone", "after a good line"])
def test_a_broken_line_of_an_export_leaves_nothing_presumed(tmp_path: Path, name: str, before: str) -> None:
    broken = json.dumps(condition(BRAIN))[:-9]
    files = (("Patient.ndjson", ndjson(MARKED)), (name, broken if name.endswith(".json") else before + broken))
    (document,) = export(tmp_path, files)
    assert states(document)["conditions"] == "in-part"
    assert verdict(document, "E4") == "unknown"


def test_a_patient_line_that_cannot_be_read_is_told_and_the_others_are_judged(tmp_path: Path) -> None:
    lines = ndjson(MARKED, {**MARKED, "id": "p2", "birthDate": 1917})
    ran = assess(tmp_path / write(tmp_path, "export.ndjson", lines))
    assert [document["patient"] for document in ran.documents] == ["Patient/p1"]
    assert ran.code == 65
    assert "p2" in ran.err or "export.ndjson:2" in ran.err
    keeps_silent(ran)


@pytest.mark.parametrize("subject", [None, {"reference": "#held-inside"}, {"display": "MARK"}, {"identifier": {}}])
def test_a_line_that_does_not_say_whose_it_is_passes_nobody(tmp_path: Path, subject: Json | None) -> None:
    stray = {**condition(BRAIN), "subject": subject}
    other = {**PATIENT, "id": "p2"}
    documents = export(tmp_path, [("all.ndjson", ndjson(PATIENT, other, stray))])
    assert [verdict(document, "E4") for document in documents] == ["violated", "violated"]


def test_a_line_that_r4_does_not_know_is_one_issue_and_no_source(tmp_path: Path) -> None:
    (document,) = export(tmp_path, [("all.ndjson", ndjson(MARKED, {"resourceType": "MARKTYPE"}, condition(CANCER)))])
    assert document["dataQuality"] == [{"reference": "all.ndjson:2", "issue": "not a FHIR R4 resource; not read"}]
    assert not_read(document) == {}


def test_windows_line_ends_and_blank_lines_are_no_defect(tmp_path: Path) -> None:
    lines = ndjson(MARKED, condition(BRAIN)).replace("\n", "\r\n\r\n")
    (document,) = export(tmp_path, [("all.ndjson", lines)])
    assert (document["dataQuality"], verdict(document, "E4")) == ([], "violated")
