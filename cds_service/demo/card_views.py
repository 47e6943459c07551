"""A card of any vendor as it is shown: safe whatever it holds, without what it lacks (CDS Hooks, "Card Attributes")."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markupsafe import Markup

from cds_service.demo.elements import Json, each, text_at
from cds_service.demo.guidance import Offer
from cds_service.demo.sessions import Settled
from cds_service.pages.typesetting import unbroken, whole_days

_INDICATORS = ("critical", "warning", "info")
_LONGEST_DETAIL, _LONGEST_LINE, _MOST = 20_000, 400, 12
_TAGS = {
    "a", "b", "blockquote", "br", "code", "del", "em", "hr", "i", "li", "ol", "p", "pre", "s", "strong", "sub", "sup",
    "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
_SCHEMES = {"http", "https"}
_NAMED = re.compile(r"(.*?)(?:\s*\(([\w-]+)\))?", re.DOTALL)
# GitHub's tables and strikethrough; HTML is let through here because the cleaning that follows decides about it.
_MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
# Headings of a card would stand among those of the page.
_MARKDOWN.add_render_rule("heading_open", lambda *_: "<p><strong>", fmt=RendererHTML.__output__)
_MARKDOWN.add_render_rule("heading_close", lambda *_: "</strong></p>", fmt=RendererHTML.__output__)


@dataclass(frozen=True, slots=True)
class LinkView:
    """A link; `smart`: it launches an app, which this EHR opens as a page."""

    label: str
    url: str
    smart: bool


@dataclass(frozen=True, slots=True)
class ActionView:
    """One thing a suggestion does."""

    type: str
    description: str


@dataclass(frozen=True, slots=True)
class SuggestionView:
    """What one click would do; `number`: its place on the card."""

    number: int
    label: str
    recommended: bool
    actions: tuple[ActionView, ...]


@dataclass(frozen=True, slots=True)
class ReasonView:
    """Why a card may be set aside."""

    code: str
    display: str


@dataclass(frozen=True, slots=True)
class CardView:
    """A card. `several`: more than one suggestion may be chosen; `settled`: what the clinician did with it."""

    key: str
    indicator: str
    summary: Markup
    detail: Markup
    source: str
    source_url: str
    links: tuple[LinkView, ...]
    suggestions: tuple[SuggestionView, ...]
    several: bool
    reasons: tuple[ReasonView, ...]
    settled: Settled | None


def view_card(offer: Offer, settled: Settled | None = None) -> CardView:
    """The card as it is shown. An indicator that we do not know counts as information."""
    card = offer.card
    indicator = text_at(card, "indicator")
    suggestions = tuple(_suggestion(number, one) for number, one in enumerate(each(card, "suggestions")))[:_MOST]
    return CardView(
        key=offer.key,
        indicator=indicator if indicator in _INDICATORS else "info",
        summary=whole_days(text_at(card, "summary")[:_LONGEST_LINE]),
        detail=_unrepeated(safe_html(text_at(card, "detail")), text_at(card, "summary")),
        source=text_at(card, "source", "label") or offer.service.title,
        source_url=web_address(text_at(card, "source", "url")),
        links=tuple(_links(card))[:_MOST],
        suggestions=suggestions,
        several=text_at(card, "selectionBehavior") == "any" and len(suggestions) > 1,
        reasons=tuple(_reasons(card))[:_MOST],
        settled=settled,
    )


def _unrepeated(detail: Markup, summary: str) -> Markup:
    """The detail; where it only says the summary or its end again, the name in parentheses that it adds, if any."""
    said = _NAMED.fullmatch(detail.striptags())
    if said is None or not summary.endswith(said[1]):
        return detail
    return Markup('<p class="small soft">{}</p>').format(said[2]) if said[2] else Markup()


def most_urgent_first(cards: list[CardView]) -> tuple[CardView, ...]:
    """The cards by urgency; those already dealt with last."""
    return tuple(sorted(cards, key=lambda card: (card.settled is not None, _INDICATORS.index(card.indicator))))


def safe_html(markdown: str) -> Markup:
    """GitHub Flavored Markdown as HTML in which nothing can act, load or restyle."""
    html = str(_MARKDOWN.render(markdown[:_LONGEST_DETAIL]))
    cleaned = nh3.clean(html, tags=_TAGS, attributes={"a": {"href"}}, url_schemes=_SCHEMES)
    return Markup(unbroken(cleaned))  # noqa: S704 - just cleaned


def web_address(url: str) -> str:
    """The address if it is one of the web; anything else, a script say, is empty."""
    return url if url.partition("://")[0].lower() in _SCHEMES else ""


def _suggestion(number: int, given: Json) -> SuggestionView:
    actions = tuple(_action(one) for one in each(given, "actions"))
    label = text_at(given, "label") or next((one.description for one in actions if one.description), "")
    return SuggestionView(number, label[:_LONGEST_LINE], given.get("isRecommended") is True, actions[:_MOST])


def _action(given: Json) -> ActionView:
    kind = text_at(given, "type")
    return ActionView(kind, (text_at(given, "description") or kind)[:_LONGEST_LINE])


def _links(card: Json) -> Iterator[LinkView]:
    for link in each(card, "links"):
        url = web_address(text_at(link, "url"))
        if url:
            yield LinkView(text_at(link, "label") or url, url, text_at(link, "type") == "smart")


def _reasons(card: Json) -> Iterator[ReasonView]:
    for reason in each(card, "overrideReasons"):
        code, display = text_at(reason, "code"), text_at(reason, "display")
        if code:
            yield ReasonView(code, display or code)
