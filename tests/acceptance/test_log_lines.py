"""What a log line tells: when, which service, what came of it; by the trace that the answer bears."""

import io
import json
import logging
from collections.abc import Iterator
from datetime import datetime

import pytest

from cds_service.web.logs import LOGGER, JsonLines
from tests.http_calls import FEEDBACK, SERVICE, Json, hook_request, service, simple_chart


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    handler, level = logging.StreamHandler(stream), LOGGER.level
    handler.setFormatter(JsonLines())
    LOGGER.addHandler(handler)
    LOGGER.setLevel(logging.INFO)
    yield stream
    LOGGER.removeHandler(handler)
    LOGGER.setLevel(level)


def lines(written: io.StringIO) -> list[Json]:
    return [json.loads(line) for line in written.getvalue().splitlines()]


def test_a_call_and_feedback_are_one_line_each(written: io.StringIO) -> None:
    caller = service().test_client()
    answer = caller.post(SERVICE, json=hook_request(simple_chart()))
    caller.post(FEEDBACK, json={"feedback": [{"card": "c", "outcome": "accepted"}] * 2})
    call, feedback = lines(written)
    assert datetime.fromisoformat(call.pop("time")).utcoffset() is not None
    assert call.pop("ms") > 0
    assert call == {
        "level": "info",
        "event": "call",
        "trace": answer.headers["X-Trace-Id"],
        "status": 200,
        "service": "cotsom-patient-view",
        "hook": "patient-view",
        "cards": 1,
        "roll_up": "potentially-eligible",
    }
    assert (feedback["event"], feedback["service"], feedback["feedback_items"]) == (
        "feedback",
        "cotsom-patient-view",
        2,
    )


def test_a_service_that_is_not_there_is_not_named(written: io.StringIO) -> None:
    service().test_client().post("/cds-services/Lebensztejn", json={})
    assert [line["status"] for line in lines(written)] == [404]
    assert "Lebensztejn" not in written.getvalue()
