"""A CDS Hooks card and its parts, frozen, and the JSON that goes on the wire (CDS Hooks, "Card Attributes").

Nothing empty is ever written: an attribute without content is absent.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

Json = Mapping[str, object]
EXTENSION = "org.cotsom-cds"
SUMMARY_BELOW = 140
_EMPTY: tuple[object, ...] = (None, "", [], {}, ())


class Indicator(StrEnum):
    """How urgent a card is, in rising order."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class Coding:
    """A code that is shown: of a topic, or of a reason for not following advice."""

    system: str
    code: str
    display: str

    def document(self) -> Json:
        """As JSON."""
        return {"system": self.system, "code": self.code, "display": self.display}


@dataclass(frozen=True, slots=True)
class CardSource:
    """Who says so: a label, a static topic code (some EHRs remember overrides by it), the registry entry."""

    label: str
    topic: Coding
    url: str | None = None

    def document(self) -> Json:
        """As JSON."""
        return present({"label": self.label, "url": self.url, "topic": self.topic.document()})


@dataclass(frozen=True, slots=True)
class Link:
    """A link to a page or, of type `smart`, to an app, which is then told the `app_context`."""

    label: str
    url: str
    type: str = "absolute"
    app_context: str | None = None

    def document(self) -> Json:
        """As JSON."""
        return present({"label": self.label, "url": self.url, "type": self.type, "appContext": self.app_context})


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that a suggestion does to the orders; its description is what some EHRs show alone."""

    type: str
    description: str
    resource: Json | None = None
    resource_id: str | None = None

    def document(self) -> Json:
        """As JSON."""
        return present(
            {
                "type": self.type,
                "description": self.description,
                "resource": self.resource,
                "resourceId": self.resource_id,
            }
        )


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What one click would do."""

    uuid: str
    label: str
    actions: tuple[Action, ...]

    def document(self) -> Json:
        """As JSON."""
        return {"uuid": self.uuid, "label": self.label, "actions": [action.document() for action in self.actions]}


@dataclass(frozen=True, slots=True)
class Card:
    """One card. `extension` is the content of contract 4.2."""

    uuid: str
    summary: str
    indicator: Indicator
    source: CardSource
    extension: Json
    detail: str = ""
    links: tuple[Link, ...] = ()
    override_reasons: tuple[Coding, ...] = ()
    suggestions: tuple[Suggestion, ...] = ()

    def document(self) -> Json:
        """As JSON."""
        return present(
            {
                "uuid": self.uuid,
                "summary": self.summary,
                "detail": self.detail,
                "indicator": self.indicator.value,
                "source": self.source.document(),
                "suggestions": [suggestion.document() for suggestion in self.suggestions],
                "selectionBehavior": "any" if self.suggestions else None,
                "overrideReasons": [reason.document() for reason in self.override_reasons],
                "links": [link.document() for link in self.links],
                "extension": {EXTENSION: self.extension},
            }
        )


def present(attributes: Json) -> Json:
    """The attributes that have content: none is null, none is empty."""
    return {name: value for name, value in attributes.items() if value or value not in _EMPTY}
