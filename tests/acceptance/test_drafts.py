"""What drafts refer to, lack and carry along: products in the chart, no id, nothing null (rulebook 8.2, CDS Hooks)."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from cds_service import received
from cds_service.settings.limits import Limits
from tests.case_codes import concept
from tests.http_calls import Json, client, hollow, problem_of, service
from tests.order_calls import (
    ORDER_SIGN,
    SUBJECT,
    actions_of,
    checked,
    enrolled_chart,
    extension_of,
    order_request,
    rules_of,
    sign,
    sorafenib,
    tace,
)

PRODUCT: Json = {"resourceType": "Medication", "id": "nexavar", "code": concept("sorafenib")}


def by_reference(reference: str = "Medication/nexavar") -> Json:
    draft = sorafenib(start="2026-11-22", medicationReference={"reference": reference})
    del draft["medicationCodeableConcept"]
    return draft


def chart_with(*resources: Json) -> Json:
    """An enrolled patient with a TACE two days ago."""
    session = {
        "resourceType": "Procedure",
        "id": "tace-2",
        "status": "completed",
        "subject": SUBJECT,
        "code": concept("tace"),
        "performedDateTime": "2026-11-20",
    }
    return enrolled_chart(session, *resources)


def test_a_product_in_the_prefetch_says_what_is_ordered() -> None:
    (card,) = checked(order_request([by_reference()], chart_with(PRODUCT)))
    assert rules_of(card) == {"SOR-01": "warning"}


def test_a_product_may_be_named_by_the_address_it_was_sent_under() -> None:
    request = order_request([by_reference("urn:uuid:1b2c")], chart_with())
    request["prefetch"]["medicationRequests"]["entry"].append({"fullUrl": "urn:uuid:1b2c", "resource": PRODUCT})
    (card,) = checked(request)
    assert rules_of(card) == {"SOR-01": "warning"}


def test_a_product_may_stand_among_the_drafts() -> None:
    (card,) = checked(order_request([by_reference(), PRODUCT], chart_with()))
    assert rules_of(card) == {"SOR-01": "warning"}


@pytest.mark.parametrize("reference", ["Medication/another", "#nexavar", "", "Patient/p1", "Medication/nexava"])
def test_a_product_that_stands_nowhere_needs_no_data_and_brings_no_card(reference: str) -> None:
    whole = order_request([by_reference(reference)], chart_with(PRODUCT))
    assert checked(whole) == []
    for prefetch in ({}, None, {"medicationRequests": None}):
        assert checked({**whole, "prefetch": prefetch}) == []


def test_a_product_in_the_prefetch_that_concerns_a_rule_asks_for_the_data() -> None:
    request = order_request([by_reference()], chart_with(PRODUCT))
    del request["prefetch"]["conditions"]
    assert client().post(ORDER_SIGN, json=request).status_code == 412


def test_however_many_drafts_refer_to_products_the_chart_is_searched_once(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[bytes] = []

    def noted(body: bytes) -> Iterator[object]:
        parsed.append(body)
        yield from documents(body)

    documents = received._documents  # noqa: SLF001 - what it costs to look something up
    monkeypatch.setattr(received, "_documents", noted)
    drafts = [{**by_reference(f"Medication/{name}"), "id": name} for name in ("nexavar", "zz8", "zz9")]
    request = order_request(drafts, chart_with(PRODUCT))
    assert len(checked(request)) == 1
    assert len(parsed) == len({*parsed}) == len(request["prefetch"]) + 1
    parsed.clear()
    assert len(checked(order_request([sorafenib(start="2026-11-22"), by_reference("#x")], chart_with()))) == 1
    assert parsed == []


def test_more_drafts_than_the_limit_are_413() -> None:
    caller = service(limits=Limits(drafts=2)).test_client()
    request = order_request([{**tace(), "id": f"t{number}"} for number in range(3)], enrolled_chart())
    issue = problem_of(caller.post(ORDER_SIGN, json=request), 413)
    assert (issue["code"], issue["expression"]) == ("too-long", ["context.draftOrders"])
    del request["context"]["draftOrders"]["entry"][2]
    assert len(checked(request, caller)) == 2


@pytest.mark.parametrize("strength", [None, "200 mg", {"numerator": 200}, {"denominator": []}, []])
def test_an_odd_strength_of_a_product_hides_no_drug(strength: Any) -> None:  # noqa: ANN401 - any JSON
    odd = {**PRODUCT, "ingredient": [{"itemCodeableConcept": concept("sorafenib"), "strength": strength}]}
    (card,) = checked(order_request([by_reference()], chart_with(odd)))
    assert rules_of(card) == {"SOR-01": "warning"}


def test_what_an_order_without_id_needs_stands_in_words() -> None:
    draft = sorafenib(start="2026-11-22")
    (named,) = sign(draft, chart=chart_with())
    (update,) = actions_of(named)
    del draft["id"]
    (card,) = sign(draft, chart=chart_with())
    assert extension_of(card)["draft"] == "MedicationRequest #1"
    assert (rules_of(card), actions_of(card)) == (rules_of(named), [])
    before, heading, by_hand = card["detail"].partition("**To be done by hand:**")
    assert before.strip() == named["detail"]
    assert heading
    assert "start 2026-11-23" in update["description"]
    assert by_hand.replace("\\", "").strip() == f"- {update['description']}"


def test_an_order_without_id_still_ends_the_course_that_has_one() -> None:
    draft = tace()
    del draft["id"]
    (card,) = sign(draft)
    assert [a["resource"]["id"] for a in actions_of(card) if a["type"] == "update"] == ["course"]
    assert "To be done by hand" not in card["detail"]


NOTHING: Json = {"note": None, "extension": [], "meta": {}, "text": "", "reasonCode": [None, {"text": None}]}


def test_nothing_null_or_empty_of_a_draft_is_sent_back() -> None:
    kept = {"_authoredOn": {"id": "x"}, "priority": "routine", "performer": {"display": "Pharmacy"}}
    draft = {**sorafenib(start="2026-11-22"), **NOTHING, **kept}
    (card,) = sign(draft, chart=chart_with())
    (update,) = [action["resource"] for action in actions_of(card)]
    assert not list(hollow(update))
    assert update.keys() == draft.keys() - NOTHING.keys()
    assert {name: update[name] for name in kept} == kept


def test_null_among_the_dosages_of_a_draft_hides_none_of_them() -> None:
    draft = sorafenib(start="2026-11-22")
    (card,) = sign({**draft, "dosageInstruction": [None, *draft["dosageInstruction"], {}]}, chart=chart_with())
    (named,) = sign(draft, chart=chart_with())
    assert rules_of(card) == rules_of(named) == {"SOR-01": "warning"}
    assert actions_of(card) == actions_of(named)


def test_nothing_null_or_empty_of_a_course_is_sent_back() -> None:
    chart = enrolled_chart()
    course = next(e["resource"] for e in chart["entry"] if e["resource"]["id"] == "course")
    course.update(NOTHING)
    (card,) = sign(tace(), chart=chart)
    (update,) = [a["resource"] for a in actions_of(card) if a["type"] == "update"]
    assert not list(hollow(update))
    assert update.keys() == course.keys() - NOTHING.keys()


def test_two_versions_of_a_course_are_ended_at_most_once() -> None:
    chart = enrolled_chart()
    course = next(e["resource"] for e in chart["entry"] if e["resource"]["id"] == "course")
    (entry,) = course["dosageInstruction"]
    for versions in ([entry], [entry, entry]), ([entry, entry], [entry]):
        both = [{**course, "dosageInstruction": dosage} for dosage in versions]
        others = [e for e in chart["entry"] if e["resource"] is not course]
        (card,) = sign(tace(), chart={**chart, "entry": [*others, *({"resource": one} for one in both)]})
        assert len([a for a in actions_of(card) if a["type"] == "update"]) <= 1


def test_drafts_nested_deeper_than_any_resource_are_no_fault() -> None:
    request = order_request([{**sorafenib(start="2026-11-22"), "extension": "@"}], chart_with())
    body = json.dumps(request).replace('"@"', '[{"a":' * 400 + "1" + "}]" * 400)
    answer = client().post(ORDER_SIGN, data=body, content_type="application/json")
    assert answer.status_code == 200
    assert len(answer.get_json()["cards"]) == 1


FASTING: Json = {
    "coding": [{"system": "http://snomed.info/sct", "code": "717154004", "display": "Take on empty stomach"}]
}
ONE: Json = {"text": "Take one tablet"}
UNSAID: Json = {"coding": [{"system": "http://snomed.info/sct", "code": "717154004"}]}


def first_course(*entries: Json) -> Json:
    """The card of the first course after enrolment with these entries, 200 mg twice a day where they say no other."""
    given = [{**sorafenib()["dosageInstruction"][0], "doseAndRate": LOW, **entry} for entry in entries]
    chart = chart_with()
    for resource in chart["entry"]:
        if resource["resource"]["id"] == "course":
            resource["resource"]["status"] = "cancelled"
    (card,) = sign(sorafenib(dosageInstruction=given), chart=chart)
    return card


def dosage_corrected(*entries: Json) -> tuple[list[Json], str]:
    """The dosage entries that a first course of another dose is to have, and the change in words."""
    card = first_course(*entries)
    (action,) = actions_of(card)
    return action["resource"]["dosageInstruction"], action["description"]


LOW = [{"doseQuantity": {"value": 200, "unit": "mg", "code": "mg"}}]


def per_day(value: int) -> Json:
    return {"numerator": {"value": value, "unit": "mg"}, "denominator": {"value": 1, "unit": "d"}}


@pytest.mark.parametrize(
    ("given", "kept", "said"),
    [
        ({"route": {"text": "oral"}, "additionalInstruction": [FASTING]}, ..., ""),
        ({"patientInstruction": "Swallow whole with plenty of water"}, ..., ""),
        ({"patientInstruction": "공복에 물과 함께 복용하세요"}, ..., ""),
        ({"additionalInstruction": [FASTING, ONE]}, {"additionalInstruction": [FASTING]}, "“Take one tablet”"),
        ({"additionalInstruction": [{**FASTING, **ONE}]}, {}, "“Take one tablet”"),
        ({"additionalInstruction": [UNSAID, None, 7]}, {}, "“717154004”"),
        ({"patientInstruction": "200 mg with food"}, {}, "“200 mg with food”"),
        ({"patientInstruction": "Half a pill at bedtime"}, {}, "“Half a pill at bedtime”"),
        ({"patientInstruction": "B.i.d., with food"}, {}, "“B.i.d., with food”"),
        ({"patientInstruction": "As directed"}, {}, "“As directed”"),
        ({"patientInstruction": "하루 두 번 한 알씩"}, {}, "“하루 두 번 한 알씩”"),
        ({"patientInstruction": "Принимать утром"}, {}, "“Принимать утром”"),
        ({"maxDosePerPeriod": per_day(800), "asNeededBoolean": False}, {"maxDosePerPeriod": per_day(800)}, ""),
        ({"maxDosePerPeriod": per_day(400), "text": "200 mg daily", "extension": [{"url": "a:b"}]}, {}, ""),
    ],
    ids=str,
)
def test_beside_a_corrected_dose_stays_what_names_no_dose(given: Json, kept: Any, said: str) -> None:  # noqa: ANN401
    (entry,), words = dosage_corrected(given)
    assert entry["text"] == "400 mg twice a day"
    written = {"text", "timing", "doseAndRate"}
    assert {name: value for name, value in entry.items() if name not in written} == (given if kept is ... else kept)
    assert words.partition("without the instruction ")[2] == said


def test_of_several_entries_stays_what_none_of_them_says_otherwise() -> None:
    by_mouth, alike = {"route": {"text": "oral"}}, {"method": {"text": "swallow"}, "patientInstruction": "With water"}
    first = {**by_mouth, **alike, "sequence": 1, "site": {"text": "a"}}
    (entry,), _ = dosage_corrected(first, {**alike, "sequence": 2, "site": {"text": "b"}}, alike)
    assert {name: entry.get(name) for name in ("sequence", "site", *by_mouth, *alike)} == {
        "sequence": None,
        "site": None,
        **by_mouth,
        **alike,
    }


@pytest.mark.parametrize(
    "odd", [{"modifierExtension": [{"url": "a:b", "valueCode": "c"}]}, {"doseAndRate": 7}], ids=str
)
def test_a_dosage_that_cannot_be_read_whole_keeps_its_days(odd: Json) -> None:
    card = first_course({}, odd)
    assert rules_of(card) == {"SOR-02": "info"}
    (entry,) = actions_of(card)[0]["resource"]["dosageInstruction"]
    assert entry["timing"]["repeat"]["boundsPeriod"] == {"start": "2026-11-27"}


def test_several_entries_of_which_no_days_can_be_read_are_not_made_one() -> None:
    card = first_course({"timing": 7}, {"timing": 8})
    assert rules_of(card)["SOR-02"] == "info"
    assert actions_of(card) == []


def test_what_is_to_be_done_on_one_day_is_not_between_two() -> None:
    (card,) = sign(tace("2026-11-23"))
    assert "Order INR on 2026-11-22" in [action["description"] for action in actions_of(card)]


@pytest.mark.parametrize(
    ("lasting", "end"),
    [
        ({"boundsDuration": {"value": 7, "unit": "days"}}, "2026-11-29"),
        ({"boundsDuration": {"value": 2, "code": "wk"}}, "2026-12-06"),
        ({"boundsDuration": {"value": 1, "unit": "month"}}, "2026-12-22"),
        ({"boundsRange": {"low": {"value": 7, "code": "d"}, "high": {"value": 14, "code": "d"}}}, "2026-12-06"),
        ({"boundsDuration": {"value": "1.5", "code": "wk"}}, None),
        ({"boundsDuration": {"value": 7, "code": "d", "comparator": ">"}}, None),
        ({"boundsDuration": {"value": 3, "code": "h"}}, None),
        ({"boundsRange": {"low": {"value": 7, "code": "d"}}}, None),
    ],
    ids=str,
)
def test_a_length_becomes_the_days_that_it_means_and_one_that_means_none_stays(lasting: Json, end: str | None) -> None:
    dosage = {**sorafenib()["dosageInstruction"][0], "timing": {"repeat": {**lasting, "frequency": 2, "period": 1}}}
    (card,) = sign(sorafenib(dosageInstruction=[dosage], authoredOn="2026-11-22"), chart=chart_with())
    assert rules_of(card) == {"SOR-01": "warning"}
    bounds = [a["resource"]["dosageInstruction"][0]["timing"]["repeat"]["boundsPeriod"] for a in actions_of(card)]
    assert bounds == ([{"start": "2026-11-23", "end": end}] if end else [])
