"""The routes: each reads a request, asks the core, writes an answer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import orjson
from flask import Blueprint, Response, g, request
from werkzeug.exceptions import NotFound

from cards.dialects import DIALECTS, Dialect
from cards.fingerprint import derived_trace
from cards.matching import CardSettings, match_card
from cards.model import Card, Json
from cards.reminding import shown_steps, step_card
from cards.telling import in_dialect
from cards.wording import Words
from cds_service.errors import StoreUnavailable
from cds_service.languages import negotiated
from cds_service.loading import Loaded
from cds_service.ordering import Request, concern_a_rule, order_cards
from cds_service.received import Received
from cds_service.settings.limits import Limits
from cds_service.trial.assessment import Assessment, Status, assess
from cds_service.trial.case import Moment
from cds_service.web.admission import Admission, Turn
from cds_service.web.bodies import JSON, json_body
from cds_service.web.counting import count_assessment, count_card, count_feedback, count_steps
from cds_service.web.discovery import discovery, services
from cds_service.web.feedback import read_feedback
from cds_service.web.fetching import Fetcher
from cds_service.web.gate import Gate, refusal, unavailable
from cds_service.web.hook_requests import (
    HookRequest,
    read_draft_orders,
    read_hook_request,
    read_selections,
    received_bodies,
)
from cds_service.web.logs import log_fault
from cds_service.web.observing import Metrics
from cds_service.web.problems import Problem
from cds_service.web.supplying import Caller, supply
from cds_service.web.tokens import Refused
from fhir_profiles.reading.records import read_record


@dataclass(frozen=True, slots=True)
class Edge:
    """What the routes work with. `words`: of the language that is answered in; at first, the site's.

    `reception`: the places of calls and feedback under way, from their first byte; `admission`: of those being judged.
    """

    loaded: Loaded
    words: Words
    catalogues: Mapping[str, Words]
    clock: Callable[[], datetime]
    cards: CardSettings
    dialect: Dialect
    limits: Limits
    reception: Admission
    admission: Admission
    turn: Turn
    metrics: Metrics
    gate: Gate
    fetcher: Fetcher

    def speaking(self, accept: str | None) -> "Edge":
        """The same in the language that an `Accept-Language` header prefers; without one, in the site's."""
        language = negotiated(accept, tuple(self.catalogues), self.words.language)
        return self if language == self.words.language else replace(self, words=self.catalogues[language])


def json_answer(document: object, status: int = 200) -> Response:
    """An answer in JSON."""
    return Response(orjson.dumps(document), status, content_type=JSON)


def in_language(language: str, answer: Response) -> Response:
    """The answer, which says that it is in this language and would be in another for who prefers that."""
    answer.headers["Content-Language"] = language
    answer.headers.add("Vary", "Accept-Language")
    return answer


def create_routes(edge: Edge) -> Blueprint:
    """All routes of the service."""
    routes = Blueprint("cds", __name__)
    offered = {service.id: service for service in services(edge.loaded.protocol)}
    offer = discovery(edge.loaded.protocol, fetches=edge.loaded.settings.fetches)

    @routes.get("/cds-services")
    def discover() -> Response:
        return json_answer(offer)

    @routes.post("/cds-services/<service>")
    def call(service: str) -> Response:
        if service not in offered:
            raise NotFound
        g.service = service
        speaking = edge.speaking(request.headers.get("Accept-Language"))
        with edge.reception:
            admit(edge, f"/cds-services/{service}")
            g.hook = offered[service].hook
            body = json_body()
            with edge.admission, edge.turn:
                document = answer_to(speaking, body)
        return in_language(speaking.words.language, json_answer(document))

    @routes.post("/cds-services/<service>/feedback")
    def feedback(service: str) -> Response:
        if service not in offered:
            raise NotFound
        g.service = service
        with edge.reception:
            admit(edge, f"/cds-services/{service}/feedback")
            items = read_feedback(json_body()).feedback
        g.feedback_items = len(items)
        count_feedback(edge.metrics, service, items)
        return Response(status=204)

    add_watching(routes, edge)
    return routes


def add_watching(routes: Blueprint, edge: Edge) -> None:
    """Adds what the operator's watch asks: whether the service runs, whether it can answer, and its metrics."""

    @routes.get("/healthz")
    def alive() -> Response:
        return json_answer({"status": "alive"})

    @routes.get("/readyz")
    def ready() -> Response:
        try:
            edge.gate.check()
        except StoreUnavailable as error:
            raise not_checked(error) from None
        protocol = edge.loaded.protocol
        return json_answer({"status": "ready", "trial": protocol.id, "protocolVersion": protocol.version})

    @routes.get("/metrics")
    def metrics() -> Response:
        return Response(edge.metrics.text(), content_type="text/plain; version=0.0.4; charset=utf-8")


def admit(edge: Edge, path: str) -> None:
    """Notes who calls this path (`g.client`, None where callers are not asked). Raises Problem: 401, or 503."""
    try:
        g.client = edge.gate.admit(request.headers.get("Authorization"), path)
    except Refused as refused:
        g.refused, g.caller = refused.reason.value, refused.client
        edge.metrics.refusals.labels(refused.reason.value).inc()
        raise refusal() from None
    except StoreUnavailable as error:
        raise not_checked(error) from None
    g.caller = g.client.name if g.client else None


def not_checked(error: StoreUnavailable) -> Problem:
    """503, and a line for the operator: no caller is admitted while no token can be marked as used."""
    log_fault("replay-store", trace=g.trace, kind=error.kind)
    return unavailable()


def told(edge: Edge, card: Card) -> Json:
    """The card as the JSON that the caller's EHR can show, counted."""
    count_card(edge.metrics, card)
    dialect = DIALECTS[g.client.ehr] if g.client else edge.dialect
    return in_dialect(card, dialect, edge.words).document()


def answer_to(edge: Edge, body: bytes) -> Json:
    """The answer to a hook call; its chart is gone when this returns."""
    hook_request = read_hook_request(body, g.hook)
    g.trace = g.trace_given or derived_trace(hook_request.hook_instance)
    made = patient_view_cards if g.hook == "patient-view" else order_hook_cards
    cards = made(edge, hook_request, g.trace)
    g.cards = len(cards)
    return {"cards": [told(edge, card) for card in cards]}


def patient_view_cards(edge: Edge, hook_request: HookRequest, trace: str) -> tuple[Card, ...]:
    """The cards of a chart opening: at most one."""
    assessment = judge(edge, hook_request)
    g.roll_up = assessment.status.value
    count_assessment(edge.metrics, assessment)
    enrolled = assessment.status in (Status.ENROLLED, Status.FOLLOW_UP)
    if enrolled:
        count_steps(edge.metrics, shown_steps(assessment, edge.cards))
    make = step_card if enrolled else match_card
    card = make(assessment, edge.loaded.protocol, edge.words, edge.cards, trace)
    return (card,) if card is not None else ()


def order_hook_cards(edge: Edge, hook_request: HookRequest, trace: str) -> tuple[Card, ...]:
    """The cards of draft orders: one for each that fired a rule. What no rule concerns needs no data and no card."""
    zone = edge.loaded.settings.zone
    drafts = read_draft_orders(hook_request, edge.limits.drafts)
    selections = read_selections(hook_request) if hook_request.hook == "order-select" else None
    received = Received(received_bodies(hook_request))
    if not concern_a_rule(edge.loaded, zone, hook_request.context.patient_id, drafts, received):
        return ()
    supplied = supply(hook_request, caller_of(edge), edge.fetcher, edge.limits.entries)
    received.add(supplied.fetched)
    asked = Request(supplied.decoded, drafts, selections, None, received)
    return order_cards(edge.loaded, edge.words, Moment(edge.clock(), zone), asked, trace)


def caller_of(edge: Edge) -> Caller:
    """Who makes the call under way, and which servers were agreed on: the client's own, or the site's in open mode."""
    origins = g.client.fhir_origins if g.client else edge.loaded.settings.fetching.fhir_origins
    return Caller(origins, g.begun, g.trace)


def judge(edge: Edge, hook_request: HookRequest) -> Assessment:
    """The assessment of the patient whose chart is open, at the service's instant."""
    zone = edge.loaded.settings.zone
    supplied = supply(hook_request, caller_of(edge), edge.fetcher, edge.limits.entries)
    record = read_record(supplied.decoded, edge.loaded.vocabulary, zone)
    return assess(edge.loaded.protocol, record, Moment(edge.clock(), zone))
