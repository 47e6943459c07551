"""The demo EHR over HTTP with the real service: whose charts, which forms, what a browser is told, what is refused."""

import json
import re

import pytest

from cds_service.demo.bundles import LONGEST
from cds_service.demo.clock import DemoClock
from cds_service.pages.security import HEADERS
from tests.acceptance.demo_ehr import HERE, Ehr


def test_every_page_bears_the_headers_and_the_cookie_says_nothing(ehr: Ehr) -> None:
    answer = ehr.client.get("/", base_url=HERE.url)
    assert HEADERS.items() <= dict(answer.headers).items()
    assert answer.headers["Cache-Control"] == "no-store"
    cookie = answer.headers["Set-Cookie"]
    assert re.fullmatch(r"demo-ehr-8125=[\w-]{32}; HttpOnly; Path=/; SameSite=Strict", cookie)
    assert "Set-Cookie" not in ehr.client.get("/", base_url=HERE.url).headers


def test_no_address_holds_anything_of_a_patient(ehr: Ehr) -> None:
    page = ehr.get(ehr.chart("Invented Two"))
    addresses = re.findall(r'(?:href|action)="([^"]+)"', page)
    assert addresses
    assert not [one for one in addresses if "demo-2" in one or "Invented" in one]


def test_one_browser_sees_nothing_of_another(app: object, ehr: Ehr) -> None:
    chart = ehr.chart("Invented Two")
    ehr.post(f"{chart}/results", name="inr", value="1.1", day="2026-11-22")
    other = Ehr(app.test_client())  # type: ignore[attr-defined]
    other.get(chart, 404)
    assert "INR, ECOG" in other.get(other.chart("Invented Two"))
    other.get("/calls/2/request.json")
    other.get("/calls/9/request.json", 404)


@pytest.mark.parametrize(
    ("path", "form", "status"),
    [
        ("events", {"name": "nonsense"}, 400),
        ("events", {}, 400),
        ("responses", {"place": "x", "response": "CR"}, 400),
        ("responses", {"place": "response-liver", "response": "x"}, 400),
        ("drafts", {"kind": "nonsense", "first": "2026-11-24"}, 400),
        ("drafts", {"kind": "laboratory", "test": "nonsense", "first": "2026-11-24"}, 400),
        ("drafts", {"kind": "sorafenib", "dose": "nonsense", "first": "2026-11-24"}, 400),
        ("nonsense", {}, 404),
    ],
)
def test_a_form_that_no_page_has_is_refused(ehr: Ehr, path: str, form: dict[str, str], status: int) -> None:
    page = ehr.post(f"{ehr.chart('Invented Six')}/{path}", status, **form)
    assert ("That is no form of these pages" if status == 400 else "There is no such page") in page


@pytest.mark.parametrize(
    ("path", "form", "said"),
    [
        ("results", {"name": "inr", "value": "", "day": "2026-11-22"}, "has to be a number"),
        ("results", {"name": "inr", "value": "1e9999999", "day": "2026-11-22"}, "has to be a number"),
        ("results", {"name": "inr", "value": "NaN", "day": "2026-11-22"}, "has to be a number"),
        ("results", {"name": "ecog", "value": "1.5", "day": "2026-11-22"}, "has to be a number"),
        ("results", {"name": "nonsense", "value": "1", "day": "2026-11-22"}, "has to be a number"),
        ("results", {"name": "inr", "value": "1", "day": "2026-11-23"}, "today or earlier"),
        ("results", {"name": "inr", "value": "1", "day": "nonsense"}, "today or earlier"),
        ("results", {"name": "inr", "value": "1,1", "day": "2026-11-22"}, "The result is in the chart"),
        ("drafts", {"kind": "tace", "first": ""}, "have to be dates"),
        ("drafts", {"kind": "sorafenib", "first": "2026-11-24", "last": "2026-11-23"}, "not before the first"),
        ("drafts", {"kind": "sorafenib", "first": "2026-11-24", "last": "nonsense"}, "have to be dates"),
        ("cards/accept", {"hook": "patient-view", "card": "gone", "suggestion": "0"}, "no longer on the screen"),
        ("cards/override", {"hook": "nonsense", "card": "gone", "reason": "x"}, "no longer on the screen"),
    ],
)
def test_what_does_not_fit_is_told_on_the_chart(ehr: Ehr, path: str, form: dict[str, str], said: str) -> None:
    assert said in ehr.post(f"{ehr.chart('Invented Six')}/{path}", **form)


def test_a_chart_that_is_too_long_is_refused_with_a_page(ehr: Ehr) -> None:
    assert "too long" in ehr.post("/charts", 413, text="x" * (LONGEST + 300_000))
    assert "longer than 6 MB" in ehr.post("/charts", text="x" * (LONGEST + 1))


def test_a_form_of_another_site_changes_nothing(ehr: Ehr) -> None:
    chart = ehr.chart("Invented Six")
    form = {"name": "tace"}
    answer = ehr.client.post(
        f"{chart}/events", data=form, base_url=HERE.url, headers={"Origin": "https://evil.example"}
    )
    assert answer.status_code == 403
    assert ehr.get(chart).count("Conventional TACE") == ehr.get(chart).count("Conventional TACE")
    assert "2026-11-22 completed" not in ehr.get(chart)


def from_page(place: str, **form: str) -> dict[str, str]:
    """A form that says which page it stands on."""
    return {**form, "from": place}


def test_the_day_is_moved_for_service_and_ehr_alike(ehr: Ehr, clock: DemoClock) -> None:
    chart = ehr.chart("Invented Three")
    assert "2026-12-12" in ehr.get(chart)
    assert "May qualify for COTSOM" not in ehr.get(chart)
    page = ehr.post("/today", 200, **from_page("chart", day="2026-12-12"))
    assert clock.day.isoformat() == "2026-12-12"
    assert "May qualify for COTSOM" in page
    assert "Today is 2026-12-18" in ehr.post("/today", 200, **from_page("assessment", step="6", day="2020-01-01"))
    for wrong in ({"day": "nonsense"}, {"step": "--5"}, {"step": "99999"}, {"step": "x", "day": "2026-12-01"}, {}):
        assert "The day stays 2026-12-18" in ehr.post("/today", 200, **wrong)
    assert clock.day.isoformat() == "2026-12-18"
    assert "Today is 2026-12-13" in ehr.post("/today", step="-5")


def test_a_chart_is_asked_about_once_until_something_changes(ehr: Ehr) -> None:
    chart = ehr.chart("Invented Two")
    for _ in range(3):
        ehr.get(chart)
    assert ehr.get("/calls").count("· patient-view") == 1
    ehr.get(f"{chart}?language=ko", 303)
    ehr.get(chart)
    ehr.post(f"{chart}/results", name="inr", value="1.1", day="2026-11-22")
    assert ehr.get("/calls").count("· patient-view") == 3
    sent = json.loads(ehr.get("/calls/4/request.json"))["prefetch"]["observations"]
    assert json.dumps(sent).count("6301-6") == 1


def test_begin_anew_brings_all_back(ehr: Ehr, clock: DemoClock) -> None:
    chart = ehr.chart("Invented Two")
    ehr.post("/charts", text='{"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Patient"}}]}')
    ehr.post("/today", day="2026-12-12")
    page = ehr.post("/begin-anew")
    assert ("Brought by you" in page, clock.day.isoformat()) == (False, "2026-11-22")
    ehr.get(chart, 404)
    assert "No calls yet" in ehr.get("/calls")


def test_drafts_wait_on_the_list_and_can_be_taken_back(ehr: Ehr) -> None:
    chart = ehr.chart("Invented Six")
    page = ehr.post(f"{chart}/drafts", kind="laboratory", test="inr", first="2026-11-24")
    assert "Orders to sign: 1" in ehr.get("/")
    name = re.search(r'name="draft" value="([^"]+)"', page)
    assert name
    ehr.post(f"{chart}/drafts/drop", draft=name[1])
    assert "Orders to sign" not in ehr.get("/")
    assert ehr.client.get(f"{chart}/sign", base_url=HERE.url).status_code == 303  # nothing to sign


def test_a_fault_of_ours_is_a_page_without_a_traceback(
    ehr: Ehr, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise ValueError("Invented Two")

    monkeypatch.setattr("cds_service.demo.routes_charts.view_chart", broken)
    page = ehr.get(ehr.chart("Invented Two"), 500)
    assert "a fault of its own" in page
    assert "ValueError" not in page
    assert "ValueError at" in caplog.text
    assert "Invented Two" not in caplog.text


def test_codes_of_fhir_are_told_in_words_of_the_reader(ehr: Ehr) -> None:
    chart = ehr.chart("Invented Twelve")
    page = ehr.get(chart)
    assert 'COTSOM: on the study since <span class="nowrap">2026-09-14</span>' in page
    assert "confirmed" not in page
    ehr.get(f"{chart}?language=ko", 303)
    page = ehr.get(chart)
    assert 'COTSOM: <span class="nowrap">2026-09-14</span>부터 연구 참여 중' in page
    assert not [code for code in ("on-study", "active", "completed", "finished") if f">{code}<" in page]


def test_an_integrator_sees_what_was_sent_what_was_not_there_and_how_to_send_it_again(ehr: Ehr) -> None:
    ehr.get(ehr.chart("Invented Two"))
    page = re.sub(r"<[^>]+>", "", ehr.get("/calls"))
    assert "Resources sent: patient 1, conditions 2, observations 25" in page
    assert "Searched, nothing found: procedures, medicationRequests" in page
    assert "-d @request-2.json http://127.0.0.1:" in page
