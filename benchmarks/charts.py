"""Generated charts of one patient with hepatocellular carcinoma, shaped like an EHR's export (FHIR R4, US Core).

Same size, same bytes, on every machine: the benchmark compares runs, so nothing here is left to chance or to the clock.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import chain
from random import Random
from typing import Final, NamedTuple

import orjson

from benchmarks.chart_contents import (
    DIAGNOSES,
    DRUGS,
    IMAGING,
    JUDGED,
    LOINC,
    NOTE,
    OTHER,
    PATIENT,
    PROCEDURES,
    SENTENCES,
    SNOMED,
    VACCINE,
    VISIT,
    Concept,
    Test,
)

AS_OF: Final = datetime(2026, 11, 22, 9, tzinfo=UTC)
_BASE: Final = "https://ehr.example.org/fhir/R4"
_LOCAL: Final = "urn:oid:1.2.840.114350.1.13.0.1.7.2"
_CATEGORY: Final = "http://terminology.hl7.org/CodeSystem"
_NARRATED: Final = 2  # every second resource carries a narrative
_TRANSLATED: Final = 8  # every eighth is also named in Korean
_DRAWN_TOGETHER: Final = 20  # results of one day

Json = Mapping[str, object]
_PHYSICIAN: Final[Json] = {"reference": "Practitioner/prac-17", "display": "Kim, Hepatology"}


@dataclass(frozen=True, slots=True)
class Size:
    """How large a chart is, by the number of its resources."""

    name: str
    resources: int


SIZES: Final = (Size("S", 12), Size("M", 258), Size("L", 1150))


def chart(size: Size) -> bytes:
    """The chart as the compact JSON of a collection Bundle."""
    resources = [PATIENT, *_resources(size.resources - 1)]
    entries = [{"fullUrl": f"{_BASE}/{r['resourceType']}/{r['id']}", "resource": r} for r in resources]
    return orjson.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries})


class _Place(NamedTuple):
    """Which resource is being written: its place among its kind, its day, and the chance of its values."""

    number: int
    day: date
    chance: Random

    @property
    def instant(self) -> str:
        """One time for all that is of that day, as for the results of one draw, with Seoul's offset."""
        return f"{self.day}T{8 + self.day.day % 9:02d}:{self.day.day * 7 % 60:02d}:00+09:00"


def _resources(count: int) -> Iterator[Json]:
    return chain.from_iterable(
        (_finished(write(_place(kind, number)), _place(kind, number)) for number in range(round(share * count)))
        for kind, (share, write) in enumerate(_MIX)
    )


def _place(kind: int, number: int) -> _Place:
    """Later ones lie further back; results come by the draw, everything else about once in three weeks."""
    back = number // _DRAWN_TOGETHER * 31 + 3 if kind == 0 else number * 20 + 5
    return _Place(number, AS_OF.date() - timedelta(days=back), Random(f"{kind}:{number}"))  # noqa: S311 - no secret


def _finished(resource: dict[str, object], place: _Place) -> Json:
    """With what an EHR adds to every resource: version, profile, identifiers, subject, and perhaps a narrative."""
    kind = str(resource.pop("resourceType"))
    name = f"{kind.lower()}-{place.number:05d}-{place.chance.getrandbits(64):016x}"
    who = "patient" if kind == "Immunization" else "subject"
    top: dict[str, object] = {"resourceType": kind, "id": name, "meta": _meta(kind, place)}
    if place.number % _NARRATED == 0:
        top["text"] = _narrative(kind, place)
    top["identifier"] = [
        {"use": "official", "system": f"{_LOCAL}.{len(kind)}", "value": f"{place.chance.getrandbits(40)}"}
    ]
    top[who] = {"reference": f"Patient/{PATIENT['id']}", "display": "Hong, Gildong"}
    if kind != "Encounter":
        visit = f"Encounter/encounter-{place.number:05d}"
        top["encounter"] = {"reference": visit, "display": "Hepatology outpatient clinic"}
    return top | resource


def _meta(kind: str, place: _Place) -> Json:
    profile = f"http://hl7.org/fhir/us/core/StructureDefinition/us-core-{kind.lower()}"
    return {
        "versionId": str(place.number % 5 + 1),
        "lastUpdated": place.instant,
        "source": "#ehr",
        "profile": [profile],
    }


def _narrative(kind: str, place: _Place) -> Json:
    words = SENTENCES[place.number % len(SENTENCES)]
    rows = f"<p><b>{kind}</b> of {place.day}</p><table><tr><td>{words}</td></tr></table>"
    return {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{rows}</div>'}


def _concept(concept: Concept, place: _Place) -> Json:
    """The codes with a code of the house; some named in Korean too, some with a word of the visit in the text."""
    codings = [{"system": s, "code": c, "display": concept.name} for s, c in concept.codes]
    if place.number % _TRANSLATED == 0:
        codings.append({"system": f"{_LOCAL}.9", "code": f"K{place.number % 97}", "display": concept.korean})
    return {"coding": codings, "text": concept.name if place.number % 5 else f"{concept.name}, seen {place.day}"}


def _code(system: str, code: str, display: str) -> Json:
    return {"coding": [{"system": f"{_CATEGORY}/{system}", "code": code, "display": display}]}


def _observation(place: _Place) -> dict[str, object]:
    """The results that are judged and unrelated ones by turns; every 20th a blood pressure or a performance status."""
    turn = place.number % _DRAWN_TOGETHER
    if turn == _DRAWN_TOGETHER - 1:
        return _blood_pressure(place) if place.number // _DRAWN_TOGETHER % 2 else _performance(place)
    if turn % 2 == 0 and turn // 2 < len(JUDGED):
        return _laboratory(JUDGED[turn // 2], place)
    return _laboratory(OTHER[(place.number * 7) % len(OTHER)], place)


def _laboratory(test: Test, place: _Place) -> dict[str, object]:
    value = round(test.low + (test.high - test.low) * place.chance.uniform(0.2, 0.8), 2)
    coding = [{"system": LOINC, "code": test.code, "display": test.name}]
    if place.number % 3:
        coding.append({"system": f"{_LOCAL}.696580", "code": f"{test.code}L", "display": test.name.partition(" [")[0]})
    limits = {"low": _quantity(test.low, test.unit), "high": _quantity(test.high, test.unit)}
    return {
        **_observed("laboratory", "Laboratory", place),
        "code": {"coding": coding, "text": test.name.partition(" [")[0]},
        "valueQuantity": _quantity(value, test.unit),
        "interpretation": [_code("v3-ObservationInterpretation", "N", "Normal")],
        "referenceRange": [limits | {"text": f"{test.low}-{test.high} {test.unit}"}],
        "specimen": {"reference": f"Specimen/specimen-{place.number:05d}", "display": "Blood"},
    }


def _observed(category: str, display: str, place: _Place) -> dict[str, object]:
    return {
        "resourceType": "Observation",
        "status": "final",
        "category": [_code("observation-category", category, display)],
        "effectiveDateTime": place.instant,
        "issued": place.instant.replace(":00+", ":00.000+"),
        "performer": [{"reference": "Organization/org-lab-1", "display": "Department of Laboratory Medicine"}],
    }


def _quantity(value: float, unit: str) -> Json:
    return {"value": value, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit}


def _blood_pressure(place: _Place) -> dict[str, object]:
    parts = (("8480-6", "Systolic blood pressure", 128), ("8462-4", "Diastolic blood pressure", 78))
    return {
        **_observed("vital-signs", "Vital Signs", place),
        "code": {"coding": [{"system": LOINC, "code": "85354-9", "display": "Blood pressure panel"}], "text": "BP"},
        "component": [
            {"code": {"coding": [{"system": LOINC, "code": c, "display": d}]}, "valueQuantity": _quantity(v, "mm[Hg]")}
            for c, d, v in parts
        ],
    }


def _performance(place: _Place) -> dict[str, object]:
    code = {"system": LOINC, "code": "89247-1", "display": "ECOG Performance Status score"}
    answer = {"system": LOINC, "code": "LA9623-5", "display": "Restricted in physically strenuous activity"}
    return {
        **_observed("survey", "Survey", place),
        "code": {"coding": [code], "text": "ECOG performance status"},
        "valueCodeableConcept": {"coding": [answer], "text": "ECOG 1"},
    }


def _condition(place: _Place) -> dict[str, object]:
    return {
        "resourceType": "Condition",
        "clinicalStatus": _code("condition-clinical", "active", "Active"),
        "verificationStatus": _code("condition-ver-status", "confirmed", "Confirmed"),
        "category": [_code("condition-category", "encounter-diagnosis", "Encounter Diagnosis")],
        "code": _concept(DIAGNOSES[place.number % len(DIAGNOSES)], place),
        "onsetDateTime": str(place.day),
        "recordedDate": place.instant,
        "recorder": _PHYSICIAN,
    }


def _medication_request(place: _Place) -> dict[str, object]:
    bounds = {"start": str(place.day), "end": str(place.day + timedelta(days=60))}
    return {
        "resourceType": "MedicationRequest",
        "status": "completed" if place.number else "active",
        "intent": "order",
        "category": [_code("medicationrequest-category", "outpatient", "Outpatient")],
        "medicationCodeableConcept": _concept(DRUGS[place.number % len(DRUGS)], place),
        "authoredOn": place.instant,
        "requester": _PHYSICIAN,
        "dosageInstruction": [
            {
                "text": "Take 1 tablet by mouth once daily",
                "timing": {"repeat": {"boundsPeriod": bounds, "frequency": 1, "period": 1, "periodUnit": "d"}},
                "route": {"coding": [{"system": SNOMED, "code": "26643006", "display": "Oral route"}]},
                "doseAndRate": [{"doseQuantity": _quantity(1, "{tbl}")}],
            }
        ],
        "dispenseRequest": {"numberOfRepeatsAllowed": 1, "quantity": _quantity(60, "{tbl}")},
    }


def _encounter(place: _Place) -> dict[str, object]:
    return {
        "resourceType": "Encounter",
        "status": "finished",
        "class": {"system": f"{_CATEGORY}/v3-ActCode", "code": "AMB", "display": "ambulatory"},
        "type": [_concept(VISIT, place)],
        "participant": [{"individual": _PHYSICIAN}],
        "period": {"start": place.instant, "end": place.instant},
        "location": [{"location": {"reference": "Location/loc-3", "display": "Hepatology clinic"}}],
        "serviceProvider": {"reference": "Organization/org-1", "display": "University Hospital"},
    }


def _procedure(place: _Place) -> dict[str, object]:
    return {
        "resourceType": "Procedure",
        "status": "completed",
        "code": _concept(PROCEDURES[place.number % len(PROCEDURES)], place),
        "performedPeriod": {"start": place.instant, "end": place.instant},
        "performer": [{"actor": _PHYSICIAN}],
        "reasonCode": [_concept(DIAGNOSES[0], place)],
    }


def _diagnostic_report(place: _Place) -> dict[str, object]:
    return {
        "resourceType": "DiagnosticReport",
        "status": "final",
        "category": [_code("v2-0074", "RAD", "Radiology")],
        "code": _concept(IMAGING, place),
        "effectiveDateTime": place.instant,
        "issued": place.instant,
        "conclusion": "".join(place.chance.choices(SENTENCES, k=15)),
    }


def _immunization(place: _Place) -> dict[str, object]:
    vaccine = _concept(VACCINE, place)
    return {
        "resourceType": "Immunization",
        "status": "completed",
        "vaccineCode": vaccine,
        "occurrenceDateTime": place.instant,
    }


def _document_reference(place: _Place) -> dict[str, object]:
    attachment = {"contentType": "application/pdf", "data": place.chance.randbytes(300).hex()}
    return {
        "resourceType": "DocumentReference",
        "status": "current",
        "type": _concept(NOTE, place),
        "date": place.instant,
        "content": [{"attachment": attachment}],
    }


_MIX: Final[tuple[tuple[float, Callable[[_Place], dict[str, object]]], ...]] = (
    (0.60, _observation),
    (0.10, _condition),
    (0.10, _medication_request),
    (0.08, _encounter),
    (0.05, _procedure),
    (0.03, _diagnostic_report),
    (0.02, _immunization),
    (0.02, _document_reference),
)
