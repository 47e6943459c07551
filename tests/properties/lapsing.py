"""Random charts of a patient whom only time excludes: everything in order, but for what lapses by itself."""

from collections.abc import Callable
from typing import Any, Final

from hypothesis import strategies as st

from tests.properties.charts import Chart, Json
from tests.properties.codings import codings, concept
from tests.properties.records import ELIGIBLE, OURS, numbered
from tests.properties.times import PAST, PAST_EXACT, Times, dates

Draw = Callable[[st.SearchStrategy[Any]], Any]

_EVENTS: Final = (
    "gi-bleeding",
    "myocardial-infarction",
    "angina",
    "thromboembolic-event",
    "trauma",
    "other-primary-malignancy",
)
_PROCEDURES: Final = ("hepatic-local-therapy", "major-surgery", "open-biopsy")
_DRUGS: Final = ("molecular-targeted-or-immunotherapy", "cyp3a4-inducer-strong")
_RESOLVED: Final = {"coding": [{"code": "resolved"}]}


def _coded(name: str) -> st.SearchStrategy[Json]:
    return st.sampled_from(codings(name)).map(concept)


@st.composite
def _events(draw: Draw, times: Times) -> Json:
    name = draw(st.sampled_from(_EVENTS))
    onset, end = _span(draw, times)
    ended = {"abatementDateTime": end} if name == "other-primary-malignancy" and end else {}
    code = draw(_coded(name))
    return {
        "resourceType": "Condition",
        "subject": OURS,
        "clinicalStatus": _RESOLVED,
        "code": code,
        **_at("onsetDateTime", onset),
        **ended,
    }


def _span(draw: Draw, times: Times) -> tuple[str | None, str | None]:
    """A start and an end; among exact days in their order, for an end before its start is no exact day."""
    start, end = draw(dates(times)), draw(dates(times))
    return (end, start) if times is PAST_EXACT and start and end and end < start else (start, end)


def _at(name: str, when: str | None) -> Json:
    return {name: when} if when else {}


@st.composite
def _procedures(draw: Draw, times: Times) -> Json:
    code = draw(_coded(draw(st.sampled_from(_PROCEDURES))))
    when = _at("performedDateTime", draw(dates(times)))
    return {"resourceType": "Procedure", "status": "completed", "subject": OURS, "code": code, **when}


@st.composite
def _courses(draw: Draw, times: Times) -> Json:
    """A course with both its ends recorded: of one whose end is unknown, the latest possible end moves with the day."""
    start, end = _span(draw, times)
    status = draw(st.sampled_from(("completed", "stopped", "active")))
    return {
        "resourceType": "MedicationStatement",
        "status": status if end else "active",
        "subject": OURS,
        "medicationCodeableConcept": draw(_coded(draw(st.sampled_from(_DRUGS)))),
        "effectivePeriod": {**_at("start", start), **_at("end", end)},
    }


@st.composite
def lapsing_charts(draw: Draw, *, exact: bool) -> Chart:
    """Up to four events, and perhaps a patient who is still too young; `exact`: every date is a whole day."""
    times = PAST_EXACT if exact else PAST
    births = (
        ("1968-04-12", "2006-12-01", "2008-02-29")
        if exact
        else ("1968-04-12", "2006-12-01", "2008-02-29", "2007-03", "2008")
    )
    patient = {"resourceType": "Patient", "id": "p1", "gender": "male", "birthDate": draw(st.sampled_from(births))}
    kinds = st.one_of(_events(times), _procedures(times), _courses(times))
    return numbered((patient, *ELIGIBLE, *draw(st.lists(kinds, min_size=1, max_size=4))))
