"""Draft orders as an EHR holds them: shown to the service, changed as a card suggests, and shown again."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

from cds_service.demo.client import Json

# What these rules miss is a result: an order is all that can be done on the day.
_WAIT_FOR_A_RESULT = frozenset({"TACE-02", "TACE-05", "SOR-04"})


@dataclass(frozen=True, slots=True)
class Orders:
    """A patient's chart, and the orders that are written but not signed: FHIR resources both."""

    chart: tuple[Json, ...]
    drafts: tuple[Json, ...]


def read_orders(chart: Json, drafts: Json) -> Orders:
    """The orders of a chart and of a Bundle of drafts."""
    return Orders(_resources(chart), _resources(drafts))


def _resources(bundle: Json) -> tuple[Json, ...]:
    return tuple(entry["resource"] for entry in bundle["entry"])


def bundle_of(resources: Iterable[Json]) -> dict[str, Any]:
    """The resources in a Bundle, as the hook's context holds the drafts."""
    return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": one} for one in resources]}


def accept(orders: Orders, cards: Iterable[Json]) -> Orders:
    """The orders once the clinician has accepted what each card suggests and the EHR has written it."""
    for card in cards:
        for suggestion in card.get("suggestions", [])[:1]:
            for action in suggestion["actions"]:
                orders = _write(orders, action)
    return orders


def _write(orders: Orders, action: Json) -> Orders:
    if action["type"] == "delete":
        return replace(orders, drafts=tuple(one for one in orders.drafts if reference(one) != action["resourceId"]))
    if action["type"] == "create":
        created = {**action["resource"], "id": _free_id(orders.drafts)}
        return replace(orders, drafts=(*orders.drafts, created))
    changed = action["resource"]
    return Orders(_changed(orders.chart, changed), _changed(orders.drafts, changed))


def _free_id(drafts: Sequence[Json]) -> str:
    """The id that an EHR gives to a new order: one that no other draft has."""
    taken = {one["id"] for one in drafts}
    return next(name for number in count(1) if (name := f"ordered-{number}") not in taken)


def _changed(resources: tuple[Json, ...], changed: Json) -> tuple[Json, ...]:
    return tuple(changed if reference(one) == reference(changed) else one for one in resources)


def reference(resource: Json) -> str:
    """How FHIR refers to a resource: type and id."""
    return f"{resource['resourceType']}/{resource['id']}"


def rewritten(before: Orders, after: Orders) -> tuple[Json, ...]:
    """The orders of the chart itself that were changed."""
    return tuple(new for old, new in zip(before.chart, after.chart, strict=True) if old != new)


def waits_for_results(cards: Sequence[Json], orders: Orders) -> bool:
    """Whether all that the cards still miss is a result, the test for it being ordered."""
    rules = {rule["id"] for card in cards for rule in card["extension"]["org.cotsom-cds"]["rules"]}
    actions = [a for card in cards for suggestion in card.get("suggestions", []) for a in suggestion["actions"]]
    return rules <= _WAIT_FOR_A_RESULT and all(_is_ordered(action, orders) for action in actions)


def _is_ordered(action: Json, orders: Orders) -> bool:
    wanted = action.get("resource", {}).get("code")
    return action["type"] == "create" and any(one.get("code") == wanted for one in orders.drafts)
