"""Calls of order-select and order-sign as an EHR makes them, for a chart of this patient and drafts."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from flask.testing import FlaskClient

from tests.acceptance import CANCER, PATIENT, bundle, condition
from tests.case_codes import concept
from tests.http_calls import INSTANCE, METASTASIS, Json, cards_of, client, prefetch_of

ORDER_SELECT: Final = "/cds-services/cotsom-order-select"
ORDER_SIGN: Final = "/cds-services/cotsom-order-sign"
ADDRESSES: Final[Mapping[str, str]] = {"order-select": ORDER_SELECT, "order-sign": ORDER_SIGN}
SUBJECT: Final = {"reference": "Patient/p1"}
UCUM: Final = "http://unitsofmeasure.org"
REQUIRED: Final = ("patient", "conditions", "observations")


def order_request(
    drafts: Iterable[object],
    chart: Json,
    selections: Sequence[str] | None = None,
    supplied: Iterable[str] | None = None,
) -> Json:
    """The call that checks these drafts: order-select where some are selected, else order-sign."""
    prefetch = prefetch_of(chart, supplied)
    chosen = {} if selections is None else {"selections": list(selections)}
    context = {"userId": "Practitioner/1", "patientId": prefetch["patient"]["id"], "draftOrders": bundle(*drafts)}
    hook = "order-sign" if selections is None else "order-select"
    return {"hook": hook, "hookInstance": INSTANCE, "context": {**context, **chosen}, "prefetch": prefetch}


def checked(request: Json, caller: FlaskClient | None = None) -> list[Json]:
    """The cards that a call gets at the address of its hook, each held against the schema."""
    return cards_of((caller or client()).post(ADDRESSES[request["hook"]], json=request))


def sign(*drafts: object, chart: Json | None = None) -> list[Json]:
    """The cards of drafts about to be signed, of an enrolled patient where no chart is given."""
    return checked(order_request(drafts, chart or enrolled_chart()))


def enrolled_chart(*resources: object) -> Json:
    """A man in the study whose first TACE was on 20 October 2026, on sorafenib since, and what else is given."""
    study = {
        "resourceType": "ResearchStudy",
        "id": "cotsom",
        "status": "active",
        "identifier": [{"system": "https://clinicaltrials.gov", "value": "NCT02311205"}],
    }
    subject = {
        "resourceType": "ResearchSubject",
        "id": "s1",
        "status": "on-study",
        "period": {"start": "2026-10-10"},
        "study": {"reference": "ResearchStudy/cotsom"},
        "individual": SUBJECT,
    }
    session = {
        "resourceType": "Procedure",
        "id": "tace-1",
        "status": "completed",
        "subject": SUBJECT,
        "code": concept("tace"),
        "performedDateTime": "2026-10-20",
    }
    course = sorafenib("course", status="active", start="2026-10-25")
    return bundle(PATIENT, condition(CANCER), condition(METASTASIS), study, subject, session, course, *resources)


def tace(day: str | None = "2026-11-24", **elements: object) -> Json:
    """A draft order of chemoembolisation."""
    dated = {"occurrenceDateTime": day} if day else {}
    return {**_order("ServiceRequest", "draft-tace"), "code": concept("tace"), **dated, **elements}


def sorafenib(identity: str = "draft-sorafenib", start: str | None = "2026-11-27", **elements: object) -> Json:
    """A draft of sorafenib 400 mg twice a day."""
    bounds = {"boundsPeriod": {"start": start}} if start else {}
    dosage = {
        "timing": {"repeat": {"frequency": 2, "period": 1, "periodUnit": "d", **bounds}},
        "doseAndRate": [{"doseQuantity": {"value": 400, "unit": "mg", "system": UCUM, "code": "mg"}}],
    }
    own = {"medicationCodeableConcept": concept("sorafenib"), "dosageInstruction": [dosage]}
    return {**_order("MedicationRequest", identity), **own, **elements}


def _order(kind: str, identity: str) -> Json:
    return {"resourceType": kind, "id": identity, "status": "draft", "intent": "order", "subject": SUBJECT}


def extension_of(card: Json) -> Json:
    """What an order card says of its draft and rules."""
    found: Json = card["extension"]["org.cotsom-cds"]
    return found


def rules_of(card: Json) -> dict[str, str]:
    """The rules that fired, each with its severity."""
    return {rule["id"]: rule["severity"] for rule in extension_of(card)["rules"]}


def actions_of(card: Json) -> list[dict[str, Any]]:
    """The actions of the one suggestion; none where there is no suggestion."""
    return [action for suggestion in card.get("suggestions", ()) for action in suggestion["actions"]]
