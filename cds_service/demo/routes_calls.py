"""The inspector: every exchange with decision support, for whoever connects an EHR of their own."""

import json
from dataclasses import dataclass

from flask import Blueprint, Response, render_template
from werkzeug.exceptions import NotFound

from cds_service.demo.client import Exchange
from cds_service.demo.elements import at, each
from cds_service.demo.sessions import Recorded
from cds_service.demo.sitting import session


@dataclass(frozen=True, slots=True)
class CallView:
    """One exchange as it is shown.

    `filled`: the prefetch keys with resources, and how many; `empty`: those without; `cards`: how many came back;
    `command`: what sends the saved request again.
    """

    number: int
    hook: str
    method: str
    url: str
    status: int
    succeeded: bool
    milliseconds: int
    problem: str
    request: str
    answer: str
    filled: tuple[tuple[str, int], ...]
    empty: tuple[str, ...]
    cards: int
    command: str


def create_call_routes() -> Blueprint:
    """The routes of the inspector."""
    routes = Blueprint("calls", __name__)
    routes.add_url_rule("/calls", "calls", calls)
    routes.add_url_rule("/calls/<int:number>/request.json", "request", asked)
    routes.add_url_rule("/calls/<int:number>/answer.json", "answer", answered)
    return routes


def calls() -> str:
    """All exchanges of this session that are still kept, the latest first."""
    return render_template("ehr/calls.html", calls=[view_call(one) for one in reversed(session().calls)])


def view_call(recorded: Recorded) -> CallView:
    """An exchange as it is shown."""
    exchange = recorded.exchange
    sent = at(exchange.request, "prefetch")
    keys = tuple((key, _count(value)) for key, value in sent.items()) if isinstance(sent, dict) else ()
    return CallView(
        number=recorded.number,
        hook=recorded.hook,
        method=exchange.method,
        url=exchange.url,
        status=exchange.status,
        succeeded=exchange.succeeded,
        milliseconds=exchange.milliseconds,
        problem=exchange.problem,
        request=_pretty(exchange.request) if exchange.request is not None else "",
        answer=_answer(exchange),
        filled=tuple((key, count) for key, count in keys if count),
        empty=tuple(key for key, count in keys if not count),
        cards=len(tuple(each(exchange.answer, "cards"))),
        command=f"curl -H 'Content-Type: application/json' -d @request-{recorded.number}.json {exchange.url}",
    )


def _count(value: object) -> int:
    """How many resources a prefetch value holds."""
    return len(tuple(each(value, "entry"))) if at(value, "resourceType") == "Bundle" else int(value is not None)


def _pretty(node: object) -> str:
    return json.dumps(node, ensure_ascii=False, indent=2)


def _answer(exchange: Exchange) -> str:
    return _pretty(exchange.answer) if exchange.answer else exchange.text


def asked(number: int) -> Response:
    """The request as it was sent, for use with another tool."""
    return _document(_of(number).request)


def answered(number: int) -> Response:
    """The answer as it came."""
    return _document(_of(number).answer)


def _of(number: int) -> Exchange:
    found = next((one for one in session().calls if one.number == number), None)
    if found is None:
        raise NotFound
    return found.exchange


def _document(node: object) -> Response:
    return Response(_pretty(node), content_type="application/json; charset=utf-8")
