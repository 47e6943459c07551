"""The guidance vignettes of the reference material: the steps and the order cards that the rulebook demands."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from cards.matching import CardSettings, match_card
from cards.reminding import step_card
from cards.wording import Words
from cds_service.catalogues import load_words
from cds_service.ordering import Request, order_cards
from cds_service.received import Received
from cds_service.settings import read_clock, read_zone
from cds_service.trial.assessment import Assessment
from cds_service.trial.case import Moment
from fhir_profiles.reading.decoding import decode_body
from fhir_profiles.record import Source
from tests.acceptance.test_vignettes import ELIGIBILITY, STEPS, judge, product
from tests.conftest import REFERENCE

Json = dict[str, Any]
ORDERS = sorted((REFERENCE / "vignettes" / "guidance").glob("order-*.json"))
EXTENSION = "org.cotsom-cds"
OPEN = frozenset({"upcoming", "due", "overdue"})

# How many cards the patients of all vignettes get. Every card interrupts somebody: to change a number is a decision,
# to be taken on purpose and noted in the changelog, never to be adjusted so that a test passes.
MATCH_CARDS = 26
STEP_CARDS = 14
ORDER_CARDS = 20


def vignette(file: Path) -> Json:
    read: Json = json.loads(file.read_text(encoding="utf-8"))
    return read


@cache
def words() -> Words:
    return load_words("en", product().protocol.titles)


def cards_for(given: Json) -> list[Json]:
    """The cards of an order hook."""
    body = json.dumps(given["bundle"]).encode()
    supplied = None if given["supplied"] is None else frozenset(Source(name) for name in given["supplied"])
    chosen = tuple(given["selections"]) if given["hook"] == "order-select" else None
    request = Request(decode_body(body), tuple(given["drafts"]), chosen, supplied, Received((body,)))
    moment = Moment(read_clock(given["asOf"]), read_zone(given["timeZone"]))
    return [dict(card.document()) for card in order_cards(product(), words(), moment, request, "trace")]


def about(card: Json) -> str:
    return str(card["extension"][EXTENSION]["draft"])


def as_stated(card: Json) -> Json:
    rules = {rule["id"]: rule["severity"] for rule in card["extension"][EXTENSION]["rules"]}
    return {"draft": about(card), "rules": rules, "indicator": card["indicator"]}


def actions_of(card: Json) -> list[Json]:
    return [action for suggestion in card.get("suggestions", ()) for action in suggestion["actions"]]


def fits(wanted: Json, action: Json) -> bool:
    """Whether an action is of the kind, about the resource and with the values that are wanted."""
    resource = action.get("resource") or {}
    kind, _, name = action.get("resourceId", "").partition("/")
    found = {"resource": resource.get("resourceType", kind), "id": resource.get("id", name)}
    same = all(wanted.get(key, value) == value for key, value in found.items())
    values = all(value_at(resource, path) == value for path, value in wanted.get("values", {}).items())
    return bool(action["type"] == wanted["type"] and same and values)


def value_at(resource: object, path: str) -> object:
    for key in path.split("."):
        if isinstance(resource, list):
            resource = resource[int(key)]
        else:
            resource = resource.get(key) if isinstance(resource, dict) else None
    return resource


@pytest.mark.parametrize("file", ORDERS, ids=lambda file: file.stem)
def test_the_cards_of_an_order_are_those_stated(file: Path) -> None:
    given = vignette(file)
    cards = {about(card): card for card in cards_for(given)}
    wanted = given["expect"]["cards"]
    stated = [{name: one[name] for name in ("draft", "rules", "indicator")} for one in wanted]
    by_draft = sorted(map(as_stated, cards.values()), key=lambda one: str(one["draft"]))
    assert by_draft == sorted(stated, key=lambda one: str(one["draft"])), given["why"]
    for one in wanted:
        actions = actions_of(cards[one["draft"]])
        for action in one.get("actions", ()):
            assert any(fits(action, offered) for offered in actions), (action, actions)
        if any(action["type"] == "delete" for action in one.get("actions", ())):
            assert {action["type"] for action in actions} == {"delete"}


@pytest.mark.parametrize("file", STEPS, ids=lambda file: file.stem)
def test_the_steps_of_a_patient_are_those_stated(file: Path) -> None:
    given = vignette(file)
    found = {step.id: step for step in judge(given).steps}
    for name, wanted in given["expect"]["steps"].items():
        assert found[name].state == wanted["state"], given["why"].get(name)
        if "window" in wanted:
            assert [day.isoformat() for day in found[name].window or ()] == wanted["window"]
    loud = {name for name, step in found.items() if step.state in OPEN}
    assert not loud & set(given["expect"]["quiet"])


def shown_to(assessment: Assessment) -> tuple[int, int]:
    """How many cards opening the chart gives: that the patient may qualify, and what the protocol wants next."""
    given = (assessment, product().protocol, words(), CardSettings(), "trace")
    return int(match_card(*given) is not None), int(step_card(*given) is not None)


def test_the_number_of_cards_is_a_decision(shared: Path) -> None:
    del shared
    opened = [shown_to(judge(vignette(file))) for file in (*ELIGIBILITY, *STEPS)]
    ordered = sum(len(cards_for(vignette(file))) for file in ORDERS)
    assert (sum(m for m, _ in opened), sum(s for _, s in opened), ordered) == (MATCH_CARDS, STEP_CARDS, ORDER_CARDS)


def test_the_vignettes_are_there(shared: Path) -> None:
    assert shared == REFERENCE
    assert len(ORDERS) >= 22
