"""Fetches from an EHR's FHIR server what its call did not bring, side by side and within one budget of time.

Only from a server that the site agreed on, with the token of the call and within its scopes. What cannot be had stays
not supplied, so that it never becomes a pass; a server that is slow costs the call no more than its budget.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import UTC
from threading import BoundedSemaphore
from time import perf_counter
from typing import Final
from urllib.parse import urlsplit

import msgspec
from werkzeug.exceptions import TooManyRequests

from cds_service.settings import Fetching
from cds_service.web.admission import RETRY_AFTER, Turn
from cds_service.web.authorization import Access, Reach
from cds_service.web.discovery import KEY_OF_SOURCE, PREFETCH
from cds_service.web.egress import Allowance, Budget, Egress, Reason, Unanswered
from cds_service.web.fhir_client import Bounds, Found, Outcome, Search, Server, climbs, request_headers, run
from cds_service.web.logs import log
from cds_service.web.observing import Metrics
from fhir_profiles.reading.context import Reading, Vocabulary
from fhir_profiles.reading.decoding import Decoded, UnreadableBody
from fhir_profiles.reading.prefetch import ADDS_TO
from fhir_profiles.reading.searchsets import read_page
from fhir_profiles.record import SourceState
from fhir_profiles.resources import Patient

_WAITING: Final = 4 * len(PREFETCH)
"""Searches that may wait for a thread: those of four calls."""
_SEARCHING: Final = 0.9
"""The part of the budget in which servers may answer; the rest is for judging what came."""
_ID: Final = re.compile(r"[A-Za-z0-9.-]{1,64}")
_LONGEST_BASE: Final = 1000
Unread = Callable[[], Mapping[str, msgspec.Raw]]


@dataclass(frozen=True, slots=True)
class Fetched:
    """What was fetched, by key: answers, the JSON they were read from, keys read in part; None for a failure."""

    answers: Mapping[str, Decoded | None] = field(default_factory=dict)
    bodies: tuple[bytes, ...] = ()
    in_part: frozenset[str] = frozenset()


NOTHING: Final = Fetched()


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a call lets us ask for: whose record, on which server, with which leave; `origins` are the agreed ones.

    `begun` is the instant of `perf_counter` at which the call arrived.
    """

    patient: str
    server: msgspec.Raw
    access: Access | None
    origins: tuple[str, ...]
    begun: float
    trace: str


class Searchers:
    """The threads of this process that search, each made when first needed; only so many searches wait for one."""

    def __init__(self, threads: int) -> None:
        self._places = BoundedSemaphore(threads + _WAITING)
        self._executor = ThreadPoolExecutor(threads, "fhir-search")

    def start(self, search: Search, server: Server, bounds: Bounds, reading: Reading) -> Future[Found] | None:
        """The search under way; None where there is no place for it."""
        if not self._places.acquire(blocking=False):
            return None
        under_way = self._executor.submit(run, search, server, bounds, reading)
        under_way.add_done_callback(lambda _: self._places.release())
        return under_way


@dataclass(frozen=True, slots=True)
class Fetcher:
    """Fetches what calls do not bring."""

    limits: Fetching
    vocabulary: Vocabulary
    searchers: Searchers
    metrics: Metrics
    turn: Turn

    @classmethod
    def create(cls, limits: Fetching, vocabulary: Vocabulary, metrics: Metrics, turn: Turn) -> "Fetcher":
        """A fetcher of this process. `turn`: held by whoever calls it, and passed on while servers are waited for."""
        return cls(limits, vocabulary, Searchers(limits.parallel_searches), metrics, turn)

    def fetch(self, wanted: Wanted, unread: Unread, answers: Mapping[str, Decoded | None]) -> Fetched:
        """What the prefetch lacks; `unread`: the JSON of each of its keys.

        Raises TooManyRequests where needed data find no place among the searches.
        """
        if not bytes(wanted.server):
            return NOTHING
        lacking = dict(_lacking(unread, answers))
        if not lacking:
            return NOTHING
        allowance = Allowance(self.limits.bytes)
        with self.turn.passed_on():
            found = self._found(wanted, lacking, allowance)
        self._tell(wanted, found, allowance.received)
        if any(found[key].outcome is Outcome.BUSY for key in KEY_OF_SOURCE.values() if key in found):
            raise TooManyRequests(retry_after=RETRY_AFTER)
        return Fetched(
            answers=dict(_answers(found, answers)),
            bodies=tuple(one.body for one in found.values() if one.answer is not None),
            in_part=frozenset(key for key, one in found.items() if one.in_part),
        )

    def _found(
        self, wanted: Wanted, lacking: Mapping[str, msgspec.Raw | None], allowance: Allowance
    ) -> Mapping[str, Found]:
        """What came of each lacking key."""
        if wanted.access is None:
            return dict.fromkeys(lacking, Found(Outcome.NO_AUTHORIZATION))
        if not is_plain_id(wanted.patient):
            return dict.fromkeys(lacking, Found(Outcome.NO_PLAIN_ID))
        try:
            server = self._server(wanted, wanted.access)
        except Unanswered as refused:
            return dict.fromkeys(lacking, Found(refused.reason))
        budget = self._budget(wanted.begun, wanted.access, allowance)
        bounds = Bounds(budget, Allowance(self.limits.resources), self.limits.pages)
        return self._search(wanted, wanted.access, lacking, server, bounds)

    def _server(self, wanted: Wanted, access: Access) -> Server:
        """The server that the call names. Raises Unanswered where the site did not agree on it."""
        try:
            base = msgspec.json.decode(wanted.server, type=str).rstrip("/")
        except msgspec.DecodeError:
            raise Unanswered(Reason.NOT_ALLOWED) from None
        limits = self.limits
        egress = Egress.to(wanted.origins, limits.allow_private_addresses, allow_http=limits.allow_http)
        route = egress.route(base)
        if len(base) > _LONGEST_BASE or "?" in base or climbs(urlsplit(base).path):
            raise Unanswered(Reason.NOT_ALLOWED)
        return Server(base, route, request_headers(access.token, wanted.trace))

    def _budget(self, begun: float, access: Access, allowance: Allowance) -> Budget:
        limits = self.limits
        seconds = min(limits.budget_seconds * _SEARCHING, access.seconds)
        return Budget(begun + seconds, limits.connect_seconds, limits.read_seconds, allowance)

    def _search(
        self,
        wanted: Wanted,
        access: Access,
        lacking: Mapping[str, msgspec.Raw | None],
        server: Server,
        bounds: Bounds,
    ) -> Mapping[str, Found]:
        """What came of each search, all side by side; those that are late are left to end by themselves."""
        found: dict[str, Found] = {}
        under_way: dict[str, Future[Found]] = {}
        for key, begun in lacking.items():
            reach = access.reach(*asked_of(key))
            if reach is Reach.NONE:
                found[key] = Found(Outcome.NO_SCOPE)
                continue
            search = Search(key, query_of(key, wanted.patient), reach is Reach.IN_PART, begun)
            reading = Reading(self.vocabulary, UTC, Patient(id=wanted.patient), None)
            started = self.searchers.start(search, server, bounds, reading)
            if started is None:
                found[key] = Found(Outcome.BUSY)
            else:
                under_way[key] = started
        return found | dict(_gathered(under_way, wanted.begun + self.limits.budget_seconds))

    def _tell(self, wanted: Wanted, found: Mapping[str, Found], received: int) -> None:
        """One line and one count a key: words for what came of it, nothing of what was asked or received."""
        outcomes = {key: one.outcome.value for key, one in found.items()}
        for key, outcome in outcomes.items():
            self.metrics.fetches.labels(key, outcome).inc()
        others = sum(one.others for one in found.values())
        spent = round((perf_counter() - wanted.begun) * 1000, 1)
        log("fetch", trace=wanted.trace, outcomes=outcomes, ms=spent, bytes=received, others=others)


def _lacking(unread: Unread, answers: Mapping[str, Decoded | None]) -> Iterator[tuple[str, msgspec.Raw | None]]:
    """The keys without an answer, and those whose answer has pages that were not read, with the page that was."""
    in_part = {key for key, answer in answers.items() if answer and _is_in_part(answer)}
    pages = unread() if in_part else {}
    for key in PREFETCH:
        if answers.get(key) is None:
            yield key, None
        elif key in in_part and _goes_on(page := pages.get(key)):
            yield key, page


def _is_in_part(answer: Decoded) -> bool:
    return any(state is SourceState.IN_PART for _, state in answer.states)


def _goes_on(value: msgspec.Raw | None) -> bool:
    if value is None:
        return False  # sent in parts: which of them goes on is not looked for
    try:
        return bool(read_page(value).next)
    except UnreadableBody:
        return False


def is_plain_id(patient: str) -> bool:
    """Whether an id is one of FHIR's, so that it can stand in an address and mean nothing else there."""
    return _ID.fullmatch(patient) is not None and bool(patient.strip("."))


def query_of(key: str, patient: str) -> str:
    """The query of a prefetch key for this patient."""
    return PREFETCH[key].replace("{{context.patientId}}", patient)


def asked_of(key: str) -> tuple[str, str]:
    """The resource type that a key asks for, and the right that it takes: to read (`r`) or to search (`s`)."""
    kind, is_search, _ = PREFETCH[key].partition("?")
    return kind.partition("/")[0], "s" if is_search else "r"


def _gathered(under_way: Mapping[str, Future[Found]], ends: float) -> Iterator[tuple[str, Found]]:
    done = wait(under_way.values(), max(0.0, ends - perf_counter())).done
    for key, search in under_way.items():
        if search not in done:
            search.cancel()
        yield key, search.result() if search in done else Found(Reason.TIMEOUT)


_NO_GAP: Final = frozenset(
    {
        Outcome.NOT_FOUND,
        Outcome.NO_SCOPE,
        Outcome.NO_AUTHORIZATION,
        Outcome.NO_PLAIN_ID,
        Outcome.BUSY,
        Reason.NOT_ALLOWED,
    }
)


def _answers(found: Mapping[str, Found], before: Mapping[str, Decoded | None]) -> Iterator[tuple[str, Decoded | None]]:
    """The answers to put in the place of those before.

    What adds to a source and was asked for in vain leaves a gap in it; not so what was not asked for, and what the
    server has none of.
    """
    for key, one in found.items():
        if one.answer is not None:
            yield key, one.answer
        elif key in ADDS_TO and before.get(key) is None and one.outcome not in _NO_GAP:
            yield key, None
