"""The assessment page: complete, in both languages, safe against what a record says, silent about who it is."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Final

import pytest

from cards.descriptions import describe
from cds_service.catalogues import languages, load_words
from cds_service.commands.demonstrating import PATIENTS
from cds_service.intake import Chart
from cds_service.pages.assessment.lines import ORDER
from cds_service.pages.assessment.rendering import assessment_file
from cds_service.pages.assessment.views import AssessmentView, assessment_view
from cds_service.pages.timeline.pictures import style_of
from cds_service.pages.words import load_page_words
from cds_service.settings import read_clock
from cds_service.trial.case import Moment
from cds_service.trial.findings import Verdict
from cds_service.viewing import view_of
from fhir_profiles.reading.decoding import decode_body
from fhir_profiles.reading.records import read_record
from fhir_profiles.record import Source
from tests.acceptance import AS_OF, CANCER, bilirubin, bundle, condition
from tests.acceptance.test_privacy import PATIENT as MARKED
from tests.timeline_scenes import ZONE, chart_of, demo_view, product, view
from tests.unit.cds_service.pages.assessment_site import caller, site
from tests.unit.cds_service.timeline_charts import ENROLLED, laboratory, tace

FILES: Final = tuple(sorted(PATIENTS.glob("*.json")))
VOID: Final = frozenset({"meta", "link", "img", "input", "br", "path", "rect", "line", "circle", "polyline"})
PAGE: Final = load_page_words()
WORDS: Final = {language: load_words(language, product().protocol.titles) for language in languages()}
WHO: Final = ("Lebensztejn", "Zdzislawa", "MRN-77120394", "1951", "02-13", "ul-Kwiatowa-17")
SUBJECT: Final = {"reference": f"Patient/{MARKED['id']}"}


class Elements(HTMLParser):
    """The elements of a page, and whether they close as they opened."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert tag in VOID or self.open.pop() == tag

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


def page(file: Path, address: str = "/assessment", language: str = "en") -> str:
    answer = caller(file).get(address, headers={"Accept-Language": language})
    assert answer.status_code == 200
    return answer.text


def shown(file: Path, as_of: str = "2026-11-22T09:00:00+09:00") -> AssessmentView:
    return assessment_view(demo_view(file, as_of=as_of), product().protocol, WORDS["en"], PAGE["en"])


def chart(*resources: object) -> Chart:
    return Chart("chart", decode_body(json.dumps(bundle(*resources)).encode()))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
@pytest.mark.parametrize("language", sorted(PAGE))
def test_every_patient_has_a_page_of_whole_elements_that_a_strict_policy_allows(file: Path, language: str) -> None:
    answer = caller(file).get("/assessment", headers={"Accept-Language": language})
    assert "style-src 'self'" in answer.headers["Content-Security-Policy"]
    elements = Elements(answer.text)
    assert elements.open == []
    assert elements.named("html") == [{"lang": language}]
    assert not elements.named("style")
    for tag, attributes in elements.found:
        assert tag != "script" or attributes.get("src")
        assert not [name for name in attributes if name == "style" or name.startswith("on")]
    ids = [attributes["id"] for _, attributes in elements.found if "id" in attributes]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_all_lines_are_there_by_verdict_each_opening_to_what_it_means(file: Path) -> None:
    assessed, found = demo_view(file).assessment, shown(file)
    lines = [line for group in found.groups for line in group.lines]
    assert sorted(line.id for line in lines) == sorted(criterion.id for criterion in product().protocol.criteria)
    assert [group.verdict for group in found.groups] == [v for v in ORDER if any(v == line.verdict for line in lines)]
    for line in lines:
        finding = assessed.finding(line.id)
        assert line.verdict == finding.verdict
        assert len(line.evidence) == len(finding.evidence)
        assert len(line.needs) == len(finding.asks)
        assert line.meaning
    details = [one for one in Elements(page(file)).named("details") if one.get("class") == "line"]
    assert [one["id"] for one in details] == [f"line-{line.id}" for line in lines]
    assert not [one for one in details if "open" in one]


def test_a_line_shows_value_as_recorded_and_as_compared_its_limit_and_how_long_it_counts() -> None:
    quantity = {"value": 19, "unit": "umol/L", "code": "umol/L", "system": "http://unitsofmeasure.org"}
    given = chart({**MARKED, "id": "p1"}, condition(CANCER), bilirubin(0, "b1", valueQuantity=quantity))
    assert given.decoded is not None
    found = assessment_view(view(given.decoded), product().protocol, WORDS["en"], PAGE["en"])
    line = next(line for group in found.groups for line in group.lines if line.id == "E5b")
    (evidence,) = line.evidence
    assert (evidence.when, evidence.recorded, evidence.limit) == ("2026-11-20", "19 umol/L", "2 mg/dL")
    assert evidence.compared.startswith("1.11")
    assert evidence.reference == "Observation/b1"
    assert line.until == "2026-12-18"
    criterion = next(one for one in product().protocol.criteria if one.id == "E5b")
    statement = describe(criterion.clauses[0].statement, WORDS["en"], {"bilirubin-total": "mg/dL"})
    assert line.meaning == (f"not met: {statement}", "otherwise met")


def test_a_bare_number_is_told_once_and_without_the_annotation_of_its_unit() -> None:
    line = next(line for group in shown(FILES[0]).groups for line in group.lines if line.id == "E5c")
    assert [(one.recorded, one.compared, one.limit) for one in line.evidence] == [("1.1", "", "1.7")]


def test_what_is_missing_is_grouped_as_it_is_got() -> None:
    found = shown(FILES[1])
    assert [(order.kind, [item.text.split(",")[0] for item in order.items]) for order in found.orders] == [
        ("lab", ["INR"]),
        ("test", ["ECOG performance status"]),
    ]
    assert found.orders[0].items[0].criteria == ("I3", "E2a", "E5c")
    missing = demo_view(FILES[7]).assessment.missing
    assert sum(len(order.items) for order in shown(FILES[7]).orders) == len(missing) > 0


def test_child_pugh_is_shown_part_by_part() -> None:
    found = shown(FILES[1]).child_pugh
    assert (found.letter, found.score) == ("", "5–7")
    parts = {part.name: part for part in found.parts}
    assert (parts["INR"].points, parts["INR"].values) == ("1–3", ())
    assert parts["INR"].asks
    assert parts["Total bilirubin"].values == (("0.9 mg/dL", "2026-11-19"),)
    assert parts["Ascites"].presumed
    assert shown(FILES[9]).child_pugh.conflict


def test_a_patient_not_eligible_yet_is_told_when_and_why() -> None:
    found = shown(FILES[2])
    assert found.not_before == "2026-12-12"
    assert [line.not_before for line in found.groups[0].lines] == ["2026-12-12"]
    assert "2026-12-12" in page(FILES[2])


def test_results_lapse_on_the_page_as_in_the_core() -> None:
    seen = demo_view(FILES[0])
    found = shown(FILES[0])
    assert [one.last_day for one in found.lapses] == [lapse.last_day.isoformat() for lapse in seen.lapses]
    assert ("INR 1.1", "2026-11-19") in found.lapses[0].results


def test_sources_that_were_not_read_are_named_apart() -> None:
    whole = shown(FILES[1])
    assert (whole.unread, len(whole.read)) == ((), len(Source))
    record = read_record(chart_of(), product().vocabulary, ZONE, frozenset({Source.PATIENT, Source.CONDITIONS}))
    given = view_of(product(), record, Moment(read_clock(AS_OF), ZONE))
    found = assessment_view(given, product().protocol, WORDS["en"], PAGE["en"])
    assert found.read == ("patient data", "conditions")
    assert {source.state for source in found.unread} == {"not-supplied"}


def test_a_patient_on_the_study_sees_steps_and_timeline_before_the_lines() -> None:
    text = page(FILES[11])
    assert text.index('id="steps"') < text.index('id="timeline"') < text.index('id="lines"')
    assert text.count("<svg ") == 2
    found = shown(FILES[11])
    assert found.followed is not None
    assert found.followed.steps[0].state == "overdue"
    timeline = demo_view(FILES[11]).timeline
    assert timeline is not None
    assert len(found.followed.events) == len(timeline.events)
    assert not found.orders
    assert 'id="timeline"' not in page(FILES[0])


def test_the_table_says_what_the_picture_shows() -> None:
    given = view(
        chart_of(tace("2026-10-26"), *laboratory("2026-11-20"), bilirubin(3.1, "late", effectiveDateTime="2026-11-21"))
    )
    found = assessment_view(given, product().protocol, WORDS["en"], PAGE["en"])
    assert found.followed is not None
    bilirubins = next(trend for trend in found.followed.trends if trend.name == "Total bilirubin")
    assert [(point.when, point.value, point.beyond) for point in bilirubins.points] == [
        ("2026-11-21", "3.1 mg/dL", True),
        ("2026-11-20", "0.8 mg/dL", False),
    ]


def test_every_line_opens_for_paper() -> None:
    elements = Elements(page(FILES[1], "/assessment?open=all"))
    assert all("open" in one for one in elements.named("details"))
    assert "details-content" in style_of("paper.css")


@pytest.mark.parametrize("enrolled", [False, True])
@pytest.mark.parametrize("language", sorted(PAGE))
def test_nothing_tells_who_the_patient_is_but_the_reference(enrolled: bool, language: str) -> None:
    given = chart(
        MARKED,
        condition(CANCER, subject=SUBJECT),
        bilirubin(1.0, subject=SUBJECT),
        *(({**ENROLLED, "individual": SUBJECT},) if enrolled else ()),
    )
    app = site(lambda: given)
    answer = app.test_client().get("/assessment?open=all", headers={"Accept-Language": language})
    assert given.decoded is not None
    file = assessment_file(view(given.decoded), product().protocol, WORDS["en"], PAGE["en"])
    for text in (answer.text, str(answer.headers), file):
        assert [mark for mark in WHO if mark in text] == []
    assert "Patient/mark-in-patient-id" in answer.text
    assert "mark-in-patient-id" not in " ".join(rule.rule for rule in app.url_map.iter_rules())


NASTY: Final = "<script>alert(1)</script><img src=x onerror=alert(2)>"


@pytest.mark.parametrize("whole", ["", "?open=all"])
def test_what_the_record_says_is_shown_and_never_runs(whole: str) -> None:
    code = {"coding": [{**condition("brain-metastasis")["code"]["coding"][0], "display": NASTY}], "text": NASTY}
    given = chart(
        {**MARKED, "id": "p1"},
        condition(CANCER, code={**condition(CANCER)["code"], "text": NASTY}),
        condition("brain-metastasis", code=code),
        bilirubin(1.0, NASTY, valueQuantity=None, valueString=NASTY),
        ENROLLED,
    )
    text = site(lambda: given).test_client().get(f"/assessment{whole}").text
    assert "<script>" not in text
    assert "<img src=x" not in text
    assert "&lt;script&gt;alert(1)" in text


def test_without_an_open_chart_the_page_says_what_to_do() -> None:
    answer = site(lambda: None).test_client().get("/assessment")
    assert (answer.status_code, "No chart is open" in answer.text) == (404, True)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (Chart("a", None, "not JSON at line 3"), "not JSON at line 3"),
        (chart(), "Patient"),
    ],
)
def test_a_chart_that_cannot_be_read_is_a_clear_page(given: Chart, said: str) -> None:
    answer = site(lambda: given).test_client().get("/assessment")
    assert (answer.status_code, said in answer.text) == (422, True)
    assert "Traceback" not in answer.text


def test_the_page_is_not_kept_and_may_be_asked_for_only() -> None:
    client = caller(FILES[0])
    assert client.get("/assessment").headers["Cache-Control"] == "no-store"
    assert client.post("/assessment").status_code == 405


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_everything_of_the_view_is_on_the_page(file: Path) -> None:
    found, text = shown(file), page(file, "/assessment?open=all")
    plain = re.sub(r"\s+", " ", Text(text).text)
    for group in found.groups:
        for line in group.lines:
            for said in (line.text, line.reason, *line.needs, *line.meaning):
                assert re.sub(r"\s+", " ", said) in plain


class Text(HTMLParser):
    """The words of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.text = ""
        self.feed(page)

    def handle_data(self, data: str) -> None:
        self.text += data


def test_each_verdict_has_a_sign_of_its_own() -> None:
    text = "".join(page(file) for file in FILES[:4])
    signs = {verdict: set(re.findall(rf'mark-{verdict}" aria-hidden="true">(.)<', text)) for verdict in Verdict}
    assert all(len(one) == 1 for one in signs.values())
    assert len(set.union(*signs.values())) == len(Verdict)
