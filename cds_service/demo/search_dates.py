"""Dates in searches as FHIR has them: what is told to the day, the second or the year is all the time that it may mean.

Two such spans are compared as the prefix of the search wants it (FHIR R4, "Search", "date"), offsets counted.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Final

from cds_service.demo.elements import Json, at, text_at
from fhir_profiles.dates import NEVER_DATED, read_when, span_of

_EFFECTIVE: Final = ("effectiveDateTime", "effectiveInstant", "effectivePeriod")
# The elements that a parameter looks at: of each the first that is there.
_DATED: Final[Mapping[tuple[str, str], Sequence[str]]] = {
    ("AllergyIntolerance", "date"): ("recordedDate",),
    ("Condition", "onset-date"): ("onsetDateTime", "onsetPeriod"),
    ("Condition", "recorded-date"): ("recordedDate",),
    ("DiagnosticReport", "date"): _EFFECTIVE,
    ("Encounter", "date"): ("period",),
    ("MedicationAdministration", "effective-time"): _EFFECTIVE,
    ("MedicationRequest", "authoredon"): ("authoredOn",),
    ("MedicationStatement", "effective"): _EFFECTIVE,
    ("Observation", "date"): _EFFECTIVE,
    ("Procedure", "date"): ("performedDateTime", "performedPeriod"),
    ("ServiceRequest", "authored"): ("authoredOn",),
    ("ServiceRequest", "occurrence"): ("occurrenceDateTime", "occurrencePeriod"),
}

_PREFIXED: Final = re.compile(r"([a-z]{2})?(\d.*)")
# After an instant's seconds stand its decimals; before them they may be missing in a search.
_CLOCK: Final = re.compile(r".{11}\d\d:\d\d(?P<seconds>:\d\d(?:\.(?P<decimals>\d{1,6})\d*)?)?(?:Z|[+-]\d\d:\d\d)?")
_LEAST: Final = timedelta(microseconds=1)


class NotAnswered(Exception):  # noqa: N818 - an answer of this server, not a fault
    """The template asks for something that this server does not understand."""


@dataclass(frozen=True, slots=True)
class Span:
    """From the first to the last microsecond that is meant."""

    first: datetime
    last: datetime

    def holds(self, other: "Span") -> bool:
        """Whether all of the other lies inside."""
        return self.first <= other.first and other.last <= self.last


# The span that is searched for, and the one that a resource has.
_TESTS: Final[Mapping[str, Callable[[Span, Span], bool]]] = {
    "eq": lambda wanted, found: wanted.holds(found),
    "ne": lambda wanted, found: not wanted.holds(found),
    "gt": lambda wanted, found: found.last > wanted.last,
    "lt": lambda wanted, found: found.first < wanted.first,
    "ge": lambda wanted, found: found.last > wanted.last or wanted.holds(found),
    "le": lambda wanted, found: found.first < wanted.first or wanted.holds(found),
    "sa": lambda wanted, found: found.first > wanted.last,
    "eb": lambda wanted, found: found.last < wanted.first,
}


def is_when(found: Span, term: str, zone: tzinfo) -> bool | None:
    """Whether a span meets a search term such as `ge2026-11-01`; None where the term is not understood.

    A time without offset is one of the zone.
    """
    match = _PREFIXED.fullmatch(term)
    wanted = span_at(match[2], zone) if match else None
    test = _TESTS.get(match[1] or "eq") if match else None
    return None if wanted is None or test is None else test(wanted, found)


def span_at(text: str, zone: tzinfo) -> Span | None:
    """All the time that a date, partial or not, or an instant may mean; None for what is none."""
    when = read_when(text, zone)
    if when is None:
        return None
    first, last = span_of(when, zone)
    if when.instant is None:
        return Span(first, last)
    clock = _CLOCK.fullmatch(text)
    return Span(first, first + _precision(clock) - _LEAST) if clock else None


def _precision(clock: re.Match[str]) -> timedelta:
    """How long an instant lasts as it is written: a minute, a second, or a part of one."""
    if clock["seconds"] is None:
        return timedelta(minutes=1)
    return timedelta(microseconds=10 ** (6 - len(clock["decimals"] or "")))


def span_of_element(resource: Json, name: str, zone: tzinfo) -> Span | None:
    """The span of a date, an instant or a period, open where the period is; None where the element is none of them."""
    period = at(resource, name)
    if not isinstance(period, Mapping):
        return span_at(text_at(resource, name), zone)
    beginning, end = text_at(period, "start"), text_at(period, "end")
    ever = Span(*span_of(NEVER_DATED, zone))
    first = span_at(beginning, zone) if beginning else ever
    last = span_at(end, zone) if end else ever
    return Span(first.first, last.last) if first and last and (beginning or end) else None


@dataclass(frozen=True, slots=True)
class Dates:
    """When resources of a kind were, by the name of a search parameter."""

    kind: str
    zone: tzinfo

    def spans(self, resource: Json, name: str) -> Iterator[Span]:
        """The span of a resource; none where it is not dated. Raises NotAnswered for what is no parameter of dates."""
        elements = _DATED.get((self.kind, name))
        if elements is None:
            raise NotAnswered
        element = next((one for one in elements if one in resource), "")
        found = span_of_element(resource, element, self.zone)
        if found is not None:
            yield found

    def fits(self, resource: Json, name: str, value: str) -> bool:
        """Whether a resource meets the parameter, of which several values are alternatives."""
        terms = value.split(",")
        told = [is_when(one, term, self.zone) for one in self.spans(resource, name) for term in terms]
        if None in told:
            raise NotAnswered
        return any(told)

    def in_order(self, found: list[Json], by: str) -> list[Json]:
        """The resources by the beginning of their time; those that are not dated are the last either way."""
        name, latest = by.removeprefix("-"), by.startswith("-")
        dated = [(span.first, at) for at, one in enumerate(found) for span in self.spans(one, name)]
        dated.sort(key=lambda pair: pair[0], reverse=latest)
        first = [at for _, at in dated]
        return [found[at] for at in (*first, *(at for at in range(len(found)) if at not in first))]
