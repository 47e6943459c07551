"""The calls that are measured: each chart opened, and a TACE signed for the same patient once enrolled."""

from collections.abc import Iterator

import orjson

from benchmarks.chart_contents import PATIENT
from benchmarks.charts import AS_OF, SIZES, chart
from cds_service.demo.client import Service, discover, hook_request
from cds_service.demo.elements import Json
from cds_service.demo.orders import bundle_of, resources_of

_SUBJECT = {"reference": f"Patient/{PATIENT['id']}"}
_STUDY: Json = {
    "resourceType": "ResearchStudy",
    "id": "study-1",
    "status": "active",
    "identifier": [{"system": "https://clinicaltrials.gov", "value": "NCT02311205"}],
}
_ENROLLED: Json = {
    "resourceType": "ResearchSubject",
    "id": "subject-1",
    "status": "on-study",
    "individual": _SUBJECT,
    "study": {"reference": "ResearchStudy/study-1"},
    "period": {"start": "2026-10-12"},
}
_TACE: Json = {
    "resourceType": "ServiceRequest",
    "id": "draft-1",
    "status": "draft",
    "intent": "order",
    "code": {"coding": [{"system": "http://snomed.info/sct", "code": "441525007"}], "text": "Conventional TACE"},
    "subject": _SUBJECT,
    "occurrenceDateTime": str(AS_OF.date()),
}


def bodies(base: str) -> Iterator[tuple[str, str, bytes]]:
    """Name, path and body of each call, as discovery asks for it: the openings, then the signings."""
    services = {service.hook: service for service in discover(base)[1]}
    opening, signing = services["patient-view"], services["order-sign"]
    for size in SIZES:
        yield size.name, _path(opening), orjson.dumps(hook_request(opening, resources_of(orjson.loads(chart(size)))))
    for size in SIZES:
        resources = resources_of(orjson.loads(enrolled(chart(size))))
        request = hook_request(signing, resources, {"draftOrders": bundle_of((_TACE,))})
        yield f"{size.name} sign", _path(signing), orjson.dumps(request)


def enrolled(body: bytes) -> bytes:
    """The chart of the same patient, on the study."""
    return orjson.dumps(bundle_of((*resources_of(orjson.loads(body)), _STUDY, _ENROLLED)))


def _path(service: Service) -> str:
    return f"/cds-services/{service.id}"
