"""Patient list, chart, today, and what is recorded in a chart."""

import re
from decimal import Decimal

from flask import Blueprint, render_template, request
from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response

from cds_service.demo.bundles import BrokenBundle, read_bundle
from cds_service.demo.card_views import CardView, most_urgent_first, view_card
from cds_service.demo.chart_views import Line, order_line, view_chart
from cds_service.demo.desk import OPENING, SELECTING, Desk
from cds_service.demo.elements import day_of, reference, zone_of
from cds_service.demo.guidance import Guidance
from cds_service.demo.listing import list_charts
from cds_service.demo.pad import DOSES, RESPONSES, RESULTS, TESTS
from cds_service.demo.recording import EVENTS, record_response, record_result
from cds_service.demo.sessions import Broken
from cds_service.demo.sitting import back_to, desk_at, practice, session, tell
from cds_service.pages.site import words_of_page

_ECOG = range(5)
_STEP = re.compile(r"-?[0-9]{1,4}")
_NUMBER = re.compile(r"[0-9]{1,6}([.,][0-9]{1,4})?")
PLACES = ("response-liver", "response-elsewhere")


def create_chart_routes() -> Blueprint:
    """The routes of list and chart."""
    routes = Blueprint("charts", __name__)
    routes.add_url_rule("/", "patients", patients)
    routes.add_url_rule("/charts", "bring", bring, methods=["POST"])
    routes.add_url_rule("/charts/<chart>", "chart", chart_page)
    routes.add_url_rule("/charts/<chart>/results", "result", result, methods=["POST"])
    routes.add_url_rule("/charts/<chart>/events", "event", event, methods=["POST"])
    routes.add_url_rule("/charts/<chart>/responses", "response", response, methods=["POST"])
    routes.add_url_rule("/charts/<chart>/again", "again", again, methods=["POST"])
    routes.add_url_rule("/today", "today", move_today, methods=["POST"])
    routes.add_url_rule("/begin-anew", "anew", begin_anew, methods=["POST"])
    return routes


def patients() -> str:
    """The patients of this session."""
    groups = list_charts(session().charts.values(), practice().clock())
    return render_template("ehr/patients.html", groups=groups, broken=session().take_broken())


def bring() -> Response:
    """Takes a chart that was pasted, dropped or chosen as a file."""
    file = request.files.get("file")
    pasted = request.form.get("text", "")
    body = file.read() if file and file.filename else pasted.encode()
    try:
        chart = session().bring(read_bundle(body))
    except BrokenBundle as problem:
        session().broken = Broken(problem, pasted)
        return back_to("charts.patients", _anchor="bring")
    tell("brought", n=len(chart.orders.chart))
    return back_to("charts.chart", chart=chart.id)


def chart_page(chart: str) -> str:
    """A chart, with what decision support says to it."""
    desk = desk_at(chart)
    opened, selected = desk.opened(), desk.selected()
    return render_template(
        "ehr/chart.html",
        chart=chart,
        pad_open=desk.chart.pad,
        view=view_chart(desk.chart.orders.chart, desk.clock()),
        pictures=practice().studio.timeline(desk.chart.orders.chart, words_of_page()),
        scenario=desk.chart.scenario,
        opened_guidance=opened,
        cards=views(desk, OPENING, opened),
        selected=selected,
        selected_cards=views(desk, SELECTING, selected),
        drafts=drafted(desk),
        events=tuple(EVENTS),
        places=PLACES,
        responses=tuple(RESPONSES),
        results=[(name, desk.pad.unit(name)) for name in RESULTS],
        tests=TESTS,
        doses=tuple(DOSES),
    )


def drafted(desk: Desk) -> list[tuple[str, Line]]:
    """The drafts as they are shown, by reference."""
    return [(reference(one), order_line(one, zone_of(desk.clock()))) for one in desk.chart.orders.drafts]


def views(desk: Desk, hook: str, guidance: Guidance) -> tuple[CardView, ...]:
    """The cards of a hook as they are shown."""
    return most_urgent_first([view_card(offer, desk.settled(hook, offer)) for offer in guidance.offers])


def result(chart: str) -> Response:
    """Records a result."""
    desk, name = desk_at(chart), request.form.get("name", "")
    value, day = _number(request.form.get("value", "")), day_of(request.form.get("day", ""))
    if name not in RESULTS or value is None or (name == "ecog" and value not in _ECOG):
        tell("no-number", wrong=True)
    elif day is None or day > desk.clock.day:
        tell("no-result-day", wrong=True)
    else:
        desk.record(lambda found: record_result(found, name, value, day.isoformat()))
        tell("resulted")
    return back_to("charts.chart", chart=chart)


def _number(text: str) -> Decimal | None:
    """A plain number of at most a few digits before and behind the point; None for anything else."""
    if not _NUMBER.fullmatch(text.strip()):
        return None
    return Decimal(text.strip().replace(",", "."))


def event(chart: str) -> Response:
    """Records what one button stands for, as done today."""
    desk, name = desk_at(chart), request.form.get("name", "")
    if name not in EVENTS:
        raise BadRequest
    desk.record(EVENTS[name])
    tell(f"event.{name}")
    return back_to("charts.chart", chart=chart)


def response(chart: str) -> Response:
    """Records a response of today."""
    desk = desk_at(chart)
    place, found = request.form.get("place", ""), request.form.get("response", "")
    if place not in PLACES or found not in RESPONSES:
        raise BadRequest
    desk.record(lambda at: record_response(at, place, found))
    tell("responded")
    return back_to("charts.chart", chart=chart)


def again(chart: str) -> Response:
    """Asks decision support anew."""
    desk_at(chart).ask_again()
    return back_to("charts.chart", chart=chart)


def move_today() -> Response:
    """Moves the day, for the EHR and the service it shows."""
    clock = practice().clock
    step, day = request.form.get("step", ""), day_of(request.form.get("day", ""))
    if _STEP.fullmatch(step):
        clock.move_by(int(step))
    elif day is not None and not step:
        clock.move_to(day)
    else:
        tell("no-day", wrong=True, day=clock.day.isoformat())
        return _where_from()
    tell("today", day=clock.day.isoformat())
    return _where_from()


def _where_from() -> Response:
    opened = session().opened
    place = request.form.get("from")
    if place in ("chart", "assessment") and opened in session().charts:
        return back_to("charts.chart", chart=opened) if place == "chart" else back_to("assessment.page")
    return back_to("charts.patients")


def begin_anew() -> Response:
    """Forgets all that was done: the bundled patients as they were, on the first day."""
    fresh = practice().sessions.begin()
    found = session()
    found.charts, found.opened = fresh.charts, ""
    found.calls.clear()
    practice().clock.begin_anew()
    tell("anew")
    return back_to("charts.patients")
