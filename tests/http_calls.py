"""The service under test, and hook calls as an EHR makes them: a chart cut into one searchset a prefetch key."""

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import jsonschema
from flask import Flask
from flask.testing import FlaskClient
from referencing import Registry
from werkzeug.test import TestResponse

import cards
from cds_service.app import create_app
from cds_service.settings import Settings, read_clock, read_zone
from cds_service.settings.limits import Limits
from cds_service.web.discovery import PREFETCH
from tests.acceptance import AS_OF, CANCER, PATIENT, bundle, condition

Json = dict[str, Any]

SERVICE: Final = "/cds-services/cotsom-patient-view"
FEEDBACK: Final = f"{SERVICE}/feedback"
INSTANCE: Final = "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea"
METASTASIS: Final = "lung-metastasis"
EXTENSION: Final = "org.cotsom-cds"
SCHEMAS: Final = Path(cards.__file__).parent / "schemas"
# Which schema a card is held against, by the code of its topic.
SCHEMA_OF_TOPIC: Final[Mapping[str, str]] = {
    "trialmatch": "match-card",
    "protocolstep": "step-card",
    "ordercheck": "order-card",
}

_TYPES: Mapping[str, frozenset[str]] = {
    "conditions": frozenset({"Condition"}),
    "observations": frozenset({"Observation"}),
    "procedures": frozenset({"Procedure"}),
    "medicationRequests": frozenset({"MedicationRequest", "Medication"}),
    "medicationStatements": frozenset({"MedicationStatement", "Medication"}),
    "medicationAdministrations": frozenset({"MedicationAdministration", "Medication"}),
    "allergies": frozenset({"AllergyIntolerance"}),
    "diagnosticReports": frozenset({"DiagnosticReport"}),
    "serviceRequests": frozenset({"ServiceRequest"}),
    "researchSubjects": frozenset({"ResearchSubject", "ResearchStudy"}),
    "encounters": frozenset({"Encounter"}),
}
_KEYS_OF_SOURCE: Mapping[str, tuple[str, ...]] = {
    "medications": ("medicationRequests", "medicationStatements", "medicationAdministrations"),
    "research-subjects": ("researchSubjects",),
    "imaging": ("diagnosticReports",),
    "orders": ("serviceRequests",),
}


def service(
    as_of: str = AS_OF,
    zone: str = "Asia/Seoul",
    limits: Limits | None = None,
    **settings: Any,  # noqa: ANN401 - any
) -> Flask:
    """The service with its clock standing still."""
    moment = read_clock(as_of)
    return create_app(Settings(zone=read_zone(zone), **settings), lambda: moment, limits)


@cache
def client(as_of: str = AS_OF, zone: str = "Asia/Seoul") -> FlaskClient:
    """A caller of the service as shipped; the service is made once a moment."""
    return service(as_of, zone).test_client()


def searchset(resources: Iterable[object], query: str = "", **elements: object) -> Json:
    """The answer of a FHIR server to a search."""
    own = {"link": [{"relation": "self", "url": f"https://ehr.example/fhir/{query}"}]} if query else {}
    entries = [{"resource": one, "search": {"mode": "match"}} for one in resources]
    return {"resourceType": "Bundle", "type": "searchset", "total": len(entries), **own, "entry": entries, **elements}


def resources_of(chart: Json) -> list[Json]:
    """The resources of a Bundle."""
    return [entry["resource"] for entry in chart["entry"]]


def prefetch_of(chart: Json, supplied: Iterable[str] | None = None) -> Json:
    """The prefetch that an EHR sends of this chart; `supplied` None: every key."""
    resources = resources_of(chart)
    patient = next(one for one in resources if one.get("resourceType") == "Patient")
    wanted = None if supplied is None else {key for one in supplied for key in _KEYS_OF_SOURCE.get(one, (one,))}
    searches = {
        key: searchset((one for one in resources if one.get("resourceType") in types), query_of(key, patient["id"]))
        for key, types in _TYPES.items()
        if wanted is None or key in wanted
    }
    return {"patient": patient, **searches}


def query_of(key: str, patient: str) -> str:
    """The query of a prefetch key, its token filled in."""
    return PREFETCH[key].replace("{{context.patientId}}", patient)


def hook_request(chart: Json, supplied: Iterable[str] | None = None, **prefetch: object) -> Json:
    """The call that opens this chart; further arguments replace single prefetch values."""
    given = {**prefetch_of(chart, supplied), **prefetch}
    context = {"userId": "Practitioner/1", "patientId": given["patient"]["id"] if given["patient"] else "p1"}
    return {"hook": "patient-view", "hookInstance": INSTANCE, "context": context, "prefetch": given}


def simple_chart(*resources: object) -> Json:
    """A man with hepatocellular carcinoma and a lung metastasis, and what else is given: enough for a card."""
    return bundle(PATIENT, condition(CANCER), condition(METASTASIS), *resources)


def open_chart(chart: Json, caller: FlaskClient | None = None, **prefetch: object) -> list[Json]:
    """The cards of a chart opening, each held against the schema."""
    return cards_of((caller or client()).post(SERVICE, json=hook_request(chart, None, **prefetch)))


def cards_of(answer: TestResponse) -> list[Json]:
    """The cards of a good answer, each held against the schema."""
    assert answer.status_code == 200, answer.text
    assert answer.mimetype == "application/json"
    document = json.loads(answer.data)
    assert set(document) == {"cards"}
    for card in document["cards"]:
        card_validator(card["source"]["topic"]["code"]).validate(card)
    return list(document["cards"])


def assessment_of(card: Json) -> Json:
    """The assessment that a card carries."""
    found: Json = card["extension"][EXTENSION]["assessment"]
    return found


def problem_of(answer: TestResponse, status: int) -> Json:
    """The OperationOutcome of an answer that must be this error."""
    assert answer.status_code == status, answer.text
    assert answer.mimetype == "application/json"
    outcome: Json = json.loads(answer.data)
    assert outcome["resourceType"] == "OperationOutcome"
    assert outcome["id"] == answer.headers["X-Trace-Id"]
    (issue,) = outcome["issue"]
    assert set(issue) >= {"severity", "code", "diagnostics"}
    assert "Traceback" not in answer.text
    return dict(issue)


@cache
def card_validator(topic: str = "trialmatch") -> jsonschema.Draft202012Validator:
    """What every card of this topic must be."""
    contents = [json.loads(file.read_text(encoding="utf-8")) for file in sorted(SCHEMAS.glob("*.json"))]
    registry: Registry[Any] = Registry().with_contents((one["$id"], one) for one in contents)
    wanted = next(one for one in contents if one["$id"].endswith(f"/{SCHEMA_OF_TOPIC[topic]}.schema.json"))
    return jsonschema.Draft202012Validator(wanted, registry=registry)


def hollow(value: object, place: str = "$") -> Iterator[str]:
    """The places where a JSON value is null or empty."""
    if value is None or value in ("", [], {}):
        yield place
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from hollow(inner, f"{place}.{name}")
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            yield from hollow(inner, f"{place}[{at}]")
