"""What an EHR would make of a card, whoever wrote it."""

import json
from typing import Any, Final

import pytest
from hypothesis import given

from cards.dialects import DIALECTS, EPIC, GENERIC, ORACLE, Dialect
from cards.linting import lint
from tests.acceptance.test_fuzz import mutated

Json = dict[str, Any]

ACTION: Final[Json] = {
    "type": "create",
    "description": "Order INR on 2026-11-23",
    "resource": {"resourceType": "ServiceRequest", "occurrenceDateTime": "2026-11-23"},
}
LINK: Final[Json] = {"label": "Guideline", "url": "https://other.example/guideline", "type": "absolute"}
GOOD: Final[Json] = {
    "uuid": "8a7f",
    "summary": "INR is missing",
    "indicator": "info",
    "source": {"label": "Another vendor", "topic": {"system": "http://other.example", "code": "Card7"}},
    "suggestions": [{"uuid": "s1", "label": "Order INR", "actions": [ACTION]}],
    "selectionBehavior": "any",
    "links": [LINK],
    "overrideReasons": [{"system": "http://other.example", "code": "no", "display": "No"}],
}


def told(card: Json, *dialects: Dialect) -> set[tuple[str, str, str]]:
    return {(one.path, one.severity.value, one.ehr) for one in lint(card, dialects or tuple(DIALECTS.values()))}


def test_the_specification_has_nothing_against_a_good_card() -> None:
    assert told(GOOD, GENERIC) == set()


def test_what_epic_makes_of_it() -> None:
    assert told(GOOD, EPIC) == {
        ("card.suggestions[0].label", "shown otherwise", "epic"),
        ("card.suggestions[0].actions[0].resource.occurrenceDateTime", "shown otherwise", "epic"),
        ("card.links[0].label", "shown otherwise", "epic"),
    }


def test_what_oracle_makes_of_it() -> None:
    assert told(GOOD, ORACLE) == {
        ("card.suggestions[0].actions[0]", "dropped", "oracle"),
        ("card.links[0]", "dropped", "oracle"),
    }
    words = {**GOOD, "detail": "- Order INR on 2026-11-23\n- https://other.example/guideline"}
    assert {severity for _, severity, _ in told(words, ORACLE)} == {"shown otherwise"}


def changed(path: str, value: object) -> Json:
    """The good card with one thing different; a value of ... takes it away."""
    card: Json = json.loads(json.dumps(GOOD))
    *way, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    place: Any = card
    for step in way:
        place = place[step]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return card


LOINC: Final[Json] = {"coding": [{"system": "http://loinc.org", "code": "6301-6"}]}
FIRST: Final = "suggestions.0.actions.0"
FIRST_AT: Final = "suggestions[0].actions[0]"


@pytest.mark.parametrize(
    ("path", "value", "place", "severity", "ehr"),
    [
        ("summary", ..., "summary", "refused", "generic"),
        ("summary", " ", "summary", "refused", "generic"),
        ("summary", "x" * 140, "summary", "dropped", "generic"),
        ("detail", "", "detail", "refused", "generic"),
        ("detail", 7, "detail", "refused", "generic"),
        ("detail", None, "detail", "refused", "generic"),
        ("indicator", "hard-stop", "indicator", "refused", "generic"),
        ("uuid", ..., "uuid", "dropped", "generic"),
        ("source", ..., "source", "refused", "generic"),
        ("source", "COTSOM", "source", "refused", "generic"),
        ("source.label", ..., "source.label", "refused", "generic"),
        ("source.url", "/study", "source.url", "refused", "generic"),
        ("source.icon", "icon.png", "source.icon", "refused", "generic"),
        ("source.topic.system", ..., "source.topic.system", "refused", "generic"),
        ("extension", ["x"], "extension", "refused", "generic"),
        ("suggestions", {"label": "x"}, "suggestions", "refused", "generic"),
        ("suggestions", [], "suggestions", "refused", "generic"),
        ("selectionBehavior", ..., "selectionBehavior", "refused", "generic"),
        ("selectionBehavior", "all", "selectionBehavior", "refused", "generic"),
        ("suggestions.0.label", ..., "suggestions[0].label", "refused", "generic"),
        ("suggestions.0.uuid", ..., "suggestions[0].uuid", "dropped", "generic"),
        ("suggestions.0.actions", "x", "suggestions[0].actions", "refused", "generic"),
        (f"{FIRST}.type", "order", "suggestions[0].actions[0].type", "refused", "generic"),
        (f"{FIRST}.description", ..., "suggestions[0].actions[0].description", "refused", "generic"),
        (f"{FIRST}.resource", ..., "suggestions[0].actions[0].resource", "refused", "generic"),
        (f"{FIRST}.resource", {"id": "x"}, "suggestions[0].actions[0].resource", "refused", "generic"),
        (f"{FIRST}.type", "update", "suggestions[0].actions[0].resource.id", "refused", "generic"),
        (f"{FIRST}.type", "delete", "suggestions[0].actions[0].resourceId", "dropped", "generic"),
        ("links.0.url", ..., "links[0].url", "refused", "generic"),
        ("links.0.url", "guideline.html", "links[0].url", "refused", "generic"),
        ("links.0.type", "web", "links[0].type", "refused", "generic"),
        ("links.0.appContext", "x", "links[0].appContext", "refused", "generic"),
        ("links", "x", "links", "refused", "generic"),
        ("overrideReasons.0.display", ..., "overrideReasons[0].display", "refused", "generic"),
        ("selectionBehavior", "at-most-one", "selectionBehavior", "refused", "epic"),
        ("source.topic", ..., "source.topic", "dropped", "epic"),
        ("source.topic.code", "card-7", "source.topic.code", "dropped", "epic"),
        ("source.topic.code", "7" * 101, "source.topic.code", "dropped", "epic"),
        ("detail", "<b>bold</b>", "detail", "shown otherwise", "epic"),
        ("detail", "<b>bold</b>", "detail", "shown otherwise", "oracle"),
        ("detail", "x" * 1001, "detail", "shown otherwise", "oracle"),
        ("suggestions.0.actions", [ACTION, ACTION], "suggestions[0].actions", "dropped", "epic"),
        (f"{FIRST}.description", "Order INR", f"{FIRST_AT}.resource.occurrenceDateTime", "dropped", "epic"),
        (f"{FIRST}.resource.note", [{"text": "fasting"}], f"{FIRST_AT}.resource.note", "dropped", "epic"),
        (f"{FIRST}.resource.code", LOINC, f"{FIRST_AT}.resource", "shown otherwise", "epic"),
        (f"{FIRST}.type", "update", FIRST_AT, "dropped", "epic"),
        ("links.0.type", "smart", "links[0]", "dropped", "epic"),
        ("links.0", {**LINK, "type": "smart", "appContext": "x"}, "links[0].appContext", "dropped", "oracle"),
        ("suggestions.0.actions", ..., "suggestions[0]", "dropped", "oracle"),
    ],
)
def test_one_thing_wrong_is_told_with_its_place(path: str, value: object, place: str, severity: str, ehr: str) -> None:
    found = told(changed(path, value)) - told(GOOD)
    assert (f"card.{place}", severity, ehr) in found


def test_html_is_html_where_the_extension_says_so() -> None:
    html = {**GOOD, "detail": "<b>bold</b>"}
    marked = {**html, "extension": {EPIC.html_extension: "text/html"}}
    assert ("card.detail", "shown otherwise", "epic") in told(html)
    assert ("card.detail", "shown otherwise", "epic") not in told(marked)
    assert ("card.detail", "shown otherwise", "oracle") in told(marked)


@given(card=mutated(GOOD))
def test_whatever_the_card_is_it_is_told_and_nothing_breaks(card: Any) -> None:  # noqa: ANN401 - any JSON
    if isinstance(card, dict):
        assert all(one.path.startswith("card") and one.what for one in lint(card, tuple(DIALECTS.values())))
