"""The words beside a course of sorafenib: what is known of its start and end, and years where they differ."""

from collections.abc import Mapping
from typing import Final

import pytest

from cards.wording import Words
from cds_service.catalogues import load_words
from cds_service.pages.timeline.rows import Look, sections_of
from cds_service.pages.words import PageWords, load_page_words
from tests.acceptance import AS_OF, Json
from tests.case_codes import concept
from tests.timeline_scenes import chart_of, product, scene_of, view
from tests.unit.cds_service.timeline_charts import SUBJECT, sorafenib

PAGE: Final[Mapping[str, PageWords]] = load_page_words()
WORDS: Final[Mapping[str, Words]] = {language: load_words(language, product().protocol.titles) for language in PAGE}
LATER: Final = "2027-12-10T09:00:00+09:00"


def label(course: Json, language: str, as_of: str = AS_OF) -> str:
    """The words beside the only course of a chart."""
    timeline = scene_of(view(chart_of(course), None, as_of)).timeline
    sections = sections_of(timeline, WORDS[language], PAGE[language])
    marks = [mark for section in sections for row in section.rows for mark in row.marks]
    (found,) = (mark.label for mark in marks if mark.look in {Look.COURSE, Look.ORDERED})
    return found


def statement(**elements: object) -> Json:
    return {
        "resourceType": "MedicationStatement",
        "id": "statement",
        "status": "active",
        "subject": SUBJECT,
        "medicationCodeableConcept": concept("sorafenib"),
        **elements,
    }


def dosages(*bounds: Json) -> Json:
    """A prescription of several dosages."""
    entries = [{"timing": {"repeat": {"boundsPeriod": period}}} for period in bounds]
    return sorafenib("2026-11-03", dosageInstruction=entries)


@pytest.mark.parametrize(
    ("elements", "english", "korean"),
    [
        ({}, "start not known, going on", "시작일 불명, 복용 중"),
        ({"status": "on-hold"}, "start not known, on hold", "시작일 불명, 보류 중"),
        ({"status": "completed"}, "start not known, stopped, day not known", "시작일 불명, 중단일 불명"),
        ({"effectivePeriod": {"end": "2026-11-20"}}, "start not known, ended 20 Nov", "시작일 불명, 11월 20일 종료"),
        (
            {"effectivePeriod": {"end": "2026-12-20"}},
            "start not known, ends 20 Dec",
            "시작일 불명, 12월 20일 종료 예정",
        ),
    ],
)
def test_a_course_without_a_start_says_so(elements: Json, english: str, korean: str) -> None:
    course = statement(**elements)
    assert label(course, "en") == f"{english}, not certain"
    assert label(course, "ko") == f"{korean}, 불확실"


def test_of_a_start_or_end_that_is_bounded_on_one_side_the_bound_is_told() -> None:
    begun = dosages({"start": "soon"}, {"start": "2026-11-03"})
    assert label(begun, "en") == "since 3 Nov at the latest, going on, not certain"
    assert label(begun, "ko") == "늦어도 11월 3일 시작, 복용 중, 불확실"
    ending = dosages({"start": "2026-11-03", "end": "2026-12-03"}, {"start": "2026-11-03", "end": "later"})
    assert label(ending, "en") == "since 3 Nov, ends 3 Dec at the earliest"
    assert label(ending, "ko") == "11월 3일 시작, 빨라야 12월 3일 종료 예정"


@pytest.mark.parametrize(
    ("start", "end", "as_of", "english", "korean"),
    [
        ("2026-11-22", "2027-12-03", LATER, "22 Nov 2026 – 3 Dec 2027", "2026년 11월 22일 – 2027년 12월 3일"),
        ("2026-11-22", None, LATER, "since 22 Nov 2026, going on", "2026년 11월 22일 시작, 복용 중"),
        (
            "2026-11-20",
            "2027-01-03",
            AS_OF,
            "since 20 Nov 2026, ends 3 Jan 2027",
            "2026년 11월 20일 시작, 2027년 1월 3일 종료 예정",
        ),
        (
            "2026-12-28",
            "2027-01-03",
            AS_OF,
            "ordered 28 Dec 2026 – 3 Jan 2027",
            "2026년 12월 28일 – 2027년 1월 3일 처방",
        ),
        ("2026-11-01", "2026-11-10", AS_OF, "1 Nov – 10 Nov", "11월 1일 – 11월 10일"),
        ("2026-11", "2026-11-20", AS_OF, "since 1–30 Nov, ended 20 Nov", "11월 1–30일 시작, 11월 20일 종료"),
    ],
)
def test_a_course_of_two_years_tells_them(start: str, end: str | None, as_of: str, english: str, korean: str) -> None:
    course = sorafenib(start, end)
    assert label(course, "en", as_of) == english
    assert label(course, "ko", as_of) == korean
