"""Text of a record stays a text in a card, whether an EHR reads the card as Markdown or as HTML."""

import html
import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from cards.escaping import escaped, one_line, shortened

# As lenient as EHRs are: GitHub's tables and strikethrough, raw HTML let through.
RENDERER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
# What GitHub's renderer turns into a link by itself.
AUTOLINK = re.compile(r"(?i)(https?|ftp)://|www\.|(mailto|xmpp|javascript|data):|\w@\w")

HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    "</p><iframe src=//evil.example>",
    "[click](javascript:alert(1))",
    "![x](https://evil.example/pixel.png)",
    "[x]: https://evil.example",
    "<https://evil.example>",
    "https://evil.example/?a=1",
    "HTTP://evil.example",
    "www.evil.example",
    "_www.evil.example",
    "1https://evil.example",
    "_https://evil.example",
    "write to nurse@evil.example",
    "<nurse@evil.example>",
    "a | b | c",
    "`code`",
    "```fence",
    "**bold** _it_ ~~gone~~ ***",
    "# heading",
    "> quote",
    "- item",
    "1. item",
    "line\n\n# heading",
    "line\r\n| a |\n| - |",
    "&lt;b&gt; &amp; &#60;",
    "back\\slash \\<b> \\[x](y)",
    'quote\'s and "double"',
    "AST < 40 & ALT > 40; I/II + III {x}",
    "\u202egnp.exe",
    "~~~\n<b>",
    "간세포암 α-fetoprotein 1,200 µg/L",
)


def shown(text: str) -> str:
    """What a reader sees of text inside a line of a card."""
    rendered = RENDERER.renderInline(f"Reason: {escaped(text)} (E5b)")
    assert "<" not in rendered, rendered
    return html.unescape(rendered).removeprefix("Reason: ").removesuffix(" (E5b)")


def plain(text: str) -> str:
    """The text as one line, its control characters gone."""
    return one_line(text)


@pytest.mark.parametrize("text", HOSTILE)
def test_text_shows_as_itself(text: str) -> None:
    assert shown(text) == plain(text)


@pytest.mark.parametrize("text", HOSTILE)
def test_text_makes_no_element_in_a_list_and_in_a_table(text: str) -> None:
    assert re.findall(r"<(\w+)", RENDERER.render(f"- Needed: {escaped(text)} (I3)")) == ["ul", "li"]
    table = RENDERER.render(f"| a | b |\n| --- | --- |\n| {escaped(text)} | x |\n")
    assert table.count("<td>") == 2
    assert set(re.findall(r"<(\w+)", table)) == {"table", "thead", "tbody", "tr", "th", "td"}


@pytest.mark.parametrize("text", ["-", "---", "- item", "- - -", ":-", "-:", ":-:", ": -", "--|--", "-\n---"])
def test_a_hyphen_that_begins_a_text_makes_nothing_of_its_line_or_cell(text: str) -> None:
    assert re.findall(r"<(\w+)", RENDERER.render(escaped(text))) == ["p"]
    assert re.findall(r"<(\w+)", RENDERER.render(f"heading\n{escaped(text)}")) == ["p"]
    assert re.findall(r"<(\w+)", RENDERER.render(f"| a |\n| {escaped(text)} |\n")) == ["p"]
    assert html.unescape(RENDERER.renderInline(escaped(text))) == plain(text)


@pytest.mark.parametrize("text", ["2026-11-16", "to 2026-11-20 -", "Child-Pugh A", "a - b -- c", "-1.5"])
def test_a_hyphen_inside_a_text_stays_as_it_is_read(text: str) -> None:
    assert escaped(text) == text


@pytest.mark.parametrize("text", HOSTILE)
def test_text_makes_no_element_where_it_is_read_as_html(text: str) -> None:
    assert not set(escaped(text)) & set("<>\"'")


@pytest.mark.parametrize("text", HOSTILE)
def test_no_address_in_it_becomes_a_link(text: str) -> None:
    assert not AUTOLINK.search(escaped(text))


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=60))
def test_any_text_shows_as_itself(text: str) -> None:
    seen = re.sub(r"\s+", " ", shown(f"x{text}x"))
    assert seen == re.sub(r"\s+", " ", plain(f"x{text}x"))


@given(st.text(string.punctuation + "aw1 .:/@", max_size=30))
def test_any_punctuation_shows_as_itself_and_links_nowhere(text: str) -> None:
    assert shown(f"x{text}x") == plain(f"x{text}x")
    assert not AUTOLINK.search(escaped(text))


@pytest.mark.parametrize("mark", ["\n", "\r", "\u2028", "\u2029", "\x00", "\x1b[31m", "\u202e", "\u2066"])
def test_a_line_stays_one_line_and_is_read_left_to_right(mark: str) -> None:
    assert one_line(f"before{mark}after").startswith("before ")
    assert mark[0] not in escaped(f"before{mark}after")


@pytest.mark.parametrize(
    ("text", "length", "expected"),
    [
        ("short", 10, "short"),
        ("exactly ten", 11, "exactly ten"),
        ("one two three", 9, "one two…"),
        ("onelongword", 5, "onel…"),
        ("", 5, ""),
    ],
)
def test_a_long_text_is_cut_at_a_word_and_shows_it(text: str, length: int, expected: str) -> None:
    assert shortened(text, length) == expected


@given(st.text(max_size=300), st.integers(2, 200))
def test_a_shortened_text_is_never_longer(text: str, length: int) -> None:
    assert len(shortened(text, length)) <= length
