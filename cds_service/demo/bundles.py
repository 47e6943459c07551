"""Reads a chart that somebody brings: a FHIR Bundle in any of its types. What is wrong with it is told in words."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from cds_service.demo.elements import Json, each, text_at

LONGEST = 6_000_000
"""Bytes that a chart may have."""


class BrokenBundle(Exception):  # noqa: N818 - an answer to the reader, not a fault of ours
    """What was brought is no chart: the last part of a message id of the pages, and its parameters."""

    def __init__(self, message: str, **values: object) -> None:
        super().__init__(message)
        self.message, self.values = message, values


def read_bundle(body: bytes) -> tuple[Json, ...]:
    """The resources of one patient's chart, each with an id. Raises BrokenBundle."""
    bundle = _parsed(body)
    kind = bundle.get("resourceType")
    if kind != "Bundle":
        raise BrokenBundle("kind", kind=kind if isinstance(kind, str) and kind.isalpha() else "–")
    entries = tuple(entry for entry in each(bundle, "entry") if isinstance(entry.get("resource"), dict))
    resources = _identified(entries)
    patients = [one for one in resources if one["resourceType"] == "Patient"]
    if not resources:
        raise BrokenBundle("empty")
    if not patients:
        raise BrokenBundle("no-patient", n=len(resources))
    if len({one["id"] for one in patients}) > 1:
        raise BrokenBundle("several", n=len(patients))
    return resources


def _parsed(body: bytes) -> Mapping[str, Any]:
    if not body.strip():
        raise BrokenBundle("nothing")
    if len(body) > LONGEST:
        raise BrokenBundle("long", mb=LONGEST // 1_000_000)
    try:
        given = json.loads(body.decode("utf-8-sig"), parse_constant=_refused)
    except UnicodeDecodeError:
        raise BrokenBundle("letters") from None
    except json.JSONDecodeError as error:
        raise BrokenBundle("json", line=error.lineno, column=error.colno) from None
    except (RecursionError, ValueError):
        raise BrokenBundle("deep") from None
    if not isinstance(given, Mapping):
        raise BrokenBundle("no-object")
    return given


def _refused(constant: str) -> float:
    """JSON has no NaN and no Infinity."""
    raise ValueError(constant)


def _identified(entries: tuple[Json, ...]) -> tuple[Json, ...]:
    """The resources, each with an id, and references by `urn:` replaced, as a server does that stores a transaction."""
    named = [(text_at(entry, "fullUrl"), dict(_named(entry["resource"], at))) for at, entry in enumerate(entries)]
    whole = [(url, one) for url, one in named if isinstance(one.get("resourceType"), str)]
    places = {url: f"{one['resourceType']}/{one['id']}" for url, one in whole if url.startswith("urn:")}
    return tuple(_pointed(one, places) for _, one in whole)


def _named(resource: Json, position: int) -> Iterator[tuple[str, Any]]:
    yield from resource.items()
    if not isinstance(resource.get("id"), str) or not resource["id"]:
        yield "id", f"entry-{position + 1}"


def _pointed(node: Any, places: Mapping[str, str]) -> Any:  # noqa: ANN401 - any part of a resource
    if isinstance(node, dict):
        return {name: _target(name, value, places) for name, value in node.items()}
    return [_pointed(one, places) for one in node] if isinstance(node, list) else node


def _target(name: str, value: Any, places: Mapping[str, str]) -> Any:  # noqa: ANN401 - as above
    if name == "reference" and isinstance(value, str):
        return places.get(value, value)
    return _pointed(value, places)
