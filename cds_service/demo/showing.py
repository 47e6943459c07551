"""A card in the terminal, the way an EHR shows it: indicator, summary, detail, source, links."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.markdown import Markdown
from rich.panel import Panel
from rich.text import Text

_COLOURS = {"info": "blue", "warning": "yellow", "critical": "red"}


def show_cards(cards: Sequence[Mapping[str, Any]]) -> RenderableType:
    """The cards, or that the service is silent."""
    if not cards:
        return Panel(Text("(no card: the service has nothing to say)", style="dim"), border_style="dim")
    return Group(*map(show_card, cards))


def show_card(card: Mapping[str, Any]) -> Panel:
    """One card."""
    links = [f"[{link['label']}]({link['url']})" for link in card.get("links", [])]
    source = Text(f"{card['source']['label']}", style="dim")
    reasons = ", ".join(reason["display"] for reason in card.get("overrideReasons", []))
    parts: list[RenderableType] = [Text(card["summary"], style="bold"), Markdown(card.get("detail", ""))]
    parts += [Markdown("\n".join(links))] if links else []
    parts += [source, Text(f"Set aside because: {reasons}", style="dim")] if reasons else [source]
    colour = _COLOURS[card["indicator"]]
    return Panel(Group(*parts), title=card["indicator"], title_align="left", border_style=colour)
