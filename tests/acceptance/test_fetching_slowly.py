"""A FHIR server that hangs, drips or hangs up costs a call its budget and no more, and nothing else of the service."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from threading import enumerate as all_threads
from time import perf_counter

import pytest
from flask.testing import FlaskClient

from cds_service.app import create_app
from cds_service.settings import Fetching, Settings, read_clock
from cds_service.web.discovery import PREFETCH
from cds_service.web.egress import Allowance, Budget, Egress
from cds_service.web.fetching import Searchers
from cds_service.web.fhir_client import Bounds, Search, Server, request_headers
from fhir_profiles.reading.context import Reading
from fhir_profiles.resources import Patient
from tests.acceptance import AS_OF, states
from tests.acceptance.test_vignettes import product
from tests.fetch_calls import fetching_call
from tests.http_calls import SERVICE, assessment_of, cards_of, hook_request, problem_of, simple_chart
from tests.loopback import Heard, Loopback, Speak, answer, speaking

CHART = simple_chart()
NEEDED = ("patient", "conditions", "observations")


def silent(heard: Heard) -> None:
    heard.server.over.wait()
    heard.connection.close()


def dripping(heard: Heard) -> None:
    heard.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/fhir+json\r\n\r\n")
    heard.drip(b" ")


def hung_up(heard: Heard) -> None:
    heard.connection.close()


def half(heard: Heard) -> None:
    heard.send(answer(b'{"resourceType": "Bundle", "type": "searchset", "entry": [')[:-3])
    heard.connection.close()


# Who never ends takes all of the budget: long enough to be heard on a busy machine, and no longer.
FAULTS = [(silent, 1.0), (dripping, 1.0), (hung_up, 20.0), (half, 20.0)]


def caller_of(server: Loopback, **limits: float) -> FlaskClient:
    fetching = Fetching(fhir_origins=(server.origin,), allow_http=True, **limits)  # type: ignore[arg-type]
    return create_app(Settings(fetching=fetching), lambda: read_clock(AS_OF)).test_client()


@pytest.mark.parametrize(("speak", "seconds"), FAULTS)
def test_the_call_is_answered_all_the_same(speak: Speak, seconds: float) -> None:
    with speaking(speak) as server:
        caller = caller_of(server, budget_seconds=seconds)
        (card,) = cards_of(caller.post(SERVICE, json=fetching_call(CHART, NEEDED, f"{server.origin}/fhir")))
        assert {one for one, state in states(assessment_of(card)).items() if state == "supplied"} == set(NEEDED)
        issue = problem_of(caller.post(SERVICE, json=fetching_call(CHART, (), f"{server.origin}/fhir")), 412)
        assert all(key in issue["diagnostics"] for key in NEEDED)
    assert server.requests


def test_the_server_is_told_the_trace_of_the_call() -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    headers = {"traceparent": f"00-{trace}-00f067aa0ba902b7-01", "tracestate": "vendor=secret"}
    with speaking(hung_up) as server:
        request = fetching_call(CHART, NEEDED, f"{server.origin}/fhir")
        caller = caller_of(server, budget_seconds=20.0)
        assert caller.post(SERVICE, json=request, headers=headers).status_code == 200
    assert server.requests
    assert all(re.search(rf"(?im)^traceparent: 00-{trace}-[0-9a-f]{{16}}-00\r?$", head) for head in server.requests)
    assert not [head for head in server.requests if "tracestate" in head.lower()]


def bounded(server: Loopback) -> tuple[Server, Bounds, Reading]:
    route = Egress.to((server.origin,), allow_http=True).route(server.origin)
    budget = Budget(perf_counter() + 20, 20, 20, Allowance(1000))
    reading = Reading(product().vocabulary, product().settings.zone, Patient(id="p1"), None)
    return Server(server.origin, route, request_headers("t", "0" * 31 + "1")), Bounds(budget, Allowance(10), 2), reading


@pytest.fixture
def hanging() -> Iterator[Loopback]:
    with speaking(silent) as server:
        yield server


def test_searches_that_find_no_place_are_not_begun_and_no_thread_is_made_for_them(hanging: Loopback) -> None:
    searchers, before = Searchers(threads=2), set(all_threads())
    search = Search("allergies", "AllergyIntolerance?patient=p1")
    started = [searchers.start(search, *bounded(hanging)) for _ in range(200)]
    places = [one for one in started if one is not None]
    assert started[: len(places)] == places, "once full it stays full"
    assert len(places) == 2 + 4 * len(PREFETCH)
    assert len([one for one in set(all_threads()) - before if one.name.startswith("fhir-search")]) == 2
    hanging.over.set()
    for one in places:
        one.result()
    assert searchers.start(search, *bounded(hanging)) is not None


def test_a_call_that_waits_for_a_server_lets_others_be_judged() -> None:
    heard = Event()

    def silent_once_heard(one: Heard) -> None:
        heard.set()
        silent(one)

    with speaking(silent_once_heard) as server, ThreadPoolExecutor() as pool:
        caller = caller_of(server, budget_seconds=40, connect_seconds=40, read_seconds=40)
        request = fetching_call(CHART, NEEDED, f"{server.origin}/fhir")
        waiting = pool.submit(caller.application.test_client().post, SERVICE, json=request)
        assert heard.wait(20)
        assert len(cards_of(caller.post(SERVICE, json=hook_request(CHART)))) == 1
        assert not waiting.done()
        server.over.set()
        assert len(cards_of(waiting.result())) == 1
