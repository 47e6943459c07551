"""What a clinician does, from the patient list to a signed order."""

import json
from pathlib import Path

import pytest
import requests
from playwright.sync_api import expect

from cds_service.commands.demonstrating import PATIENTS
from cds_service.demo.server import Running
from tests.browser.conftest import Visiting


def test_an_opened_chart_shows_the_card_of_the_service(visiting: Visiting) -> None:
    visit = visiting().open("Invented Two")
    card = visit.card()
    expect(card).to_have_count(1)
    expect(card.get_by_role("heading")).to_have_text(
        "May qualify for COTSOM; still needed: INR, ECOG performance status"
    )
    expect(card.get_by_text("Info", exact=True)).to_be_visible()
    expect(visit.page.get_by_text("Hepatocellular carcinoma")).to_be_visible()
    expect(visit.page.locator(".results .sparkline").first).to_be_visible()


def test_a_chart_without_a_card_says_that_it_was_asked(visiting: Visiting) -> None:
    visit = visiting().open("Invented Five")
    expect(visit.card()).to_have_count(0)
    expect(visit.quiet).to_have_text("Asked, and nothing to say.")


def test_a_result_that_was_missing_changes_the_card(visiting: Visiting) -> None:
    visit = visiting().open("Invented Two")
    visit.add_result("inr", "1.1")
    expect(visit.card().get_by_role("heading")).to_have_text(
        "May qualify for COTSOM; still needed: ECOG performance status"
    )
    announced = visit.page.locator("#announcement")
    expect(announced).to_contain_text("The result is in the chart.")
    expect(announced).to_contain_text("still needed: ECOG")
    visit.add_result("ecog", "1")
    expect(visit.card("still needed")).to_have_count(0)
    visit.add_result("ecog", "3")
    expect(visit.quiet).to_be_visible()


def test_a_result_that_is_no_number_is_not_recorded(visiting: Visiting) -> None:
    visit = visiting().open("Invented Two")
    visit.add_result("ecog", "7")
    assert "Nothing was recorded" in visit.told()
    expect(visit.card("INR, ECOG")).to_have_count(1)


def test_sorafenib_too_early_is_corrected_and_the_second_check_is_quiet(visiting: Visiting) -> None:
    visit = visiting().open("Invented Six")
    visit.record("tace")
    visit.order("sorafenib", "2026-11-22", dose="400-once")
    visit.review()
    card = visit.card("Warning")
    expect(card).to_have_count(1)
    visit.sign()
    assert "Not signed" in visit.told()
    visit.accept(card)
    expect(visit.page.locator(".drafts")).to_contain_text("400 mg twice a day, from 2026-11-25")
    expect(visit.quiet).to_have_text("Checked, and nothing to say against it.")
    visit.sign()
    assert "Signed orders: 1" in visit.told()
    expect(visit.section("treatment")).to_contain_text("from 2026-11-25 active")
    feedback = visit.exchanged(_last(visit.calls(), "feedback"), "request")["feedback"][0]
    assert feedback["outcome"] == "accepted"
    assert feedback["acceptedSuggestions"][0]["id"]


def _last(headings: list[str], hook: str) -> int:
    """The number of the latest call of a kind."""
    return next(int(text.split(" ")[0]) for text in headings if text.endswith(hook))


def test_a_card_on_an_order_of_the_chart_changes_the_chart(visiting: Visiting) -> None:
    visit = visiting().open("Invented Thirteen")
    visit.order("tace", "2026-11-24")
    expect(visit.card("Sorafenib goes on")).to_have_count(1)  # while choosing
    visit.review()
    visit.accept(visit.card("Sorafenib goes on"))
    assert visit.told() == "Done: End Sorafenib 200 mg tablets on 2026-11-23."
    visit.sign()
    expect(visit.section("treatment")).to_contain_text("2026-10-23 – 2026-11-23")
    expect(visit.section("plans")).to_contain_text("Conventional TACE")


def test_an_overridden_card_tells_the_service_why(visiting: Visiting, running: Running) -> None:
    visit = visiting().open("Invented Sixteen")
    visit.order("tace", "2026-11-24")
    visit.review()
    card = visit.card("Critical")
    card.locator("summary").click()
    card.locator("select[name=reason]").select_option("expert-contradicts")
    card.locator("input[name=comment]").fill("discussed in the tumour board")
    before = requests.get(f"{running.service}/metrics", timeout=10).text
    visit.press_on(card.get_by_role("button", name="Override the card"))
    expect(visit.card("Overridden")).to_contain_text("discussed in the tumour board")
    visit.sign()
    assert "Signed orders: 1" in visit.told()
    number = _last(visit.calls(), "feedback")
    item = visit.exchanged(number, "request")["feedback"][0]
    assert (item["outcome"], item["overrideReason"]["reason"]["code"]) == ("overridden", "expert-contradicts")
    feedback = visit.page.locator("section.call").filter(has_text="feedback")
    expect(feedback.get_by_text("204", exact=True)).to_be_visible()
    assert requests.get(f"{running.service}/metrics", timeout=10).text != before


def test_a_later_day_changes_what_is_said(visiting: Visiting) -> None:
    visit = visiting().open("Invented Three")
    expect(visit.card("2026-12-12")).to_have_count(1)
    visit.set_day("2026-12-12")
    expect(visit.card("2026-12-12")).to_have_count(0)
    expect(visit.card("May qualify")).to_have_count(1)
    visit.press("today-week")
    expect(visit.page.locator("#today")).to_have_value("2026-12-19")


def test_three_cycles_of_tace(visiting: Visiting) -> None:
    visit = visiting().open("Invented One")
    visit.record("enrolment")
    expect(visit.card("First TACE")).to_have_count(1)
    for cycle, tace, start, stop, ct in (
        (1, "2026-11-24", "2026-11-27", "2027-01-04", "2026-12-28"),
        (2, "2027-01-05", "2027-01-08", "2027-02-15", "2027-02-08"),
        (3, "2027-02-16", "2027-02-19", "2027-03-29", "2027-03-22"),
    ):
        visit.order("tace", tace)
        visit.set_day(tace)
        visit.record("laboratory")
        visit.review()
        expect(visit.quiet).to_have_text("Checked, and nothing to say against it.")
        visit.sign()
        visit.record("tace")
        visit.set_day(start)
        expect(visit.card("sorafenib")).to_have_count(1)
        visit.record("sorafenib-start")
        expect(visit.card("sorafenib")).to_have_count(0)
        visit.set_day(ct)
        visit.record("imaging")
        visit.record("examination")
        visit.set_day(stop)
        visit.record("sorafenib-stop")
        expect(visit.page.locator(".picture-wide .tl-tace")).to_have_count(cycle + 1)  # one in the legend
    expect(visit.page.locator(".picture-wide .tl-heading").first).to_have_css(
        "font-weight", "650"
    )  # styled, as after a full load
    treatment = visit.section("treatment")
    expect(treatment.get_by_text("Conventional TACE")).to_have_count(4)  # one before the study


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"resourceType": "Bundle", "entry": [', "It is not JSON: line 1, column 38."),
        ('{"resourceType": "Patient"}', "resourceType Patient; a Bundle was expected"),
        ('{"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Basic"}}]}', "but no Patient"),
        ("", "choose a file or paste a Bundle"),
    ],
)
def test_a_broken_bundle_is_told_and_can_be_mended(visiting: Visiting, text: str, said: str) -> None:
    visit = visiting().start()
    visit.paste(text)
    expect(visit.page.locator("#bring-problem")).to_contain_text(said)
    expect(visit.page.locator("#text")).to_have_value(text)
    visit.paste('{"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Patient", "id": "p"}}]}')
    assert "The chart is open" in visit.told()


def test_a_chart_of_ones_own_can_be_chosen_as_a_file(visiting: Visiting, tmp_path: Path) -> None:
    file = tmp_path / "mine.json"
    file.write_bytes((PATIENTS / "02-inr-and-ecog-missing.json").read_bytes())
    visit = visiting().start()
    visit.page.locator("#file").set_input_files(file)
    visit.press("bring-button")
    expect(visit.card("INR, ECOG")).to_have_count(1)


def test_a_chart_of_ones_own_can_be_dropped(visiting: Visiting) -> None:
    visit = visiting().start()
    chart = (PATIENTS / "02-inr-and-ecog-missing.json").read_text(encoding="utf-8")
    dropped = visit.page.evaluate_handle(
        "text => { const all = new DataTransfer(); all.items.add(new File([text], 'mine.json')); return all; }", chart
    )
    visit.page.dispatch_event("form[data-drop]", "drop", {"dataTransfer": dropped})
    expect(visit.card("INR, ECOG")).to_have_count(1)


def test_the_inspector_shows_each_exchange(visiting: Visiting) -> None:
    visit = visiting().open("Invented Two")
    assert [text.partition(" · ")[2] for text in visit.calls()] == ["patient-view", "discovery"]
    call = visit.page.locator("section.call").first
    call.locator("summary").first.click()
    sent = json.loads(call.locator("pre").first.inner_text())
    assert sent["hook"] == "patient-view"
    assert sent == visit.exchanged(2, "request")
    assert visit.exchanged(2, "answer")["cards"][0]["summary"].startswith("May qualify")


def test_the_link_of_a_card_leads_to_the_assessment_of_the_open_chart(visiting: Visiting) -> None:
    visit = visiting().open("Invented Two")
    visit.card().get_by_role("link", name="Open the eligibility worksheet").click()
    expect(visit.page).to_have_url(f"{visit.running.ehr}assessment")
    expect(visit.page.locator("h1")).to_contain_text("Patient/demo-2")


def test_in_korean_pages_and_cards_are_korean(visiting: Visiting) -> None:
    visit = visiting(locale="ko-KR").start()
    expect(visit.page.locator("html")).to_have_attribute("lang", "ko")
    visit.open("Invented Two")
    expect(visit.card().get_by_text("참고", exact=True)).to_be_visible()
    expect(visit.card().get_by_role("heading")).to_contain_text("필요")
    visit.page.get_by_role("link", name="English").click()
    expect(visit.card("May qualify")).to_have_count(1)


def test_the_keyboard_is_enough(visiting: Visiting) -> None:
    visit = visiting().start()
    keyboard = visit.page.keyboard
    keyboard.press("Tab")
    expect(visit.page.locator(".skip-link")).to_be_focused()
    keyboard.press("Enter")
    for _ in range(3):  # the chart of one's own, the first patient, the second
        keyboard.press("Tab")
    expect(visit.page.get_by_role("link", name="Invented Two", exact=True)).to_be_focused()
    keyboard.press("Enter")
    visit.arrive("#support")
    visit.page.locator("#result-value").focus()
    keyboard.type("1.1")
    keyboard.press("Enter")
    expect(visit.card("still needed: ECOG")).to_have_count(1)
    expect(visit.page.locator("#result-value")).to_be_focused()


def test_after_a_step_that_takes_its_control_away_the_focus_goes_to_the_content(visiting: Visiting) -> None:
    visit = visiting().open("Invented Thirteen")
    visit.order("tace", "2026-11-24")
    expect(visit.page.locator("#draft-tace")).to_be_focused()
    visit.accept(visit.card("Sorafenib goes on"))
    expect(visit.page.locator("main")).to_be_focused()


def test_going_back_shows_what_is_true_now(visiting: Visiting) -> None:
    visit = visiting().open("Invented Thirteen")
    visit.order("tace", "2026-11-24")
    visit.review()
    visit.accept(visit.card("Sorafenib goes on"))
    visit.sign()
    visit.page.go_back()
    expect(visit.section("plans")).to_contain_text("Conventional TACE")  # nothing is left to sign
    expect(visit.page.locator("#view")).to_have_count(1)
    visit.page.reload()
    expect(visit.section("plans")).to_contain_text("Conventional TACE")


def test_forms_work_without_scripts(visiting: Visiting) -> None:
    visit = visiting(scripts=False).open("Invented Two")
    visit.add_result("inr", "1.1")
    expect(visit.card("still needed: ECOG")).to_have_count(1)
    visit.order("sorafenib", "2026-11-25")
    visit.review()
    card = visit.card("would close COTSOM")
    card.locator("summary").click()
    card.locator("select[name=reason]").select_option("patient-refuses")
    visit.press_on(card.get_by_role("button", name="Override the card"))
    visit.sign()
    assert "Signed orders: 1" in visit.told()
