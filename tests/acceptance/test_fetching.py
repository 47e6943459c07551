"""Data that the EHR did not send are fetched from its server; what cannot be had is never taken for absent."""

import gzip
import json
import subprocess
import sys

import pytest

from cds_service.web.discovery import PREFETCH
from fhir_profiles.record import SourceState
from tests.acceptance import AS_OF, PATIENT, bilirubin, states, verdict
from tests.fetch_calls import (
    BASE,
    CHART,
    FAILURE,
    NEEDED,
    OTHERS,
    TOKEN,
    Answer,
    Ehr,
    allergies,
    answered,
    fetching_call,
    fetching_client,
    page,
    shown,
)
from tests.http_calls import (
    SERVICE,
    Json,
    assessment_of,
    cards_of,
    client,
    hook_request,
    open_chart,
    prefetch_of,
    problem_of,
    query_of,
    searchset,
    simple_chart,
)
from tests.order_calls import ORDER_SIGN, checked, enrolled_chart, order_request, sorafenib, tace

EVERYBODY = [{"relation": "self", "url": f"{BASE}/AllergyIntolerance?_count=200"}]


def test_a_chart_of_which_nothing_is_sent_is_judged_as_if_all_of_it_were() -> None:
    (card,) = open_chart(CHART)
    with Ehr(CHART) as ehr:
        assert shown(fetching_call(CHART)) == assessment_of(card)
    assert ehr.keys == list(PREFETCH)


def test_only_what_lacks_is_asked_for() -> None:
    with Ehr(CHART) as ehr:
        request = fetching_call(CHART, set(PREFETCH) - {"allergies", "procedures", "encounters"})
        request["prefetch"] |= {"procedures": None, "encounters": FAILURE}
        assert states(shown(request))["encounters"] == "supplied"
    assert ehr.paths == [f"{query_of(key, 'p1')}&_count=200" for key in ("allergies", "encounters")]


def test_a_call_that_brings_everything_asks_nobody() -> None:
    with Ehr(CHART) as ehr:
        shown(fetching_call(CHART, PREFETCH))
    assert ehr.asked == []


def test_every_request_bears_the_token_and_asks_to_be_told_of_what_is_not_understood() -> None:
    with Ehr(CHART) as ehr:
        shown(fetching_call(CHART))
    for one in ehr.asked:
        assert one.method == "GET"
        assert one.headers["Authorization"] == f"Bearer {TOKEN}"
        assert one.headers["Accept"] == "application/fhir+json"
        assert one.headers["Prefer"] == "handling=strict"
        assert TOKEN not in str(one.url)


@pytest.mark.parametrize(
    "instead",
    [
        *(answered(FAILURE, status) for status in (400, 401, 403, 404, 410, 422, 500, 502)),
        answered("", 302, Location="https://other.example/"),
        answered(FAILURE),
        answered({**FAILURE, "issue": [{"severity": "warning", "code": "not-supported"}]}),
        answered(searchset([FAILURE])),
        answered("<!DOCTYPE html><html></html>"),
        answered(""),
        answered("null"),
        answered("[]"),
        answered(json.dumps(searchset((), "AllergyIntolerance?patient=p1"))[:-3]),
        answered(b"\xff\xfe{}"),
        answered("[" * 100_000),
        answered(PATIENT),
        answered({"resourceType": "Bundle", "type": "collection"}),
        answered(searchset((), link=EVERYBODY)),
        answered(searchset((), "AllergyIntolerance?patient=p2")),
        answered(searchset((), "AllergyIntolerance?patient=p1,p2&_count=200")),
        answered(searchset((), "AllergyIntolerance?patient=p1"), Content_Encoding="br"),
    ],
    ids=range(25),
)
def test_an_answer_that_is_none_is_not_taken_for_no_allergy(instead: Answer) -> None:
    assert (
        allergies((instead[0], {k.replace("_", "-"): v for k, v in instead[1].items()}, instead[2])) == "not-supplied"
    )


@pytest.mark.parametrize("key", ["conditions", "observations", "patient"])
@pytest.mark.parametrize(
    "instead", [answered(FAILURE, 403), answered(FAILURE), answered("<html>"), answered({**PATIENT, "id": "p2"})]
)
def test_needed_data_that_cannot_be_had_are_412_and_named(key: str, instead: Answer) -> None:
    with Ehr(CHART, **{key: instead}):
        issue = problem_of(fetching_client().post(SERVICE, json=fetching_call(CHART)), 412)
    named = issue["diagnostics"].partition(": ")[2]
    assert [one for one in NEEDED if one in named] == [key]


def test_an_empty_answer_is_an_answer_though_it_says_so_in_words() -> None:
    nothing: Json = {
        "resourceType": "OperationOutcome",
        "issue": [{"severity": "information", "code": "informational"}],
    }
    for entries in ([], [nothing]):
        assert allergies(answered(searchset(entries, "AllergyIntolerance?patient=p1"))) == "supplied"


@pytest.mark.parametrize("whose", ["patient=p1", "patient=Patient/p1", "patient%3APatient=p1", "subject=Patient%2Fp1"])
def test_the_patient_of_a_self_link_may_be_written_in_several_ways(whose: str) -> None:
    assert allergies(answered(searchset((), f"AllergyIntolerance?{whose}&_count=200"))) == "supplied"


def test_a_packed_answer_is_unpacked() -> None:
    packed = gzip.compress(json.dumps(searchset((), "AllergyIntolerance?patient=p1")).encode())
    assert allergies((200, {"Content-Encoding": "gzip"}, packed)) == "supplied"


def test_a_server_that_gives_records_of_others_is_not_believed_and_they_are_dropped_and_counted() -> None:
    answer = answered(searchset([OTHERS], "AllergyIntolerance?patient=p1"))
    with Ehr(CHART, allergies=answer):
        found = shown(fetching_call(CHART, NEEDED))
    assert states(found)["allergies"] == "in-part"
    assert verdict(found, "E22") == "unknown"
    assert "AllergyIntolerance/x" in [one["reference"] for one in found["dataQuality"]]


@pytest.mark.parametrize("identity", ["p2", None])
@pytest.mark.parametrize("key", ["allergies", "conditions"])
def test_a_patient_beside_the_records_who_is_not_ours_is_dropped_and_counted(
    key: str, identity: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    given = prefetch_of(CHART)[key]
    given["entry"].append({"resource": {**PATIENT, "id": identity, "birthDate": "2020-01-01"}})
    with Ehr(CHART, **{key: answered(given)}), caplog.at_level("INFO"):
        found = shown(fetching_call(CHART, ["patient", "observations"]))
    assert states(found)[key] == "in-part"
    (line,) = [record.__dict__["fields"] for record in caplog.records if record.getMessage() == "fetch"]
    assert (line["outcomes"][key], line["others"]) == ("another-patient", 1)


def test_our_patient_beside_the_records_is_no_other() -> None:
    ours: Json = {**OTHERS, "patient": {"reference": "Patient/p1"}}
    assert allergies(answered(searchset([ours, PATIENT], "AllergyIntolerance?patient=p1"))) == "supplied"


@pytest.mark.parametrize("identity", ["p2", None])
def test_another_patient_beside_prefetched_records_is_400(identity: str | None) -> None:
    request = hook_request(CHART)
    request["prefetch"]["allergies"]["entry"].append({"resource": {**PATIENT, "id": identity}})
    issue = problem_of(client().post(SERVICE, json=request), 400)
    assert issue["expression"] == ["prefetch.patient"]


@pytest.mark.parametrize(("status", "state"), [(404, "supplied"), (403, "in-part"), (500, "in-part"), (200, "in-part")])
def test_what_adds_to_a_source_is_no_gap_where_the_server_has_none_of_it(status: int, state: str) -> None:
    with Ehr(CHART, medicationStatements=answered(FAILURE, status)):
        found = shown(fetching_call(CHART, [*NEEDED, "medicationRequests"]))
    assert states(found)["medications"] == state


def test_a_server_that_is_busy_is_asked_once_more_where_there_is_time() -> None:
    good = page([])
    busy = [answered(FAILURE, status, **{"Retry-After": wait}) for status, wait in ((429, "0"), (503, "0"))]
    date = "Sun, 22 Nov 2026 09:00:00 GMT"
    assert allergies([busy[0], good]) == "supplied"
    assert allergies([busy[1], good]) == "supplied"
    assert allergies([answered(FAILURE, 503), good]) == "supplied"
    assert allergies([answered(FAILURE, 503, **{"Retry-After": date, "Date": date}), good]) == "supplied"
    assert allergies([*busy, good]) == "not-supplied"
    assert allergies([answered(FAILURE, 503, **{"Retry-After": "60"}), good]) == "not-supplied"
    later = {"Retry-After": "Sun, 22 Nov 2026 09:01:00 GMT", "Date": date}
    assert allergies([answered(FAILURE, 429, **later), good]) == "not-supplied"


def order_call(*drafts: object) -> Json:
    request = order_request(drafts, enrolled_chart())
    return {**fetching_call(enrolled_chart()), **request, "prefetch": {}}


def test_an_order_that_no_rule_concerns_fetches_nothing() -> None:
    with Ehr(enrolled_chart()) as ehr:
        assert checked(order_call({"resourceType": "NutritionOrder", "id": "n"}), fetching_client()) == []
    assert ehr.asked == []


def test_the_card_of_an_order_is_the_same_from_fetched_data_the_order_to_end_included() -> None:
    for draft in (tace("2026-12-20"), sorafenib(start="2026-10-21")):
        with Ehr(enrolled_chart()):
            fetched = checked(order_call(draft), fetching_client())
        assert fetched == checked(order_request([draft], enrolled_chart()))
        assert fetched


def test_needed_data_of_an_order_that_cannot_be_had_are_412() -> None:
    with Ehr(enrolled_chart(), conditions=answered(FAILURE, 500)):
        issue = problem_of(fetching_client().post(ORDER_SIGN, json=order_call(tace())), 412)
    assert "conditions" in issue["diagnostics"]


def test_a_call_of_the_same_patient_later_is_fetched_anew() -> None:
    caller = fetching_client()
    for value, expected in ((1.1, "satisfied"), (9.9, None)):
        with Ehr(simple_chart(bilirubin(value))):
            cards = cards_of(caller.post(SERVICE, json=fetching_call(CHART)))
        assert [verdict(assessment_of(card), "E5b") for card in cards] == ([expected] if expected else [])


def test_the_sources_say_how_far_they_were_read() -> None:
    assert set(states(shown(hook_request(CHART))).values()) == {SourceState.SUPPLIED.value}


def test_discovery_says_what_may_be_fetched_and_what_must_be_sent() -> None:
    for caller, expected in ((client(), "Prefetch is required"), (fetching_client(), "fhirAuthorization")):
        for one in caller.get("/cds-services").get_json()["services"]:
            assert expected in one["usageRequirements"]


_FETCHES_NOTHING = """
import sys
from cds_service.app import create_app
from cds_service.settings import Fetching, Settings, read_clock
clock = read_clock(sys.argv[1])
caller = create_app(Settings(fetching=Fetching(fhir_origins=("https://ehr.example",))), lambda: clock).test_client()
answer = caller.post(sys.argv[2], data=sys.stdin.buffer.read(), content_type="application/json")
print(answer.status_code, sorted({"requests", "urllib3", "cds_service.web.wire"} & set(sys.modules)))
"""


def test_a_service_that_fetches_nothing_loads_no_http_client() -> None:
    ran = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", _FETCHES_NOTHING, AS_OF, SERVICE],
        input=json.dumps(fetching_call(CHART, PREFETCH)).encode(),
        capture_output=True,
        check=True,
    )
    assert ran.stdout.decode() == "200 []\n"
