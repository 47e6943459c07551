"""A card told in the dialect of an EHR: what that EHR leaves out stands in words that it shows."""

from functools import cache

import pytest

from cards.dialects import DIALECTS, EPIC, GENERIC, ORACLE, Dialect
from cards.escaping import escaped
from cards.model import Action, Card, CardSource, Coding, Indicator, Json, Link, Suggestion
from cards.telling import in_dialect
from cards.wording import Words
from cds_service.catalogues import languages, load_words

TOPIC = Coding("http://topics.example", "ordercheck", "Order check")
END = Action("update", "End sorafenib on 2026-11-23", {"resourceType": "MedicationRequest", "id": "m1"})
REMOVE = Action("delete", "Remove the order: rifampicin *600 mg*", None, "MedicationRequest/m2")
PERIOD: Json = {"start": "2026-11-22", "end": "2026-11-23"}
DOSAGE: Json = {
    "text": "with water",
    "timing": {"repeat": {"frequency": 2, "period": 1, "periodUnit": "d", "boundsPeriod": PERIOD}},
    "doseAndRate": [{"doseQuantity": {"value": 400, "unit": "mg", "system": "http://unitsofmeasure.org"}}],
}
APP = Link("Open the worksheet", "https://sheet.example/launch", "smart", "draft=1")


@cache
def words() -> Words:
    return load_words("en", {})


def created(description: str, **elements: object) -> Action:
    return Action("create", description, {"resourceType": "ServiceRequest", "status": "draft", **elements})


def card(*actions: Action, links: tuple[Link, ...] = ()) -> Card:
    return Card(
        uuid="c0",
        summary="Sorafenib goes on",
        indicator=Indicator.WARNING,
        source=CardSource("COTSOM", TOPIC),
        extension={"trial": "NCT02311205"},
        detail="- Sorafenib goes on (TACE-01)",
        links=links,
        suggestions=(Suggestion("s0", "Correct the order", actions),) if actions else (),
    )


def described(told: Card) -> list[str]:
    return [action.description for suggestion in told.suggestions for action in suggestion.actions]


def test_told_as_specified_it_is_the_very_same_card() -> None:
    given = card(END, REMOVE, created("Order INR"), links=(APP,))
    assert in_dialect(given, GENERIC, words()) is given


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=lambda one: one.id)
def test_every_change_stays_on_the_card_to_click_or_to_read(dialect: Dialect) -> None:
    given = card(END, REMOVE, created("Order INR between 2026-11-22 and 2026-11-23", occurrencePeriod=PERIOD))
    told = in_dialect(given, dialect, words())
    for action in given.suggestions[0].actions:
        by_hand = f"\n- {escaped(action.description)}" in told.detail
        assert (action.description in described(told)) != by_hand
    assert told.detail.startswith(given.detail)
    assert (told.summary, told.indicator, told.extension) == (given.summary, given.indicator, given.extension)


def test_epic_does_one_action_a_suggestion_and_what_it_cannot_do_is_for_a_hand() -> None:
    told = in_dialect(card(END, created("Order INR"), created("Order ALT")), EPIC, words())
    assert [len(suggestion.actions) for suggestion in told.suggestions] == [1, 1]
    assert [suggestion.label for suggestion in told.suggestions] == ["Order INR", "Order ALT"]
    assert len({suggestion.uuid for suggestion in told.suggestions} | {"s0"}) == 3
    assert "By hand" not in told.detail
    assert told.detail.endswith(
        "**To be done by hand:**\n- End sorafenib on 2026-11-23\n\nThe 3 changes belong together: make every one."
    )


def test_a_suggestion_that_epic_can_do_whole_keeps_its_id_and_words() -> None:
    given = card(REMOVE)
    assert in_dialect(given, EPIC, words()) == given


def test_the_ids_of_split_suggestions_stay_the_same_from_call_to_call() -> None:
    given = card(created("Order INR"), created("Order ALT"))
    assert in_dialect(given, EPIC, words()) == in_dialect(given, EPIC, words())


def test_dates_and_doses_that_epic_ignores_are_said_where_it_shows_them() -> None:
    told = in_dialect(card(created("Order sorafenib", dosageInstruction=[DOSAGE], priority="urgent")), EPIC, words())
    assert described(told) == [
        "Order sorafenib (to be entered by hand: with water, 2 / d, 2026-11-22, 2026-11-23, 400 mg, urgent)"
    ]


def test_what_the_description_says_already_is_not_said_again() -> None:
    action = created("Order INR between 2026-11-22 and 2026-11-23", occurrencePeriod=PERIOD)
    assert described(in_dialect(card(action), EPIC, words())) == [action.description]
    late = created("Order INR by 2026-11-23", occurrencePeriod={**PERIOD, "start": "2026-11-22T09:00:00+09:00"})
    assert described(in_dialect(card(late), EPIC, words())) == [
        "Order INR by 2026-11-23 (to be entered by hand: 2026-11-22)"
    ]


def test_oracle_shows_words_only() -> None:
    told = in_dialect(card(END, REMOVE, links=(APP,)), ORACLE, words())
    assert "suggestions" not in told.document()
    assert "selectionBehavior" not in told.document()
    assert "- Remove the order: rifampicin \\*600 mg\\*" in told.detail


@pytest.mark.parametrize(
    ("dialect", "kind", "in_words", "context"),
    [
        (EPIC, "smart", True, "draft=1"),
        (EPIC, "absolute", False, "draft=1"),
        (ORACLE, "smart", True, None),
        (ORACLE, "absolute", True, None),
    ],
)
def test_a_link_that_may_be_removed_is_named_in_words(
    dialect: Dialect, kind: str, in_words: bool, context: str | None
) -> None:
    link = Link(APP.label, APP.url, kind, APP.app_context)
    told = in_dialect(card(links=(link,)), dialect, words())
    assert (f"**Open the worksheet:** {escaped(link.url)}" in told.detail) == in_words
    assert told.links == (Link(APP.label, APP.url, kind, context),)


@pytest.mark.parametrize("language", languages())
def test_every_language_has_the_words(language: str) -> None:
    spoken = load_words(language, {})
    told = in_dialect(card(END, created("Order INR", priority="urgent"), links=(APP,)), EPIC, spoken)
    assert "{" not in told.detail + "".join(described(told))
