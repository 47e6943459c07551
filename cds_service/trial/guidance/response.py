"""How the tumours answer: the latest response inside and outside the liver (rulebook section 7)."""

from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from cds_service.trial.results import is_firm
from fhir_profiles.addresses import type_and_id, without_version
from fhir_profiles.dates import DateInterval
from fhir_profiles.record import Coded, PatientRecord, Result, Words

_MRECIST = "response-mrecist"
_STATUS = "cancer-disease-status"
_KINDS = (_MRECIST, _STATUS)


class Response(StrEnum):
    """A response category; the worst last."""

    COMPLETE = "CR"
    PARTIAL = "PR"
    STABLE = "SD"
    PROGRESSION = "PD"


_BY_ANSWER = {
    "disease-status-worsened": Response.PROGRESSION,
    "disease-status-full-remission": Response.COMPLETE,
    "disease-status-partial": Response.PARTIAL,
    "disease-status-stable": Response.STABLE,
}
_WORST_LAST = tuple(Response)
_LIVER = frozenset({"site-liver"})
_ELSEWHERE = frozenset({"site-lung", "site-bone", "site-lymph-node", "site-adrenal", "site-brain", "site-peritoneum"})
_PRIMARY = frozenset({"hepatocellular-carcinoma"})
_SECONDARY = frozenset(
    {
        "lung-metastasis",
        "bone-metastasis",
        "lymph-node-metastasis",
        "adrenal-metastasis",
        "brain-metastasis",
        "other-extrahepatic-metastasis",
        "extrahepatic-metastasis",
        "unspecific-metastasis",
        "hepatocellular-carcinoma-metastasis",
    }
)


@dataclass(frozen=True, slots=True)
class Observed:
    """One response: what it is (None: nobody can read it), where, and when; `since`: surely not before enrolment."""

    response: Response | None
    intrahepatic: bool
    days: DateInterval
    reference: str
    since: bool


def read_responses(record: PatientRecord, start: DateInterval | None, day: date) -> tuple[Observed, ...]:
    """Every response that may be one since enrolment and whose place is told; others tell neither."""
    places = _places(record)
    found = []
    for name in _KINDS:
        for result in record.results.get(name, ()):
            inside, days = _inside(result, places), result.when.days
            possible = days.first <= day and (start is None or days.last >= start.first)
            if is_firm(result, name) and inside is not None and possible:
                since = start is None or days.first >= start.last
                found.append(Observed(_response(result), inside, days.cut_at(day), result.reference, since))
    return tuple(sorted(found, key=lambda o: (o.days, o.reference)))


def _places(record: PatientRecord) -> dict[str, bool]:
    """Which conditions are the tumour in the liver, and which metastases elsewhere."""
    found: dict[str, bool] = {}
    for names, inside in ((_SECONDARY, False), (_PRIMARY, True)):
        for name in sorted(names):
            found.update({fact.reference: inside for fact in record.conditions.get(name, ()) if name in fact.sets})
    return found


def _response(result: Result) -> Response | None:
    value = result.value
    if isinstance(value, Words):
        text = value.recorded.strip()
        exact = _MRECIST in result.sets and text in _WORST_LAST
        return Response(text) if exact else None
    if not isinstance(value, Coded):
        return None
    if "response-mrecist-answer" in value.answers and value.code in _WORST_LAST:
        return Response(value.code)
    return next((response for name, response in _BY_ANSWER.items() if name in value.answers), None)


def _inside(result: Result, places: dict[str, bool]) -> bool | None:
    """Inside the liver, outside, or not told; body site before focus."""
    if result.sites & (_LIVER | _ELSEWHERE):
        told = {bool(site in _LIVER) for site in result.sites & (_LIVER | _ELSEWHERE)}
        return told.pop() if len(told) == 1 else None
    tails = {type_and_id(without_version(focus)) for focus in result.focus}
    told = {places[tail] for tail in tails if tail in places}
    return told.pop() if len(told) == 1 else None


def latest_of(responses: tuple[Observed, ...], *, intrahepatic: bool, after: date | None = None) -> Observed | None:
    """The latest response at that place, of several on one day the worst; `after` leaves out those up to that day.

    Where a response that nobody can read, or whose day is not certain, leaves it open: one that says nothing.
    """
    there = [o for o in responses if o.intrahepatic is intrahepatic and (after is None or o.days.last > after)]
    newest = max((o.days.first for o in there), default=date.min)
    latest = [o for o in there if o.days.last >= newest]
    if not latest:
        return None
    sure = [o for o in latest if o.since and (after is None or o.days.first > after)]
    ordered = len(sure) == len(latest) and all(o.days.is_day for o in latest)
    alike = len({o.response for o in latest}) == 1
    if not sure or not (ordered or alike) or any(o.response is None for o in latest):
        return replace(latest[-1], response=None)
    return max(sure, key=lambda o: (_WORST_LAST.index(o.response or Response.COMPLETE), o.reference))
