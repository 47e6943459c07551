"""EHRs that call an installation over and over: what they ask, and what is a right answer to it."""

import json
import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from itertools import chain
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import requests

from cds_service.commands.demonstrating import DRAFTS, PATIENTS
from tests.callers import bearer, claims, key_pair, signed
from tests.fhir_server import FhirServer, under_ids_of
from tests.http_calls import FEEDBACK, SERVICE, Json, client, hook_request
from tests.order_calls import ORDER_SIGN, order_request

CLIENTS: Final = 8
PATIENCE: Final = 120
_KEPT: Final = "researchSubjects"
"""What the FHIR server of the tests cannot search for, so that its EHR sends it."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call and its right answer. `fetched`: the patient's data are not sent, the service asks the server for them."""

    name: str
    path: str
    body: bytes
    expected: tuple[Json, ...]
    fetched: bool = False


def calls(server: FhirServer) -> tuple[Call, ...]:
    """Chart openings of every bundled patient, sent whole and to be fetched, orders to sign, and feedback."""
    made = [*_openings(server), *_orders()]
    card = next(one for call in made for one in call.expected)
    feedback = {"feedback": [{"card": card["uuid"], "outcome": "overridden"}]}
    return (*made, Call("feedback", FEEDBACK, json.dumps(feedback).encode(), ()))


def _openings(server: FhirServer) -> Iterator[Call]:
    for file in sorted(PATIENTS.glob("*.json")):
        chart = under_ids_of(f"load-{file.stem[:2]}", json.loads(file.read_text(encoding="utf-8")))
        server.put(chart)
        request = hook_request(chart)
        expected = _answer(SERVICE, request)
        yield Call("sent", SERVICE, json.dumps(request).encode(), expected)
        request["prefetch"] = {_KEPT: request["prefetch"][_KEPT]}
        request |= {"fhirServer": server.base, "fhirAuthorization": server.authorization}
        yield Call("fetched", SERVICE, json.dumps(request).encode(), expected, fetched=True)


def _orders() -> Iterator[Call]:
    for file in sorted(DRAFTS.glob("*.json")):
        chart = json.loads((PATIENTS / file.name).read_text(encoding="utf-8"))
        drafts = [entry["resource"] for entry in json.loads(file.read_text(encoding="utf-8"))["entry"]]
        request = order_request(drafts, chart)
        yield Call("order-sign", ORDER_SIGN, json.dumps(request).encode(), _answer(ORDER_SIGN, request))


def _answer(path: str, request: Json) -> tuple[Json, ...]:
    """What the service answers to the same call alone, with everything sent."""
    answer = client().post(path, json=request)
    assert answer.status_code == HTTPStatus.OK, answer.text
    return tuple(json.loads(answer.data)["cards"])


@dataclass
class Seen:
    """What the clients of a fleet were answered, by name of the call and status, and what was wrong with it."""

    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


def call_until(
    base: str, ends: float, number: int, given: tuple[Call, ...], headers: Callable[[str], Mapping[str, str]]
) -> Seen:
    """One client: calls in an order of its own, one after the other, until `ends` of `perf_counter`, and one at least.

    Clients one after the other begin with one kind of call after the other: all are made, however slow the machine is.
    """
    dice, seen = random.Random(number), Seen()  # noqa: S311 - dice, no secret
    kinds = sorted({one.name for one in given})
    begun = next(one for one in given if one.name == kinds[number % len(kinds)])
    with requests.Session() as session:
        for call in chain([begun], iter(lambda: dice.choice(given), None)):
            answer = session.post(base + call.path, call.body, headers=dict(headers(call.path)), timeout=PATIENCE)
            seen.answers[call.name, answer.status_code] += 1
            fault = what_is_wrong(call, answer)
            if fault:
                seen.wrong.append(f"{call.name}: {fault}")
            if perf_counter() > ends:
                break
    return seen


def what_is_wrong(call: Call, answer: requests.Response) -> str:
    """Nothing, for the right answer; where data are fetched, also for one that knows less or says what it lacks."""
    if call.path == FEEDBACK:
        return "" if answer.status_code == HTTPStatus.NO_CONTENT else str(answer.status_code)
    if call.fetched and answer.status_code == HTTPStatus.PRECONDITION_FAILED:
        return "" if "needed prefetch keys are missing" in answer.text else answer.text
    if answer.status_code != HTTPStatus.OK:
        return f"{answer.status_code} {answer.text}"
    cards = tuple(answer.json()["cards"])
    if cards == call.expected:
        return ""
    if not call.fetched:
        return "other cards than expected"
    return ", ".join(_claimed_without_ground(cards, call.expected))


def _claimed_without_ground(cards: Iterable[Json], expected: tuple[Json, ...]) -> Iterator[str]:
    """What a card says that the whole record does not: a verdict other than unknown, where the record has another."""
    known: dict[str, str] = {one: verdict for card in expected for one, verdict in _verdicts(card)}
    for card in cards:
        if not any(state != "supplied" for state in _sources(card)):
            yield "a card that differs and names no gap"
        for one, verdict in _verdicts(card):
            if verdict not in ("unknown", "attest") and known.get(one, verdict) != verdict:
                yield f"{one} {verdict}, {known[one]} by the whole record"


def _assessment(card: Json) -> dict[str, Any]:
    found: dict[str, Any] = card["extension"]["org.cotsom-cds"]["assessment"]
    return found


def _verdicts(card: Json) -> Iterator[tuple[str, str]]:
    return ((one["id"], one["verdict"]) for one in _assessment(card)["criteria"])


def _sources(card: Json) -> Iterator[str]:
    return (one["state"] for one in _assessment(card)["sources"])


def headers_of(folder: Path) -> Callable[[str], Mapping[str, str]]:
    """Makes the headers of an honest call: a token for this path and this once."""
    begun = int((folder / "site.toml").stat().st_mtime)
    key = key_pair()

    def made(path: str) -> Mapping[str, str]:
        token = signed(claims(path, iat=begun, exp=begun + 300), key)
        return {"Content-Type": "application/json", **bearer(token)}

    return made
