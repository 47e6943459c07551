"""Laws of the timeline picture: whatever the timeline, its texts lie inside it and never touch."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from hypothesis import given, settings
from hypothesis import strategies as st

from cards.wording import Words
from cds_service.catalogues import languages, load_words
from cds_service.pages.timeline.drawing import NARROW, WIDE, Form, Scene, draw
from cds_service.pages.timeline.placing import Extent, Room, place
from cds_service.pages.timeline.text import fitted, width_of
from cds_service.pages.words import PageWords, load_page_words
from cds_service.trial.findings import message
from cds_service.trial.guidance.steps import State, Step
from cds_service.trial.guidance.timeline import Event, Kind, Timeline
from cds_service.trial.guidance.trends import Point, Trend, bound_of
from fhir_profiles.dates import DateInterval
from fhir_profiles.intervals import NumberInterval
from tests.timeline_scenes import product

TODAY: Final = date(2026, 11, 22)
LANGUAGES: Final[tuple[tuple[Words, PageWords], ...]] = tuple(
    (load_words(language, product().protocol.titles), load_page_words()[language]) for language in languages()
)
_COURSES: Final = ("taken", "planned", "paused", "ended")
_days = st.integers(-900, 400).map(lambda offset: TODAY + timedelta(days=offset))


def _spans() -> st.SearchStrategy[DateInterval]:
    lengths = st.sampled_from((0, 0, 0, 0, 6, 30, 365))
    known = st.builds(lambda first, more: DateInterval(first, first + timedelta(days=more)), _days, lengths)
    return st.one_of(known, known, known, st.just(DateInterval(date.min, TODAY)))


@st.composite
def _events(draw: Any) -> Event:  # noqa: ANN401 - hypothesis passes its own function
    kind, days = draw(st.sampled_from(Kind)), draw(_spans())
    text, end = message(f"timeline.{kind}"), None
    if kind is Kind.SORAFENIB:
        later = st.builds(lambda more: DateInterval(days.last, days.last + timedelta(days=more)), st.integers(0, 200))
        end = draw(st.one_of(st.none(), later))
        text = message(f"timeline.sorafenib-{draw(st.sampled_from(_COURSES[: 4 if end else 3]))}")
    if kind is Kind.RESPONSE:
        text = message(f"timeline.response-{draw(st.sampled_from(('liver', 'elsewhere')))}", response="PD")
    return Event(kind, days, text, draw(st.text(max_size=40)), end, draw(st.booleans()))


def _steps() -> st.SearchStrategy[Step]:
    window = st.builds(lambda first, more: (first, first + timedelta(days=more)), _days, st.integers(0, 60))
    identity = st.integers(1, 8).map(lambda n: f"NEXT-0{n}")
    return st.builds(
        Step, identity, st.sampled_from(State), st.one_of(st.none(), window), st.just(message("step.orders-open"))
    )


@st.composite
def _trends(draw: Any, name: str) -> Trend:  # noqa: ANN401 - hypothesis passes its own function
    values = st.decimals(0, 20000, places=2).map(NumberInterval.exactly)
    under = st.just(NumberInterval(Decimal(0), Decimal("0.2"), high_open=True))
    limit = draw(st.one_of(st.none(), st.just(Decimal(200))))
    points = st.builds(
        Point,
        _days.map(lambda day: DateInterval(day, day)),
        st.one_of(st.none(), values, under),
        st.just("as recorded"),
        st.just("Observation/x"),
        st.booleans(),
        st.just(limit),
        st.sampled_from((True, False, None)),
    )
    found = draw(st.lists(points, max_size=12))
    return Trend(name, "U/L", bound_of(product().protocol, name), tuple(sorted(found, key=lambda p: p.days)))


@st.composite
def scenes(draw: Any) -> Scene:  # noqa: ANN401 - hypothesis passes its own function
    events = draw(st.lists(_events(), max_size=14))
    steps = draw(st.lists(_steps(), max_size=8))
    names = product().protocol.guidance.safety_analytes
    trends = tuple(draw(_trends(name)) for name in names[: draw(st.integers(0, 3))])
    events.sort(key=lambda event: (event.days, event.kind, event.reference))
    timeline = Timeline(TODAY, tuple(events), None, latest_open=False, steps=tuple(steps), cycle=None)
    return Scene("Patient/p1", timeline, trends)


# Drawing takes milliseconds: more examples than this cost more than they find.
@settings(max_examples=100)
@given(scenes(), st.sampled_from((WIDE, NARROW)), st.sampled_from(LANGUAGES))
def test_texts_lie_inside_the_picture_and_never_touch(
    scene: Scene,
    form: Form,
    language: tuple[Words, PageWords],
) -> None:
    drawing = draw(scene, form, *language)
    boxes = [label.box for label in drawing.labels if label.text]
    for at, box in enumerate(boxes):
        assert box.left >= 0
        assert box.right <= drawing.width
        assert box.top >= 0
        assert box.bottom <= drawing.height
        assert not any(box.overlaps(other) for other in boxes[:at])


_extents = st.builds(
    lambda start, length, label: Extent(start, min(start + length, 400.0), label),
    st.floats(0, 388),
    st.floats(12, 400),
    st.text("abWM 소라페닙.–", max_size=60),
)


@given(st.lists(_extents, max_size=20))
def test_marks_and_labels_of_a_row_share_no_line_where_they_would_touch(extents: list[Extent]) -> None:
    places = place(extents, Room(0, 400, 12, 200))
    taken: list[tuple[int, float, float]] = []
    for extent, found in zip(extents, places, strict=True):
        width = width_of(found.text, 12)
        left = found.x - width if found.anchor == "end" else found.x
        assert left >= -0.01
        assert left + width <= 400.01
        assert extent.label.startswith(found.text.rstrip("…").rstrip())
        spans = [(found.line, extent.start, extent.end)]
        spans += [(found.label_line, left, left + width)] if found.text else []
        for line, start, end in spans:
            assert not any(line == other and start < last and first < end for other, first, last in taken)
        taken += spans


@given(st.text(max_size=80), st.floats(0, 300))
def test_a_fitted_text_takes_no_more_than_its_room(text: str, room: float) -> None:
    assert width_of(fitted(text, 12, room), 12) <= room or fitted(text, 12, room) == text == ""


def test_a_wide_character_counts_double() -> None:
    assert width_of("소", 10) == 2 * width_of("a", 10)
