"""A card told in the dialect of an EHR: what that EHR would drop is moved into words that it shows."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from cards.dialects import GENERIC, Dialect
from cards.escaping import escaped
from cards.fingerprint import derived_uuid
from cards.model import Action, Card, Json, Link, Suggestion
from cards.wording import Words

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
# Of an element these say nothing beyond the value that they stand beside.
_BESIDE = frozenset({"system", "code", "unit", "url", "reference", "periodUnit", "resourceType", "id", "comparator"})


def in_dialect(card: Card, dialect: Dialect, words: Words) -> Card:
    """The same card as that EHR can show it. Told as specified, it is the very same card."""
    if dialect is GENERIC:
        return card
    told = tuple(one for given in card.suggestions for one in _suggestions(given, dialect, words))
    return replace(
        card,
        suggestions=told,
        links=tuple(link if dialect.app_context else replace(link, app_context=None) for link in card.links),
        detail="".join((card.detail, *_in_words(card, dialect, words))),
    )


def _suggestions(given: Suggestion, dialect: Dialect, words: Words) -> Iterator[Suggestion]:
    """What of a suggestion one click can do; one action each where the EHR takes no more."""
    actions = tuple(_spelt(action, dialect, words) for action in given.actions if action.type in dialect.actions)
    if len(actions) > 1 and dialect.one_action:
        for at, action in enumerate(actions):
            yield Suggestion(derived_uuid(given.uuid, str(at)), action.description, (action,))
    elif actions:
        label = actions[0].description if len(given.actions) > len(actions) == 1 else given.label
        yield Suggestion(given.uuid, label, actions)


def _spelt(action: Action, dialect: Dialect, words: Words) -> Action:
    """The action, with what the EHR ignores of a new order said in its description."""
    values = unsaid(action.resource or {}, action.description, dialect) if action.type == "create" else ()
    if not values:
        return action
    text = words.catalogue["action.by-hand"].format(what=action.description, values=", ".join(values))
    return replace(action, description=text)


def unsaid(resource: Json, description: str, dialect: Dialect) -> tuple[str, ...]:
    """Days, doses and words in elements of a new order that the EHR ignores, which the description does not say."""
    given = (value for name in dialect.ignored_of_created for value in _values(resource.get(name)))
    return tuple(value for value in dict.fromkeys(given) if value.casefold() not in description.casefold())


def _values(node: object) -> Iterator[str]:
    """What an element says, as a reader would look for it: a time by its day, a quantity with its unit."""
    if isinstance(node, Mapping):
        if "value" in node:
            yield f"{node['value']} {node.get('unit') or node.get('code') or ''}".strip()
        elif "frequency" in node:
            period = node.get("period", 1)
            yield f"{node['frequency']} / {period if period != 1 else ''}{node.get('periodUnit', 'd')}"
        beside = _BESIDE | {"value", "frequency", "period"}
        yield from (text for name, inner in node.items() if name not in beside for text in _values(inner))
    elif isinstance(node, list | tuple):
        yield from (text for inner in node for text in _values(inner))
    elif isinstance(node, str) and node.strip():
        day = _DAY.match(node)
        yield day[0] if day else node.strip()


def _in_words(card: Card, dialect: Dialect, words: Words) -> Iterator[str]:
    """What is added to the detail: changes to make by hand, changes that belong together, links that may be missing."""
    say = words.catalogue
    by_hand = [a.description for s in card.suggestions for a in s.actions if a.type not in dialect.actions]
    if by_hand:
        yield say["card.detail.by-hand"]
        yield from (f"\n- {escaped(description)}" for description in by_hand)
    most = max((len(suggestion.actions) for suggestion in card.suggestions), default=0)
    if dialect.one_action and most > 1:
        yield say["card.detail.together"].format(n=most)
    for link in card.links:
        if link.type in dialect.registered_links:
            yield _link_in_words(link, words)


def _link_in_words(link: Link, words: Words) -> str:
    return words.catalogue["card.detail.link"].format(label=escaped(link.label), address=escaped(link.url))
