"""Reads one resource or one search of an EHR's FHIR server, page by page, and says how far it can be believed.

Nothing that goes wrong here is an exception to the caller: a search that brought nothing says why in one word, which
the log and the metrics repeat. Words, addresses and bodies of the server go nowhere.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from enum import StrEnum
from hashlib import blake2b
from http import HTTPStatus
from time import perf_counter, sleep
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import unquote, urljoin, urlsplit

import msgspec

from cds_service.web.egress import Allowance, Answer, Budget, Reason, Route, Unanswered, line_along, origin_of
from fhir_profiles.reading.context import Belongs, Reading
from fhir_profiles.reading.decoding import Decoded, UnreadableBody
from fhir_profiles.reading.prefetch import decode_answer
from fhir_profiles.reading.records import SUBJECT_OF
from fhir_profiles.reading.search_addresses import asks_for_another
from fhir_profiles.reading.searchsets import Page, join_pages, lacks_matches, read_page
from fhir_profiles.resources import Entry, Patient

if TYPE_CHECKING:
    from cds_service.web.wire import Line

_PAGE_SIZE: Final = 200
_PAUSE: Final = 0.2
"""Seconds before a second try, where the server does not say how long to wait."""


class Outcome(StrEnum):
    """What came of a search, beside the reasons for which there was no answer at all."""

    FETCHED = "fetched"
    IN_PART = "in-part"
    ANOTHER_PATIENT = "another-patient"
    NOT_BELIEVED = "not-believed"
    UNREADABLE = "unreadable"
    NOT_FOUND = "not-found"
    DENIED = "denied"
    REJECTED = "rejected"
    THROTTLED = "throttled"
    SERVER_ERROR = "server-error"
    NO_AUTHORIZATION = "no-authorization"
    NO_SCOPE = "no-scope"
    NO_PLAIN_ID = "no-plain-id"
    BUSY = "busy"


class Search(NamedTuple):
    """What to ask: the prefetch key, and its query with the patient's id filled in.

    `narrowed`: the token lets only a part of it through. `begun`: a first page that is there already.
    """

    key: str
    query: str
    narrowed: bool = False
    begun: msgspec.Raw | None = None


class Found(NamedTuple):
    """What came of it: the answer with the JSON it was read from, where it can be believed at least in part."""

    outcome: Outcome | Reason
    answer: Decoded | None = None
    body: bytes = b""
    others: int = 0
    """How many resources were of other patients."""

    @property
    def in_part(self) -> bool:
        """Whether silence in the answer says nothing."""
        return self.outcome is not Outcome.FETCHED


@dataclass(frozen=True, slots=True)
class Server:
    """An EHR's FHIR server: its base address, the way there, and what every request to it bears."""

    base: str
    route: Route
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Bounds:
    """What all searches of a call may cost together; `pages` is for each."""

    budget: Budget
    resources: Allowance
    pages: int


class _Failed(Exception):  # noqa: N818 - an answer that is of no use, with the word for it
    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.value)
        self.outcome = outcome


def request_headers(token: str, trace: str) -> Mapping[str, str]:
    """What every request bears: the token, the wish to be told of a parameter that the server does not know, the trace.

    `trace` is the call's, 32 hexadecimal digits, so that both logs know the request by it (W3C trace context).
    """
    span = blake2b(trace.encode(), digest_size=8).hexdigest()
    return {
        "Authorization": f"Bearer {token}",
        "Accept": "application/fhir+json",
        "Prefer": "handling=strict",
        "traceparent": f"00-{trace}-{span}-00",
    }


def run(search: Search, server: Server, bounds: Bounds, reading: Reading) -> Found:
    """What the server answers; `reading` knows whose records are asked for."""
    try:
        with line_along(server.route, bounds.budget) as line:
            conversation = _Conversation(line, server, bounds, reading)
            return conversation.search(search) if "?" in search.query else conversation.read(search)
    except Unanswered as unanswered:
        return Found(unanswered.reason)
    except _Failed as failed:
        return Found(failed.outcome)
    except UnreadableBody:
        return Found(Outcome.UNREADABLE)


@dataclass(frozen=True, slots=True)
class _Conversation:
    """One search from its first request to its last."""

    line: "Line"
    server: Server
    bounds: Bounds
    reading: Reading

    def read(self, search: Search) -> Found:
        """The patient."""
        body = self._get(f"{self.server.base}/{search.query}")
        answer = decode_answer(search.key, msgspec.Raw(body), self.reading.patient.id)
        patients = [r.resource for r in answer.received] if answer else []
        if answer is None or len(patients) != 1 or not isinstance(patients[0], Patient):
            return Found(Outcome.UNREADABLE)
        if patients[0].id != self.reading.patient.id:
            return Found(Outcome.ANOTHER_PATIENT)
        return Found(Outcome.FETCHED, answer, body)

    def search(self, search: Search) -> Found:
        """The resources on all pages."""
        pages, whole = self._pages(search)
        body = join_pages(pages)
        patient = self.reading.patient.id
        answer = decode_answer(search.key, msgspec.Raw(body), patient)
        if answer is None or any(asks_for_another(patient, page.own or "") for page in pages):
            return Found(Outcome.NOT_BELIEVED)
        own = tuple(entry for entry in answer.received if not self._is_another_patient(entry.resource))
        others = len(answer.received) - len(own) + self._of_others(own)
        if others:
            return Found(Outcome.ANOTHER_PATIENT, replace(answer, received=own), body, others)
        cut = search.narrowed or not whole or lacks_matches(pages) or bool(answer.states)
        return Found(Outcome.IN_PART if cut else Outcome.FETCHED, answer, body)

    def _is_another_patient(self, resource: object) -> bool:
        """Such as a record that was merged into this one; a Patient without an id is nobody that we know."""
        return isinstance(resource, Patient) and resource.id != self.reading.patient.id

    def _of_others(self, received: Iterable[Entry]) -> int:
        about = (of(r.resource) for r in received if (of := SUBJECT_OF.get(type(r.resource))))
        return sum(self.reading.belongs(subject) is Belongs.ANOTHERS for subject in about)

    def _pages(self, search: Search) -> tuple[list[Page], bool]:
        """The pages that could be read, and whether there is no other. Raises if there is not even the first."""
        url = f"{self.server.base}/{search.query}&_count={_PAGE_SIZE}"
        pages = [self._counted(search.begun or self._get(url))]
        asked = {url}
        while pages[-1].next is not None:
            if not pages[-1].next or len(pages) == self.bounds.pages:
                return pages, False
            try:
                url = self._after(url, pages[-1].next, asked)
                pages.append(self._counted(self._get(url)))
            except (Unanswered, UnreadableBody, _Failed):
                return pages, False
        return pages, True

    def _counted(self, body: bytes | msgspec.Raw) -> Page:
        page = read_page(body)
        self.bounds.resources.take(len(page.entries))
        return page

    def _after(self, url: str, link: str, asked: set[str]) -> str:
        """The address of the next page: below the same base, where the token may go, and not asked before."""
        try:
            following = urljoin(url, link)
        except ValueError:
            raise Unanswered(Reason.NOT_ALLOWED) from None
        elsewhere = origin_of(following) != self.server.route.origin
        path, base = urlsplit(following).path, urlsplit(self.server.base).path
        below = path in (base, base + "/") or path.startswith(base + "/")
        if elsewhere or not below or climbs(path) or following in asked:
            raise Unanswered(Reason.NOT_ALLOWED)
        asked.add(following)
        return following

    def _get(self, url: str) -> bytes:
        answer = self.line.get(url, self.server.headers)
        if answer.status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
            self._pause(answer)
            answer = self.line.get(url, self.server.headers)
        if answer.status != HTTPStatus.OK:
            raise _Failed(_OUTCOMES.get(answer.status, _of_class(answer.status)))
        return answer.body

    def _pause(self, answer: Answer) -> None:
        """Waits as long as the server asks for. Raises where the time does not allow it."""
        seconds = _seconds_to_wait(answer)
        if perf_counter() + seconds >= self.bounds.budget.ends:
            raise _Failed(Outcome.THROTTLED)
        sleep(seconds)


def climbs(path: str) -> bool:
    """Whether a path has a step that leads upwards or nowhere, written plainly or not."""
    return any(unquote(step) in (".", "..") or "/" in unquote(step) for step in path.split("/"))


_OUTCOMES: Final[Mapping[int, Outcome]] = {
    HTTPStatus.UNAUTHORIZED: Outcome.DENIED,
    HTTPStatus.FORBIDDEN: Outcome.DENIED,
    HTTPStatus.NOT_FOUND: Outcome.NOT_FOUND,
    HTTPStatus.GONE: Outcome.NOT_FOUND,
    HTTPStatus.TOO_MANY_REQUESTS: Outcome.THROTTLED,
    HTTPStatus.SERVICE_UNAVAILABLE: Outcome.THROTTLED,
}


def _of_class(status: int) -> Outcome:
    return Outcome.SERVER_ERROR if status >= HTTPStatus.INTERNAL_SERVER_ERROR else Outcome.REJECTED


def _seconds_to_wait(answer: Answer) -> float:
    """Retry-After in seconds; a date is counted from the server's own, so that no clock of ours has to agree."""
    told = answer.headers.get("retry-after", "").strip()
    if told.isdecimal():
        return float(told)
    try:
        until, now = parsedate_to_datetime(told), parsedate_to_datetime(answer.headers.get("date", ""))
        return max(0.0, (until - now).total_seconds())
    except (TypeError, ValueError):
        return _PAUSE
