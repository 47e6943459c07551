"""How much room a text may take, whatever font a browser draws it in: measured high, never low."""

from unicodedata import combining, east_asian_width

# In parts of the type size; no common sans-serif draws wider. A wide (East Asian) character takes twice a usual one.
_USUAL, _WIDE = 0.64, 1.28
_NARROW, _BROAD, _CAPITAL = 0.42, 1.0, 0.8
_NARROW_ONES = frozenset("iljtfrI.,:;|!'()[] -–·/")
_BROAD_ONES = frozenset("mwMW%@≤≥×→…—")


def width_of(text: str, size: float) -> float:
    """The most that a line of text takes at this type size, in the unit of the size."""
    return sum(map(_width, text)) * size


def _width(character: str) -> float:
    if combining(character):
        return 0
    if east_asian_width(character) in "WF":
        return _WIDE
    if character in _NARROW_ONES:
        return _NARROW
    if character in _BROAD_ONES:
        return _BROAD
    return _CAPITAL if character.isupper() else _USUAL


def fitted(text: str, size: float, room: float) -> str:
    """The text, cut with an ellipsis where it would take more than the room; nothing where not even that fits."""
    if width_of(text, size) <= room:
        return text
    left = room - width_of("…", size)
    kept = ""
    for character in text:
        left -= _width(character) * size
        if left < 0:
            break
        kept += character
    return f"{kept.rstrip()}…" if kept else ""
