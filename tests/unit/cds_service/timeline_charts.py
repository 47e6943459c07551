"""Charts of enrolled patients for the timeline: sessions, plans, courses, imaging, visits, responses, results."""

import json
from datetime import date, datetime
from functools import cache
from typing import NamedTuple

from cds_service.loading import Loaded, load
from cds_service.settings import Settings, read_clock, read_zone
from cds_service.trial.assessment import Assessment, assess, case_of
from cds_service.trial.case import Moment
from cds_service.trial.guidance.care import read_care
from cds_service.trial.guidance.timeline import Timeline, read_timeline
from fhir_profiles.reading.decoding import decode_body
from fhir_profiles.reading.records import read_record
from fhir_profiles.record import Source
from tests.acceptance import AS_OF, CANCER, PATIENT, Json, bilirubin, bundle, condition
from tests.case_codes import concept

SUBJECT = {"reference": "Patient/p1"}
ENROLLED: Json = {
    "resourceType": "ResearchSubject",
    "id": "s",
    "status": "on-study",
    "individual": SUBJECT,
    "study": {"identifier": {"value": "NCT02311205"}},
    "period": {"start": "2026-09-01"},
}
VISIT: Json = {"status": "finished", "class": {"code": "AMB"}, "subject": SUBJECT}
USUAL = {"albumin": (4.0, "g/dL"), "ast": (30, "U/L"), "alt": (30, "U/L"), "inr": (1.0, "1")}
COUNTS = {"neutrophil-count": (3, "10*9/L"), "haemoglobin": (12, "g/dL"), "platelets": (150, "10*9/L")}
VALUES = {"bilirubin-total": (0.8, "mg/dL"), "creatinine": (0.9, "mg/dL"), **USUAL, **COUNTS}


@cache
def product() -> Loaded:
    return load(Settings())


def tace(day: str, **elements: object) -> Json:
    return {
        "resourceType": "Procedure",
        "id": f"tace-{day}",
        "status": "completed",
        "subject": SUBJECT,
        "code": concept("tace"),
        "performedDateTime": day,
        **elements,
    }


def plan(day: str) -> Json:
    return {
        "resourceType": "ServiceRequest",
        "id": f"plan-{day}",
        "status": "active",
        "intent": "order",
        "subject": SUBJECT,
        "code": concept("tace"),
        "occurrenceDateTime": day,
    }


def sorafenib(start: str, end: str | None = None, **elements: object) -> Json:
    bounds = {"start": start, **({"end": end} if end else {})}
    return {
        "resourceType": "MedicationRequest",
        "id": f"course-{start}",
        "status": "active",
        "intent": "order",
        "subject": SUBJECT,
        "medicationCodeableConcept": concept("sorafenib"),
        "dosageInstruction": [{"timing": {"repeat": {"boundsPeriod": bounds}}}],
        **elements,
    }


def imaging(day: str, kind: str = "imaging-liver-dynamic") -> Json:
    return {
        "resourceType": "DiagnosticReport",
        "id": f"image-{day}",
        "status": "final",
        "subject": SUBJECT,
        "code": concept(kind),
        "effectiveDateTime": day,
    }


def visit(day: str) -> Json:
    return {"resourceType": "Encounter", "id": f"visit-{day}", **VISIT, "period": {"start": day, "end": day}}


def response(code: str, day: str, site: str) -> Json:
    system = "http://cotsom-cds.org/fhir/CodeSystem/trial-findings"
    return {
        "resourceType": "Observation",
        "id": f"response-{site}",
        "status": "final",
        "subject": SUBJECT,
        "code": concept("response-mrecist"),
        "effectiveDateTime": day,
        "bodySite": concept(site),
        "valueCodeableConcept": {"coding": [{"system": system, "code": code}]},
    }


def laboratory(day: str) -> tuple[Json, ...]:
    """Every safety analyte, with values that stand against nothing."""
    found = []
    for name, (value, unit) in VALUES.items():
        quantity = {"value": value, "unit": unit, "code": unit, "system": "http://unitsofmeasure.org"}
        given = bilirubin("@", f"{name}-{day}", code=concept(name), valueQuantity=quantity, effectiveDateTime=day)
        found.append(given)
    return tuple(found)


class Told(NamedTuple):
    assessment: Assessment
    timeline: Timeline


def told(*resources: object, day: str | None = None, supplied: frozenset[Source] | None = None) -> Told:
    """The assessment and the timeline of an enrolled patient with these records."""
    loaded, zone = product(), read_zone("Asia/Seoul")
    body = json.dumps(bundle(PATIENT, condition(CANCER), ENROLLED, *resources)).encode()
    record = read_record(decode_body(body), loaded.vocabulary, zone, supplied)
    assessment = assess(loaded.protocol, record, Moment(read_clock(AS_OF), zone))
    case = case_of(loaded.protocol, record, assessment.moment.day)
    care = read_care(case, loaded.protocol.guidance, assessment.findings)
    wanted = date.fromisoformat(day) if day else None
    return Told(assessment, read_timeline(care, assessment.findings, assessment.steps, wanted))


def at(day: str) -> datetime:
    """Nine o'clock in Seoul on that day."""
    return read_clock(f"{day}T09:00:00+09:00")
