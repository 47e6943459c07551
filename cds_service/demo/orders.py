"""Draft orders as an EHR holds them: shown to the service, changed as a card suggests, and shown again."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

from cds_service.demo.elements import Json, at, reference, subject_of, text_at

# What these rules miss is a result: an order is all that can be done on the day.
_WAIT_FOR_A_RESULT = frozenset({"TACE-02", "TACE-05", "SOR-04"})
ORDERABLE = frozenset({"ServiceRequest", "MedicationRequest"})


@dataclass(frozen=True, slots=True)
class Orders:
    """A patient's chart, and the orders that are written but not signed: FHIR resources both."""

    chart: tuple[Json, ...]
    drafts: tuple[Json, ...]


def read_orders(chart: Json, drafts: Json) -> Orders:
    """The orders of a chart and of a Bundle of drafts."""
    return Orders(resources_of(chart), resources_of(drafts))


def resources_of(bundle: Json) -> tuple[Json, ...]:
    """The resources in a Bundle."""
    return tuple(entry["resource"] for entry in bundle["entry"])


def bundle_of(resources: Iterable[Json]) -> dict[str, Any]:
    """The resources in a Bundle, as the hook's context holds the drafts."""
    return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": one} for one in resources]}


def accept(orders: Orders, cards: Iterable[Json]) -> Orders:
    """The orders once the clinician has accepted what each card suggests first and the EHR has written it."""
    for card in cards:
        orders = accept_suggestions(orders, card.get("suggestions", [])[:1]) or orders
    return orders


def accept_suggestions(orders: Orders, suggestions: Iterable[Json]) -> Orders | None:
    """The orders with every action of these suggestions done; None where this EHR cannot do all of them.

    A part is never done alone: what a suggestion does belongs together (CDS Hooks, "Suggestion").
    """
    done: Orders | None = orders
    for action in (one for suggestion in suggestions for one in _actions(suggestion)):
        done = _write(done, action) if done is not None else None
    return done


def _actions(suggestion: Json) -> Sequence[object]:
    """What a suggestion does; what is no list of actions stands there as one that cannot be done."""
    given = suggestion.get("actions") or []
    return given if isinstance(given, list) else [given]


def _write(orders: Orders, action: object) -> Orders | None:
    kind, resource = text_at(action, "type"), at(action, "resource")
    if kind == "delete":
        return _without(orders, text_at(action, "resourceId") or reference_or_nothing(resource))
    if not isinstance(resource, dict) or text_at(resource, "resourceType") not in ORDERABLE:
        return None
    if kind == "create" and _is_ours(orders, resource):
        return add_draft(orders, resource)
    if kind == "update" and any(_is_same(one, resource) for one in (*orders.chart, *orders.drafts)):
        return Orders(_changed(orders.chart, resource), _changed(orders.drafts, resource))
    return None


def _without(orders: Orders, gone: str) -> Orders | None:
    """The orders without a draft, by its reference or its id; None where there is no such draft."""
    left = tuple(one for one in orders.drafts if gone not in (reference(one), one["id"]))
    return replace(orders, drafts=left) if len(left) < len(orders.drafts) else None


def reference_or_nothing(resource: object) -> str:
    """The reference of what may be a resource; empty where it is none."""
    kind, name = text_at(resource, "resourceType"), text_at(resource, "id")
    return f"{kind}/{name}" if kind and name else ""


def add_draft(orders: Orders, resource: Json) -> Orders:
    """The orders with one more draft, under an id that no other has; one for another patient is not taken."""
    if not _is_ours(orders, resource):
        return orders
    patient = _patient(orders)
    subject = {"subject": {"reference": patient}} if patient else {}
    created = {**resource, **subject, "id": _free_id((*orders.chart, *orders.drafts))}
    return replace(orders, drafts=(*orders.drafts, created))


def _is_ours(orders: Orders, resource: Json) -> bool:
    return subject_of(resource) in ("", _patient(orders))


def _patient(orders: Orders) -> str:
    return next((reference(one) for one in orders.chart if one["resourceType"] == "Patient"), "")


def _free_id(resources: Sequence[Json]) -> str:
    """The id that an EHR gives to a new order: one that no other order has."""
    taken = {one["id"] for one in resources}
    return next(name for number in count(1) if (name := f"ordered-{number}") not in taken)


def _changed(resources: tuple[Json, ...], changed: Json) -> tuple[Json, ...]:
    return tuple(changed if _is_same(one, changed) else one for one in resources)


def _is_same(one: Json, changed: Json) -> bool:
    """Whether that is the order which a change names; one that would give it to another patient names none."""
    return reference(one) == reference_or_nothing(changed) and subject_of(one) == subject_of(changed)


def rewritten(before: Orders, after: Orders) -> tuple[Json, ...]:
    """The orders of the chart itself that were changed."""
    return tuple(new for old, new in zip(before.chart, after.chart, strict=True) if old != new)


def without_draft(orders: Orders, name: str) -> Orders:
    """The orders without the draft of that reference."""
    return replace(orders, drafts=tuple(one for one in orders.drafts if reference(one) != name))


def sign(orders: Orders, day: str) -> Orders:
    """The drafts signed: active orders of the chart, authored on that day."""
    signed = tuple({**one, "status": "active", "authoredOn": day} for one in orders.drafts)
    return Orders((*orders.chart, *signed), ())


def waits_for_results(cards: Sequence[Json], orders: Orders) -> bool:
    """Whether all that the cards still miss is a result, the test for it being ordered."""
    rules = {rule["id"] for card in cards for rule in card["extension"]["org.cotsom-cds"]["rules"]}
    actions = [a for card in cards for suggestion in card.get("suggestions", []) for a in suggestion["actions"]]
    return rules <= _WAIT_FOR_A_RESULT and all(_is_ordered(action, orders) for action in actions)


def _is_ordered(action: Json, orders: Orders) -> bool:
    wanted = action.get("resource", {}).get("code")
    return action["type"] == "create" and any(one.get("code") == wanted for one in orders.drafts)
