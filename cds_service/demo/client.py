"""An honest CDS Hooks client: reads discovery, fills the prefetch templates from a chart, calls the service.

It serves any vendor's service: what an answer leaves out is empty, what does not fit is told, nothing raises.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from time import perf_counter
from typing import Any
from uuid import UUID, uuid5

import requests

from cds_service.demo.elements import Json, each, text_at
from cds_service.demo.searching import prefetched

_NAMESPACE = UUID("0d5f7f0e-5f3a-5c57-9a3a-6b1b7b0b2f11")
_SECONDS = 10
_LONGEST_ANSWER = 4_000_000
USER = "Practitioner/demo"


@dataclass(frozen=True, slots=True)
class Exchange:
    """One call and its answer, as they went over HTTP. `status`: 0 where no answer came; `problem`: why not."""

    method: str
    url: str
    request: Json | None
    status: int
    milliseconds: int
    text: str
    problem: str = ""

    @property
    def answer(self) -> Json:
        """The JSON object that was answered; empty where it was none."""
        try:
            parsed = json.loads(self.text)
        except (ValueError, RecursionError):
            return {}
        return parsed if isinstance(parsed, dict) else {}

    @property
    def succeeded(self) -> bool:
        """Whether the service answered as it should."""
        return not self.problem and self.status // 100 == 2  # noqa: PLR2004 - the HTTP class of success


@dataclass(frozen=True, slots=True)
class Service:
    """A service that discovery offers: where it is, and what it said of itself."""

    base: str
    id: str
    hook: str
    title: str
    prefetch: Mapping[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Where it is called."""
        return f"{self.base}/cds-services/{self.id}"


def send(method: str, url: str, body: Json | None = None, language: str = "en") -> Exchange:
    """One HTTP exchange, redirects not followed, the answer cut where it is longer than any card can be."""
    began = perf_counter()
    status, text, problem = 0, "", ""
    try:
        with requests.request(
            method,
            url,
            json=body,
            headers={"Accept": "application/json", "Accept-Language": language},
            timeout=_SECONDS,
            allow_redirects=False,
            stream=True,
        ) as answer:
            status = answer.status_code
            text = answer.raw.read(_LONGEST_ANSWER, decode_content=True).decode("utf-8", "replace")
    except (requests.RequestException, OSError) as error:
        problem = type(error).__name__
    return Exchange(method, url, body, status, round((perf_counter() - began) * 1000), text, problem)


def discover(base: str) -> tuple[Exchange, tuple[Service, ...]]:
    """What is offered at an address. A service without id or hook cannot be called and is passed over."""
    exchange = send("GET", f"{base}/cds-services")
    described = each(exchange.answer, "services") if exchange.succeeded else ()
    offered = (_service(base, one) for one in described)
    return exchange, tuple(one for one in offered if one.id and one.hook)


def _service(base: str, given: Json) -> Service:
    templates = given.get("prefetch")
    kept = templates.items() if isinstance(templates, Mapping) else ()
    title = text_at(given, "title") or text_at(given, "id")
    prefetch = {key: template for key, template in kept if isinstance(template, str)}
    return Service(base, text_at(given, "id"), text_at(given, "hook"), title, prefetch)


def hook_request(
    service: Service, resources: Sequence[Json], added: Json | None = None, instance: str = "", zone: tzinfo = UTC
) -> dict[str, Any]:
    """The call of a hook about a chart: every prefetch template filled from it. `added`: what the hook's context holds.

    `zone`: in which the days of the EHR begin and end. Without an `instance` the id of the call follows from its
    content, so that it can be repeated to the letter.
    """
    patient = next(resource for resource in resources if resource["resourceType"] == "Patient")
    context = {"userId": USER, "patientId": patient["id"], **(added or {})}
    return {
        "hook": service.hook,
        "hookInstance": instance or _instance(service.id, patient["id"], added),
        "context": context,
        "prefetch": prefetched(service.prefetch, context, resources, zone),
    }


def _instance(service: str, patient: str, added: Json | None) -> str:
    """The id of a call: the same for the same call, so that the demonstration can be repeated."""
    told = f"/{json.dumps(added, sort_keys=True)}" if added else ""
    return str(uuid5(_NAMESPACE, f"{service}/{patient}{told}"))


def call(service: Service, request: Json, language: str = "en") -> Exchange:
    """Calls a service."""
    return send("POST", service.url, request, language)


def cards_in(exchange: Exchange) -> tuple[Json, ...]:
    """The cards of an answer; none where it was not as it should be."""
    return tuple(each(exchange.answer, "cards")) if exchange.succeeded else ()


def feed_back(service: Service, item: Json) -> Exchange:
    """Tells a service what became of one of its cards."""
    return send("POST", f"{service.url}/feedback", {"feedback": [item]})
