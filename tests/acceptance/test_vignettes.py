"""Every patient of the reference material gets the result that the rulebook demands."""

import json
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from cds_service.loading import Loaded, load
from cds_service.settings import Settings, read_clock, read_zone
from cds_service.trial.assessment import Assessment, assess
from cds_service.trial.case import Moment
from fhir_profiles.reading.decoding import decode_body
from fhir_profiles.reading.records import read_record
from fhir_profiles.record import Source
from tests.conftest import REFERENCE

Json = dict[str, Any]
ELIGIBILITY = sorted((REFERENCE / "vignettes" / "eligibility").glob("*.json"))
STEPS = sorted((REFERENCE / "vignettes" / "guidance").glob("step-*.json"))


@cache
def product() -> Loaded:
    return load(Settings())


def judge(vignette: Json) -> Assessment:
    supplied = None if vignette["supplied"] is None else [Source(name) for name in vignette["supplied"]]
    zone = read_zone(vignette["timeZone"])
    decoded = decode_body(json.dumps(vignette["bundle"]).encode())
    record = read_record(decoded, product().vocabulary, zone, supplied)
    return assess(product().protocol, record, Moment(read_clock(vignette["asOf"]), zone))


def shown(day: date | None) -> str | None:
    return day.isoformat() if day else None


def as_expected(assessment: Assessment, expected: Json) -> Json:
    """What was found, in the shape and as far as it was stated."""
    verdicts = {finding.id: finding.verdict.value for finding in assessment.findings}
    child_pugh = {"class": assessment.child_pugh.letter, "score": list(assessment.child_pugh.score)}
    found = {
        "status": assessment.status.value,
        "phase": assessment.phase.value if assessment.phase else None,
        "earliestEligibleDate": shown(assessment.earliest_eligible),
        "criteria": {name: verdicts.get(name) for name in expected.get("criteria", ())},
        "childPugh": {name: child_pugh[name] for name in expected.get("childPugh", ())},
        "missingCriteria": sorted({line for missing in assessment.missing for line in missing.criteria}),
    }
    return {name: value for name, value in found.items() if name in expected}


def stated(expected: Json) -> Json:
    beyond = {"exhaustive", "steps", "quiet"}
    settled = {"missingCriteria": sorted(expected["missingCriteria"])} if "missingCriteria" in expected else {}
    return {name: value for name, value in {**expected, **settled}.items() if name not in beyond}


@pytest.mark.parametrize("file", ELIGIBILITY + STEPS, ids=lambda file: file.stem)
def test_a_vignette_is_judged_as_it_states(file: Path) -> None:
    vignette = json.loads(file.read_text(encoding="utf-8"))
    expected = vignette["expect"]
    assessment = judge(vignette)
    assert as_expected(assessment, expected) == stated(expected), vignette["why"]
    if expected.get("exhaustive"):
        assert {finding.id for finding in assessment.findings} == set(expected["criteria"])


def test_the_vignettes_are_there(shared: Path) -> None:
    assert shared == REFERENCE
    assert len(ELIGIBILITY) >= 44
    assert len(STEPS) >= 14
