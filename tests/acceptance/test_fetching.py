"""Data that the EHR did not send are fetched from its server; what cannot be had is never taken for absent."""

import gzip
import json
import logging
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import pytest

from cds_service.web.discovery import PREFETCH
from fhir_profiles.record import SourceState
from tests.acceptance import AS_OF, CANCER, PATIENT, bilirubin, bundle, condition, states, verdict
from tests.acceptance.test_metrics import counted
from tests.fetch_calls import BASE, TOKEN, Answer, Ehr, answered, fetching_call, fetching_client, fetching_service
from tests.http_calls import (
    METASTASIS,
    SERVICE,
    Json,
    assessment_of,
    cards_of,
    client,
    hook_request,
    open_chart,
    problem_of,
    query_of,
    searchset,
    simple_chart,
)
from tests.order_calls import ORDER_SIGN, checked, enrolled_chart, order_request, sorafenib, tace

CHART = simple_chart(bilirubin(1.1))
NEEDED = ("patient", "conditions", "observations")
EVERYBODY = [{"relation": "self", "url": f"{BASE}/AllergyIntolerance?_count=200"}]
FAILURE: Json = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "exception"}]}
OTHERS: Json = {"resourceType": "AllergyIntolerance", "id": "x", "patient": {"reference": "Patient/p2"}}


def shown(request: Json, **limits: Any) -> Json:  # noqa: ANN401 - whatever a limit is
    """The assessment on the one card that a call gets."""
    (card,) = cards_of(fetching_client(**limits).post(SERVICE, json=request))
    return assessment_of(card)


def allergies(instead: Answer | list[Answer], **limits: Any) -> str:  # noqa: ANN401 - as above
    """What the card says of the allergies where the server answers so."""
    with Ehr(CHART, allergies=instead):
        found = shown(fetching_call(CHART, NEEDED), **limits)
    if states(found)["allergies"] != "supplied":
        assert verdict(found, "E22") == "unknown"
    return states(found)["allergies"]


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
    assert [one for one in NEEDED if one in issue["diagnostics"]] == [key]


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


def page(entries: Sequence[object], link: str | None = None, total: int | None = None) -> Answer:
    links = [{"relation": "self", "url": f"{BASE}/AllergyIntolerance?patient=p1"}]
    following = [{"relation": "next", "url": link}] if link else []
    counted_by_server = len(entries) if total is None else total
    return answered(searchset(entries, link=links + following) | {"total": counted_by_server})


ALLERGY: Json = {
    "resourceType": "AllergyIntolerance",
    "id": "a",
    "patient": {"reference": "Patient/p1"},
    "clinicalStatus": {"coding": [{"code": "active"}]},
    "code": {"text": "sorafenib"},
}


@pytest.mark.parametrize(
    "link",
    [
        f"{BASE}/AllergyIntolerance?page=2",
        f"{BASE}?_getpages=AllergyIntolerance",
        "AllergyIntolerance?patient=p1&page=2",
        "/fhir/AllergyIntolerance?page=2",
    ],
)
def test_the_next_page_is_read_too(link: str) -> None:
    with Ehr(CHART, allergies=[page([], link), page([ALLERGY], total=9)]):
        found = shown(fetching_call(CHART, NEEDED))
    assert states(found)["allergies"] == "supplied"
    assert verdict(found, "E22") == "unknown", "the drug is mentioned on the second page"


@pytest.mark.parametrize(
    "link",
    [
        "https://other.example/fhir/AllergyIntolerance?page=2",
        "http://ehr.example/fhir/AllergyIntolerance?page=2",
        "https://ehr.example:444/fhir/AllergyIntolerance?page=2",
        "https://ehr.example/other/AllergyIntolerance?page=2",
        "https://ehr.example/fhirish/AllergyIntolerance?page=2",
        f"{BASE}/../other/AllergyIntolerance",
        f"{BASE}/%2e%2e/other/AllergyIntolerance",
        f"{BASE}/..%2fother/AllergyIntolerance",
        "https://ehr.example@other.example/fhir/AllergyIntolerance",
        f"{BASE}/AllergyIntolerance#2",
        "https://[ehr.example/fhir/AllergyIntolerance",
        "javascript:alert(1)",
    ],
)
def test_a_page_elsewhere_is_not_read_and_its_source_is_in_part(link: str) -> None:
    with Ehr(CHART, allergies=[page([], link)]) as ehr:
        found = shown(fetching_call(CHART, NEEDED))
    assert states(found)["allergies"] == "in-part"
    assert verdict(found, "E22") == "unknown"
    assert ehr.keys.count("allergies") == 1


SECOND = f"{BASE}/AllergyIntolerance?page=2"


@pytest.mark.parametrize(
    "second",
    [
        answered(FAILURE, 500),
        answered(FAILURE, 404),
        answered(FAILURE),
        answered("<html>"),
        page([], SECOND),
        answered(bundle(kind="collection")),
    ],
)
def test_a_page_that_cannot_be_read_leaves_its_source_in_part(second: Answer) -> None:
    assert allergies([page([], SECOND), second]) == "in-part"


def test_a_failed_search_on_a_later_page_fails_the_whole() -> None:
    assert allergies([page([], SECOND), page([FAILURE])]) == "not-supplied"


def test_pages_are_read_up_to_a_limit() -> None:
    pages = [page([], f"{BASE}/AllergyIntolerance?page={at}") for at in range(9)]
    assert allergies(pages[:3], pages=3) == "in-part"
    assert allergies([*pages[:2], page([])], pages=3) == "supplied"


def test_resources_and_bytes_are_read_up_to_a_limit() -> None:
    many = [{**ALLERGY, "id": str(at)} for at in range(50)]
    assert allergies([page(many[:5], SECOND), page(many[5:])], resources=20) == "in-part"
    assert allergies(page(many), resources=20) == "not-supplied"
    assert allergies([page(many[:5], SECOND), page(many[5:] * 9)], bytes=20_000) == "in-part"


def test_a_server_that_counts_more_than_it_gives_is_read_in_part() -> None:
    assert allergies(page([ALLERGY], total=2)) == "in-part"
    assert allergies(page([ALLERGY], total=1)) == "supplied"


def test_the_pages_that_a_prefetched_search_has_beyond_the_first_are_fetched() -> None:
    request = fetching_call(CHART, set(PREFETCH) - {"allergies"})
    request["prefetch"]["allergies"] = json.loads(page([], SECOND)[2])
    with Ehr(CHART, allergies=[page([ALLERGY])]) as ehr:
        found = shown(request)
    assert ehr.paths == ["AllergyIntolerance?page=2"]
    assert states(found)["allergies"] == "supplied"
    with Ehr(CHART, allergies=[answered(FAILURE, 500)]):
        assert states(shown(request))["allergies"] == "in-part"


@pytest.mark.parametrize(("status", "state"), [(404, "supplied"), (403, "in-part"), (500, "in-part"), (200, "in-part")])
def test_what_adds_to_a_source_is_no_gap_where_the_server_has_none_of_it(status: int, state: str) -> None:
    with Ehr(CHART, medicationStatements=answered(FAILURE, status)):
        found = shown(fetching_call(CHART, [*NEEDED, "medicationRequests"]))
    assert states(found)["medications"] == state


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        ("patient/*.read", "supplied"),
        ("user/*.*", "supplied"),
        ("system/*.rs", "supplied"),
        ("patient/AllergyIntolerance.read", "supplied"),
        ("patient/AllergyIntolerance.cruds", "supplied"),
        ("patient/AllergyIntolerance.s", "supplied"),
        ("patient/AllergyIntolerance.rs?clinical-status=active", "in-part"),
        ("patient/AllergyIntolerance.rs?clinical-status=active user/AllergyIntolerance.rs", "supplied"),
        ("patient/AllergyIntolerance.r", None),
        ("patient/AllergyIntolerance.write", None),
        ("patient/Observation.read", None),
        ("patient/AllergyIntolerance", None),
        ("launch/patient openid fhirUser", None),
        ("", None),
        (None, None),
    ],
)
def test_a_search_outside_the_scopes_is_not_made_and_one_wider_than_them_is_in_part(
    scope: str | None, expected: str | None
) -> None:
    with Ehr(CHART) as ehr:
        found = shown(fetching_call(CHART, set(PREFETCH) - {"allergies"}, scope=scope))
    assert states(found)["allergies"] == (expected or "not-supplied")
    assert ehr.keys == ([] if expected is None else ["allergies"])


def test_the_patient_is_read_by_the_right_to_read() -> None:
    for scope, asked in (("patient/Patient.r", True), ("patient/Patient.s", False)):
        with Ehr(CHART) as ehr:
            problem_of(fetching_client().post(SERVICE, json=fetching_call(CHART, scope=scope)), 412)
        assert ehr.keys == (["patient"] if asked else [])


@pytest.mark.parametrize(
    "change",
    [
        {"fhirAuthorization": None},
        {"fhirAuthorization": "Bearer"},
        {"fhirAuthorization": {**fetching_call(CHART)["fhirAuthorization"], "token_type": "mac"}},
        {"fhirAuthorization": {**fetching_call(CHART)["fhirAuthorization"], "token_type": ["Bearer"]}},
        {"fhirAuthorization": {**fetching_call(CHART)["fhirAuthorization"], "access_token": "a\r\nX: b"}},
        {"fhirAuthorization": {**fetching_call(CHART)["fhirAuthorization"], "access_token": ""}},
        {"fhirAuthorization": {**fetching_call(CHART)["fhirAuthorization"], "expires_in": 0}},
        {"fhirAuthorization": {**fetching_call(CHART)["fhirAuthorization"], "expires_in": -5}},
        {"fhirAuthorization": {**fetching_call(CHART)["fhirAuthorization"], "expires_in": "soon"}},
        {"fhirServer": None},
        {"fhirServer": 7},
        {"fhirServer": ""},
        {"fhirServer": "ehr.example/fhir"},
        {"fhirServer": "http://ehr.example/fhir"},
        {"fhirServer": "https://other.example/fhir"},
        {"fhirServer": "https://ehr.example.other.example/fhir"},
        {"fhirServer": "https://ehr.example@other.example/fhir"},
        {"fhirServer": "https://ehr.example:8443/fhir"},
        {"fhirServer": "https://ehr.example/fhir?tenant=1"},
        {"fhirServer": "https://ehr.example/fhir#x"},
        {"fhirServer": "https://ehr.example/fhir/../admin"},
        {"fhirServer": "https://169.254.169.254/latest"},
        {"fhirServer": "https://[ehr.example/fhir"},
        {"fhirServer": "https://ehr.example/" + "x" * 2000},
    ],
    ids=range(24),
)
def test_without_a_good_token_or_an_agreed_server_nobody_is_asked_and_the_call_goes_on(change: Json) -> None:
    with Ehr(CHART) as ehr:
        sent = fetching_call(CHART, NEEDED) | change
        assert states(shown(sent))["allergies"] == "not-supplied"
        problem_of(fetching_client().post(SERVICE, json={**sent, "prefetch": {}}), 412)
    assert ehr.asked == []


@pytest.mark.parametrize("hook", ["patient-view", "order-sign"])
def test_a_token_for_another_patient_is_400_and_nobody_is_asked(hook: str) -> None:
    request = fetching_call(CHART, NEEDED, patient="p2")
    if hook == "order-sign":
        request = {**order_request([tace()], enrolled_chart()), "fhirAuthorization": request["fhirAuthorization"]}
    address = SERVICE if hook == "patient-view" else ORDER_SIGN
    with Ehr(CHART) as ehr:
        issue = problem_of(fetching_client().post(address, json=request), 400)
    assert issue["expression"] == ["fhirAuthorization.patient"]
    assert "p2" not in issue["diagnostics"]
    assert ehr.asked == []


@pytest.mark.parametrize("patient", ["p1", "Patient/p1"])
def test_a_token_for_this_patient_is_used(patient: str) -> None:
    with Ehr(CHART) as ehr:
        shown(fetching_call(CHART, NEEDED, patient=patient))
    assert ehr.asked


@pytest.mark.parametrize("patient", ["..", ".", "p1/../p2", "p1?x=y", "p1&patient=p2", "p1%20", "p" * 65, "p 1"])
def test_an_id_that_could_mean_something_else_in_an_address_is_not_asked_for(patient: str) -> None:
    request = fetching_call(CHART)
    request["context"]["patientId"] = patient
    with Ehr(CHART) as ehr:
        problem_of(fetching_client().post(SERVICE, json=request), 412)
    assert ehr.asked == []


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


def test_the_log_and_the_metrics_tell_what_came_of_each_key(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    caller = fetching_service()
    denied, cut, mixed = answered(FAILURE, 403), page([], "https://other.example/"), answered(searchset([OTHERS]))
    with Ehr(CHART, allergies=denied, procedures=cut, encounters=mixed):
        cards_of(caller.post(SERVICE, json=fetching_call(CHART, scope="patient/*.read")))
    (line,) = [record.__dict__["fields"] for record in caplog.records if record.getMessage() == "fetch"]
    expected = dict.fromkeys(PREFETCH, "fetched")
    expected |= {"allergies": "denied", "procedures": "in-part", "encounters": "another-patient"}
    assert line["outcomes"] == expected
    assert line["others"] == 1
    assert line["bytes"] > 1000
    assert set(line) == {"trace", "outcomes", "ms", "bytes", "others"}
    assert counted(caller, "cotsom_fetches") == dict.fromkeys(expected.items(), 1)


def test_a_server_that_is_not_agreed_on_is_told_and_not_named(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    caller = fetching_service()
    cards_of(caller.post(SERVICE, json=fetching_call(CHART, set(PREFETCH) - {"allergies"}, "https://other.example/f")))
    assert counted(caller, "cotsom_fetches") == {("allergies", "not-allowed"): 1}
    (line,) = [record.__dict__["fields"] for record in caplog.records if record.getMessage() == "fetch"]
    assert line["outcomes"] == {"allergies": "not-allowed"}
    assert "other.example" not in caplog.text


def test_nothing_of_the_token_or_the_patient_is_written_anywhere(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    person = {**PATIENT, "name": [{"family": "Lebensztejn"}]}
    chart = bundle(person, condition(CANCER), condition(METASTASIS), bilirubin(7.7319))
    caller = fetching_client()
    for instead in (
        answered(FAILURE, 500),
        answered("<html>Lebensztejn"),
        page([], "https://other.example/Lebensztejn"),
    ):
        with Ehr(chart, conditions=instead, allergies=instead):
            answer = caller.post(SERVICE, json=fetching_call(chart))
    written = caplog.text + "".join(str(record.__dict__) for record in caplog.records) + caller.get("/metrics").text
    for mark in (TOKEN, "Lebensztejn", "1968-04-12", "7.7319", "Patient/p1", "patient=p1"):
        assert mark not in written
    assert TOKEN not in answer.text
    assert "Lebensztejn" not in answer.text


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
