"""What a person does in the browser, by the names that stand on the page."""

import json
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Locator, Page

from cds_service.demo.server import Running


@dataclass(frozen=True, slots=True)
class Visit:
    """A browser session at the demonstration."""

    page: Page
    running: Running

    def start(self) -> "Visit":
        """The patient list."""
        self.page.goto(self.running.ehr)
        return self

    def open(self, patient: str) -> "Visit":
        """A patient's chart."""
        self.start()
        self.page.get_by_role("link", name=patient, exact=True).click()
        self.arrive("#support")
        return self

    def arrive(self, selector: str) -> None:
        """Waits until another page stands there whole, its scripts at work."""
        self.page.wait_for_selector(selector)
        self.page.wait_for_load_state()

    @property
    def quiet(self) -> Locator:
        """What stands where decision support has nothing to say."""
        return self.page.locator(".quiet-answer")

    def section(self, name: str) -> Locator:
        """A part of the page, by the id of its heading."""
        return self.page.locator("section", has=self.page.locator(f"#{name}"))

    def card(self, text: str = "") -> Locator:
        """A card of decision support, by words on it."""
        return self.page.locator("article.card", has_text=text)

    def told(self) -> str:
        """What the page says that the last step did."""
        return self.page.locator("#told").inner_text()

    def press(self, control: str) -> None:
        """Presses a button by its id, and waits until another state of the page stands there."""
        self.press_on(self.page.locator(f"#{control}"))

    def press_on(self, control: Locator) -> None:
        """Presses a button, and waits until another state of the page stands there."""
        self.page.evaluate("document.getElementById('view').dataset.before = ''")
        control.click()
        self.page.wait_for_selector("#view:not([data-before]):not(.htmx-settling)")

    def add_result(self, name: str, value: str) -> None:
        """Records a result of today."""
        self.page.locator("#result-name").select_option(name)
        self.page.locator("#result-value").fill(value)
        self.press("result-add")

    def order(self, kind: str, first: str, **chosen: str) -> None:
        """Writes a draft order."""
        form = self.page.locator(f"details:has(#draft-{kind})")
        if form.get_attribute("open") is None:
            form.locator("summary").click()
        for name, value in chosen.items():
            form.locator(f"select[name={name}]").select_option(value)
        form.locator("input[name=first]").fill(first)
        self.press(f"draft-{kind}")

    def review(self) -> None:
        """Goes on to signing."""
        self.page.locator("#to-sign").click()
        self.arrive("#sign-button")

    def sign(self) -> None:
        """Signs all drafts."""
        self.press("sign-button")

    def set_day(self, day: str) -> None:
        """Makes it that day."""
        self.page.locator("#today").fill(day)
        self.press("today-set")

    def record(self, event: str) -> None:
        """Presses one of the buttons under "Record today"."""
        self.press(f"event-{event}")

    def accept(self, card: Locator) -> None:
        """Accepts the only suggestion of a card."""
        self.press_on(card.locator("form.suggestions button"))

    def paste(self, text: str) -> None:
        """Pastes a chart of one's own."""
        self.page.locator("#text").fill(text)
        self.press("bring-button")

    def exchanged(self, number: int, which: str) -> Any:  # noqa: ANN401 - the JSON that was sent or answered
        """The JSON of a call, as the inspector keeps it."""
        answer = self.page.request.get(f"{self.running.ehr}calls/{number}/{which}.json")
        return json.loads(answer.text())

    def calls(self) -> list[str]:
        """The headings of the inspector, the latest call first."""
        self.page.goto(f"{self.running.ehr}calls")
        return self.page.locator("section.call h2").all_inner_texts()
