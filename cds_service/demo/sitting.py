"""A browser sits down at the EHR: its session, the chart it asks for, and what every page shows."""

from dataclasses import dataclass
from functools import partial
from typing import Any

from flask import Flask, Response, current_app, g, redirect, request, url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse

from cds_service.demo.clock import EARLIEST, LATEST, DemoClock
from cds_service.demo.desk import Desk
from cds_service.demo.pad import Pad
from cds_service.demo.pictures import Studio, chart_of
from cds_service.demo.sessions import OpenChart, Session, Sessions, Told
from cds_service.intake import Chart

_PLACES = {
    "charts.patients": "patients",
    "charts.chart": "chart",
    "orders.review": "chart",
    "assessment.page": "assessment",
    "calls.calls": "calls",
}
"""Which place of the navigation a page belongs to, by its endpoint."""


@dataclass(frozen=True, slots=True)
class Practice:
    """What all browsers share: the services called, the clock, the forms, and the sessions."""

    services: tuple[str, ...]
    clock: DemoClock
    pad: Pad
    sessions: Sessions
    studio: Studio

    def desk(self, session: Session, chart: OpenChart) -> Desk:
        """A session at one of its charts."""
        return Desk(self.services, self.clock, self.pad, session, chart, g.language)


def sit_down(app: Flask, practice: Practice, cookie: str) -> None:
    """Gives each browser its session by a cookie that holds a random id and nothing else; one request at a time."""
    app.extensions["practice"] = practice

    @app.before_request
    def find() -> None:
        if request.endpoint in ("static", "site.static"):
            return
        g.session_id, g.session = practice.sessions.of(request.cookies.get(cookie))
        g.session.lock.acquire()
        g.locked = True

    @app.after_request
    def remember(answer: Response) -> Response:
        if "session_id" in g and request.cookies.get(cookie) != g.session_id:
            answer.set_cookie(cookie, g.session_id, httponly=True, samesite="Strict")
        return answer

    @app.teardown_request
    def leave(_: BaseException | None) -> None:
        if g.pop("locked", False):
            g.session.lock.release()

    app.context_processor(partial(_shown_everywhere, practice))


def _shown_everywhere(practice: Practice) -> dict[str, Any]:
    """Where the reader is, today, what the last step did, and which chart is open."""
    session: Session | None = g.get("session")
    return {
        "here": _PLACES.get(request.endpoint or "", ""),
        "today": practice.clock.day,
        "earliest": EARLIEST,
        "latest": LATEST,
        "told": session.take_told() if session else None,
        "opened": session.opened if session else "",
        "calls_made": session.made if session else 0,
    }


def practice() -> Practice:
    """What all browsers share."""
    found: Practice = current_app.extensions["practice"]
    return found


def session() -> Session:
    """The session of the browser that asks."""
    found: Session = g.session
    return found


def desk_at(chart: str) -> Desk:
    """The desk with that chart on it. Raises NotFound where this session has no such chart."""
    found = session().charts.get(chart)
    if found is None:
        raise NotFound
    session().opened = chart
    return practice().desk(session(), found)


def open_chart() -> Chart | None:
    """The chart that is open in this session; None where none is."""
    found = session().charts.get(session().opened)
    return chart_of(found.orders.chart) if found is not None else None


def tell(message: str, *, wrong: bool = False, **values: object) -> None:
    """What the next page is to tell; `message`: the part of a message id after `ehr.told.`."""
    session().told = Told(message, values, wrong)


def back_to(endpoint: str, **values: Any) -> AnyResponse:  # noqa: ANN401 - as `url_for` takes them
    """After a change, the page that shows it (so that reloading repeats nothing)."""
    return redirect(url_for(endpoint, **values), 303)
