"""How a random chart is judged, and what two judgements say of each other."""

import json
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from hypothesis import settings

from cds_service.loading import load
from cds_service.settings import Settings
from cds_service.trial.assessment import Assessment, assess
from cds_service.trial.case import Moment
from cds_service.trial.findings import Verdict
from fhir_profiles.reading.decoding import decode_body
from fhir_profiles.reading.records import read_record
from fhir_profiles.record import PatientRecord, Source, SourceState

ZONE: Final = ZoneInfo("Asia/Seoul")
AS_OF: Final = datetime(2026, 11, 22, 9, tzinfo=ZONE)
PRODUCT: Final = load(Settings(zone=ZONE))

Json = Mapping[str, Any]
Chart = tuple[Json, ...]
Verdicts = Mapping[str, Verdict]
States = Mapping[Source, SourceState]


def bundle(chart: Collection[Json]) -> bytes:
    """The chart as the body of a FHIR Bundle."""
    return json.dumps(
        {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": r} for r in chart]}
    ).encode()


def read(chart: Collection[Json], states: States | None = None) -> PatientRecord:
    """The record of a chart; `states` lowers sources (none: all are supplied)."""
    lowered = tuple((states or {}).items())
    return read_record(replace(decode_body(bundle(chart)), states=lowered), PRODUCT.vocabulary, ZONE)


def judge(chart: Collection[Json], states: States | None = None, as_of: datetime = AS_OF) -> Assessment:
    """The assessment of a chart."""
    return assess(PRODUCT.protocol, read(chart, states), Moment(as_of, ZONE))


def verdicts(assessment: Assessment) -> Verdicts:
    """The verdict of every line."""
    return {finding.id: finding.verdict for finding in assessment.findings}


def new_passes(before: Assessment, after: Assessment) -> frozenset[str]:
    """The lines that pass after and did not before."""
    earlier, later = verdicts(before), verdicts(after)
    return frozenset(name for name, verdict in later.items() if verdict.passes and not earlier[name].passes)


def difference(before: Chart, after: Chart) -> str:
    """The resources that differ, for the message of a law that fails."""
    pairs = zip(before, after, strict=True)
    return "; ".join(f"{json.dumps(old)} -> {json.dumps(new)}" for old, new in pairs if old != new)


def share(part: float) -> settings:
    """A part of the examples that the profile asks for: what all laws together may cost is bounded."""
    return settings(max_examples=max(20, int(settings().max_examples * part)))
