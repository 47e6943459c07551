"""Cards and orders in the terminal, the way an EHR shows them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.markdown import Markdown
from rich.padding import Padding
from rich.panel import Panel
from rich.text import Text

Json = Mapping[str, Any]
_COLOURS = {"info": "blue", "warning": "yellow", "critical": "red"}


def show_cards(cards: Sequence[Json]) -> RenderableType:
    """The cards, or that the service is silent."""
    if not cards:
        return Panel(Text("(no card: the service has nothing to say)", style="dim"), border_style="dim")
    return Group(*map(show_card, cards))


def show_card(card: Json) -> Panel:
    """One card: indicator, summary, detail, links, what one click would do, source."""
    links = [f"[{link['label']}]({link['url']})" for link in card.get("links", [])]
    reasons = ", ".join(reason["display"] for reason in card.get("overrideReasons", []))
    parts: list[RenderableType] = [Text(card["summary"], style="bold"), Markdown(card.get("detail", ""))]
    parts += [Markdown("\n".join(links))] if links else []
    parts += [line for suggestion in card.get("suggestions", []) for line in _suggested(suggestion)]
    parts += [Text(f"{card['source']['label']}", style="dim")]
    parts += [Text(f"Set aside because: {reasons}", style="dim")] if reasons else []
    colour = _COLOURS[card["indicator"]]
    return Panel(Group(*parts), title=card["indicator"], title_align="left", border_style=colour)


def _suggested(suggestion: Json) -> Iterator[RenderableType]:
    yield Text(f"\n[ {suggestion['label']} ]", style="bold green")
    for action in suggestion["actions"]:
        yield Padding(Text(f"{action['type']}: {action['description']}"), (0, 0, 0, 3))


def show_orders(title: str, orders: Sequence[Json]) -> RenderableType:
    """Orders under a heading, one a line; that there is none is said too."""
    lines = [Text(order_line(order)) for order in orders] or [Text("none", style="dim")]
    return Group(Text(title, style="bold"), *(Padding(line, (0, 0, 0, 2)) for line in lines))


def order_line(order: Json) -> str:
    """What is ordered, in which dose, for when."""
    concept = order.get("code") or order.get("medicationCodeableConcept") or {}
    dosage: Json = next(iter(order.get("dosageInstruction", [])), {})
    period = order.get("occurrencePeriod") or dosage.get("timing", {}).get("repeat", {}).get("boundsPeriod", {})
    day = order.get("occurrenceDateTime") or _between(period)
    name = concept.get("text", order["resourceType"])
    return ", ".join(part for part in (name, dosage.get("text", ""), day) if part)


def _between(period: Json) -> str:
    start, end = period.get("start"), period.get("end")
    return f"{start} to {end}" if start and end else f"from {start}" if start else ""


def show_second_check(cards: Sequence[Json], *, waits: bool) -> RenderableType:
    """What the service says of the corrected orders: nothing, only that a result is awaited, or its cards again."""
    if not cards:
        return Text("Second check: quiet, the service has nothing more to say.", style="bold green")
    if not waits:
        return Group(Text("Second check: not yet quiet.", style="bold yellow"), show_cards(cards))
    missed = [Padding(Text(card["summary"]), (0, 0, 0, 2)) for card in cards]
    return Group(Text("Second check: all is ordered, it waits only for a result.", style="bold yellow"), *missed)
