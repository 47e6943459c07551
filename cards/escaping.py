"""Text of a record inside Markdown: escaped for Markdown and for HTML alike.

Some EHRs render raw HTML inside a card's detail; a diagnosis called `<img onerror=...>` must stay a text.
"""

import re

_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+!|~])")
# A hyphen makes something of a line, or of a cell of a table, only where it begins it: dates stay as they are read.
_LEADING_HYPHEN = re.compile(r"^([\s:]*)-(?=[-\s:]|$)")
_HTML = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;", "@": "&#64;"}
_ADDRESS = re.compile(r"(?i)(https?|ftp|mailto|xmpp|javascript|data)(:)|(www)(\.)")


def escaped(text: str) -> str:
    """The text, showing as itself whether it is read as Markdown or as HTML; nothing in it becomes a link."""
    plain = _CONTROL.sub(" ", text).strip()
    marked = _LEADING_HYPHEN.sub(r"\1\\-", _MARKDOWN.sub(r"\\\1", plain))
    html = "".join(_HTML.get(character, character) for character in marked)
    return _ADDRESS.sub(_unlinked, html)


def one_line(text: str) -> str:
    """The text as a summary shows it: one line, without control characters."""
    return _CONTROL.sub(" ", text).strip()


def _unlinked(match: re.Match[str]) -> str:
    """An address that no renderer turns into a link by itself."""
    scheme, www = match[1], match[3]
    return f"{scheme}&#58;" if scheme else f"{www}&#46;"


def shortened(text: str, length: int) -> str:
    """At most so many characters, cut at a word, the cut shown."""
    if len(text) <= length:
        return text
    cut = text[: length - 1]
    return f"{cut.rpartition(' ')[0] or cut}…"
