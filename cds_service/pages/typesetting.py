"""How days and units are set on a page."""

import re
from typing import Final

from markupsafe import Markup, escape

_TAG: Final = re.compile(r"(<[^>]*>)")
_DAY: Final = re.compile(r"(?<!\d)\d{4}-\d\d-\d\d(?!\d)")
# A unit that is nothing but an annotation (UCUM, 2.4 "curly braces"); that of "mL/min/{1.73_m2}" belongs to it.
_ANNOTATION: Final = re.compile(r"(^|\s+)\{[^}]*\}$")


def unbroken(html: str) -> str:
    """The HTML with every day in its text kept on one line: browsers break a date behind its hyphens."""
    parts = _TAG.split(html)
    parts[::2] = [_DAY.sub(r'<span class="nowrap">\g<0></span>', text) for text in parts[::2]]
    return "".join(parts)


def whole_days(text: object) -> Markup:
    """The text, escaped, with every day kept on one line."""
    return Markup(unbroken(str(escape(text))))  # noqa: S704 - just escaped


def with_unit(text: str) -> str:
    """A value and its unit, or a unit alone, as people write it: a count by its power of ten, no bare annotation."""
    return _ANNOTATION.sub("", text.replace("10*3/uL", "×10³/µL"))
