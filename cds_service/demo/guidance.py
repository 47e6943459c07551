"""What decision support says about a chart: every service of a hook is called, whatever vendor's it is."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import tzinfo
from hashlib import sha256
from uuid import uuid4

from cds_service.demo.client import Exchange, Service, call, cards_in, hook_request
from cds_service.demo.elements import Json, at, each, text_at


@dataclass(frozen=True, slots=True)
class Offer:
    """One card of one service. `key`: the same for a card that says the same of the same drafts in another call."""

    service: Service
    card: Json
    key: str


@dataclass(frozen=True, slots=True)
class Fault:
    """A service that did not answer as it should: its HTTP status, or 0 where no answer came."""

    service: str
    status: int


@dataclass(frozen=True, slots=True)
class Guidance:
    """The answers to one hook. `own_actions`: what services would change unasked, which this EHR does not do."""

    offers: tuple[Offer, ...] = ()
    faults: tuple[Fault, ...] = ()
    own_actions: tuple[str, ...] = ()


def ask(
    services: Sequence[Service], request_of: Callable[[Service], Json], language: str
) -> tuple[Guidance, tuple[Exchange, ...]]:
    """Calls the services one after the other; what one of them does wrong does not hide what the others say."""
    asked = [(service, call(service, request_of(service), language)) for service in services]
    offers = _apart(offer for service, exchange in asked for offer in _offers(service, exchange))
    faults = tuple(Fault(service.title, exchange.status) for service, exchange in asked if _is_fault(exchange))
    unasked = tuple(text for _, exchange in asked for text in _own_actions(exchange))
    return Guidance(offers, faults, unasked), tuple(exchange for _, exchange in asked)


def _offers(service: Service, exchange: Exchange) -> Iterator[Offer]:
    for card in cards_in(exchange):
        if text_at(card, "summary"):
            yield Offer(service, card, card_key(service, card, at(exchange.request, "context", "draftOrders")))


def card_key(service: Service, card: Json, drafts: object = None) -> str:
    """What a card is remembered by: who says it about what, and what it says.

    Of a card on draft orders the drafts as they were sent and all of the card belong to it: the same words on another
    draft are another card. A chart changes more often than what is said to it: there the words are enough.
    """
    said = [service.url, text_at(card, "source", "topic", "code"), text_at(card, "indicator"), text_at(card, "summary")]
    about = [] if drafts is None else [drafts, _without_ids(card)]
    return sha256(json.dumps([said, about], sort_keys=True).encode()).hexdigest()[:16]


def _without_ids(card: Json) -> Json:
    """The card without the ids that a service may give anew in every answer (CDS Hooks, "Card", "Suggestion")."""
    suggestions = [{**one, "uuid": None} for one in each(card, "suggestions")]
    return {**card, "uuid": None, "suggestions": suggestions}


def _apart(offers: Iterable[Offer]) -> tuple[Offer, ...]:
    """The offers, each under a key of its own: a card that is told twice is numbered."""
    told: Counter[str] = Counter()
    found = []
    for one in offers:
        told[one.key] += 1
        found.append(one if told[one.key] == 1 else replace(one, key=f"{one.key}_{told[one.key]}"))
    return tuple(found)


def _is_fault(exchange: Exchange) -> bool:
    return not exchange.succeeded or not isinstance(exchange.answer.get("cards"), list)


def _own_actions(exchange: Exchange) -> Iterator[str]:
    for action in each(exchange.answer, "systemActions") if exchange.succeeded else ():
        yield text_at(action, "description") or text_at(action, "type")


def opening(resources: Sequence[Json], zone: tzinfo) -> Callable[[Service], Json]:
    """The calls of a chart opening."""
    return lambda service: hook_request(service, resources, instance=str(uuid4()), zone=zone)


def ordering(resources: Sequence[Json], added: Json, zone: tzinfo) -> Callable[[Service], Json]:
    """The calls about draft orders; `added`: the drafts, and the selected ones where the hook has them."""
    return lambda service: hook_request(service, resources, added, instance=str(uuid4()), zone=zone)
