"""Decodes a FHIR body in one typed go; where it does not fit, entry by entry (rulebook section 1.6).

One resource that cannot be read costs one data-quality line and makes its source read in part.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import msgspec

from fhir_profiles.record import QualityIssue, Source, SourceState
from fhir_profiles.resources import KNOWN_TYPES, AnyResource, Bundle, Entry, Link, OperationOutcome

SOURCES_OF_TYPE: dict[str, frozenset[Source]] = {
    "Patient": frozenset({Source.PATIENT}),
    "Condition": frozenset({Source.CONDITIONS}),
    "Observation": frozenset({Source.OBSERVATIONS}),
    "Procedure": frozenset({Source.PROCEDURES, Source.IMAGING}),
    "Medication": frozenset({Source.MEDICATIONS}),
    "MedicationRequest": frozenset({Source.MEDICATIONS}),
    "MedicationStatement": frozenset({Source.MEDICATIONS}),
    "MedicationAdministration": frozenset({Source.MEDICATIONS}),
    "MedicationDispense": frozenset({Source.MEDICATIONS}),
    "AllergyIntolerance": frozenset({Source.ALLERGIES}),
    "ResearchSubject": frozenset({Source.RESEARCH_SUBJECTS}),
    "ResearchStudy": frozenset({Source.RESEARCH_SUBJECTS}),
    "Encounter": frozenset({Source.ENCOUNTERS}),
    "DiagnosticReport": frozenset({Source.IMAGING}),
    "ServiceRequest": frozenset({Source.ORDERS}),
}
_ALL_SOURCES = frozenset(Source)
_FAILED = frozenset({"error", "fatal"})


class UnreadableBody(ValueError):  # noqa: N818 - it names what the body is
    """The body as a whole is no FHIR that can be read. The message names the place and never echoes a value."""


class Received(NamedTuple):
    """One resource with the address it was sent under."""

    resource: object
    full_url: str | None


@dataclass(frozen=True, slots=True)
class Decoded:
    """What a body held: its resources, what could not be read, and what that does to the sources."""

    received: tuple[Received, ...]
    issues: tuple[QualityIssue, ...] = ()
    states: tuple[tuple[Source, SourceState], ...] = ()


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
    try:
        return _decode_whole(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UnreadableBody(_json_problem(body, error)) from None
    except RecursionError:
        raise UnreadableBody("the JSON is nested too deeply") from None


def _decode_whole(body: bytes) -> Decoded:
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


def flatten(resource: object, full_url: str | None = None) -> Decoded:
    """The resources inside a decoded resource: a Bundle's entries, Bundles within Bundles, or the resource itself."""
    if not isinstance(resource, Bundle):
        return Decoded((Received(resource, full_url),))
    entries = resource.entry if resource.type != "history" else tuple(_newest_versions(resource.entry))
    nested = tuple(flatten(e.resource) for e in entries if isinstance(e.resource, Bundle))
    own = tuple(
        Received(e.resource, e.fullUrl)
        for e in entries
        if e.resource is not None and not isinstance(e.resource, (Bundle, OperationOutcome))
    )
    received = own + tuple(r for part in nested for r in part.received)
    states = searchset_states(resource, own) + tuple(s for part in nested for s in part.states)
    return Decoded(received, tuple(i for part in nested for i in part.issues), states)


def _newest_versions(entries: Iterable[Entry]) -> Iterator[Entry]:
    seen: set[str] = set()
    for entry in entries:
        address = entry.fullUrl or (entry.request.url if entry.request else None) or ""
        if address and address in seen:
            continue
        seen.add(address)
        yield entry


def searchset_states(bundle: Bundle, received: Iterable[Received]) -> tuple[tuple[Source, SourceState], ...]:
    """What a search result says of its source: unread pages make it in part, a failed search not supplied."""
    links = {link.relation: link.url or "" for link in bundle.link}
    searched = _sources_named_in(links.get("self", ""))
    states: list[tuple[Source, SourceState]] = []
    outcomes = [e.resource for e in bundle.entry if isinstance(e.resource, OperationOutcome)]
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


def _decode_piecewise(body: bytes) -> Decoded:
    outline = _outline(body)
    if outline.resourceType != "Bundle":
        return _single(outline.resourceType, body)
    entries = _entries(outline.entry)
    parts = [_decode_entry(number, raw) for number, raw in enumerate(entries)]
    readable = tuple(entry for entry, _, _ in parts if entry is not None)
    links = _lenient(outline.link, tuple[Link, ...]) or ()
    whole = flatten(Bundle(type=outline.type, link=links, entry=readable))
    issues = tuple(issue for _, issue, _ in parts if issue is not None)
    states = tuple((s, SourceState.IN_PART) for _, _, sources in parts for s in sorted(sources))
    return Decoded(whole.received, issues + whole.issues, whole.states + states)


def _outline(body: bytes) -> _Outline:
    try:
        return msgspec.json.decode(body, type=_Outline)
    except msgspec.ValidationError:
        what = "a JSON object with a resourceType was expected"
        raise UnreadableBody(f"not a FHIR resource: {what}") from None


def _single(name: str | None, body: bytes) -> Decoded:
    if name is None:
        raise UnreadableBody("not a FHIR resource: resourceType is missing")
    if name not in KNOWN_TYPES:
        raise UnreadableBody("not a FHIR R4 resource: resourceType is not one of R4's")
    _, issue, sources = _decode_resource("", body, "")
    return Decoded((), (issue,) if issue else (), tuple((s, SourceState.IN_PART) for s in sorted(sources)))


def _entries(raw: msgspec.Raw) -> list[msgspec.Raw]:
    if not bytes(raw):
        return []
    try:
        return msgspec.json.decode(raw, type=list[msgspec.Raw])
    except msgspec.ValidationError:
        raise UnreadableBody("Bundle.entry: an array was expected") from None


_Part = tuple[Entry | None, QualityIssue | None, frozenset[Source]]


def _decode_entry(number: int, raw: msgspec.Raw) -> _Part:
    place = f"entry[{number}]"
    try:
        entry = msgspec.json.decode(raw, type=_RawEntry)
    except msgspec.ValidationError:
        return None, QualityIssue(place, "unreadable-entry"), _ALL_SOURCES
    if not bytes(entry.resource):
        return None, None, frozenset()
    address = _lenient(entry.fullUrl, str)
    request = _lenient(entry.request, _AddressProbe)
    resource, issue, sources = _decode_resource(place, entry.resource, address or (request and request.url) or "")
    return (None if issue else Entry(fullUrl=address, resource=resource)), issue, sources


def _decode_resource(
    place: str, raw: bytes | msgspec.Raw, address: str
) -> tuple[object, QualityIssue | None, frozenset[Source]]:
    try:
        return _TYPED.decode(raw), None, frozenset()
    except msgspec.ValidationError as error:
        probe = _lenient(raw, _Probe) or _Probe((_lenient(raw, _TypeProbe) or _TypeProbe()).resourceType)
        where = str(error).rpartition("`$")[2].rstrip("`").lstrip(".")
    if probe.resourceType and probe.resourceType not in KNOWN_TYPES:
        return None, QualityIssue(place, "unknown-type"), frozenset()
    named = f"{probe.resourceType or 'Resource'}/{probe.id}" if probe.id else place or str(probe.resourceType)
    sources = SOURCES_OF_TYPE.get(probe.resourceType or "", _sources_named_in(address) or _unidentified(probe))
    return None, QualityIssue(named, "unreadable-resource", where), sources


def _unidentified(probe: _Probe) -> frozenset[Source]:
    return frozenset() if probe.resourceType else _ALL_SOURCES


def _lenient(raw: bytes | msgspec.Raw, kind: type[_T]) -> _T | None:
    try:
        return msgspec.json.decode(raw, type=kind) if bytes(raw) else None
    except msgspec.ValidationError:
        return None
