"""A drawing as SVG: well-formed, without script or style of its own, escaped."""

from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

from cds_service.pages.timeline.shapes import Drawing, Label, Shape, number

_NAMESPACE = "http://www.w3.org/2000/svg"


def svg_of(drawing: Drawing, prefix: str, *, style: str = "", language: str = "") -> str:
    """The picture as one element; ids begin with the prefix. `style`: for a file of its own, outside any page."""
    return "".join(_lines(drawing, prefix, style, language))


def _lines(drawing: Drawing, prefix: str, style: str, language: str) -> Iterator[str]:
    width, height = number(drawing.width), number(drawing.height)
    spoken = f" lang={quoteattr(language)}" if language else ""
    yield (
        f'<svg xmlns="{_NAMESPACE}" class="timeline" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" aria-labelledby="{prefix}-title {prefix}-desc" font-family="sans-serif"{spoken}>'
    )
    yield f'<title id="{prefix}-title">{_text(drawing.title)}</title>'
    yield f'<desc id="{prefix}-desc">{_text(drawing.description)}</desc>'
    yield f"<style>{_text(style)}</style>" if style else ""
    yield (
        f'<defs><pattern id="{prefix}-hatch" width="6" height="6" patternUnits="userSpaceOnUse" '
        'patternTransform="rotate(45)"><rect class="tl-paper" width="6" height="6" fill="#fff"/>'
        '<rect class="tl-hatch" width="2.4" height="6" fill="#444"/></pattern>'
        f'<pattern id="{prefix}-late" width="6" height="6" patternUnits="userSpaceOnUse" '
        'patternTransform="rotate(-45)"><rect class="tl-paper" width="6" height="6" fill="#fff"/>'
        '<rect class="tl-hatch-late" width="2.4" height="6" fill="#000"/></pattern></defs>'
    )
    yield from map(_shape, drawing.shapes)
    yield from map(_label, drawing.labels)
    yield "</svg>"


def _text(text: str) -> str:
    """Text as XML takes it: escaped, without the control characters that no XML may hold."""
    return escape("".join(c for c in text if c in "\t\n\r" or (c >= " " and c not in "\ufffe\uffff")))


def _shape(one: Shape) -> str:
    attributes = "".join(f" {name}={quoteattr(value)}" for name, value in one.attributes)
    opened = f'<{one.tag} class="{one.kind}"{attributes}'
    return f"{opened}><title>{_text(one.title)}</title></{one.tag}>" if one.title else f"{opened}/>"


def _label(label: Label) -> str:
    anchor = f' text-anchor="{label.anchor}"' if label.anchor != "start" else ""
    place = f'x="{number(label.x)}" y="{number(label.baseline)}" font-size="{number(label.size)}"'
    return f'<text class="{label.kind}" {place}{anchor}>{_text(label.text)}</text>'
