"""The parts of a card that is any JSON, and what is told of one when it is checked."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from cards.model import Json


class Severity(StrEnum):
    """What becomes of a part: the EHR may refuse the card; nobody sees the part; it is seen in another place."""

    REFUSED = "refused"
    DROPPED = "dropped"
    OTHERWISE = "shown otherwise"


class Told(NamedTuple):
    """What is told of a part: where beneath it ("" is the part itself), how severe, and what."""

    where: str
    severity: Severity
    what: str


@dataclass(frozen=True, slots=True)
class Part:
    """An object inside a card: what kind it is, where it stands, and the card."""

    kind: str
    path: str
    content: Json
    card: Json


def parts(card: Json, path: str) -> Iterator[Part]:
    """The card and the objects in it, each with its place."""
    yield Part("card", path, card, card)
    source = card.get("source")
    if isinstance(source, Mapping):
        yield Part("source", f"{path}.source", source, card)
        if isinstance(source.get("topic"), Mapping):
            yield Part("topic", f"{path}.source.topic", source["topic"], card)
    for kind in ("suggestions", "links", "overrideReasons"):
        for at, one in _objects(card.get(kind)):
            place = f"{path}.{kind}[{at}]"
            yield Part(kind, place, one, card)
            if kind == "suggestions":
                yield from (Part("actions", f"{place}.actions[{n}]", a, card) for n, a in _objects(one.get("actions")))


def _objects(given: object) -> Iterator[tuple[int, Json]]:
    if isinstance(given, list):
        yield from ((at, one) for at, one in enumerate(given) if isinstance(one, Mapping))


def objects(given: object) -> tuple[Json, ...]:
    """The objects of what should be a list of them."""
    return tuple(one for _, one in _objects(given))
