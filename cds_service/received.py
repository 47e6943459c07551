"""Finds a resource in the JSON that was received, as it was received."""

from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any

import orjson

from fhir_profiles.addresses import type_and_id, without_version

Raw = Mapping[str, Any]


class Received:
    """The resources of the bodies of a call: alone, in a Bundle, in a hook request, on a line.

    Nothing is parsed, nor are bodies asked for, before a resource is looked for; and no body is parsed twice.
    """

    def __init__(self, bodies: Iterable[bytes] = ()) -> None:
        self._unread = [bodies]
        self._known: dict[str, Raw] = {}

    def add(self, bodies: Iterable[bytes]) -> None:
        """Bodies that came later; of a resource that stands in several the first is taken."""
        self._unread.append(bodies)

    def find(self, reference: str) -> Raw | None:
        """The resource that a reference names: by the address under which it was sent, or by its type and id."""
        bodies, self._unread = self._unread, []
        for body in chain.from_iterable(bodies):
            for document in _documents(body):
                for address, resource in _resources(document):
                    self._known.setdefault(address, resource)
        plain = without_version(reference)
        return self._known.get(plain) or self._known.get(type_and_id(plain))


def _documents(body: bytes) -> Iterator[object]:
    """The JSON of a body: one document, or one a line."""
    whole = body.removeprefix(BOM_UTF8)
    try:
        yield orjson.loads(whole)
    except orjson.JSONDecodeError:
        for line in whole.splitlines():
            try:
                yield orjson.loads(line)
            except orjson.JSONDecodeError:
                continue


def _resources(document: object) -> Iterator[tuple[str, Raw]]:
    """Every resource of a document under each address that may name it."""
    waiting: list[object] = [document]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting += reversed(node)
        elif isinstance(node, dict):
            address, resource = node.get("fullUrl"), node.get("resource")
            if isinstance(address, str) and isinstance(resource, dict):
                yield address, resource
            kind, name = node.get("resourceType"), node.get("id")
            if isinstance(kind, str) and isinstance(name, str):
                yield f"{kind}/{name}", node
            waiting += _within(node)


def _within(node: dict[str, Any]) -> list[object]:
    """Where resources stand in a node: in the entries of a Bundle; under any key of an entry or a hook request."""
    return [node.get("entry")] if "resourceType" in node else list(node.values())
