"""What CDS Hooks asks of a service, where no other test shows it; and that the page about it tells the truth."""

import importlib
import json
import re
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest

from cds_service.commands.demonstrating import PATIENTS
from cds_service.web.discovery import PREFETCH
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
    assert one.test or one.state != "met"
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


def test_an_answer_comes_within_half_a_second() -> None:
    request = hook_request(json.loads(next(iter(sorted(PATIENTS.glob("*.json")))).read_bytes()))
    cards_of(client().post(SERVICE, json=request))
    begun = perf_counter()
    cards_of(client().post(SERVICE, json=request))
    assert perf_counter() - begun < 0.5


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
    sources = [
        card["source"]
        for file in PATIENTS.glob("*.json")
        for card in cards_of(client().post(SERVICE, json=hook_request(json.loads(file.read_bytes()))))
    ]
    assert len(sources) > 2
    assert all(source == sources[0] for source in sources)
    assert set(sources[0]) == {"label", "url", "topic"}
    assert set(sources[0]["topic"]) == {"system", "code", "display"}


def test_the_extension_is_one_object_under_a_name_of_our_own() -> None:
    (card,) = open_chart(simple_chart())
    assert list(card["extension"]) == [EXTENSION]
    assert isinstance(card["extension"][EXTENSION], dict)
    assert EXTENSION.startswith("org.")
