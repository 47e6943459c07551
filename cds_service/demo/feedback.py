"""Feedback on a card (CDS Hooks, "Feedback"), as the specification wants it from a client."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from cds_service.demo.elements import Json, each, text_at


def accepted(card: Json, chosen: Sequence[Json], instant: datetime) -> dict[str, Any] | None:
    """A card whose suggestions were accepted; None where card or suggestion has no id to tell it by."""
    ids = [{"id": name} for suggestion in chosen if (name := text_at(suggestion, "uuid"))]
    if not text_at(card, "uuid") or not ids:
        return None
    return {**_item(card, "accepted", instant), "acceptedSuggestions": ids}


def overridden(card: Json, code: str, comment: str, instant: datetime) -> dict[str, Any] | None:
    """A card that was set aside, with the reason that was chosen among the card's own, and words."""
    if not text_at(card, "uuid"):
        return None
    reason = next((one for one in each(card, "overrideReasons") if text_at(one, "code") == code), None)
    why = {
        **({"reason": {key: reason[key] for key in ("code", "system", "display") if key in reason}} if reason else {}),
        **({"userComment": comment} if comment else {}),
    }
    return {**_item(card, "overridden", instant), **({"overrideReason": why} if why else {})}


def _item(card: Json, outcome: str, instant: datetime) -> dict[str, Any]:
    return {"card": card["uuid"], "outcome": outcome, "outcomeTimestamp": instant.isoformat()}
