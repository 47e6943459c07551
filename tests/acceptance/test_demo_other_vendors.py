"""The demo EHR as a client of other vendors' decision support: it works, and stays safe."""

import json
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from flask import Flask, Response, jsonify, redirect, request
from flask.testing import FlaskClient

from cds_service.demo.clock import DemoClock
from cds_service.demo.ehr import EhrSettings, create_ehr
from cds_service.demo.server import listening, port_of, served
from cds_service.demo.visiting import Address
from cds_service.loading import load
from cds_service.settings import Settings, read_zone
from tests.loopback import nobody_listening

HERE = Address(8124)
LOADED = load(Settings(zone=read_zone("Asia/Seoul")))
OWN = {"Sec-Fetch-Site": "same-origin", "Origin": f"http://{HERE.host}"}
JsonObject = dict[str, Any]

BARE = {"summary": "A card without anything that is optional", "indicator": "info", "source": {"label": "Bare"}}
HTML = {
    "summary": "<b>Not bold</b>",
    "indicator": "warning",
    "source": {"label": "Html", "icon": "https://tracker.example/i.png"},
    "detail": "<script>steal()</script><b onclick='x()'>bold</b>\n\n![i](https://tracker.example/d.png)",
    "links": [{"label": "trap", "url": "javascript:steal()"}, {"label": "page", "url": "https://html.example/p"}],
}
STRANGE = {"summary": "Unknown indicator", "indicator": "hard-stop", "extension": {"x": [1]}}
CHOICE = {
    "uuid": "choice-1",
    "summary": "Choose one",
    "indicator": "critical",
    "source": {"label": "Choosy"},
    "selectionBehavior": "at-most-one",
    "suggestions": [
        {"label": "Cancel it", "uuid": "cancel", "actions": [{"type": "delete", "resourceId": "ordered-1"}]},
        {"label": "Write nonsense", "uuid": "nonsense", "actions": [
            {"type": "create", "resource": {"resourceType": "Condition", "code": {"text": "Gout"}}},
            {"type": "update", "resource": {"resourceType": "MedicationRequest", "id": "nowhere"}},
            {"type": "explode"}, "x",
        ]},
        {"label": "For somebody else", "actions": [
            {"type": "create", "resource": {"resourceType": "ServiceRequest", "subject": {"reference": "Patient/x"}}},
        ]},
    ],
}  # fmt: skip
SEVERAL = {
    "uuid": "several-1",
    "summary": "Choose any",
    "indicator": "info",
    "selectionBehavior": "any",
    "suggestions": [
        {"label": f"Add {name}", "uuid": name, "isRecommended": name == "b", "actions": [
            {"type": "create", "resource": {"resourceType": "ServiceRequest", "code": {"text": f"Test {name}"}}}]}
        for name in "abc"
    ],
}  # fmt: skip
SERVICES = [
    {"id": "bare", "hook": "patient-view", "description": "no title, no prefetch"},
    {"id": "html", "hook": "patient-view", "title": "Html", "prefetch": {
        "pt": "Patient/{{context.patientId}}", "a1c": "Observation?patient={{context.patientId}}&code=1975-2&_count=1",
        "odd": "Observation?patient={{context.patientId}}&combo=1", "who": "Practitioner/{{userPractitionerId}}"}},
    {"id": "strange", "hook": "patient-view"},
    {"id": "failing", "hook": "patient-view", "title": "Failing service"},
    {"id": "no-json", "hook": "patient-view", "title": "No JSON"},
    {"id": "null", "hook": "patient-view", "title": "Null cards"},
    {"id": "elsewhere", "hook": "patient-view", "title": "Elsewhere"},
    {"id": "choosy", "hook": "order-sign"},
    {"id": "several", "hook": "order-sign"},
    {"id": "twice", "hook": "order-select"},
    {"hook": "patient-view", "description": "no id"},
    "no object",
]  # fmt: skip


class Vendor:
    """Another vendor's service, and what it was sent."""

    def __init__(self) -> None:
        self.calls: dict[str, JsonObject] = {}
        self.feedback: list[JsonObject] = []
        self.app = Flask("vendor")
        self.app.add_url_rule("/cds-services", view_func=lambda: jsonify(services=SERVICES))
        self.app.add_url_rule("/cds-services/<name>", "call", self.call, methods=["POST"])
        self.app.add_url_rule("/cds-services/<name>/feedback", "feedback", self.take, methods=["POST"])

    def call(self, name: str) -> Any:  # noqa: ANN401 - whatever a vendor answers
        self.calls[name] = request.get_json()
        answers = {
            "bare": jsonify(cards=[BARE, {"indicator": "info"}, "x"]),
            "html": jsonify(cards=[HTML], systemActions=[{"type": "update", "description": "Rewrite the chart"}]),
            "strange": jsonify(cards=[STRANGE]),
            "failing": Response("Traceback (most recent call last)", 500),
            "no-json": Response("<html>", content_type="text/html"),
            "null": jsonify(cards=None),
            "elsewhere": redirect("https://elsewhere.example/"),
            "choosy": jsonify(cards=[CHOICE]),
            "several": jsonify(cards=[SEVERAL]),
            "twice": jsonify(cards=[BARE, BARE]),
        }
        return answers[name]

    def take(self, name: str) -> Any:  # noqa: ANN401 - as above
        self.feedback.append({"service": name, **request.get_json()["feedback"][0]})
        return Response(status=404 if name == "several" else 200)


@pytest.fixture
def vendor() -> Vendor:
    return Vendor()


@pytest.fixture
def ehr(vendor: Vendor) -> Iterator[FlaskClient]:
    with listening(0) as bound, served(bound, lambda: vendor.app):
        base = f"http://127.0.0.1:{port_of(bound)}"
        clock = DemoClock(datetime.fromisoformat("2026-11-22T09:00:00+09:00"))
        yield create_ehr(EhrSettings(HERE, (base,)), clock, LOADED).test_client()


def get(ehr: FlaskClient, path: str) -> str:
    answer = ehr.get(path, base_url=HERE.url)
    assert answer.status_code == 200
    return answer.text


def post(ehr: FlaskClient, path: str, **form: object) -> str:
    answer = ehr.post(path, data=form, base_url=HERE.url, headers=OWN, follow_redirects=True)
    assert answer.status_code == 200
    return answer.text


def chart_of(ehr: FlaskClient, patient: str = "Invented One") -> str:
    found = re.search(rf'href="(/charts/[^"]+)">{patient}<', get(ehr, "/"))
    assert found
    return found[1]


def test_every_service_of_a_hook_is_called_and_what_goes_wrong_hides_nothing(ehr: FlaskClient, vendor: Vendor) -> None:
    page = get(ehr, chart_of(ehr))
    assert set(vendor.calls) == {"bare", "html", "strange", "failing", "no-json", "null", "elsewhere"}
    for said in (BARE["summary"], "&lt;b&gt;Not bold&lt;/b&gt;", "Unknown indicator", "Rewrite the chart"):
        assert str(said) in page
    for fault in ("Failing service: HTTP 500", "No JSON: HTTP 200", "Null cards: HTTP 200", "Elsewhere: HTTP 302"):
        assert fault in page
    assert "Traceback" not in page
    assert "Asked, and nothing to say" not in page


def test_nothing_of_a_card_can_act_in_the_page(ehr: FlaskClient) -> None:
    page = get(ehr, chart_of(ehr))
    for trap in ("steal()", "onclick", "tracker.example", "javascript:"):
        assert trap not in page
    assert "<b>bold</b>" in page
    assert 'href="https://html.example/p" rel="noopener noreferrer"' in page


def test_prefetch_holds_what_was_asked_under_the_vendors_keys_and_only_what_can_be_answered(
    ehr: FlaskClient, vendor: Vendor
) -> None:
    get(ehr, chart_of(ehr))
    sent = vendor.calls["html"]
    assert set(sent["prefetch"]) == {"pt", "a1c"}
    assert sent["prefetch"]["pt"]["resourceType"] == "Patient"
    assert len(sent["prefetch"]["a1c"]["entry"]) == 1
    assert (sent["hook"], sent["context"]["patientId"]) == ("patient-view", "demo-1")
    assert vendor.calls["bare"]["prefetch"] == {}
    instances = {call["hookInstance"] for call in vendor.calls.values()}
    assert len(instances) == len(vendor.calls)


def signing(ehr: FlaskClient) -> tuple[str, str]:
    """A chart with one draft, at the step in which it is signed."""
    chart = chart_of(ehr)
    post(ehr, f"{chart}/drafts", kind="tace", first="2026-11-24")
    return chart, get(ehr, f"{chart}/sign")


def key_of(page: str, summary: str) -> str:
    found = re.search(rf'id="card-order-sign-(\w+)">{summary}<', page)
    assert found
    return found[1]


def test_of_suggestions_that_exclude_each_other_one_is_taken_and_reported(ehr: FlaskClient, vendor: Vendor) -> None:
    chart, page = signing(ehr)
    card = {"hook": "order-sign", "card": key_of(page, "Choose one")}
    page = post(ehr, f"{chart}/cards/accept", **card, suggestion=["0", "1"])
    assert "Done: Cancel it" in page
    assert "Not signed yet" not in page
    (item,) = vendor.feedback
    assert (item["card"], item["acceptedSuggestions"]) == ("choice-1", [{"id": "cancel"}])


@pytest.mark.parametrize("number", ["1", "2", "9"])
def test_what_this_ehr_cannot_do_changes_nothing_answers_nothing_and_is_told(
    ehr: FlaskClient, vendor: Vendor, number: str
) -> None:
    chart, page = signing(ehr)
    before = get(ehr, chart)
    page = post(ehr, f"{chart}/cards/accept", hook="order-sign", card=key_of(page, "Choose one"), suggestion=number)
    assert "Nothing was changed" in page
    assert "is-settled" not in page
    assert vendor.feedback == []
    assert "Not signed" in post(ehr, f"{chart}/sign")
    after = get(ehr, chart)
    assert "Gout" not in after
    assert after.count("<li>") == before.count("<li>")


def test_of_suggestions_that_go_together_all_that_are_chosen_are_taken(ehr: FlaskClient, vendor: Vendor) -> None:
    chart, page = signing(ehr)
    assert page.count('type="checkbox"') == 3
    assert len(re.findall(r"<input[^>]*checked", page)) == 1  # the recommended one
    card = {"hook": "order-sign", "card": key_of(page, "Choose any")}
    page = post(ehr, f"{chart}/cards/accept", **card, suggestion=["0", "2"])
    assert ("Test a" in page, "Test b" in page, "Test c" in page) == (True, False, True)
    assert vendor.feedback[0]["acceptedSuggestions"] == [{"id": "a"}, {"id": "c"}]


def test_a_critical_card_must_be_answered_and_words_are_enough_where_it_lists_no_reason(
    ehr: FlaskClient, vendor: Vendor
) -> None:
    chart, page = signing(ehr)
    card = {"hook": "order-sign", "card": key_of(page, "Choose one")}
    assert "Not signed" in post(ehr, f"{chart}/sign")
    assert "give a reason" in post(ehr, f"{chart}/cards/override", **card, comment=" ")
    post(ehr, f"{chart}/cards/override", **card, comment="I know")
    assert vendor.feedback[0]["overrideReason"] == {"userComment": "I know"}
    assert "Signed orders: 1" in post(ehr, f"{chart}/sign")


def test_an_answered_card_is_asked_again_once_the_drafts_are_others(ehr: FlaskClient) -> None:
    chart, page = signing(ehr)
    answered = key_of(page, "Choose one")
    post(ehr, f"{chart}/cards/override", hook="order-sign", card=answered, comment="I know")
    post(ehr, f"{chart}/drafts", kind="tace", first="2026-11-25")
    page = get(ehr, f"{chart}/sign")
    assert key_of(page, "Choose one") != answered
    post(ehr, f"{chart}/drafts/drop", draft="ServiceRequest/ordered-2")
    page = get(ehr, f"{chart}/sign")
    assert key_of(page, "Choose one") == answered
    assert "is-settled" not in page
    assert "Not signed: " in post(ehr, f"{chart}/sign")


def test_a_card_that_is_told_twice_stands_there_twice(ehr: FlaskClient) -> None:
    chart, _ = signing(ehr)
    page = get(ehr, chart)
    keys = re.findall(r'<h3 id="card-order-select-(\w+)"', page)
    assert len(set(keys)) == len(keys) == 2
    page = post(ehr, f"{chart}/cards/override", hook="order-select", card=keys[1], comment="seen")
    assert re.findall(r'is-settled" aria-labelledby="card-order-select-(\w+)', page) == [keys[1]]


def test_a_card_without_an_id_is_set_aside_without_feedback(ehr: FlaskClient, vendor: Vendor) -> None:
    chart = chart_of(ehr)
    found = re.search(rf'id="card-patient-view-(\w+)">{BARE["summary"]}<', get(ehr, chart))
    assert found
    page = post(ehr, f"{chart}/cards/override", hook="patient-view", card=found[1], comment="seen")
    assert "Overridden" in page
    assert vendor.feedback == []


def test_the_inspector_shows_a_failure_as_it_came(ehr: FlaskClient) -> None:
    get(ehr, chart_of(ehr))
    page = get(ehr, "/calls")
    assert "Traceback (most recent call last)" in page
    assert "&lt;html&gt;" in page
    number = re.search(r"/calls/(\d+)/request.json", page)
    assert number
    assert json.loads(get(ehr, f"/calls/{number[1]}/request.json"))["hook"] == "patient-view"


def test_a_service_that_is_not_there_is_told_and_asked_again() -> None:
    clock = DemoClock(datetime.fromisoformat("2026-11-22T09:00:00+09:00"))
    with nobody_listening() as port:
        nobody = f"http://127.0.0.1:{port}"
        client = create_ehr(EhrSettings(HERE, (nobody,)), clock, LOADED).test_client()
        chart = chart_of(client)
        page = get(client, chart)
        assert f"{nobody}/cds-services could not be reached" in page
        assert "Asked, and nothing to say" not in page
        assert "could not be reached" in post(client, f"{chart}/again")
        assert get(client, "/calls").count("· discovery") == 2
