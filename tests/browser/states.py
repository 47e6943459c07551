"""Every page in every state that looks different, for the checks that hold for all of them."""

import json
from collections.abc import Callable, Mapping

from cds_service.demo.elements import Json
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


def _brought(visit: Visit) -> None:
    """A chart with much in it, and long names."""
    long = "Glomerular filtration rate/1.73 sq M.predicted [Volume Rate/Area] in Serum or Plasma by formula (MDRD)"
    answer: Json = {"valueCodeableConcept": {"text": "Sometimes true (qualifier value) in the last twelve months"}}
    name = [{"text": "Nienow Maximiliana " * 3}]
    chart: list[Json] = [{"resourceType": "Patient", "id": "0c4d-8a23-b07107f1460e", "name": name}]
    for number in range(10, 90):
        quantity: Json = {"valueQuantity": {"value": 1000.12345 / number, "unit": "mL/min/{1.73_m2}"}}
        dated: Json = {"code": {"text": f"{number % 40} {long}"}, "effectiveDateTime": f"20{number}-01-02"}
        chart.append({"resourceType": "Observation", **dated, **(answer if number % 3 else quantity)})
        chart.append({"resourceType": "Condition", "code": {"text": f"{long} {number}"}})
    entries = [{"resource": one} for one in chart]
    visit.start().paste(json.dumps({"resourceType": "Bundle", "entry": entries}))
    for summary in visit.page.locator("details.more > summary").all():
        summary.click()


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
    "brought": _brought,
    "followed": _followed,
    "assessment": _assessment,
    "calls": _calls,
}
