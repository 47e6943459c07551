"""An EHR opens a chart and a card comes back, or nothing (rulebook 8.3)."""

import json
import re
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from cards.documents import assessment_document
from cds_service.catalogues import languages, load_words
from cds_service.web.discovery import PREFETCH
from tests.acceptance import AS_OF, BRAIN, CANCER, PATIENT, bilirubin, bundle, condition, states
from tests.acceptance.test_vignettes import ELIGIBILITY, STEPS, judge, product
from tests.cards_golden import golden_cards, golden_charts, golden_file
from tests.http_calls import (
    EXTENSION,
    METASTASIS,
    SERVICE,
    Json,
    assessment_of,
    cards_of,
    client,
    hollow,
    hook_request,
    open_chart,
    problem_of,
    searchset,
    service,
    simple_chart,
)
from tests.order_calls import enrolled_chart, tace

QUALIFYING = ("potentially-eligible", "eligible-pending-confirmation")


def cards_of_vignette(vignette: Json) -> list[Json]:
    caller = client(vignette["asOf"], vignette["timeZone"])
    return cards_of(caller.post(SERVICE, json=hook_request(vignette["bundle"], vignette["supplied"])))


def steps_shown(vignette: Json) -> set[str]:
    """The steps that are due or overdue, or begin within seven days."""
    assessment = judge(vignette)
    soon = assessment.moment.day + timedelta(days=7)
    return {
        step.id
        for step in assessment.steps
        if step.state in ("due", "overdue") or (step.state == "upcoming" and step.window and step.window[0] <= soon)
    }


def is_owed_a_card(vignette: Json) -> bool:
    expected = vignette["expect"]
    if expected["status"] in ("enrolled", "follow-up"):
        return bool(steps_shown(vignette))
    earliest = expected.get("earliestEligibleDate")
    if expected["status"] == "ineligible" and earliest:
        return date.fromisoformat(earliest) <= date.fromisoformat(vignette["asOf"][:10]) + timedelta(days=60)
    return expected["status"] in QUALIFYING


@pytest.mark.parametrize("file", ELIGIBILITY + STEPS, ids=lambda file: file.stem)
def test_a_chart_gets_the_card_or_the_silence_that_its_status_demands(file: Path) -> None:
    vignette = json.loads(file.read_text(encoding="utf-8"))
    assert len(cards_of_vignette(vignette)) == is_owed_a_card(vignette), vignette["why"]


@pytest.mark.parametrize("file", ELIGIBILITY, ids=lambda file: file.stem)
def test_a_card_says_of_every_line_what_the_judging_says(file: Path) -> None:
    vignette = json.loads(file.read_text(encoding="utf-8"))
    judged = json.loads(json.dumps(assessment_document(judge(vignette), load_words("en", product().protocol.titles))))
    for card in cards_of_vignette(vignette):
        shown = {line["id"]: line for line in assessment_of(card)["criteria"]}
        for line in judged["criteria"]:
            left_out = line["verdict"] == "presumed" or (line["verdict"] == "satisfied" and not line["evidence"])
            if left_out:
                assert line["id"] not in shown
            else:
                assert {name: shown[line["id"]][name] for name in ("verdict", "reason")} == {
                    name: line[name] for name in ("verdict", "reason")
                }
        for name in ("status", "missing", "sources", "patient", "asOf"):
            assert (assessment_of(card).get(name) or None) == (judged[name] or None)


@pytest.mark.parametrize("file", STEPS, ids=lambda file: file.stem)
def test_the_card_of_an_enrolled_patient_names_the_steps_of_today_and_no_other(file: Path) -> None:
    vignette = json.loads(file.read_text(encoding="utf-8"))
    cards = [card for card in cards_of_vignette(vignette) if card["source"]["topic"]["code"] == "protocolstep"]
    if vignette["expect"]["status"] not in ("enrolled", "follow-up"):
        assert cards == []
        return
    named = {name for card in cards for name in re.findall(r"\((NEXT-\d\d)\)$", card["detail"], re.MULTILINE)}
    assert named == steps_shown(vignette)
    expected = vignette["expect"]["steps"]
    assert named >= {name for name, step in expected.items() if step["state"] in ("due", "overdue")}, vignette["why"]
    assert not named & {name for name, step in expected.items() if step["state"] in ("done", "unknown")}
    assert not named & set(vignette["expect"].get("quiet", ())), vignette["why"]
    for card in cards:
        assert len(card["summary"]) < 140
        urgent = any(one["state"] == "overdue" or "degree" in one for one in assessment_of(card)["steps"])
        assert card["indicator"] == ("warning" if urgent else "info")


def test_how_far_ahead_a_step_is_shown_is_the_sites_to_decide() -> None:
    chart = enrolled_chart(tace("2026-12-02", id="planned", status="active"))
    for days, owed in ((6, False), (7, True), (30, True)):
        cards = open_chart(chart, service(remind_ahead_days=days).test_client())
        assert ("NEXT-04" in json.dumps([card["detail"] for card in cards])) == owed


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("name", sorted(golden_charts()))
def test_the_cards_of_known_patients_are_as_written_down(name: str, language: str) -> None:
    file = golden_file(name, language)
    assert file.exists(), "write it with `make docs`"
    assert json.loads(file.read_text(encoding="utf-8")) == golden_cards(name, language)


def test_the_fields_that_a_card_must_have_are_there() -> None:
    (card,) = open_chart(simple_chart())
    assert len(card["summary"]) < 140
    assert "COTSOM" in card["summary"]
    assert card["indicator"] == "info"
    assert card["source"]["topic"]["code"].isalnum()
    assert all(reason["display"] for reason in card["overrideReasons"])
    assert card["extension"][EXTENSION]["trial"] == "NCT02311205"


def test_a_summary_stays_short_whatever_is_missing() -> None:
    request = hook_request(simple_chart(), ("patient", "conditions", "observations"))
    (card,) = cards_of(client().post(SERVICE, json=request))
    assert len(card["summary"]) < 140


@pytest.mark.parametrize("chart", [simple_chart(), bundle(PATIENT)], ids=["cancer", "nothing"])
def test_nothing_in_an_answer_is_null_or_empty(chart: Json) -> None:
    assert list(hollow(open_chart(chart))) in ([], ["$"])


def test_a_worksheet_is_linked_where_the_site_has_one() -> None:
    caller = service(worksheet="https://sheet.example/launch").test_client()
    (card,) = open_chart(simple_chart(), caller)
    assert [link["url"] for link in card["links"]] == ["https://sheet.example/launch"]
    assert "links" not in open_chart(simple_chart())[0]


def test_the_same_call_gives_the_same_card_to_the_byte() -> None:
    request = hook_request(simple_chart())
    first, second = (client().post(SERVICE, json=request) for _ in range(2))
    assert first.data == second.data


def test_the_uuid_follows_the_call_and_the_facts() -> None:
    request = hook_request(simple_chart())
    first = cards_of(client().post(SERVICE, json=request))[0]["uuid"]
    other_call = cards_of(client().post(SERVICE, json={**request, "hookInstance": "another"}))[0]["uuid"]
    other_facts = open_chart(simple_chart(bilirubin(1.1)))[0]["uuid"]
    assert UUID(first).version == 5
    assert len({first, other_call, other_facts}) == 3


def test_a_traceparent_is_honoured() -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    headers = {"traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
    answer = client().post(SERVICE, json=hook_request(simple_chart()), headers=headers)
    assert answer.headers["X-Trace-Id"] == trace
    assert cards_of(answer)[0]["extension"][EXTENSION]["traceId"] == trace


@pytest.mark.parametrize("given", ["00-abc-def-01", "garbage", f"00-{'0' * 32}-00f067aa0ba902b7-01"])
def test_a_malformed_traceparent_is_replaced(given: str) -> None:
    answer = client().post(SERVICE, json=hook_request(simple_chart()), headers={"traceparent": given})
    assert len(answer.headers["X-Trace-Id"]) == 32
    assert answer.headers["X-Trace-Id"] not in given


def test_another_patients_resource_is_dropped_and_told() -> None:
    foreign = condition(BRAIN, subject={"reference": "Patient/somebody-else"})
    (card,) = open_chart(simple_chart(foreign))
    assert [line["verdict"] for line in assessment_of(card)["criteria"] if line["id"] == "E4"] != ["violated"]
    assert f"Condition/{BRAIN}" in {one["reference"] for one in assessment_of(card)["dataQuality"]}


def outcome(severity: str, code: str = "exception") -> Json:
    return {"resourceType": "OperationOutcome", "issue": [{"severity": severity, "code": code}]}


def state_of(key: str, source: str, value: object) -> str:
    (card,) = open_chart(simple_chart(), None, **{key: value})
    return states(assessment_of(card))[source]


@pytest.mark.parametrize(
    ("value", "state"),
    [
        (None, "supplied"),
        (searchset(()), "supplied"),
        ({"resourceType": "Bundle", "type": "searchset"}, "supplied"),
        (searchset([outcome("warning", "not-found")]), "supplied"),
        (outcome("error"), "not-supplied"),
        (outcome("fatal"), "not-supplied"),
        (searchset([outcome("information", "not-supported")]), "not-supplied"),
        (searchset((), "AllergyIntolerance?status=active"), "not-supplied"),
        (searchset((), "AllergyIntolerance"), "not-supplied"),
        (searchset((), link=[{"relation": "next", "url": "https://ehr.example/fhir?page=2"}]), "in-part"),
    ],
)
def test_what_a_prefetch_value_says_of_its_source(value: object, state: str) -> None:
    assert state_of("allergies", "allergies", value) == state


def test_an_absent_key_only_leaves_lines_open() -> None:
    request = hook_request(simple_chart(), ("patient", "conditions", "observations"))
    (card,) = cards_of(client().post(SERVICE, json=request))
    assert states(assessment_of(card))["medications"] == "not-supplied"
    assert "medications" in card["detail"]


def test_a_failed_search_of_statements_is_a_gap_and_their_absence_none() -> None:
    assert state_of("medicationStatements", "medications", outcome("error")) == "in-part"
    request = hook_request(simple_chart())
    del request["prefetch"]["medicationStatements"]
    (card,) = cards_of(client().post(SERVICE, json=request))
    assert states(assessment_of(card))["medications"] == "supplied"


def test_two_patients_one_after_another_share_nothing() -> None:
    alone = open_chart(simple_chart())
    other: Json = {**PATIENT, "id": "p2", "gender": "female"}
    subject = {"reference": "Patient/p2"}
    own = (condition(CANCER, subject=subject), condition(METASTASIS, subject=subject))
    there = open_chart(bundle(other, *own, bilirubin(1.2, subject=subject)))
    assert open_chart(simple_chart()) == alone
    assert "p2" not in json.dumps(alone)
    assert "p1" not in json.dumps(there)


def test_a_body_as_a_demonstration_ehr_sends_it_lacks_what_is_needed(shared: Path) -> None:
    body = (shared / "cds-hooks" / "req-patient-view.json").read_bytes()
    issue = problem_of(client().post(SERVICE, data=body, content_type="application/json"), 412)
    assert "conditions" in issue["diagnostics"]
    assert "observations" in issue["diagnostics"]


def test_with_two_empty_searches_that_patient_gets_no_card(shared: Path) -> None:
    request = json.loads((shared / "cds-hooks" / "req-patient-view.json").read_bytes())
    request["prefetch"] |= {"conditions": searchset(()), "observations": searchset(())}
    assert cards_of(client().post(SERVICE, json=request)) == []


def test_what_ehrs_add_to_a_call_is_tolerated() -> None:
    request = hook_request(simple_chart())
    request |= {
        "fhirServer": "https://ehr.example/fhir",
        "fhirAuthorization": {"access_token": "x", "token_type": "Bearer", "expires_in": 1, "scope": "", "subject": ""},
        "extension": {"com.ehr": {"version": 3}},
        "user": None,
    }
    request["context"] |= {"encounterId": None, "com.ehr.more": [1]}
    request["prefetch"]["com.ehr.extra"] = {"anything": 1}
    assert len(cards_of(client().post(SERVICE, json=request))) == 1


def test_discovery_lists_every_service_with_all_that_a_client_needs() -> None:
    answer = client().get("/cds-services")
    assert answer.status_code == 200
    hooks = ("patient-view", "order-select", "order-sign")
    offered = answer.get_json()["services"]
    assert [(one["id"], one["hook"]) for one in offered] == [(f"cotsom-{hook}", hook) for hook in hooks]
    for one in offered:
        assert {"title", "description", "usageRequirements", "version", "hookVersion", "prefetch"} <= set(one)
        assert one["prefetch"] == PREFETCH
    assert list(hollow(answer.get_json())) == []


def test_health_readiness_and_metrics_answer() -> None:
    caller = service().test_client()
    assert caller.get("/healthz").get_json() == {"status": "alive"}
    assert caller.get("/readyz").get_json()["trial"] == "NCT02311205"
    open_chart(simple_chart(), caller)
    assert 'cotsom_cards_total{indicator="info",kind="trialmatch"} 1.0' in caller.get("/metrics").text


def test_the_day_is_that_of_the_site() -> None:
    chart = bundle(PATIENT, *(condition(name, onsetDateTime="2026-02-27") for name in (CANCER, METASTASIS)))
    (card,) = open_chart(chart, client("2026-03-01T23:30:00-05:00", "America/New_York"))
    assert assessment_of(card)["asOf"] == "2026-03-01T23:30:00-05:00"
    assert assessment_of(open_chart(simple_chart())[0])["asOf"] == AS_OF
