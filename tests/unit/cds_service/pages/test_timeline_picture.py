"""The timeline picture: well-formed, complete, without script or style of its own, and nothing over anything."""

import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET

import pytest

from cards.wording import Words
from cds_service.catalogues import languages, load_words
from cds_service.commands.demonstrating import PATIENTS
from cds_service.pages.timeline.drawing import NARROW, WIDE, Form, Scene, draw
from cds_service.pages.timeline.pictures import picture, picture_file, style_of
from cds_service.pages.timeline.shapes import Drawing
from cds_service.pages.words import PageWords, load_page_words
from cds_service.trial.guidance.steps import State
from tests.acceptance import bilirubin
from tests.case_codes import concept
from tests.pictures_golden import GOLDEN, PICTURED, golden_picture
from tests.timeline_scenes import chart_of, demo_scene, product, scene_of, view
from tests.unit.cds_service.timeline_charts import imaging, laboratory, plan, response, sorafenib, tace, visit

ENROLLED_PATIENTS: Final = tuple(
    file for file in sorted(PATIENTS.glob("*.json")) if file.name[:2] in "06 07 11 12 13 14 15 16"
)
FORMS: Final = (WIDE, NARROW)
PAGE: Final = load_page_words()
WORDS: Final = {language: load_words(language, product().protocol.titles) for language in languages()}
SVG: Final = "{http://www.w3.org/2000/svg}"
# Four years of treatment: far more than a picture shows.
MANY: Final = tuple(tace(f"{year}-{month:02}-03") for year in (2024, 2025, 2026) for month in range(1, 12, 2))


def both(language: str) -> tuple[Words, PageWords]:
    return WORDS[language], PAGE[language]


def tree(scene: Scene, form: Form = WIDE, language: str = "en") -> ET.Element:
    return ET.fromstring(picture(scene, form, *both(language)))  # noqa: S314 - our own text


def scene(*resources: object, tace_on: date | None = None) -> Scene:
    return scene_of(view(chart_of(*resources), tace_on))


def overlapping(drawing: Drawing) -> list[tuple[str, str]]:
    """Pairs of labels that may touch; a label that may leave the picture is its own pair."""
    boxes = [(label.text, label.box) for label in drawing.labels if label.text]
    out = [
        (text, text) for text, box in boxes if box.left < 0 or box.right > drawing.width or box.bottom > drawing.height
    ]
    return out + [
        (text, other)
        for at, (text, box) in enumerate(boxes)
        for other, other_box in boxes[:at]
        if box.overlaps(other_box)
    ]


@pytest.mark.parametrize("file", ENROLLED_PATIENTS, ids=lambda file: file.stem)
@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.frame.prefix)
@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize(
    "as_of", ["2026-11-22T09:00:00+09:00", "2026-12-20T09:00:00+09:00", "2027-06-01T09:00:00+09:00"]
)
def test_no_text_touches_another(file: Path, form: Form, language: str, as_of: str) -> None:
    found = demo_scene(file, date(2026, 12, 20), as_of)
    assert overlapping(draw(found, form, *both(language))) == []


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.frame.prefix)
def test_a_long_history_keeps_its_text_apart_and_says_what_lies_outside(form: Form) -> None:
    drawing = draw(scene(*MANY, *laboratory("2026-11-20"), sorafenib("2026-11-06")), form, *both("en"))
    assert overlapping(drawing) == []
    enrolled_only = scene(tace("2026-11-20"))
    assert not [label for label in draw(enrolled_only, form, *both("en")).labels if "Outside" in label.text]


def test_marks_before_the_days_of_a_narrow_picture_are_counted() -> None:
    found = scene(tace("2026-09-03"), tace("2026-11-01"), plan("2027-02-20"))
    outside = [label.text for label in draw(found, NARROW, *both("en")).labels if "Outside" in label.text]
    assert outside
    (earlier, later) = map(int, re.findall(r"\d+", outside[0]))
    shown = {label.text for label in draw(found, WIDE, *both("en")).labels}
    assert earlier + later > 0
    assert {"3 Sep", "1 Nov", "planned 20 Feb"} <= shown


@pytest.mark.parametrize("file", ENROLLED_PATIENTS, ids=lambda file: file.stem)
@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.frame.prefix)
def test_it_is_well_formed_without_script_or_style_and_names_itself(file: Path, form: Form) -> None:
    root = tree(demo_scene(file), form)
    assert root.tag == f"{SVG}svg"
    assert root.get("role") == "img"
    named = (root.get("aria-labelledby") or "").split()
    assert [one.get("id") for one in root[:2]] == named
    assert all(one.text for one in root[:2])
    for element in root.iter():
        assert element.tag not in {f"{SVG}script", f"{SVG}style", f"{SVG}foreignObject", f"{SVG}a"}
        assert not [name for name in element.attrib if name == "style" or name.startswith("on") or "href" in name]


def test_ids_of_the_two_forms_never_meet() -> None:
    found = scene(tace("2026-10-26"))
    ids = [element.get("id") for form in FORMS for element in tree(found, form).iter() if element.get("id")]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("file", ENROLLED_PATIENTS, ids=lambda file: file.stem)
def test_every_step_and_every_event_is_drawn(file: Path) -> None:
    found = demo_scene(file)
    titles = [title.text or "" for title in tree(found).iter(f"{SVG}title")]
    for step in found.timeline.steps:
        state = WORDS["en"].catalogue[f"timeline.state.{step.state}"]
        assert any(title.startswith(f"{step.id}, {state}: ") for title in titles)
    for event in found.timeline.events:
        assert any(title.endswith(f": {event.reference}") for title in titles)
    assert len(found.trends) == len(product().protocol.guidance.safety_analytes)


def test_every_result_of_the_safety_analytes_is_drawn() -> None:
    found = scene(tace("2026-10-26"), *laboratory("2026-10-23"), *laboratory("2026-11-20"))
    root = tree(found)
    dots = [e for e in root.iter() if (e.get("class") or "").startswith(("tl-dot", "tl-beyond")) and len(e)]
    assert len(dots) == 2 * len(found.trends)


@pytest.mark.parametrize(("comparator", "filled"), [(None, True), (">", False), ("<", True)])
def test_a_result_that_may_lie_on_either_side_of_its_limit_is_hollow(comparator: str | None, filled: bool) -> None:
    quantity = {"value": 1.5, "unit": "mg/dL", **({"comparator": comparator} if comparator else {})}
    root = tree(scene(tace("2026-10-26"), bilirubin(0, "b", valueQuantity=quantity)))
    (dot,) = [e for e in root.iter() if (e.get("class") or "").startswith("tl-dot")]
    assert (dot.get("fill") != "none") is filled


def test_a_result_at_the_limit_of_child_pugh_is_drawn_beyond_it() -> None:
    quantity = {"value": 3.5, "unit": "g/dL", "code": "g/dL", "system": "http://unitsofmeasure.org"}
    given = bilirubin("@", "albumin", code=concept("albumin"), valueQuantity=quantity)
    (mark,) = [e for e in tree(scene(given)).iter() if e.get("class") == "tl-beyond" and len(e)]
    assert mark[0].text == "albumin 3.5 g/dL, 2026-11-20: beyond the limit (Child-Pugh 1 point > 3.5 g/dL)"


def test_how_late_a_step_is_does_not_run_through_its_words() -> None:
    file = next(file for file in ENROLLED_PATIENTS if file.name.startswith("11"))
    drawing = draw(demo_scene(file, as_of="2026-12-28T09:00:00+09:00"), WIDE, *both("en"))
    late = next(dict(shape.attributes) for shape in drawing.shapes if shape.kind == "tl-late")
    told = next(label for label in drawing.labels if label.kind == "tl-label-overdue").box
    beside = told.right <= float(late["x1"]) or told.left >= float(late["x2"])
    assert beside or told.top > float(late["y1"])


def test_without_trends_there_is_no_laboratory() -> None:
    found = replace(scene(tace("2026-10-26")), trends=())
    words = {label.text for label in draw(found, WIDE, *both("en")).labels}
    assert words.isdisjoint({"Safety laboratory", "beyond the limit"})


def test_the_legend_explains_what_the_picture_shows_and_nothing_else() -> None:
    told = {"TACE", "TACE planned", "overdue", "unknown", "day or kind not certain", "beyond the limit"}
    for one, expected in (
        (scene(tace("2026-10-26")), {"TACE", "overdue"}),
        (scene(tace("2026-10")), {"TACE", "unknown", "day or kind not certain"}),
        (demo_scene(ENROLLED_PATIENTS[-1]), {"TACE", "beyond the limit"}),
    ):
        labels = [label for label in draw(one, WIDE, *both("en")).labels if label.kind == "tl-note"]
        assert told & {label.text for label in labels} == expected


def test_the_form_tells_the_state_without_colour() -> None:
    """Fill, hatching, dashes and a tick: each state has its own, by attributes alone."""
    seen = {}
    for one in (*map(demo_scene, ENROLLED_PATIENTS), scene(tace("2026-10"))):
        for element in tree(one).iter(f"{SVG}rect"):
            kind = (element.get("class") or "").removeprefix("tl-")
            if kind in set(State):
                seen[kind] = (element.get("fill"), element.get("stroke-dasharray"))
    assert set(seen) == set(State)
    assert len(set(seen.values())) == len(State)


def test_an_open_end_is_an_arrow_and_an_uncertain_one_hatched() -> None:
    going = tree(scene(tace("2026-10-26"), sorafenib("2026-11-01")))
    assert [e for e in going.iter() if e.get("class") == "tl-sorafenib tl-arrow"]
    over = tree(scene(tace("2026-10-26"), sorafenib("2026-11-01", "2026-11-10")))
    assert not [e for e in over.iter() if e.get("class") == "tl-sorafenib tl-arrow"]
    stopped = tree(scene(tace("2026-10-26"), sorafenib("2026-11-01", status="stopped")))
    assert not [e for e in stopped.iter() if e.get("class") == "tl-sorafenib tl-arrow"]
    bar = next(e for e in stopped.iter() if e.get("class") == "tl-sorafenib tl-hatched")
    sure = next(e for e in stopped.iter() if e.get("class") == "tl-sorafenib tl-sure" and len(e))
    assert float(sure.get("width", "0")) < float(bar.get("width", "0"))
    assert bar.get("fill") == "url(#wide-hatch)"


def test_a_course_on_hold_is_surely_taken_on_no_day() -> None:
    root = tree(scene(tace("2026-10-26"), sorafenib("2026-11-01", status="on-hold")))
    drawn = [e.get("class") for e in root.iter() if len(e) and "tl-sorafenib" in (e.get("class") or "")]
    assert drawn == ["tl-sorafenib tl-hatched"]


def test_a_row_of_which_nothing_is_shown_is_left_out() -> None:
    found = scene(tace("2026-09-03"), visit("2026-09-10"), tace("2026-11-01"), plan("2027-02-20"))
    names = {form: {label.text for label in draw(found, form, *both("en")).labels} for form in FORMS}
    assert "Outpatient visit" in names[WIDE]
    assert "Enrolment" in names[WIDE] - names[NARROW]


def test_a_session_of_an_uncertain_day_is_drawn_as_such() -> None:
    root = tree(scene(tace("2026-10")))
    assert [e for e in root.iter() if e.get("class") == "tl-tace tl-uncertain" and e.get("stroke-dasharray")]
    assert "not certain" in "".join(text.text or "" for text in root.iter(f"{SVG}text"))


def test_a_response_is_told_with_its_place() -> None:
    root = tree(
        scene(tace("2026-10-01"), imaging("2026-11-10"), response("PD", "2026-11-10", "site-lung"), visit("2026-11-12"))
    )
    assert "10 Nov, outside the liver: PD" in [text.text for text in root.iter(f"{SVG}text")]


def test_what_the_record_says_is_escaped() -> None:
    nasty = '<script>alert(1)</script>&"\x07'
    found = scene(tace("2026-10-26"), sorafenib("2026-11-01", id=nasty))
    text = picture(found, WIDE, *both("en"))
    assert "<script" not in text
    assert "\x07" not in text
    assert nasty.replace("\x07", "") in "".join(title.text or "" for title in ET.fromstring(text).iter(f"{SVG}title"))  # noqa: S314 - our own text


def test_the_same_timeline_gives_the_same_bytes() -> None:
    assert picture(scene(tace("2026-10-26")), WIDE, *both("en")) == picture(
        scene(tace("2026-10-26")), WIDE, *both("en")
    )


@pytest.mark.parametrize("name", PICTURED)
def test_the_pictures_of_bundled_patients_are_as_written_down(name: str) -> None:
    assert golden_picture(name) == (GOLDEN / f"{name}.svg").read_text(encoding="utf-8").rstrip("\n")


def test_a_file_of_its_own_holds_its_style_and_language() -> None:
    root = ET.fromstring(picture_file(scene(tace("2026-10-26")), *both("en")))  # noqa: S314 - our own text
    assert [style.text for style in root.iter(f"{SVG}style")] == [style_of("timeline.css")]
    assert root.get("lang") == "en"


def test_every_class_of_the_picture_has_its_style() -> None:
    drawn = {
        name
        for file in ENROLLED_PATIENTS
        for e in tree(demo_scene(file, date(2026, 12, 20))).iter()
        for name in (e.get("class") or "").split()
    }
    plain = {"tl-label-" + kind for kind in ("cycle", "done", "enrolment", "examination", "imaging", "response")}
    plain |= {
        "tl-label-sorafenib",
        "tl-label-tace",
        "tl-label-tace-planned",
        "tl-label-unknown",
        "tl-label-upcoming",
        "tl-value",
    }
    assert sorted(drawn - plain - set(re.findall(r"\.([\w-]+)", style_of("timeline.css")))) == []
