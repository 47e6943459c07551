"""What the frame of a Bundle says of what it holds: pages, failures, matches (contract 4.1, FHIR R4 'Search')."""

from collections.abc import Iterable
from types import NoneType
from typing import NamedTuple

from fhir_profiles.addresses import type_and_id
from fhir_profiles.elements import EntrySearch, Link
from fhir_profiles.reading.sources import SOURCES_OF_TYPE
from fhir_profiles.record import QualityIssue, Source, SourceState
from fhir_profiles.resources import Bundle, Entry, OperationOutcome

States = tuple[tuple[Source, SourceState], ...]

ALL_SOURCES = frozenset(Source)
SEARCHSET = "searchset"
_FAILED = frozenset({"error", "fatal"})
_ANSWERS = frozenset({"batch-response", "transaction-response"})
_BESIDE = frozenset({"include", "outcome"})


class Frame(NamedTuple):
    """A Bundle without its resources.

    `type`: "" where it tells none. `matches`: the entries that are neither included, nor words about the search.
    `lacking`: whether matches are missing, by the server's own count or by an entry that holds nothing.
    """

    type: str
    entries: int
    matches: int
    lacking: bool


def frame_of(bundle: Bundle, unread: int = 0) -> Frame:
    """The frame of a Bundle that also had `unread` matches which do not fit."""
    kinds = [type(e.resource) for e in bundle.entry if e.search is None or not is_beside(e.search)]
    counted = bundle.total is not None and bundle.total > len(kinds) + unread
    matches = len(kinds) + unread - kinds.count(OperationOutcome)
    return Frame(bundle.type or "", len(bundle.entry) + unread, matches, counted or NoneType in kinds)


def is_beside(search: EntrySearch | None) -> bool:
    """Whether an entry says that it is no match of the search, but stands beside the matches."""
    return search is not None and search.mode in _BESIDE


def own_address(bundle: Bundle) -> str | None:
    """The address of the search that a Bundle answers; that of a collection may be any, unless it has a query."""
    own = next((link.url for link in bundle.link if link.relation == "self" and link.url), None)
    return own if own is not None and (bundle.type in (SEARCHSET, None) or "?" in own) else None


def failed_responses(bundle: Bundle) -> States:
    """A batch whose answer says that one of its questions failed, and not which, answers no source wholly."""
    if bundle.type not in _ANSWERS:
        return ()
    statuses = [entry.response.status or "" for entry in bundle.entry if entry.response is not None]
    if not any(status.startswith(("4", "5")) for status in statuses):
        return ()
    return tuple((source, SourceState.IN_PART) for source in Source)


def gaps_of(bundle: Bundle) -> tuple[tuple[QualityIssue, ...], States]:
    """What entries without a resource leave unread, which are neither question nor answer (FHIR R4, invariant bdl-5).

    In part is what their addresses name, else everything. A search result is held to its count instead.
    """
    if bundle.type == SEARCHSET:
        return (), ()
    empty = [e.full_url or "" for e in bundle.entry if e.resource is None and e.request is None and e.response is None]
    issues = [QualityIssue(type_and_id(address) or "Bundle.entry", "unreadable-entry") for address in empty]
    sources = frozenset[Source]().union(*(sources_named_in(address) or ALL_SOURCES for address in empty))
    return tuple(issues), tuple([(source, SourceState.IN_PART) for source in sorted(sources)])


def searchset_states(pages: Iterable[Link], received: Iterable[Entry], outcomes: Iterable[OperationOutcome]) -> States:
    """What a search result says of its source: unread pages make it in part, a failed search not supplied."""
    links = {link.relation: link.url or "" for link in pages}
    searched = sources_named_in(links.get("self", ""))
    states: list[tuple[Source, SourceState]] = []
    if any(failed(outcome) for outcome in outcomes):
        states += [(source, SourceState.NOT_SUPPLIED) for source in searched or ALL_SOURCES]
    return (*states, *unread_states(links.get("self", ""), received)) if "next" in links else tuple(states)


def unread_states(address: str, received: Iterable[Entry]) -> States:
    """What is in part where matches of the search at this address are missing, by what it asked for and what it found.

    A search that shows the patient (`$everything`, `_revinclude`) may go on with anything about them.
    """
    found = {s for r in received for s in SOURCES_OF_TYPE.get(type(r.resource).__name__, ())}
    sources = sources_named_in(address) | found
    some = ALL_SOURCES if not sources or Source.PATIENT in sources else sources
    return tuple((source, SourceState.IN_PART) for source in sorted(some))


def failed(outcome: OperationOutcome) -> bool:
    """Whether an outcome says that the search was not done (contract 4.1: error, fatal, or not-supported)."""
    return any(issue.severity in _FAILED or issue.code == "not-supported" for issue in outcome.issue)


def sources_named_in(address: str) -> frozenset[Source]:
    """The sources that a resource at this address belongs to."""
    path = address.partition("?")[0]
    name = next((part for part in reversed(path.split("/")) if part in SOURCES_OF_TYPE), None)
    return SOURCES_OF_TYPE[name] if name else frozenset()
