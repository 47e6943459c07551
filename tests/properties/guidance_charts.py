"""Random enrolled patients and draft orders, with dates around every edge of the windows of guidance."""

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from hypothesis import strategies as st

from cds_service.catalogues import load_words
from cds_service.ordering import Request, order_cards
from cds_service.received import Received
from cds_service.trial.case import Moment
from cds_service.trial.guidance.steps import Step
from fhir_profiles.reading.decoding import decode_body
from tests.guidance_records import item_of, resources_of
from tests.properties.charts import AS_OF, PRODUCT, ZONE, Chart, Json, States, bundle, judge

Line = dict[str, Any]
Draw = Callable[[st.SearchStrategy[Any]], Any]
PATIENT: Final[Json] = {"resourceType": "Patient", "id": "p1", "gender": "male", "birthDate": "1968-04-12"}
WORDS: Final = load_words("en", PRODUCT.protocol.titles)
# Days from today: the edges of 3 and 7, of 21, 28, 35 and 56 days back, and of the days before a TACE ahead.
_BACK: Final = (0, -1, -2, -3, -4, -7, -8, -14, -20, -21, -22, -27, -28, -29, -35, -36, -55, -56, -57, -70)
_AHEAD: Final = (0, 1, 2, 3, 4, 5, 9, 20, 30, 60)
_STATUSES: Final = ("active",) * 5 + ("on-hold", "stopped", "completed")
_UNRELATED: Final[tuple[Line, ...]] = (
    {"draft": "warfarin", "start": "2026-11-22"},
    {"draft": "none", "text": "ondansetron 8 mg", "start": "2026-11-22"},
    {"draft": "none", "kind": "procedure", "text": "Electrocardiogram", "on": "2026-11-23"},
)


def day(offset: int) -> str:
    """The day that many days from today."""
    return (AS_OF.date() + timedelta(days=offset)).isoformat()


def _days(offsets: tuple[int, ...]) -> st.SearchStrategy[str]:
    return st.sampled_from(offsets).map(day)


def _present(**elements: object) -> Line:
    return {name: value for name, value in elements.items() if value is not None}


@st.composite
def _courses(draw: Draw) -> Line:
    end = draw(st.one_of(st.none(), _days(_BACK), _days(_AHEAD)))
    start = draw(_days((*_BACK, 1, 5)))
    if end is not None and end < start:
        end = None
    return _present(course="sorafenib", start=start, end=end, status=draw(st.sampled_from(_STATUSES)))


@st.composite
def _course_in_parts(draw: Draw) -> Line:
    """A course that was raised: an entry until a day, and one from the day after."""
    change = draw(st.sampled_from((-20, -8, -3)))
    first = {"start": day(-40), "end": day(change), "dose": "200 mg"}
    return {"course": "sorafenib", "dosage": [first, {"start": day(change + 1), "dose": "400 mg"}]}


@st.composite
def _responses(draw: Draw) -> Line:
    site = draw(st.sampled_from(("site-liver", "site-lung", "site-bone", "site-portal-vein", None)))
    return _present(
        response=draw(st.sampled_from(("CR", "PR", "SD", "PD", "worsened"))), on=draw(_days(_BACK)), site=site
    )


_LINES: Final[tuple[st.SearchStrategy[Line], ...]] = (
    st.builds(lambda on: {"procedure": "tace", "on": on}, _days(_BACK)),
    st.builds(lambda on: {"procedure": "tace", "on": on}, _days(_BACK)),
    _courses(),
    _courses(),
    _course_in_parts(),
    st.just({"course": "sorafenib", "authored": day(-30), "for_days": "90"}),
    _responses(),
    _responses(),
    st.builds(lambda kind, on: {"visit": kind, "on": on}, st.sampled_from(("AMB", "IMP", "none")), _days(_BACK)),
    st.builds(lambda on: {"plan": "tace", "on": on}, _days(_AHEAD)),
    st.builds(
        lambda name, on: {"imaging": name, "on": on},
        st.sampled_from(("imaging-liver-dynamic", "imaging-liver-dynamic", "imaging-liver-protocol-unstated")),
        _days(_BACK),
    ),
    st.builds(
        lambda on, lacking: {"safety": on, "without": lacking},
        _days((0, -1, -2, -3, -4)),
        st.sampled_from(([], [], ["inr"], ["creatinine", "ast"])),
    ),
    st.builds(lambda value, on: {"score": "ecog", "value": value, "on": on}, st.sampled_from("0123"), _days(_BACK)),
)


@st.composite
def treated(draw: Draw, statuses: tuple[str, ...] = ("on-study",) * 9 + ("follow-up",)) -> Chart:
    """A patient enrolled 60 days ago, with up to nine lines of treatment on record."""
    enrolled = {"study": "ours", "start": day(-60), "status": draw(st.sampled_from(statuses))}
    lines = [enrolled, *draw(st.lists(st.one_of(_LINES), min_size=2, max_size=9))]
    return PATIENT, *resources_of(tuple(map(item_of, lines)))


@st.composite
def _tace_drafts(draw: Draw) -> Line:
    on = draw(_days((*_AHEAD, -1)))
    last = day(draw(st.sampled_from((9, 60))))
    dated: tuple[Line, ...] = (
        {"on": on},
        {"on": on},
        {"start": on, "end": on},
        {"start": on, "end": max(on, last)},
        {},
    )
    return {"draft": "tace", **draw(st.sampled_from(dated))}


@st.composite
def _sorafenib_drafts(draw: Draw) -> Line:
    start = draw(_days((*_AHEAD, -1, -3)))
    end = draw(st.one_of(st.none(), _days(_AHEAD)))
    dose = draw(st.sampled_from(("400 mg", "400 mg", "200 mg", "none")))
    return _present(draft="sorafenib", start=start, end=end if end and end >= start else None, dose=dose)


@st.composite
def _drafts_in_parts(draw: Draw) -> Line:
    start, change = draw(st.sampled_from((-1, 0, 1, 2))), draw(st.sampled_from((4, 10)))
    first = {"start": day(start), "end": day(change), "dose": "200 mg"}
    return {"draft": "sorafenib", "dosage": [first, {"start": day(change + 1), "dose": "400 mg"}]}


# without words it would be an empty element, which FHIR does not have and an update leaves out
_TOLD: Final[Line] = {"dose": "none", "says": "as told"}


@st.composite
def _entries(draw: Draw) -> Line:
    """One dosage entry among several: its days, its length, or neither."""
    dose = draw(st.sampled_from(({"dose": "400 mg"}, {"dose": "200 mg"}, {"dose": "200 mg"}, _TOLD)))
    if draw(st.booleans()):
        return {**dose, **draw(st.sampled_from(({}, {"for_days": "14"}, {"for_days": "28"})))}
    start, end = draw(st.sampled_from((-3, 0, 1, 5, None))), draw(st.sampled_from((7, 20, 60, None)))
    days = {name: day(offset) for name, offset in (("start", start), ("end", end)) if offset is not None}
    return {**dose, **days}


@st.composite
def _drafts_of_several_entries(draw: Draw) -> Line:
    entries = draw(st.lists(_entries(), min_size=2, max_size=3))
    return _present(draft="sorafenib", authored=draw(st.one_of(st.none(), _days(_AHEAD))), dosage=entries)


def _drafted(lines: list[Line]) -> tuple[Json, ...]:
    numbered = ({**line, "id": f"draft-{at}"} for at, line in enumerate(lines, start=1))
    return tuple(resources_of((item_of(line),))[0] for line in numbered)


def drafts(least: int = 1) -> st.SearchStrategy[tuple[Json, ...]]:
    """Some draft orders of one request."""
    lasting = _days(_AHEAD).map(lambda on: {"draft": "sorafenib", "authored": on, "for_days": "28"})
    kinds = (lasting, _tace_drafts(), _tace_drafts(), _sorafenib_drafts(), _sorafenib_drafts(), _drafts_in_parts())
    several = _drafts_of_several_entries()
    return st.lists(st.one_of(*kinds, several), min_size=least, max_size=3).map(_drafted)


def unrelated_drafts() -> st.SearchStrategy[Json]:
    """A draft of which no rule speaks."""
    return st.sampled_from(_UNRELATED).map(lambda line: resources_of((item_of({**line, "id": "unrelated"}),))[0])


def steps(chart: Collection[Json], states: States | None = None, days_on: int = 0) -> Mapping[str, Step]:
    """The steps of a chart, by id."""
    return {step.id: step for step in judge(chart, states, AS_OF + timedelta(days=days_on)).steps}


@dataclass(frozen=True, slots=True)
class Answer:
    """What one draft is told: the rules that fired with their severity, and the actions suggested."""

    rules: Mapping[str, str]
    actions: tuple[Json, ...]
    document: Json


def check(chart: Collection[Json], ordered: tuple[Json, ...]) -> Mapping[str, Answer]:
    """The answers when the drafts are signed, by draft; none for a draft that fires no rule."""
    body = bundle(chart)
    request = Request(decode_body(body), ordered, None, None, Received((body,)))
    cards = (card.document() for card in order_cards(PRODUCT, WORDS, Moment(AS_OF, ZONE), request, "trace"))
    return dict(map(_answer, cards))


def _answer(card: Json) -> tuple[str, Answer]:
    document = json.loads(json.dumps(card))
    ours = document["extension"]["org.cotsom-cds"]
    rules = {rule["id"]: rule["severity"] for rule in ours["rules"]}
    actions = tuple(action for one in document.get("suggestions", ()) for action in one["actions"])
    return ours["draft"], Answer(rules, actions, document)
