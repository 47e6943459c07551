"""The routes: each reads a request, asks the core, writes an answer."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import orjson
from flask import Blueprint, Response, g, request
from werkzeug.exceptions import NotFound, UnsupportedMediaType

from cards.documents import Json
from cards.fingerprint import derived_trace
from cards.matching import CardSettings, match_card
from cards.wording import Words
from cds_service.loading import Loaded
from cds_service.trial.assessment import Assessment, assess
from cds_service.trial.case import Moment
from cds_service.web.discovery import KEY_OF_SOURCE, REQUIRED, discovery, services
from cds_service.web.feedback import read_feedback
from cds_service.web.hook_requests import HookRequest, read_hook_request, read_prefetch
from cds_service.web.observing import Metrics
from fhir_profiles.reading.records import read_record

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request may cost."""

    body_bytes: int = 8_000_000
    entries: int = 20_000


@dataclass(frozen=True, slots=True)
class Edge:
    """What the routes work with."""

    loaded: Loaded
    words: Words
    clock: Callable[[], datetime]
    cards: CardSettings
    limits: Limits
    metrics: Metrics


def json_answer(document: object, status: int = 200) -> Response:
    """An answer in JSON."""
    return Response(orjson.dumps(document), status, content_type=JSON)


def json_body() -> bytes:
    """The body of a JSON request. Raises UnsupportedMediaType for any other."""
    if request.mimetype != JSON:
        raise UnsupportedMediaType
    return request.get_data(cache=False)


def create_routes(edge: Edge) -> Blueprint:  # noqa: C901 - one small function a route
    """All routes of the service."""
    routes = Blueprint("cds", __name__)
    offered = {service.id: service for service in services(edge.loaded.protocol)}
    document = discovery(edge.loaded.protocol)

    @routes.get("/cds-services")
    def discover() -> Response:
        return json_answer(document)

    @routes.post("/cds-services/<service>")
    def call(service: str) -> Response:
        if service not in offered:
            raise NotFound
        g.hook = offered[service].hook
        hook_request = read_hook_request(json_body(), offered[service].hook)
        g.trace = g.trace_given or derived_trace(hook_request.hook_instance)
        return json_answer({"cards": patient_view_cards(edge, hook_request, g.trace)})

    @routes.post("/cds-services/<service>/feedback")
    def feedback(service: str) -> Response:
        if service not in offered:
            raise NotFound
        g.feedback_items = len(read_feedback(json_body()).feedback)
        return Response(status=204)

    @routes.get("/healthz")
    def alive() -> Response:
        return json_answer({"status": "alive"})

    @routes.get("/readyz")
    def ready() -> Response:
        protocol = edge.loaded.protocol
        return json_answer({"status": "ready", "trial": protocol.id, "protocolVersion": protocol.version})

    @routes.get("/metrics")
    def metrics() -> Response:
        return Response(edge.metrics.text(), content_type="text/plain; version=0.0.4; charset=utf-8")

    return routes


def patient_view_cards(edge: Edge, hook_request: HookRequest, trace: str) -> list[Json]:
    """The cards of a chart opening: at most one."""
    assessment = judge(edge, hook_request)
    g.roll_up = assessment.status.value
    edge.metrics.statuses.labels(assessment.status.value).inc()
    card = match_card(assessment, edge.loaded.protocol, edge.words, edge.cards, trace)
    if card is None:
        return []
    edge.metrics.cards.labels(card.source.topic.code, card.indicator.value).inc()
    return [card.document()]


def judge(edge: Edge, hook_request: HookRequest) -> Assessment:
    """The assessment of the patient whose chart is open, at the service's instant."""
    zone = edge.loaded.settings.zone
    decoded = read_prefetch(hook_request, REQUIRED, KEY_OF_SOURCE, edge.limits.entries)
    record = read_record(decoded, edge.loaded.vocabulary, zone)
    return assess(edge.loaded.protocol, record, Moment(edge.clock(), zone))
