"""What one EHR would refuse, drop or show otherwise in a part of a card, read off its dialect.

What the EHR does not do but the card says in words is "shown otherwise"; what is then said nowhere is "dropped".
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from cards.dialects import Dialect
from cards.escaping import escaped
from cards.linting_parts import Part, Severity, Told, objects
from cards.model import Json
from cards.telling import unsaid

_TAG = re.compile(r"</?[A-Za-z][^<>]*>")
_CODE = re.compile(r"[A-Za-z0-9]+")


def _kept(text: object, card: Json) -> Severity:
    """What becomes of something that the EHR leaves out, and that this text would say in the detail."""
    detail = str(card.get("detail", ""))
    said = isinstance(text, str) and bool(text) and (text in detail or escaped(text) in detail)
    return Severity.OTHERWISE if said else Severity.DROPPED


def _detail(part: Part, dialect: Dialect) -> Iterator[Told]:
    detail, extension = part.content.get("detail"), part.content.get("extension")
    if not isinstance(detail, str):
        return
    most = dialect.detail_characters
    if most and len(detail) > most:
        what = f"{len(detail)} characters: about {most} are seen without scrolling"
        yield Told("detail", Severity.OTHERWISE, what)
    names = extension if isinstance(extension, Mapping) else {}
    as_html = bool(dialect.html_extension) and names.get(dialect.html_extension) == "text/html"
    if _TAG.search(detail) and not as_html:
        what = "holds HTML, which is read as Markdown here: its tags may show or vanish"
        yield Told("detail", Severity.OTHERWISE, what)


def _behaviour(part: Part, dialect: Dialect) -> Iterator[Told]:
    behaviour = part.content.get("selectionBehavior")
    if part.content.get("suggestions") and isinstance(behaviour, str) and behaviour not in dialect.behaviours:
        yield Told("selectionBehavior", Severity.REFUSED, f"only {', '.join(dialect.behaviours)} is known here")


def _topic(part: Part, dialect: Dialect) -> Iterator[Told]:
    if not dialect.topic_characters:
        return
    topic = part.content.get("topic")
    code = topic.get("code") if isinstance(topic, Mapping) else None
    if not isinstance(code, str):
        yield Told("topic", Severity.DROPPED, "without a topic an override is not remembered")
    elif not _CODE.fullmatch(code) or len(code) > dialect.topic_characters:
        what = f"an override is remembered by letters and digits only, at most {dialect.topic_characters}"
        yield Told("topic.code", Severity.DROPPED, what)


def _suggestion(part: Part, dialect: Dialect) -> Iterator[Told]:
    actions = objects(part.content.get("actions"))
    if actions and "suggestions" in dialect.unshown_labels:
        yield Told("label", Severity.OTHERWISE, "the description of the action is shown in its place")
    if dialect.one_action and len(actions) > 1:
        rest = {_kept(one.get("description"), part.card) for one in actions[1:]}
        severity = Severity.DROPPED if Severity.DROPPED in rest else Severity.OTHERWISE
        yield Told("actions", severity, f"{len(actions)} actions: only one of a suggestion is carried out")
    if not actions and not dialect.actions:
        yield Told("", _kept(part.content.get("label"), part.card), "suggestions are not shown as such")


def _action(part: Part, dialect: Dialect) -> Iterator[Told]:
    kind, resource = part.content.get("type"), part.content.get("resource")
    if isinstance(kind, str) and kind not in dialect.actions:
        yield Told("", _kept(part.content.get("description"), part.card), f"{kind} is not carried out from a card")
    elif kind == "create" and isinstance(resource, Mapping):
        yield from _created(resource, str(part.content.get("description", "")), dialect)


def _created(resource: Json, described: str, dialect: Dialect) -> Iterator[Told]:
    for name in dialect.ignored_of_created:
        if name in resource:
            lost = unsaid({name: resource[name]}, described, dialect)
            severity = Severity.DROPPED if lost else Severity.OTHERWISE
            where = "is not said in the description" if lost else "is said in the description"
            yield Told(f"resource.{name}", severity, f"the EHR's default is taken in its place; it {where}")
    systems = _systems(resource)
    if dialect.order_systems and systems and not systems & set(dialect.order_systems):
        what = f"the order is found if the hospital maps its code, or by a code of {dialect.order_systems[0]}"
        yield Told("resource", Severity.OTHERWISE, what)


def _systems(resource: Json) -> set[str]:
    """The code systems of what an order orders."""
    concept = resource.get("code") or resource.get("medicationCodeableConcept")
    codings = objects(concept.get("coding")) if isinstance(concept, Mapping) else ()
    return {str(coding.get("system")) for coding in codings}


def _link(part: Part, dialect: Dialect) -> Iterator[Told]:
    link = part.content
    if link.get("type") in dialect.registered_links:
        yield Told("", _kept(link.get("url"), part.card), "shown only if the hospital has listed its address")
    if "appContext" in link and not dialect.app_context:
        yield Told("appContext", Severity.DROPPED, "the app is not told it")
    if "links" in dialect.unshown_labels:
        what = "the address or the name of the app is shown in its place"
        yield Told("label", Severity.OTHERWISE, what)


DIALECT_RULES: Final[Mapping[str, tuple[Callable[[Part, Dialect], Iterator[Told]], ...]]] = {
    "card": (_detail, _behaviour),
    "source": (_topic,),
    "suggestions": (_suggestion,),
    "actions": (_action,),
    "links": (_link,),
}
"""The rules by the kind of part they read."""
