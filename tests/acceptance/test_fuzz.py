"""Whatever is sent, the service answers for it: never a fault, and every error one that a client can read."""

import json
from copy import deepcopy
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from tests.acceptance import bilirubin
from tests.http_calls import FEEDBACK, SERVICE, Json, cards_of, client, hook_request, simple_chart
from tests.order_calls import ORDER_SELECT, ORDER_SIGN, checked, enrolled_chart, order_request, sorafenib, tace

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=20),
    st.sampled_from(["Patient/p1", "2026-11-20", "Bundle", "0000-00-00", "9" * 400, "1e999999999", "-", " ", "\x00"]),
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=12), inner, max_size=4)),
    max_leaves=12,
)
ADDRESSES = st.sampled_from(
    [SERVICE, ORDER_SELECT, ORDER_SIGN, FEEDBACK, "/cds-services/none", "/cds-services", "/healthz", "/metrics"]
)
GOOD = hook_request(simple_chart(bilirubin(1.1)))
GOOD_ORDERS = order_request(
    [tace("2026-11-10"), sorafenib(), {"resourceType": "Medication", "id": "m", "code": {"coding": [{}]}}],
    enrolled_chart(bilirubin(1.1)),
)
GOOD_CHOICE = order_request([tace()], enrolled_chart(), ["ServiceRequest/draft-tace"])
GOOD_FEEDBACK: Json = {
    "feedback": [
        {
            "card": "2350cd07-a8dc-505a-98b7-513a7c82f42d",
            "outcome": "overridden",
            "outcomeTimestamp": "2026-11-22T00:00:00Z",
            "acceptedSuggestions": [{"id": "s"}],
            "overrideReason": {"reason": {"code": "c", "system": "s"}, "userComment": "w"},
        }
    ]
}


def post(address: str, body: object) -> TestResponse:
    """Sends JSON, `null` included."""
    return client().post(address, data=json.dumps(body), content_type="application/json")


def assert_answered_for(answer: TestResponse) -> None:
    """No fault; an error has the shape that every error has."""
    assert answer.status_code < 500, answer.text
    assert "Traceback" not in answer.text
    assert len(answer.headers["X-Trace-Id"]) == 32
    if answer.status_code >= 400 and answer.request.method != "HEAD":
        outcome = json.loads(answer.data)
        assert outcome["resourceType"] == "OperationOutcome"
        assert outcome["issue"]
        assert outcome["id"] == answer.headers["X-Trace-Id"]


def places(value: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:  # noqa: ANN401 - any JSON
    """The way to every value within a JSON document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [way, *(found for name, one in inner for found in places(one, (*way, name)))]


def put(document: Json, way: tuple[Any, ...], value: object, *, remove: bool) -> object:
    """The document with one value replaced or taken out."""
    if not way:
        return value
    changed: Any = deepcopy(document)
    inner = changed
    for name in way[:-1]:
        inner = inner[name]
    if remove:
        del inner[way[-1]]
    else:
        inner[way[-1]] = value
    return changed


@st.composite
def mutated(draw: st.DrawFn, good: Json) -> object:
    """A good body with up to three values replaced or taken out."""
    body: Any = good
    for _ in range(draw(st.integers(1, 3))):
        way = draw(st.sampled_from(places(body)))
        body = put(body, way, draw(JSON), remove=draw(st.booleans()))
    return body


@given(address=ADDRESSES, body=JSON)
def test_any_json_is_answered_for(address: str, body: object) -> None:
    assert_answered_for(post(address, body))


@given(address=ADDRESSES, body=st.binary(max_size=60), kind=st.sampled_from(["application/json", "text/plain", ""]))
@example(address=SERVICE, body=b'{"hook":"\\ud800"}', kind="application/json")
@example(address=SERVICE, body=b"\xef\xbb\xbf{}", kind="application/json")
@example(address=SERVICE, body=b"[" * 5000, kind="application/json")
def test_any_bytes_are_answered_for(address: str, body: bytes, kind: str) -> None:
    assert_answered_for(client().post(address, data=body, content_type=kind))


@given(body=mutated(GOOD))
def test_a_damaged_call_is_answered_for(body: object) -> None:
    answer = post(SERVICE, body)
    assert_answered_for(answer)
    if answer.status_code == 200:
        cards_of(answer)


@given(body=st.one_of(mutated(GOOD_ORDERS), mutated(GOOD_CHOICE)), address=st.sampled_from([ORDER_SIGN, ORDER_SELECT]))
def test_a_damaged_call_about_orders_is_answered_for(body: object, address: str) -> None:
    assert_answered_for(post(address, body))


@given(drafts=st.one_of(mutated(GOOD_ORDERS["context"]["draftOrders"]), JSON))
def test_any_drafts_are_answered_for(drafts: object) -> None:
    body = {**GOOD_ORDERS, "context": {**GOOD_ORDERS["context"], "draftOrders": drafts}}
    answer = post(ORDER_SIGN, body)
    assert_answered_for(answer)
    assert answer.status_code in (200, 400)
    if answer.status_code == 200:
        cards_of(answer)


@given(key=st.sampled_from(sorted(GOOD["prefetch"])), value=JSON)
def test_any_prefetch_value_is_answered_for(key: str, value: object) -> None:
    answer = post(SERVICE, {**GOOD, "prefetch": {**GOOD["prefetch"], key: value}})
    assert_answered_for(answer)
    if answer.status_code == 200:
        cards_of(answer)


@given(body=mutated(GOOD_FEEDBACK))
def test_damaged_feedback_is_answered_for(body: object) -> None:
    answer = post(FEEDBACK, body)
    assert_answered_for(answer)
    assert answer.status_code in (204, 400)


HEADER = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=80)


@given(
    method=st.sampled_from(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]),
    address=st.one_of(ADDRESSES, st.text(st.characters(codec="utf-8", exclude_characters="\r\n\t"), max_size=20)),
    trace=HEADER,
    origin=HEADER,
)
def test_any_address_method_and_header_is_answered_for(method: str, address: str, trace: str, origin: str) -> None:
    headers = {"traceparent": trace, "Origin": origin}
    path = f"/{address.lstrip('/').replace('?', '').replace('#', '')}"
    assert_answered_for(client().open(path, method=method, headers=headers))


def test_a_good_call_stays_good() -> None:
    assert len(cards_of(client().post(SERVICE, json=GOOD))) == 1
    assert client().post(FEEDBACK, json=GOOD_FEEDBACK).status_code == 204
    assert len(checked(GOOD_ORDERS)) == 2
    assert len(checked(GOOD_CHOICE)) == 1
