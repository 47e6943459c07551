"""Finds a resource in the JSON that was received, as it was received."""

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

Raw = Mapping[str, Any]
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def find_resource(bodies: tuple[bytes, ...], reference: str) -> Raw | None:
    """The resource that a reference names, wherever it stands: alone, in a Bundle, in a hook request, on a line."""
    plain = reference.partition("/_history/")[0]
    name = f'{plain.rpartition("/")[2]}"'.encode()
    named = (body for body in bodies if name in body)
    return next((found for body in named for document in _documents(body) for found in _named(document, plain)), None)


def _documents(body: bytes) -> Iterator[object]:
    """The JSON of a body: one document, or one a line."""
    whole = body.removeprefix(_BYTE_ORDER_MARK)
    try:
        yield orjson.loads(whole)
    except orjson.JSONDecodeError:
        for line in whole.splitlines():
            try:
                yield orjson.loads(line)
            except orjson.JSONDecodeError:
                continue


def _named(document: object, reference: str) -> Iterator[Raw]:
    kind, _, name = "/".join(reference.split("/")[-2:]).rpartition("/")
    waiting: list[object] = [document]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting += reversed(node)
        elif isinstance(node, dict):
            resource = node.get("resource")
            if node.get("fullUrl") == reference and isinstance(resource, dict):
                yield resource
            if node.get("id") == name and node.get("resourceType") == kind:
                yield node
            waiting += _within(node)


def _within(node: dict[str, Any]) -> list[object]:
    """Where resources stand in a node: in the entries of a Bundle; under any key of an entry or a hook request."""
    return [node.get("entry")] if "resourceType" in node else list(node.values())
