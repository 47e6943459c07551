"""What an operator reads at /metrics: numbers that are right, labels of known values only."""

import re
from collections.abc import Iterator
from dataclasses import fields
from typing import Final

import pytest
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from cds_service.web.observing import DEFINITIONS, Metrics
from tests.acceptance import CANCER, PATIENT, bilirubin, bundle, condition
from tests.http_calls import FEEDBACK, METASTASIS, SERVICE, Json, hook_request, open_chart, service, simple_chart
from tests.order_calls import ORDER_SIGN, checked, enrolled_chart, order_request, sorafenib, tace

REASONS: Final = "http://terminology.hl7.org/CodeSystem/non-adherence-reason-codes"


@pytest.fixture
def caller() -> FlaskClient:
    return service().test_client()


def counted(caller: FlaskClient, name: str) -> dict[tuple[str, ...], float]:
    """The values of a metric by its labels, in the order in which they are defined."""
    labels = next(one.labels for one in DEFINITIONS.values() if one.name == name)
    found = (
        sample
        for family in text_string_to_metric_families(caller.get("/metrics").text)
        for sample in family.samples
        if sample.name in (name, f"{name}_total", f"{name}_count")
    )
    return {tuple(sample.labels[label] for label in labels): sample.value for sample in found}


def test_every_definition_is_made_and_told_from_the_start(caller: FlaskClient) -> None:
    assert {one.name for one in fields(Metrics)} == {*DEFINITIONS, "registry"}
    text = caller.get("/metrics").text
    for one in DEFINITIONS.values():
        assert re.search(rf"^# HELP {one.name}(_total)? {re.escape(one.meaning)}$", text, re.MULTILINE)
    assert counted(caller, "cotsom_build_info") == {("0.1.0", "NCT02311205", "1.0.0"): 1}


def test_a_chart_counts_its_roll_up_its_lines_its_gaps_and_its_card(caller: FlaskClient) -> None:
    request = hook_request(bundle(PATIENT, condition(CANCER), condition(METASTASIS)), ("conditions", "observations"))
    assert caller.post(SERVICE, json=request).status_code == 200
    assert counted(caller, "cotsom_calls") == {("call", "200"): 1}
    assert counted(caller, "cotsom_seconds")["call",] == 1
    assert counted(caller, "cotsom_statuses") == {("potentially-eligible",): 1}
    assert sum(counted(caller, "cotsom_verdicts").values()) == 42
    assert counted(caller, "cotsom_cards") == {("trialmatch", "info"): 1}
    assert counted(caller, "cotsom_gaps")["allergies", "not-supplied"] == 1
    assert not [source for source, _ in counted(caller, "cotsom_gaps") if source in ("conditions", "patient")]


def test_data_problems_are_counted_by_their_kind(caller: FlaskClient) -> None:
    odd = bilirubin(1.1, effectiveDateTime="yesterday")
    open_chart(simple_chart(odd, {**odd, "id": "b2"}, {"resourceType": "Observation", "id": ["b3"]}), caller)
    expected = {("undated",): 2, ("unreadable-date",): 2, ("unreadable-resource",): 1}
    assert counted(caller, "cotsom_quality") == expected


def test_rules_of_order_cards_and_steps_are_counted(caller: FlaskClient) -> None:
    (card,) = checked(order_request([tace()], enrolled_chart()), caller)
    rules = {(rule["id"], rule["severity"]): 1.0 for rule in card["extension"]["org.cotsom-cds"]["rules"]}
    assert counted(caller, "cotsom_rules") == rules
    assert counted(caller, "cotsom_steps") == {}
    (card,) = open_chart(enrolled_chart(), caller)
    named = set(re.findall(r"NEXT-\d\d", card["detail"]))
    assert named
    assert {step for step, _ in counted(caller, "cotsom_steps")} == named
    assert counted(caller, "cotsom_cards")["protocolstep", card["indicator"]] == 1


def overridden(**elements: object) -> Json:
    return {"card": "c", "outcome": "overridden", **elements}


def test_feedback_is_counted_by_known_reasons_alone(caller: FlaskClient) -> None:
    known = {"code": "patient-refuses", "system": REASONS}
    batch = [
        {"card": "c", "outcome": "accepted"},
        overridden(),
        overridden(overrideReason={"reason": known}),
        overridden(overrideReason=known),
        overridden(overrideReasons={"reason": known, "userComment": "no"}),
        overridden(overrideReasons=[{"reason": {"code": "Lebensztejn"}}, {"reason": known}]),
        overridden(overrideReason={"reason": {"code": "Lebensztejn"}}),
        overridden(overrideReason={"userComment": "Lebensztejn"}),
    ]
    assert caller.post(FEEDBACK, json={"feedback": batch}).status_code == 204
    assert caller.post(f"{ORDER_SIGN}/feedback", json={"feedback": batch[:1]}).status_code == 204
    view = "cotsom-patient-view"
    assert counted(caller, "cotsom_feedback") == {
        (view, "accepted", "none"): 1,
        (view, "overridden", "none"): 1,
        (view, "overridden", "patient-refuses"): 4,
        (view, "overridden", "other"): 2,
        ("cotsom-order-sign", "accepted", "none"): 1,
    }


def test_no_label_grows_with_what_is_sent(caller: FlaskClient) -> None:
    def series() -> Iterator[str]:
        for family in text_string_to_metric_families(caller.get("/metrics").text):
            yield from (f"{one.name}{sorted(one.labels.items())}" for one in family.samples)

    def send(mark: str) -> None:
        caller.get(f"/{mark}")
        caller.post(f"/cds-services/{mark}", json={})
        caller.post(FEEDBACK, json={"feedback": [overridden(overrideReason={"reason": {"code": mark}})]})
        caller.post(SERVICE, json=hook_request(simple_chart({"resourceType": mark, "id": mark})))
        checked(order_request([sorafenib(mark)], enrolled_chart()), caller)

    caller.get("/metrics")
    send("one")
    before = set(series())
    send("two")
    assert set(series()) == before
