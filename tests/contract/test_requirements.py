"""What CDS Hooks asks of a service, where no other test shows it; and that the page about it tells the truth."""

import importlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
from fhir.resources.R4B.servicerequest import ServiceRequest

from cds_service.commands.demonstrating import PATIENTS
from cds_service.web.discovery import PREFETCH
from tests.acceptance import condition
from tests.case_codes import concept
from tests.contract import PAGE, STATES, page, requirements
from tests.http_calls import (
    EXTENSION,
    SERVICE,
    Json,
    cards_of,
    client,
    hook_request,
    open_chart,
    problem_of,
    service,
    simple_chart,
)
from tests.order_calls import actions_of, enrolled_chart, sign, sorafenib, tace


def discovered() -> list[Json]:
    return list(client().get("/cds-services").get_json()["services"])


def test_the_page_of_requirements_is_fresh() -> None:
    assert PAGE.exists(), "write it with `make docs`"
    assert PAGE.read_text(encoding="utf-8") == page(), "write it anew with `make docs`"


def test_every_requirement_is_on_the_page_and_no_other(shared: Path) -> None:
    rows = re.findall(r"^\| (\d+) \| ([A-Z ]+)", (shared / "cds-hooks" / "requirements.md").read_text(), re.MULTILINE)
    assert [(one.id, one.level) for one in requirements()] == [(number, level.strip()) for number, level in rows]


@pytest.mark.parametrize("one", requirements(), ids=lambda one: f"{one.part}-{one.id}")
def test_a_requirement_said_to_be_met_has_a_test_that_exists(one: Any) -> None:  # noqa: ANN401 - a Requirement
    assert one.state in STATES
    assert one.test or "`make bench`" in one.why or one.state != "met"  # speed is measured there, never in a test
    assert one.why or one.state == "met"
    if one.test:
        place, _, name = one.test.partition("::")
        assert callable(getattr(importlib.import_module(f"tests.{place.replace('/', '.')}"), name))


def test_discovery_has_the_types_that_are_asked() -> None:
    for one in discovered():
        texts = ("id", "hook", "title", "description", "usageRequirements", "version", "hookVersion")
        assert all(isinstance(one[name], str) and one[name] for name in texts)
        assert re.fullmatch(r"\d+\.\d+\.\d+", one["version"])
        assert one["prefetch"]
        assert all(isinstance(key, str) and isinstance(query, str) for key, query in one["prefetch"].items())


def test_every_service_answers_at_its_own_address() -> None:
    names = [one["id"] for one in discovered()]
    assert len(set(names)) == len(names)
    for one in discovered():
        problem_of(client().post(f"/cds-services/{one['id']}", json={}), 400)


def test_a_template_holds_only_the_token_of_the_patient() -> None:
    for query in PREFETCH.values():
        assert re.findall(r"\{\{(.*?)\}\}", query) == ["context.patientId"]
        assert query.count("{") == query.count("}") == 2


def test_templates_use_simple_searches() -> None:
    for query in PREFETCH.values():
        for name in re.findall(r"[?&]([^=]+)=", query):
            assert name in {"patient", "individual", "category", "status", "_include"}


def test_the_service_never_acts_by_itself() -> None:
    document = client().post(SERVICE, json=hook_request(simple_chart())).get_json()
    assert set(document) == {"cards"}
    assert "suggestions" not in document["cards"][0]


def test_override_reasons_are_codings_with_a_display() -> None:
    (card,) = open_chart(simple_chart())
    assert card["overrideReasons"]
    for reason in card["overrideReasons"]:
        assert set(reason) == {"system", "code", "display"}
        assert all(isinstance(value, str) and value for value in reason.values())


def test_every_address_on_a_card_is_absolute() -> None:
    caller = service(worksheet="https://sheet.example/launch").test_client()
    (card,) = open_chart(simple_chart(), caller)
    for address in (card["source"]["url"], *(link["url"] for link in card["links"])):
        assert re.match(r"https?://[^/]+", address)


def test_the_source_is_the_same_for_every_patient() -> None:
    sources: dict[str, list[Json]] = {}
    charts = [json.loads(file.read_bytes()) for file in PATIENTS.glob("*.json")]
    drafts = (tace("2026-11-10"), sorafenib(start="2026-11-22"))
    cards = [card for chart in charts for card in cards_of(client().post(SERVICE, json=hook_request(chart)))]
    for card in (*cards, *sign(*drafts)):
        sources.setdefault(card["source"]["topic"]["code"], []).append(card["source"])
    assert set(sources) == {"trialmatch", "protocolstep", "ordercheck"}
    for same in sources.values():
        assert len(same) > 1
        assert all(source == same[0] for source in same)
        assert set(same[0]) == {"label", "url", "topic"}
        assert set(same[0]["topic"]) == {"system", "code", "display"}


def corrections() -> list[Json]:
    """Cards of drafts that are to be changed, accompanied by others, or deleted."""
    pregnant = condition("pregnancy", onsetDateTime="2026-11-01")
    allergic = {
        "resourceType": "AllergyIntolerance",
        "id": "a",
        "patient": {"reference": "Patient/p1"},
        "clinicalStatus": {"coding": [{"code": "active"}]},
        "code": concept("sorafenib"),
    }
    drafts = (tace("2026-11-10"), sorafenib(start="2026-10-21"))
    return [*sign(*drafts), *sign(sorafenib(), chart=enrolled_chart(pregnant, allergic))]


def test_suggestions_are_an_array_that_says_how_many_may_be_chosen() -> None:
    for card in corrections():
        assert isinstance(card["suggestions"], list)
        assert card["selectionBehavior"] in ("any", "at-most-one")
    assert "selectionBehavior" not in open_chart(simple_chart())[0]


def test_a_suggestion_has_a_label_an_id_of_its_own_and_actions() -> None:
    suggestions = [suggestion for card in corrections() for suggestion in card["suggestions"]]
    assert len({one["uuid"] for one in suggestions}) == len(suggestions)
    for one in suggestions:
        assert set(one) == {"uuid", "label", "actions"}
        assert isinstance(one["label"], str)
        assert isinstance(one["actions"], list)


def test_all_corrections_of_a_draft_are_one_suggestion() -> None:
    (card,) = sign(tace("2026-12-20"))
    (suggestion,) = card["suggestions"]
    assert {action["type"] for action in suggestion["actions"]} == {"update", "create"}


def actions_of_type(kind: str) -> list[Json]:
    found = [action for card in corrections() for action in actions_of(card) if action["type"] == kind]
    assert found
    assert all(isinstance(action["description"], str) and action["description"] for action in found)
    return found


def test_what_is_created_is_a_new_order() -> None:
    for action in actions_of_type("create"):
        assert set(action) == {"type", "description", "resource"}
        assert action["resource"]["resourceType"] == "ServiceRequest"
        assert "id" not in action["resource"]
        ServiceRequest.model_validate(action["resource"])


def test_what_is_updated_is_the_whole_order() -> None:
    before = {"draft-tace": tace("2026-11-10"), "draft-sorafenib": sorafenib(start="2026-10-21")}
    for action in actions_of_type("update"):
        assert set(action) == {"type", "description", "resource"}
        given = before[action["resource"]["id"]]
        same = set(given) - {"occurrenceDateTime", "dosageInstruction"}
        assert set(action["resource"]) == set(given)
        assert {name: action["resource"][name] for name in same} == {name: given[name] for name in same}
        assert action["resource"] != given


def test_what_is_deleted_is_named_by_its_address_alone() -> None:
    for action in actions_of_type("delete"):
        assert set(action) == {"type", "description", "resourceId"}
        assert action["resourceId"] == "MedicationRequest/draft-sorafenib"


def test_the_extension_is_one_object_under_a_name_of_our_own() -> None:
    (card,) = open_chart(simple_chart())
    assert list(card["extension"]) == [EXTENSION]
    assert isinstance(card["extension"][EXTENSION], dict)
    assert EXTENSION.startswith("org.")
