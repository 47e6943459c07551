"""Decodes a FHIR body in one typed go; where it does not fit, entry by entry (rulebook section 1.6).

One resource that cannot be read costs one data-quality line and makes its source read in part.
"""

from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TypeVar

import msgspec

from fhir_profiles.addresses import type_and_id
from fhir_profiles.elements import EntryRequest, EntryResponse, EntrySearch, Link
from fhir_profiles.reading.frames import (
    ALL_SOURCES,
    SEARCHSET,
    Frame,
    States,
    failed_responses,
    frame_of,
    gaps_of,
    is_beside,
    own_address,
    searchset_states,
    sources_named_in,
    unread_states,
)
from fhir_profiles.reading.sources import SOURCES_OF_TYPE
from fhir_profiles.record import QualityIssue, Source, SourceState
from fhir_profiles.resources import KNOWN_TYPES, AnyResource, Bundle, Entry, OperationOutcome

_SET_APART = frozenset({Bundle, OperationOutcome, type(None)})
_T = TypeVar("_T")


class UnreadableBody(ValueError):  # noqa: N818 - it names what the body is
    """The body as a whole is no FHIR that can be read. The message names the place and never echoes a value."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """What a body held: its resources, what could not be read, and what that does to the sources.

    `search`: the address of the search that it answers, where it names one. `frame`: None for a single resource.
    """

    received: tuple[Entry, ...]
    issues: tuple[QualityIssue, ...] = ()
    states: States = ()
    search: str | None = None
    frame: Frame | None = None

    def of_kind(self, kind: type[_T]) -> tuple[_T, ...]:
        """The resources of one kind."""
        return tuple([entry.resource for entry in self.received if type(entry.resource) is kind])


class _Outline(msgspec.Struct):
    """The frame of a Bundle whose entries do not all fit."""

    resourceType: str | None = None
    type: str | None = None
    total: msgspec.Raw = msgspec.Raw()
    link: msgspec.Raw = msgspec.Raw()
    entry: msgspec.Raw = msgspec.Raw()


class _RawEntry(msgspec.Struct):
    """One entry, its resource still unread."""

    fullUrl: msgspec.Raw = msgspec.Raw()
    resource: msgspec.Raw = msgspec.Raw()
    search: msgspec.Raw = msgspec.Raw()
    request: msgspec.Raw = msgspec.Raw()
    response: msgspec.Raw = msgspec.Raw()


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


def decode_body(body: bytes) -> Decoded:
    """The resources of one JSON body: a Bundle of any type, or a single resource.

    Raises UnreadableBody when the body is not JSON, not an object, or no FHIR resource.
    """
    return decode_value(body.removeprefix(BOM_UTF8))


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


def flatten(resource: object, unread: int = 0) -> Decoded:
    """The resources inside a decoded resource: a Bundle's entries, Bundles within Bundles, or the resource itself.

    `unread`: how many matches of a search the Bundle also held that do not fit.
    """
    if not isinstance(resource, Bundle):
        return Decoded((Entry(resource=resource),))
    entries = resource.entry if resource.type != "history" else tuple(_newest_versions(resource.entry))
    if _SET_APART.isdisjoint([type(entry.resource) for entry in entries]):
        own, others = entries, []
    else:
        own = tuple(entry for entry in entries if type(entry.resource) not in _SET_APART)
        others = [entry.resource for entry in entries if entry.resource is not None]
    nested = [held_to_its_count(flatten(inner)) for inner in others if isinstance(inner, Bundle)]
    outcomes = [inner for inner in others if isinstance(inner, OperationOutcome)]
    issues, gaps = gaps_of(resource) if own is not entries else ((), ())
    states = (*searchset_states(resource.link, own, outcomes), *failed_responses(resource), *gaps)
    whole = Decoded(own, issues, states, own_address(resource), frame_of(resource, unread))
    return _together([whole, *nested])


def held_to_its_count(decoded: Decoded) -> Decoded:
    """What a body held of which no further page is read: a searchset that lacks matches is in part."""
    if decoded.frame is None or decoded.frame.type != SEARCHSET or not decoded.frame.lacking:
        return decoded
    return replace(decoded, states=(*decoded.states, *unread_states(decoded.search or "", decoded.received)))


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
        every[0].frame,
    )


def _newest_versions(entries: Iterable[Entry]) -> Iterator[Entry]:
    """The first entry of each resource (the newest comes first); a deleted one hides what came before it."""
    seen: set[str] = set()
    for entry in entries:
        address = entry.full_url or (entry.request.url if entry.request else None) or ""
        name = type_and_id(address)
        if name and name in seen:
            continue
        seen.add(name)
        yield entry


def _decode_piecewise(body: bytes | msgspec.Raw) -> Decoded:
    outline = _outline(body)
    if outline.resourceType != "Bundle":
        return _single(outline.resourceType, body)
    entries = _entries(outline.entry)
    parts = [_decode_entry(number, raw) for number, raw in enumerate(entries)]
    readable = tuple(part for part in parts if isinstance(part, Entry))
    unread = sum(not isinstance(part, Entry) and _is_match(raw) for part, raw in zip(parts, entries, strict=True))
    links = _lenient(outline.link, tuple[Link, ...]) or ()
    total = _lenient(outline.total, int)
    whole = flatten(Bundle(type=outline.type, total=total, link=links, entry=readable), unread)
    return _together([whole, *(part for part in parts if isinstance(part, Decoded))])


def _is_match(raw: msgspec.Raw) -> bool:
    frame = _lenient(raw, _RawEntry)
    return frame is None or not is_beside(_lenient(frame.search, EntrySearch))


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
        return _gap(QualityIssue(place, "unreadable-entry"), ALL_SOURCES)
    address = _lenient(frame.fullUrl, str)
    request = _lenient(frame.request, _AddressProbe)
    search = _lenient(frame.search, EntrySearch)
    if not bytes(frame.resource):
        asked, answered = _lenient(frame.request, EntryRequest), _lenient(frame.response, EntryResponse)
        return Entry(full_url=address, search=search, request=asked, response=answered)
    try:
        return Entry(full_url=address, resource=_TYPED.decode(frame.resource), search=search)
    except msgspec.ValidationError:
        return _unreadable(place, frame.resource, address or (request and request.url) or "")


def _unreadable(place: str, raw: bytes | msgspec.Raw, address: str) -> Decoded:
    """What a resource that does not fit leaves: a Bundle its other entries, any other a gap in its source."""
    probe = _lenient(raw, _Probe) or _Probe((_lenient(raw, _TypeProbe) or _TypeProbe()).resourceType)
    if probe.resourceType == "Bundle":
        return _nested(place, raw)
    if probe.resourceType and probe.resourceType not in KNOWN_TYPES:
        return _gap(QualityIssue(place, "unknown-type"), _meant_by(probe.resourceType) or sources_named_in(address))
    named = f"{probe.resourceType or 'Resource'}/{probe.id}" if probe.id else place or str(probe.resourceType)
    unidentified = ALL_SOURCES if probe.resourceType is None else frozenset[Source]()
    sources = SOURCES_OF_TYPE.get(probe.resourceType or "") or sources_named_in(address) or unidentified
    return _gap(QualityIssue(named, "unreadable-resource", _misfit(raw)), sources)


def _meant_by(misspelt: str) -> frozenset[Source]:
    """The sources of the type that was meant, where only the capitals are wrong."""
    name = next((name for name in SOURCES_OF_TYPE if name.lower() == misspelt.lower()), "")
    return SOURCES_OF_TYPE.get(name, frozenset())


def _nested(place: str, raw: bytes | msgspec.Raw) -> Decoded:
    """A Bundle within a Bundle: its entries one by one; what has not even entries may have held anything."""
    try:
        return held_to_its_count(_decode_piecewise(raw))
    except UnreadableBody:
        return _gap(QualityIssue(place, "unreadable-entry"), ALL_SOURCES)


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
