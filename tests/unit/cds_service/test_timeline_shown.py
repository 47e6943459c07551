"""The timeline as a document and in a terminal, of any width and on any day."""

from typing import Any

import pytest
from rich.console import Console

from cards.timeline_document import timeline_document
from cds_service.catalogues import load_words
from cds_service.timeline_text import show_timeline
from tests.unit.cds_service.timeline_charts import Told, imaging, product, sorafenib, tace, told

DONE = (tace("2026-10-26"), imaging("2026-11-20"))


def shown(found: Told, width: int = 100) -> list[str]:
    words = load_words("en", product().protocol.titles)
    console = Console(width=width, no_color=True)
    with console.capture() as capture:
        console.print(show_timeline(found.assessment, found.timeline, words, "chart.json", width))
    return capture.get().splitlines()


def test_the_document_says_a_date_as_far_as_it_is_known() -> None:
    words = load_words("en", product().protocol.titles)
    found = told(tace("2026-11"), sorafenib("2026-10-30", status="stopped"))
    document: Any = timeline_document(found.assessment, found.timeline, words)
    starts = {event["kind"]: (event["start"], event["end"]) for event in document["events"]}
    assert starts["tace"] == (["2026-11-01", "2026-11-22"], None)
    assert starts["sorafenib"] == (["2026-10-30", "2026-10-30"], ["2026-10-30", "2026-11-22"])


def test_the_chart_puts_today_in_one_column_and_courses_up_to_it() -> None:
    lines = shown(told(*DONE, sorafenib("2026-10-30"), day="2026-12-03"))
    today = next(line for line in lines if line.startswith("Today")).index("v")
    course = next(line for line in lines if line.startswith("Sorafenib") and "=" in line)
    assert course.index(">") == today
    assert next(line for line in lines if line.startswith("Enrolment"))[today] == "|"


@pytest.mark.parametrize("width", [20, 60, 80, 200])
@pytest.mark.parametrize("day", ["0001-01-01", "2026-12-03", "9999-12-31"])
def test_the_text_holds_to_any_width_and_any_day(width: int, day: str) -> None:
    lines = shown(told(*DONE, sorafenib("2026-10-30"), tace("2026"), day=day), width)
    assert max(map(len, lines)) <= max(width, 60)


def test_the_words_of_a_record_cannot_steer_the_terminal() -> None:
    steering = {**tace("2026-10-26"), "id": "a\x1b[2Jb"}
    assert not any("\x1b" in line for line in shown(told(steering, day="2026-12-03")))
