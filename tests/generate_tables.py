"""The tables that stand inside written pages, made from the data they show."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final

from prometheus_client import Counter, Gauge, Histogram

from cards.dialects import DIALECTS, Dialect
from cds_service.loading import COTSOM
from cds_service.protocols.parsing import parse_protocol
from cds_service.settings import SECTIONS, Settings, variable
from cds_service.web.observing import DEFINITIONS

_END: Final = "<!-- end of generated -->"
DOCS: Final = Path(__file__).resolve().parents[1] / "docs"


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table in Markdown."""
    names = tuple(head)
    lines = [names, tuple("---" for _ in names), *map(tuple, rows)]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def quoted(tests: Iterable[str]) -> str:
    """The names of tests, as a cell of a table shows them."""
    return ", ".join(f"`{test}`" for test in tests)


def _dialects() -> str:
    """One row a thing that EHRs do in their own way."""
    shown: Mapping[str, Callable[[Dialect], str]] = {
        "discovery": lambda one: one.discovery,
        "hooks": lambda one: ", ".join(one.hooks),
        "a click can": lambda one: ", ".join(one.actions) or "nothing: suggestions are shown as text",
        "actions of one suggestion": lambda one: "any number" if not one.one_action else "one",
        "`selectionBehavior`": lambda one: ", ".join(one.behaviours),
        "labels not shown": lambda one: ", ".join(one.unshown_labels) or "–",
        "ignored of a new order": lambda one: ", ".join(f"`{name}`" for name in one.ignored_of_created) or "–",
        "finds a new order by": lambda one: ", ".join(f"`{name}`" for name in one.order_systems) or "any code",
        "overrides are remembered by": _memory,
        "links shown only if listed": lambda one: ", ".join(one.registered_links) or "–",
        "`appContext` reaches the app": lambda one: "yes" if one.app_context else "no",
        "detail without scrolling": lambda one: (
            f"about {one.detail_characters} characters" if one.detail_characters else "–"
        ),
        "detail is": lambda one: "Markdown" + (f", or HTML with `{one.html_extension}`" if one.html_extension else ""),
        "feedback says why in": lambda one: f"`{one.feedback}`" if one.feedback else "no feedback is known of",
    }
    head = ("", *(f"`{one.id}`: {one.name}" for one in DIALECTS.values()))
    return table(head, ((what, *(say(one) for one in DIALECTS.values())) for what, say in shown.items()))


def _memory(one: Dialect) -> str:
    return f"`source.topic.code`: letters, digits, at most {one.topic_characters}" if one.topic_characters else "–"


def _metrics() -> str:
    """One row a metric, by the name under which Prometheus knows it."""
    suffix = {Counter: "_total", Histogram: "_bucket`, `_sum`, `_count", Gauge: ""}
    rows = (
        (f"`{one.name}{suffix[one.kind]}`", ", ".join(f"`{label}`" for label in one.labels), one.meaning)
        for one in DEFINITIONS.values()
    )
    return table(("name", "labels", "counts"), rows)


def _settings() -> str:
    """One row a key, with its variable and what holds without either."""
    keys = ((name, key) for name, section in SECTIONS.items() for key in section)
    rows = (
        (f"`{name}.{key}`" if name else f"`{key}`", f"`{variable(name, key)}`", _default(name, key))
        for name, key in keys
    )
    return table(("key", "variable", "default"), rows)


def _parameters() -> str:
    """One row a named value of the protocol."""
    rows = (
        (
            f"`{name}`",
            f"`{one['value']}`",
            "the trial's" if one["origin"] == "registry" else "site default",
            one["meaning"],
        )
        for name, one in parse_protocol(COTSOM)["parameters"].items()
    )
    return table(("name", "value", "whose", "what"), rows)


_PARTS: Final = {"trust": "trust", "fetch": "fetching", "limits": "limits", "serve": "serving"}
_FIELDS: Final = {"time_zone": "zone", "study.references": "studies", "cors.origins": "cors_origins"}


def _default(name: str, key: str) -> str:
    plain = Settings()
    if name in _PARTS:
        value = getattr(getattr(plain, _PARTS[name]), key)
    else:
        path = f"{name}.{key}" if name else key
        value = () if path == "clients" else getattr(plain, _FIELDS.get(path, key))
    return f"`{value}`" if value not in ((), {}, "", None) else "none"


TABLES: Final[Mapping[str, Mapping[str, Callable[[], str]]]] = {
    "integration.md": {"dialects": _dialects},
    "operations.md": {"metrics": _metrics, "settings": _settings, "parameters": _parameters},
}
"""The tables by page and by the name that their place bears."""


def written(page: str, text: str) -> str:
    """The page with its tables made anew. Raises ValueError where it has no place for one."""
    for name, made in TABLES[page].items():
        begin = f"<!-- generated: {name} -->\n"
        before, found, rest = text.partition(begin)
        if not found or _END not in rest:
            raise ValueError(f"{page} has no place for the table {name}")
        text = f"{before}{begin}{made()}\n{_END}{rest.partition(_END)[2]}"
    return text


def write_tables() -> None:
    """Writes every page anew."""
    for page in TABLES:
        file = DOCS / page
        file.write_text(written(page, file.read_text(encoding="utf-8")), encoding="utf-8")
