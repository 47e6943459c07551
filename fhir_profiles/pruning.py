"""JSON without anything null or empty: FHIR and CDS Hooks allow neither in what is sent."""

from collections.abc import Mapping
from typing import Any

# No resource is nested as deeply; what lies deeper is no FHIR, cannot be written again, and is left out.
_DEEPEST = 64
_EMPTY: tuple[object, ...] = (None, "", [], {}, ())
# dict before Mapping: an abstract class takes long to ask
_NODES = (dict, list, Mapping)


def pruned(document: Mapping[str, Any]) -> dict[str, Any]:
    """The same JSON without what is null or empty; everything else as it was.

    In a list of primitives that have extensions (`given` beside `_given`) null keeps a place, and stays.
    """
    return _of_object(document, _DEEPEST)


def _of_object(node: Mapping[str, Any], depth: int) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for name, given in node.items():
        value = given
        if given is not None and type(given) is not str:
            value = _placed(given, depth) if _has_places(node, name, given) else _pruned(given, depth - 1)
        if value or value not in _EMPTY:
            kept[name] = value
    return kept


def _pruned(node: object, depth: int) -> object:
    if isinstance(node, str):
        return node
    if depth <= 0 and isinstance(node, _NODES):
        return None
    if isinstance(node, (dict, Mapping)):
        return _of_object(node, depth)
    if isinstance(node, list):
        return [value for one in node if (value := _pruned(one, depth - 1)) or value not in _EMPTY]
    return node


def _has_places(node: Mapping[str, Any], name: str, value: object) -> bool:
    return isinstance(value, list) and (name.startswith("_") or f"_{name}" in node)


def _placed(values: list[Any], depth: int) -> list[Any]:
    return [_pruned(value, depth - 1) or None if isinstance(value, _NODES) else value for value in values]
