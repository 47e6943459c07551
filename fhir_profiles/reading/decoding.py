"""Decodes a FHIR body in one typed go; where it does not fit, entry by entry (rulebook section 1.6).

One resource that cannot be read costs one data-quality line and makes its source read in part.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from fhir_profiles.elements import Link
from fhir_profiles.reading.sources import SOURCES_OF_TYPE
from fhir_profiles.record import QualityIssue, Source, SourceState
from fhir_profiles.resources import KNOWN_TYPES, AnyResource, Bundle, Entry, OperationOutcome

_ALL_SOURCES = frozenset(Source)
_FAILED = frozenset({"error", "fatal"})
_ANSWERS = frozenset({"batch-response", "transaction-response"})
_SET_APART = frozenset({Bundle, OperationOutcome, type(None)})
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class UnreadableBody(ValueError):  # noqa: N818 - it names what the body is
    """The body as a whole is no FHIR that can be read. The message names the place and never echoes a value."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """What a body held: its resources, what could not be read, and what that does to the sources.

    `search`: the address of the search that it answers, where it names one.
    """

    received: tuple[Entry, ...]
    issues: tuple[QualityIssue, ...] = ()
    states: tuple[tuple[Source, SourceState], ...] = ()
    search: str | None = None


class _Outline(msgspec.Struct):
    """The frame of a Bundle whose entries do not all fit."""

    resourceType: str | None = None
    type: str | None = None
    link: msgspec.Raw = msgspec.Raw()
    entry: msgspec.Raw = msgspec.Raw()


class _RawEntry(msgspec.Struct):
    """One entry, its resource still unread."""

    fullUrl: msgspec.Raw = msgspec.Raw()
    resource: msgspec.Raw = msgspec.Raw()
    request: msgspec.Raw = msgspec.Raw()


class _Probe(msgspec.Struct):
    """Just enough of a bad resource to say which one it is."""

    resourceType: str | None = None
    id: str | None = None


class _TypeProbe(msgspec.Struct):
    """The type alone, where even the id is malformed."""

    resourceType: str | None = None


class _AddressProbe(msgspec.Struct):
    """Where a transaction entry was to go."""

    url: str | None = None


_TYPED = msgspec.json.Decoder(AnyResource)
_T = TypeVar("_T")


def decode_body(body: bytes) -> Decoded:
    """The resources of one JSON body: a Bundle of any type, or a single resource.

    Raises UnreadableBody when the body is not JSON, not an object, or no FHIR resource.
    """
    return decode_value(body.removeprefix(_BYTE_ORDER_MARK))


def decode_value(body: bytes | msgspec.Raw) -> Decoded:
    """The same of a value within a body, which is not copied for it."""
    try:
        return _decode_whole(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UnreadableBody(_json_problem(bytes(body), error)) from None
    except RecursionError:
        raise UnreadableBody("the JSON is nested too deeply") from None


def _decode_whole(body: bytes | msgspec.Raw) -> Decoded:
    try:
        return flatten(_TYPED.decode(body))
    except msgspec.ValidationError:
        return _decode_piecewise(body)


def _json_problem(body: bytes, error: Exception) -> str:
    if not body.strip():
        return "the input is empty"
    if "utf-8" in str(error).lower():
        return "not JSON: the text is not UTF-8"
    place = str(error).rpartition("(")[2].rstrip(")")
    return f"not JSON: malformed near {place}" if place.startswith("byte") else "not JSON: it ends too early"


def flatten(resource: object) -> Decoded:
    """The resources inside a decoded resource: a Bundle's entries, Bundles within Bundles, or the resource itself."""
    if not isinstance(resource, Bundle):
        return Decoded((Entry(resource=resource),))
    entries = resource.entry if resource.type != "history" else tuple(_newest_versions(resource.entry))
    own = [entry for entry in entries if type(entry.resource) not in _SET_APART]
    others = [entry.resource for entry in entries if entry.resource is not None] if len(own) < len(entries) else []
    nested = [flatten(inner) for inner in others if isinstance(inner, Bundle)]
    outcomes = [inner for inner in others if isinstance(inner, OperationOutcome)]
    states = (*searchset_states(resource.link, own, outcomes), *_failed_responses(resource))
    return _together([Decoded(tuple(own), (), states, _search(resource)), *nested])


def _search(bundle: Bundle) -> str | None:
    links = bundle.link if bundle.type == "searchset" else ()
    return next((link.url for link in links if link.relation == "self" and link.url), None)


def _together(parts: Iterable[Decoded]) -> Decoded:
    """The parts as one; it answers the search that the first part does."""
    every = tuple(parts)
    if len(every) == 1:
        return every[0]
    return Decoded(
        tuple(r for part in every for r in part.received),
        tuple(i for part in every for i in part.issues),
        tuple(s for part in every for s in part.states),
        every[0].search,
    )


def _newest_versions(entries: Iterable[Entry]) -> Iterator[Entry]:
    """The first entry of each resource (the newest comes first); a deleted one hides what came before it."""
    seen: set[str] = set()
    for entry in entries:
        address = entry.full_url or (entry.request.url if entry.request else None) or ""
        name = "/".join(address.split("/")[-2:])
        if name and name in seen:
            continue
        seen.add(name)
        yield entry


def _failed_responses(bundle: Bundle) -> tuple[tuple[Source, SourceState], ...]:
    """A batch whose answer says that one of its questions failed, and not which, answers no source wholly."""
    if bundle.type not in _ANSWERS:
        return ()
    statuses = [entry.response.status or "" for entry in bundle.entry if entry.response is not None]
    if not any(status.startswith(("4", "5")) for status in statuses):
        return ()
    return tuple((source, SourceState.IN_PART) for source in Source)


def searchset_states(
    pages: Iterable[Link], received: Iterable[Entry], outcomes: Iterable[OperationOutcome]
) -> tuple[tuple[Source, SourceState], ...]:
    """What a search result says of its source: unread pages make it in part, a failed search not supplied."""
    links = {link.relation: link.url or "" for link in pages}
    searched = _sources_named_in(links.get("self", ""))
    states: list[tuple[Source, SourceState]] = []
    if any(failed(outcome) for outcome in outcomes):
        states += [(source, SourceState.NOT_SUPPLIED) for source in searched or _ALL_SOURCES]
    if "next" in links:
        found = {s for r in received for s in SOURCES_OF_TYPE.get(type(r.resource).__name__, ())}
        states += [(source, SourceState.IN_PART) for source in sorted(searched | found or _ALL_SOURCES)]
    return tuple(states)


def failed(outcome: OperationOutcome) -> bool:
    """Whether an outcome says that the search was not done (contract 4.1: error, fatal, or not-supported)."""
    return any(issue.severity in _FAILED or issue.code == "not-supported" for issue in outcome.issue)


def _sources_named_in(address: str) -> frozenset[Source]:
    path = address.partition("?")[0]
    name = next((part for part in reversed(path.split("/")) if part in SOURCES_OF_TYPE), None)
    return SOURCES_OF_TYPE[name] if name else frozenset()


def _decode_piecewise(body: bytes | msgspec.Raw) -> Decoded:
    outline = _outline(body)
    if outline.resourceType != "Bundle":
        return _single(outline.resourceType, body)
    parts = [_decode_entry(number, raw) for number, raw in enumerate(_entries(outline.entry))]
    readable = tuple(part for part in parts if isinstance(part, Entry))
    links = _lenient(outline.link, tuple[Link, ...]) or ()
    whole = flatten(Bundle(type=outline.type, link=links, entry=readable))
    return _together([whole, *(part for part in parts if isinstance(part, Decoded))])


def _outline(body: bytes | msgspec.Raw) -> _Outline:
    try:
        return msgspec.json.decode(body, type=_Outline)
    except msgspec.ValidationError:
        what = "a JSON object with a resourceType was expected"
        raise UnreadableBody(f"not a FHIR resource: {what}") from None


def _single(name: str | None, body: bytes | msgspec.Raw) -> Decoded:
    if name is None:
        raise UnreadableBody("not a FHIR resource: resourceType is missing")
    if name not in KNOWN_TYPES:
        raise UnreadableBody("not a FHIR R4 resource: resourceType is not one of R4's")
    return _unreadable("", body, "")


def _entries(raw: msgspec.Raw) -> list[msgspec.Raw]:
    if not bytes(raw):
        return []
    try:
        return msgspec.json.decode(raw, type=list[msgspec.Raw])
    except msgspec.ValidationError:
        raise UnreadableBody("Bundle.entry: an array was expected") from None


def _decode_entry(number: int, raw: msgspec.Raw) -> Entry | Decoded:
    """The entry; of one that does not fit, what could be read of it and what could not."""
    place = f"entry[{number}]"
    try:
        return msgspec.json.decode(raw, type=Entry)
    except msgspec.ValidationError:
        frame = _lenient(raw, _RawEntry)
    if frame is None:
        return _gap(QualityIssue(place, "unreadable-entry"), _ALL_SOURCES)
    address = _lenient(frame.fullUrl, str)
    request = _lenient(frame.request, _AddressProbe)
    if not bytes(frame.resource):
        return Entry(full_url=address)
    try:
        return Entry(full_url=address, resource=_TYPED.decode(frame.resource))
    except msgspec.ValidationError:
        return _unreadable(place, frame.resource, address or (request and request.url) or "")


def _unreadable(place: str, raw: bytes | msgspec.Raw, address: str) -> Decoded:
    """What a resource that does not fit leaves: a Bundle its other entries, any other a gap in its source."""
    probe = _lenient(raw, _Probe) or _Probe((_lenient(raw, _TypeProbe) or _TypeProbe()).resourceType)
    if probe.resourceType == "Bundle":
        return _nested(place, raw)
    if probe.resourceType and probe.resourceType not in KNOWN_TYPES:
        return Decoded((), (QualityIssue(place, "unknown-type"),))
    named = f"{probe.resourceType or 'Resource'}/{probe.id}" if probe.id else place or str(probe.resourceType)
    unidentified = _ALL_SOURCES if probe.resourceType is None else frozenset[Source]()
    sources = SOURCES_OF_TYPE.get(probe.resourceType or "") or _sources_named_in(address) or unidentified
    return _gap(QualityIssue(named, "unreadable-resource", _misfit(raw)), sources)


def _nested(place: str, raw: bytes | msgspec.Raw) -> Decoded:
    """A Bundle within a Bundle: its entries one by one; what has not even entries may have held anything."""
    try:
        return _decode_piecewise(raw)
    except UnreadableBody:
        return _gap(QualityIssue(place, "unreadable-entry"), _ALL_SOURCES)


def _gap(issue: QualityIssue, sources: frozenset[Source]) -> Decoded:
    return Decoded((), (issue,), tuple((source, SourceState.IN_PART) for source in sorted(sources)))


def _misfit(raw: bytes | msgspec.Raw) -> str:
    """The element that does not fit."""
    try:
        _TYPED.decode(raw)
    except msgspec.ValidationError as error:
        _, found, place = str(error).rpartition("`$")
        return place.rstrip("`").lstrip(".") if found else "resourceType"
    return ""


def _lenient(raw: bytes | msgspec.Raw, kind: type[_T]) -> _T | None:
    try:
        return msgspec.json.decode(raw, type=kind) if bytes(raw) else None
    except msgspec.ValidationError:
        return None
