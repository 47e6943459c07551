"""An EHR offers draft orders and a card comes back for each that fired a rule, or nothing (rulebook 8.2, 8.3)."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance import PATIENT, bundle
from tests.case_codes import concept
from tests.conftest import REFERENCE
from tests.http_calls import Json, client, hollow, hook_request, problem_of, service, simple_chart
from tests.order_calls import (
    ADDRESSES,
    ORDER_SELECT,
    ORDER_SIGN,
    REQUIRED,
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

ORDERS = sorted((REFERENCE / "vignettes" / "guidance").glob("order-*.json"))
SEVERITIES = ("info", "warning", "critical")
IBUPROFEN: Json = {
    "resourceType": "MedicationRequest",
    "id": "draft-ibuprofen",
    "status": "draft",
    "intent": "order",
    "subject": SUBJECT,
    "medicationCodeableConcept": {
        "coding": [{"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "731533"}]
    },
}


def request_of(vignette: Json) -> Json:
    return order_request(vignette["drafts"], vignette["bundle"], vignette.get("selections"), vignette["supplied"])


def value_at(document: Any, path: str) -> Any:  # noqa: ANN401 - any JSON
    for key in path.split("."):
        document = document[int(key)] if isinstance(document, list) else document[key]
    return document


def does(action: Json, wanted: Json) -> bool:
    """Whether an action is of the type, about the order, and with the values that are wanted."""
    resource = action.get("resource", {})
    kind, _, name = action.get("resourceId", "").partition("/")
    return (
        action["type"] == wanted["type"]
        and resource.get("resourceType", kind) == wanted["resource"]
        and wanted.get("id", resource.get("id", name)) == resource.get("id", name)
        and all(value_at(resource, path) == value for path, value in wanted.get("values", {}).items())
    )


@pytest.mark.parametrize("file", ORDERS, ids=lambda file: file.stem)
def test_a_draft_gets_the_card_or_the_silence_that_the_rules_demand(file: Path) -> None:
    vignette = json.loads(file.read_text(encoding="utf-8"))
    cards = checked(request_of(vignette), client(vignette["asOf"], vignette["timeZone"]))
    about = {extension_of(card)["draft"]: card for card in cards}
    assert len(about) == len(cards)
    assert sorted(about) == sorted(one["draft"] for one in vignette["expect"]["cards"]), vignette["why"]
    for wanted in vignette["expect"]["cards"]:
        card = about[wanted["draft"]]
        assert (rules_of(card), card["indicator"]) == (wanted["rules"], wanted["indicator"]), vignette["why"]
        for action in wanted.get("actions", ()):
            assert any(does(one, action) for one in actions_of(card)), (action, actions_of(card))


@pytest.mark.parametrize("file", ORDERS, ids=lambda file: file.stem)
def test_an_order_card_is_well_made(file: Path) -> None:
    vignette = json.loads(file.read_text(encoding="utf-8"))
    drafts = {f"{one['resourceType']}/{one['id']}": one for one in vignette["drafts"]}
    for card in checked(request_of(vignette), client(vignette["asOf"], vignette["timeZone"])):
        rules = rules_of(card)
        assert card["indicator"] == max(rules.values(), key=SEVERITIES.index)
        assert extension_of(card)["rules"][0]["severity"] == card["indicator"], "the most severe first"
        assert all(f"({rule})" in card["detail"] for rule in rules)
        assert list(hollow(card)) == []
        for action in actions_of(card):
            resource = action.get("resource", {})
            draft = drafts.get(f"{resource.get('resourceType')}/{resource.get('id')}", {})
            assert set(resource) >= set(draft), "an update holds the whole order"


def test_the_orders_of_the_reference_material_are_there(shared: Path) -> None:
    assert shared == REFERENCE
    assert len(ORDERS) >= 22


@pytest.mark.parametrize("name", ["req-order-select", "req-order-sign"])
def test_a_body_as_a_demonstration_ehr_sends_it_is_answered_with_silence(name: str, shared: Path) -> None:
    body = (shared / "cds-hooks" / f"{name}.json").read_bytes()
    answer = client().post(ADDRESSES[name.removeprefix("req-")], data=body, content_type="application/json")
    assert (answer.status_code, answer.get_json()) == (200, {"cards": []})


@pytest.mark.parametrize("hook", ADDRESSES)
def test_a_service_of_orders_serves_its_own_hook_only(hook: str) -> None:
    other = next(one for one in ADDRESSES if one != hook)
    chosen = {"selections": [], "draftOrders": bundle()}
    for wrong in (other, "patient-view"):
        body = {**hook_request(simple_chart()), "hook": wrong}
        body["context"] |= chosen
        assert problem_of(client().post(ADDRESSES[hook], json=body), 400)["expression"] == ["hook"]


@pytest.mark.parametrize("hook", ADDRESSES)
def test_the_draft_orders_are_required_and_named(hook: str) -> None:
    chosen: list[str] | None = [] if hook == "order-select" else None
    values: tuple[Any, ...] = (..., None, [], "text", 7, {**bundle(), "entry": "text"})
    for value in values:
        request = order_request((), enrolled_chart(), chosen)
        request["context"]["draftOrders"] = value
        if value is ...:
            del request["context"]["draftOrders"]
        issue = problem_of(client().post(ADDRESSES[hook], json=request), 400)
        assert issue["expression"] == ["context.draftOrders"]


def test_the_selections_are_required_at_order_select_and_named() -> None:
    request = order_request([tace()], enrolled_chart(), [])
    values: tuple[Any, ...] = (..., None, "ServiceRequest/draft-tace", [7], {})
    for value in values:
        request["context"]["selections"] = value
        if value is ...:
            del request["context"]["selections"]
        (place,) = problem_of(client().post(ORDER_SELECT, json=request), 400)["expression"]
        assert place.removesuffix("[0]") == "context.selections"


def test_only_what_is_selected_gets_a_card() -> None:
    drafts = (tace("2026-11-26"), sorafenib(start="2026-11-27"))
    for selections in ([], ["MedicationRequest/none"], ["MedicationRequest/draft-sorafenib"]):
        cards = checked(order_request(drafts, enrolled_chart(), selections))
        assert [extension_of(card)["draft"] for card in cards] == [one for one in selections if "none" not in one]


@pytest.mark.parametrize(
    "selection",
    ["draft-sorafenib", "https://ehr.example/fhir/MedicationRequest/draft-sorafenib/_history/2"],
)
def test_a_selection_may_be_an_address_or_an_id_alone(selection: str) -> None:
    drafts = (tace("2026-11-26"), sorafenib(start="2026-11-27"))
    (card,) = checked(order_request(drafts, enrolled_chart(), [selection]))
    assert extension_of(card)["draft"] == "MedicationRequest/draft-sorafenib"


@pytest.mark.parametrize("key", REQUIRED)
def test_a_needed_key_is_asked_for_only_where_a_rule_speaks_of_a_draft(key: str) -> None:
    request = order_request([tace()], enrolled_chart())
    del request["prefetch"][key]
    assert key in problem_of(client().post(ORDER_SIGN, json=request), 412)["diagnostics"]
    request["context"]["draftOrders"] = bundle(IBUPROFEN)
    assert checked(request) == []


@pytest.mark.parametrize("prefetch", [..., None, {}])
def test_no_prefetch_at_all_is_412_only_where_a_rule_speaks_of_a_draft(prefetch: object) -> None:
    for draft, status in ((tace(), 412), (IBUPROFEN, 200)):
        request = order_request([draft], enrolled_chart()) | {"prefetch": prefetch}
        if prefetch is ...:
            del request["prefetch"]
        assert client().post(ORDER_SIGN, json=request).status_code == status


def test_a_product_among_the_drafts_says_which_drug_is_ordered() -> None:
    product = {"resourceType": "Medication", "id": "m1", "code": concept("sorafenib")}
    draft = sorafenib(medicationReference={"reference": "Medication/m1"}, start="2026-11-25")
    del draft["medicationCodeableConcept"]
    (card,) = sign(product, draft)
    assert extension_of(card)["draft"] == "MedicationRequest/draft-sorafenib"
    assert sign(draft) == [], "without the product nobody knows the drug"


def without(draft: Json, *names: str) -> Json:
    return {name: value for name, value in draft.items() if name not in names}


QUIET: tuple[object, ...] = (
    {"resourceType": "NutritionOrder", "id": "n", "status": "draft", "patient": SUBJECT},
    {"resourceType": "DeviceRequest", "id": "d", "codeCodeableConcept": concept("tace"), "subject": SUBJECT},
    {"resourceType": "VisionPrescription", "id": "v"},
    {"resourceType": "Nonsense", "id": "x", "code": 7},
    {"resourceType": 7},
    {"resourceType": None},
    {},
    "text",
    None,
    {**IBUPROFEN, "category": {"coding": [{"code": "community"}]}},
    {**IBUPROFEN, "medicationCodeableConcept": {"coding": [{}]}},
    {**IBUPROFEN, "medicationCodeableConcept": {"coding": []}},
    {**without(IBUPROFEN, "medicationCodeableConcept"), "medication": {"concept": concept("sorafenib")}},
    without(IBUPROFEN, "medicationCodeableConcept"),
    tace(code={"coding": [{}]}),
    tace(code={"concept": concept("tace")}),
    tace(subject={"reference": "Patient/somebody-else"}),
)


@pytest.mark.parametrize("draft", QUIET, ids=map(str, range(len(QUIET))))
@pytest.mark.parametrize("chart", [enrolled_chart(), simple_chart(), bundle(PATIENT)], ids=["in", "may", "no"])
def test_a_draft_of_another_kind_or_shape_is_passed_over(draft: object, chart: Json) -> None:
    assert sign(draft, chart=chart) == []


@pytest.mark.parametrize("draft", QUIET, ids=map(str, range(len(QUIET))))
def test_a_draft_that_is_passed_over_hides_no_other(draft: object) -> None:
    assert len(sign(draft, tace())) == 1


@pytest.mark.parametrize(
    "draft",
    [
        tace(category={"coding": [{"code": "103693007"}]}),
        tace(code={"coding": [{}, *concept("tace")["coding"]]}),
        tace(occurrencePeriod=None),
        tace("2026-11-10", occurrencePeriod=None),
        tace(subject=None),
        without(tace(), "subject"),
        tace(subject={"display": "the patient"}),
        tace("2026-11-10", extension=[{"url": "https://ehr.example/x", "valueString": "y"}]),
        tace(meta={"profile": ["http://hl7.org/fhir/us/davinci-crd/R4B/StructureDefinition/profile-servicerequest"]}),
        sorafenib(dosageInstruction=[{"timing": None}], authoredOn="2026-10-21"),
        sorafenib(dosageInstruction=[{"timing": {"repeat": None}}], authoredOn="2026-10-21"),
        sorafenib(dosageInstruction=[{"timing": {"repeat": {"boundsPeriod": None}}}], authoredOn="2026-10-21"),
        sorafenib(dosageInstruction=[], authoredOn="2026-10-21"),
    ],
    ids=map(str, range(13)),
)
def test_an_order_of_an_odd_shape_still_gets_its_card(draft: Json) -> None:
    (card,) = sign(draft)
    assert extension_of(card)["draft"] == f"{draft['resourceType']}/{draft['id']}"


def test_a_draft_without_an_id_is_judged_and_never_updated() -> None:
    (card,) = sign(without(tace(), "id"))
    assert extension_of(card)["draft"] == "ServiceRequest #1"
    assert all(action["type"] == "create" or action["resource"]["id"] for action in actions_of(card))


@pytest.mark.parametrize("odd", [{"occurrencePeriod": 7}, {"occurrenceDateTime": []}, {"subject": "x", "note": 1}])
def test_an_element_of_a_wrong_shape_hides_nothing_else(odd: Json) -> None:
    draft = tace(**odd)
    (card,) = sign(draft)
    assert extension_of(card)["draft"] == f"ServiceRequest/{draft['id']}"


@pytest.mark.parametrize("dosage", [[], [{}], ...])
def test_a_new_start_reaches_the_order_however_little_it_holds(dosage: Any) -> None:  # noqa: ANN401 - any JSON
    draft = sorafenib(authoredOn="2026-10-21", dosageInstruction=dosage)
    (card,) = sign(without(draft, "dosageInstruction") if dosage is ... else draft)
    (update,) = [action["resource"] for action in actions_of(card)]
    assert value_at(update, "dosageInstruction.0.timing.repeat.boundsPeriod.start") == "2026-11-22"


@pytest.mark.parametrize("changes", [{"type": None}, {"type": "batch"}, {"id": "b", "meta": {}}, {"resourceType": "R"}])
def test_the_bundle_of_drafts_need_not_be_a_good_one(changes: Json) -> None:
    request = order_request([tace()], enrolled_chart())
    drafts = {**request["context"]["draftOrders"], **changes}
    for given in (drafts, without(drafts, "type"), {**drafts, "entry": [*drafts["entry"], {}, None, 7, "text"]}):
        request["context"]["draftOrders"] = given
        assert len(checked(request)) == 1


@pytest.mark.parametrize("given", [{}, {"resourceType": "Bundle"}, bundle()])
def test_no_drafts_are_silence(given: Json) -> None:
    request = order_request((), enrolled_chart())
    request["context"]["draftOrders"] = given
    assert checked(request) == []


@pytest.mark.parametrize("text", ['"\\ud800"', "[" * 5000 + "]" * 5000, '{"entry": 1e400}'])
def test_drafts_that_cannot_be_read_are_refused_and_no_fault(text: str) -> None:
    request = order_request((), enrolled_chart())
    request["context"]["draftOrders"] = "@"
    body = json.dumps(request).replace('"@"', text)
    assert client().post(ORDER_SIGN, data=body, content_type="application/json").status_code == 400


def test_the_same_call_gives_the_same_cards_and_another_call_other_ids() -> None:
    request = order_request([tace()], enrolled_chart())
    assert checked(request) == checked(request)
    (first,), (second,) = checked(request), checked({**request, "hookInstance": "another"})
    assert first["uuid"] != second["uuid"]
    assert first["suggestions"][0]["uuid"] not in (first["uuid"], second["suggestions"][0]["uuid"])


def test_cards_of_orders_are_counted() -> None:
    caller = service().test_client()
    checked(order_request([tace()], enrolled_chart()), caller)
    assert 'cotsom_cards_total{indicator="warning",kind="ordercheck"} 1.0' in caller.get("/metrics").text
    for address in ADDRESSES.values():
        item = {"card": "c", "outcome": "accepted", "acceptedSuggestions": [{"id": "s"}]}
        assert caller.post(f"{address}/feedback", json={"feedback": [item]}).status_code == 204
