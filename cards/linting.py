"""What an EHR would refuse, drop or show otherwise in a card, whoever wrote it: the card is any JSON.

What holds for every EHR is the specification's (CDS Hooks 2.0, "Card Attributes" and below); what one EHR does beside
that stands in `linting_dialects`.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from cards.dialects import GENERIC, Dialect
from cards.linting_dialects import DIALECT_RULES
from cards.linting_parts import Part, Severity, Told, parts
from cards.model import SUMMARY_BELOW, Indicator, Json

_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://\S+")
_BEHAVIOURS = ("any", "at-most-one")
_ACTIONS = ("create", "update", "delete")
_LINKS = ("absolute", "smart")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing about one part of a card. `ehr`: the dialect it holds for; `generic` for every EHR."""

    path: str
    severity: Severity
    ehr: str
    what: str

    def document(self) -> Json:
        """As JSON."""
        return {"path": self.path, "severity": self.severity.value, "ehr": self.ehr, "what": self.what}


_TEXTS: Final[Mapping[str, tuple[str, ...]]] = {
    "card": ("summary", "indicator"),
    "source": ("label",),
    "topic": ("code", "system"),
    "suggestions": ("label",),
    "actions": ("type", "description"),
    "links": ("label", "url", "type"),
    "overrideReasons": ("code", "system", "display"),
}
"""The texts that each kind of part must have."""


def lint(card: Json, dialects: tuple[Dialect, ...], path: str = "card") -> tuple[Finding, ...]:
    """What every EHR, and what each of these, would make of a card; in the order of its parts."""
    return tuple(finding for part in parts(card, path) for finding in _of_part(part, dialects))


def _of_part(part: Part, dialects: tuple[Dialect, ...]) -> Iterator[Finding]:
    for rule in (_texts, _hollow, *_RULES.get(part.kind, ())):
        yield from (_finding(part, GENERIC, told) for told in rule(part))
    for dialect in dialects:
        for dialect_rule in DIALECT_RULES.get(part.kind, ()):
            yield from (_finding(part, dialect, told) for told in dialect_rule(part, dialect))


def _finding(part: Part, dialect: Dialect, told: Told) -> Finding:
    path = f"{part.path}.{told.where}" if told.where else part.path
    return Finding(path, told.severity, dialect.id, told.what)


def _texts(part: Part) -> Iterator[Told]:
    for name in _TEXTS[part.kind]:
        value = part.content.get(name)
        is_text = isinstance(value, str) and bool(value.strip())
        if not is_text and name not in dict(_empty(part)):
            yield Told(name, Severity.REFUSED, "a text is required")


def _empty(part: Part) -> Iterator[tuple[str, object]]:
    return ((name, value) for name, value in part.content.items() if value is None or value in ("", [], {}))


def _hollow(part: Part) -> Iterator[Told]:
    for name, _ in _empty(part):
        yield Told(name, Severity.REFUSED, "null or empty: leave it out, or say it")


def _lists(part: Part) -> Iterator[Told]:
    for name in ("suggestions", "links", "overrideReasons"):
        given = part.content.get(name, [])
        if not isinstance(given, list) or not all(isinstance(one, Mapping) for one in given):
            yield Told(name, Severity.REFUSED, "a list of objects was expected")
    for name in ("source", "extension"):
        if not isinstance(part.content.get(name, {}), Mapping):
            yield Told(name, Severity.REFUSED, "an object was expected")
    if "source" not in part.content:
        yield Told("source", Severity.REFUSED, "an object is required")


def _card(part: Part) -> Iterator[Told]:
    card = part.content
    summary, indicator, detail = card.get("summary"), card.get("indicator"), card.get("detail", "")
    if isinstance(summary, str) and len(summary) >= SUMMARY_BELOW:
        yield Told("summary", Severity.DROPPED, f"{len(summary)} characters: beyond {SUMMARY_BELOW - 1} an EHR may cut")
    if isinstance(indicator, str) and indicator not in tuple(Indicator):
        yield Told("indicator", Severity.REFUSED, "none of info, warning, critical")
    if not isinstance(detail, str):
        yield Told("detail", Severity.REFUSED, "a text was expected")
    if not isinstance(card.get("uuid"), str):
        yield Told("uuid", Severity.DROPPED, "without it no feedback can be told to belong to this card")
    behaviour = card.get("selectionBehavior")
    if card.get("suggestions") and behaviour not in _BEHAVIOURS:
        yield Told("selectionBehavior", Severity.REFUSED, f"required with suggestions: {' or '.join(_BEHAVIOURS)}")


def _addresses(part: Part) -> Iterator[Told]:
    for name in ("url", "icon"):
        given = part.content.get(name)
        if given and not (isinstance(given, str) and _ABSOLUTE.fullmatch(given)):
            yield Told(name, Severity.REFUSED, "an absolute address was expected")


def _suggestion(part: Part) -> Iterator[Told]:
    if not isinstance(part.content.get("uuid"), str):
        yield Told("uuid", Severity.DROPPED, "without it feedback cannot say that it was accepted")
    actions = part.content.get("actions", [])
    if not isinstance(actions, list) or not all(isinstance(one, Mapping) for one in actions):
        yield Told("actions", Severity.REFUSED, "a list of objects was expected")


def _action(part: Part) -> Iterator[Told]:
    kind, resource = part.content.get("type"), part.content.get("resource")
    if isinstance(kind, str) and kind not in _ACTIONS:
        yield Told("type", Severity.REFUSED, f"none of {', '.join(_ACTIONS)}")
    typed = isinstance(resource, Mapping) and isinstance(resource.get("resourceType"), str)
    if kind in ("create", "update") and not typed:
        yield Told("resource", Severity.REFUSED, f"to {kind}, a FHIR resource with its resourceType is required")
    elif kind == "update" and isinstance(resource, Mapping) and not resource.get("id"):
        yield Told("resource.id", Severity.REFUSED, "which resource to update is not said")
    if kind == "delete" and not isinstance(part.content.get("resourceId"), str):
        yield Told("resourceId", Severity.DROPPED, "which resource to delete is not said")


def _link(part: Part) -> Iterator[Told]:
    kind = part.content.get("type")
    if isinstance(kind, str) and kind not in _LINKS:
        yield Told("type", Severity.REFUSED, f"none of {', '.join(_LINKS)}")
    if kind == "absolute" and "appContext" in part.content:
        yield Told("appContext", Severity.REFUSED, "only a link of type smart may have it")


_RULES: Final[Mapping[str, tuple[Callable[[Part], Iterator[Told]], ...]]] = {
    "card": (_lists, _card),
    "source": (_addresses,),
    "suggestions": (_suggestion,),
    "actions": (_action,),
    "links": (_addresses, _link),
}
