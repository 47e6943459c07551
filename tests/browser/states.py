"""Every page in every state that looks different, for the checks that hold for all of them."""

from collections.abc import Callable, Mapping

from tests.browser.visits import Visit


def _patients(visit: Visit) -> None:
    visit.start()


def _broken(visit: Visit) -> None:
    visit.start().paste("{")


def _screened(visit: Visit) -> None:
    visit.open("Invented Two")
    visit.card().locator("summary").click()


def _enrolled(visit: Visit) -> None:
    visit.open("Invented Twelve")


def _ordering(visit: Visit) -> None:
    visit.open("Invented Thirteen")
    visit.order("tace", "2026-11-24")
    visit.order("sorafenib", "2026-11-24", dose="200-twice")


def _signing(visit: Visit) -> None:
    visit.open("Invented Sixteen")
    visit.order("tace", "2026-11-24")
    visit.order("inducer", "2026-11-24")
    visit.review()
    visit.card().locator("summary").first.click()


def _assessment(visit: Visit) -> None:
    visit.open("Invented Twelve").page.goto(f"{visit.running.ehr}assessment")


def _followed(visit: Visit) -> None:
    """A first TACE in the study, with sorafenib, and the second one planned."""
    visit.open("Invented Six")
    visit.record("tace")
    visit.set_day("2026-11-26")
    visit.record("sorafenib-start")
    visit.set_day("2026-12-24")
    visit.record("imaging")
    visit.record("laboratory")
    visit.order("tace", "2026-12-29")
    visit.review()
    visit.accept(visit.card())
    visit.sign()


def _calls(visit: Visit) -> None:
    visit.open("Invented Two").calls()
    for summary in visit.page.locator("section.call summary").all():
        summary.click()


STATES: Mapping[str, Callable[[Visit], None]] = {
    "patients": _patients,
    "broken": _broken,
    "screened": _screened,
    "enrolled": _enrolled,
    "ordering": _ordering,
    "signing": _signing,
    "followed": _followed,
    "assessment": _assessment,
    "calls": _calls,
}
