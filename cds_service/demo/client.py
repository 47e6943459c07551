"""An honest CDS Hooks client: reads discovery, fills the prefetch templates from a chart, calls the service."""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID, uuid5

import requests

Json = Mapping[str, Any]
_NAMESPACE = UUID("0d5f7f0e-5f3a-5c57-9a3a-6b1b7b0b2f11")
_SECONDS = 10


def discover(base: str) -> Sequence[Json]:
    """The services that are offered at an address."""
    answer = requests.get(f"{base}/cds-services", timeout=_SECONDS)
    answer.raise_for_status()
    services: Sequence[Json] = answer.json()["services"]
    return services


def hook_request(service: Json, chart: Json, context: Json | None = None) -> Json:
    """The call of a hook about a chart: every prefetch template filled from it. `context`: what the hook adds to it."""
    resources = [entry["resource"] for entry in chart["entry"]]
    patient = next(resource for resource in resources if resource["resourceType"] == "Patient")
    return {
        "hook": service["hook"],
        "hookInstance": _instance(service["id"], patient["id"], context),
        "context": {"userId": "Practitioner/demo", "patientId": patient["id"], **(context or {})},
        "prefetch": {key: answered(template, resources) for key, template in service.get("prefetch", {}).items()},
    }


def _instance(service: str, patient: str, context: Json | None) -> str:
    """The id of a call: the same for the same call, so that the demonstration can be repeated."""
    added = f"/{json.dumps(context, sort_keys=True)}" if context else ""
    return str(uuid5(_NAMESPACE, f"{service}/{patient}{added}"))


def answered(template: str, resources: Sequence[Json]) -> Json:
    """What a FHIR server would answer to a prefetch query: the resource read, or the search with what it includes."""
    query, _, terms = template.partition("?")
    kind, _, name = query.partition("/")
    found = [resource for resource in resources if resource["resourceType"] == kind]
    if name:
        return found[0]
    included = [term.partition(":")[2] for term in terms.split("&") if term.startswith("_include=")]
    wanted = {"medication": "Medication", "study": "ResearchStudy"}
    found += [r for r in resources if r["resourceType"] in {wanted[one] for one in included if one in wanted}]
    return {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": resource} for resource in found]}


def cards_of(base: str, service: Json, request: Json) -> Sequence[Json]:
    """The cards that the service answers with."""
    answer = requests.post(f"{base}/cds-services/{service['id']}", json=request, timeout=_SECONDS)
    answer.raise_for_status()
    cards: Sequence[Json] = answer.json()["cards"]
    return cards
