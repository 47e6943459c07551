"""Cards of the demo EHR answered: what is proposed to try, what a correction settles, which day a chart tells."""

import json
import re

import pytest

from tests.acceptance.demo_ehr import Ehr

TACE = ("drafts", {"kind": "tace", "first": "2026-11-24"})
SORAFENIB = ("drafts", {"kind": "sorafenib", "first": "2026-11-22", "dose": "400-once"})


@pytest.mark.parametrize(
    ("patient", "steps", "before", "after"),
    [
        ("Six", [("events", {"name": "tace"}), SORAFENIB], "Sorafenib on", "earlier than 3 days after TACE"),
        ("Nine", [SORAFENIB], "Sorafenib would close", "Sorafenib would close COTSOM to this patient"),
        (
            "Ten",
            [("results", {"name": "albumin", "value": "2.5", "day": "2026-11-22"})],
            "Asked, and nothing to say",
            "Asked, and nothing",
        ),
        ("Eleven", [SORAFENIB], "The first course is", "The first course is to be 400 mg twice a day"),
        ("Twelve", [("events", {"name": "imaging"})], "CT done today", "dynamic CT of the liver today"),
        ("Thirteen", [TACE], "Sorafenib goes on", "Sorafenib goes on"),
        ("Fourteen", [TACE], "Order INR", "Order INR"),
        ("Fifteen", [TACE], "showed a complete response", "showed a complete response"),
        ("Sixteen", [TACE], "A finding speaks against TACE", "A finding speaks against TACE"),
    ],
)
def test_what_a_chart_proposes_to_try_happens(
    ehr: Ehr, patient: str, steps: list[tuple[str, dict[str, str]]], before: str, after: str
) -> None:
    chart = ehr.chart(f"Invented {patient}")
    assert before not in without_proposal(ehr.get(chart))
    for path, form in steps:
        page = ehr.post(f"{chart}/{path}", 200, **form)
    assert after in without_proposal(page)


def without_proposal(page: str) -> str:
    """The page without what it proposes to try, and dates as plain text."""
    return re.sub(r'<p class="scenario.*?</p>|<span class="nowrap">|</span>', "", page, flags=re.DOTALL)


def drafts_in(page: str) -> list[str]:
    return re.findall(r'name="draft" value="([^"]+)"', page)


def cards_in(page: str) -> list[str]:
    return re.findall(r'<h3 id="card-order-sign-(\w+)"', page)


def test_a_correction_once_accepted_is_no_answer_for_the_same_draft_written_again(ehr: Ehr) -> None:
    chart = ehr.chart("Invented Eleven")
    ehr.post(f"{chart}/{SORAFENIB[0]}", 200, **SORAFENIB[1])
    (key,) = cards_in(ehr.get(f"{chart}/sign"))
    corrected = ehr.post(f"{chart}/cards/accept", hook="order-sign", card=key, suggestion="0")
    assert cards_in(corrected) == []
    ehr.post(f"{chart}/drafts/drop", draft=drafts_in(corrected)[0])
    ehr.post(f"{chart}/{SORAFENIB[0]}", 200, **SORAFENIB[1])
    page = ehr.get(f"{chart}/sign")
    assert len(cards_in(page)) == 1
    assert "is-settled" not in page
    assert "Not signed: " in ehr.post(f"{chart}/sign")


def test_two_drafts_of_one_day_bring_two_cards_and_each_is_answered_for_itself(ehr: Ehr) -> None:
    chart = ehr.chart("Invented Sixteen")
    for _ in range(2):
        ehr.post(f"{chart}/{TACE[0]}", 200, **TACE[1])
    page = ehr.get(f"{chart}/sign")
    identified = re.findall(r' id="([^"]+)"', page)
    assert len(identified) == len(set(identified))
    first, second = cards_in(page)
    page = ehr.post(f"{chart}/cards/override", hook="order-sign", card=second, comment="discussed")
    assert re.findall(r"is-settled\" aria-labelledby=\"card-order-sign-(\w+)", page) == [second]
    assert first in cards_in(page)
    assert "Not signed: " in ehr.post(f"{chart}/sign")


CHART = {
    "resourceType": "Bundle",
    "entry": [
        {"resource": {"resourceType": "Patient", "id": "p", "name": [{"text": "Somebody"}]}},
        {"resource": {"resourceType": "Procedure", "id": "t", "status": "completed", "code": {"text": "TACE"},
                      "subject": {"reference": "Patient/p"}, "performedDateTime": "2026-10-20T20:00:00Z"}},
        *({"resource": {"resourceType": "Observation", "id": f"o{value}", "status": "final", "code": {"text": "INR"},
                        "effectiveDateTime": when, "valueQuantity": {"value": value}}}
          for value, when in ((1.3, "2026-11-02T01:00:00+09:00"), (1.4, "2026-11-01T17:00:00Z"),
                              (0.8, "2026-10-14"), (1.0, "2026-09-08T20:00:00Z"))),
    ],
}  # fmt: skip


def test_an_instant_is_told_and_ordered_by_the_day_at_the_site(ehr: Ehr) -> None:
    page = re.sub(r"<[^>]+>", "", ehr.post("/charts", text=json.dumps(CHART)))
    assert ("2026-10-21 completed" in page, "2026-10-20" in page) == (True, False)
    results = " ".join(page.split("INR 2026-11-02")[1].split())
    assert results.startswith("1.4 1.3 (11-02), 0.8 (10-14), 1.0 (09-09) ")
