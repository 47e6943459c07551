"""Order pad, cards, and the step in which orders are signed."""

from flask import Blueprint, render_template, request
from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response

from cds_service.demo.chart_views import order_line, view_chart
from cds_service.demo.desk import SIGNING, Desk
from cds_service.demo.elements import Json, day_of, zone_of
from cds_service.demo.pad import DOSES, TESTS, Course, laboratory_order, ordered, prescribed
from cds_service.demo.recording import Chart
from cds_service.demo.routes_charts import drafted, views
from cds_service.demo.sitting import back_to, desk_at, tell

_LONGEST_COMMENT = 500


def create_order_routes() -> Blueprint:
    """The routes of orders and cards."""
    routes = Blueprint("orders", __name__)
    routes.add_url_rule("/charts/<chart>/drafts", "draft", draft, methods=["POST"])
    routes.add_url_rule("/charts/<chart>/drafts/drop", "drop", drop, methods=["POST"])
    routes.add_url_rule("/charts/<chart>/sign", "review", review)
    routes.add_url_rule("/charts/<chart>/sign", "sign", sign, methods=["POST"])
    routes.add_url_rule("/charts/<chart>/cards/accept", "accept", accept, methods=["POST"])
    routes.add_url_rule("/charts/<chart>/cards/override", "override", override, methods=["POST"])
    return routes


def draft(chart: str) -> Response:
    """Writes a draft order, which is thereby selected."""
    desk = desk_at(chart)
    order = _order(desk)
    if order is None:
        tell("no-order", wrong=True)
    else:
        desk.draft(order)
        desk.chart.pad = request.form["kind"]
        tell("drafted", order=order_line(order, zone_of(desk.clock())).text)
    return back_to("charts.chart", chart=chart)


def _order(desk: Desk) -> Json | None:
    """The order of the form; None where its days do not fit or cannot be read."""
    kind, patient = request.form.get("kind", ""), Chart(desk.pad, desk.chart.orders.chart, desk.clock()).patient
    ends = request.form.get("last", "")
    first, last = day_of(request.form.get("first", "")), day_of(ends)
    if first is None or (ends and (last is None or last < first)):
        return None
    begin, end = first.isoformat(), last.isoformat() if last else ""
    test, dose = request.form.get("test", ""), request.form.get("dose", "")
    match kind:
        case "tace" | "imaging":
            return ordered(desk.pad, f"order-{kind}", patient, begin)
        case "sorafenib" if dose in ("", *DOSES):
            return prescribed(desk.pad, "order-sorafenib", patient, Course(begin, end, DOSES.get(dose)))
        case "inducer":
            return prescribed(desk.pad, "order-inducer", patient, Course(begin, end))
        case "laboratory" if test in TESTS:
            return laboratory_order(desk.pad, test, patient, begin)
    raise BadRequest


def drop(chart: str) -> Response:
    """Takes a draft back."""
    desk = desk_at(chart)
    desk.drop(request.form.get("draft", ""))
    tell("dropped")
    return _to_orders(chart)


def _to_orders(chart: str) -> Response:
    """Back to where the form was: the page of signing while there is something to sign, else the chart."""
    signing = request.form.get("hook") == SIGNING and desk_at(chart).chart.orders.drafts
    return back_to("orders.review" if signing else "charts.chart", chart=chart)


def review(chart: str) -> str | Response:
    """The drafts before they are signed, with what decision support says to them."""
    desk = desk_at(chart)
    if not desk.chart.orders.drafts:
        return back_to("charts.chart", chart=chart)
    checked = desk.checked()
    return render_template(
        "ehr/sign.html",
        chart=chart,
        view=view_chart(desk.chart.orders.chart, desk.clock()),
        drafts=drafted(desk),
        checked=checked,
        cards=views(desk, SIGNING, checked),
        unanswered=len(desk.unanswered()),
    )


def sign(chart: str) -> Response:
    """Signs the drafts, unless a warning is still unanswered."""
    desk = desk_at(chart)
    if desk.unanswered():
        tell("unanswered", wrong=True)
        return back_to("orders.review", chart=chart)
    tell("signed", n=desk.sign())
    return back_to("charts.chart", chart=chart)


def accept(chart: str) -> Response:
    """Does what a card suggests."""
    desk, hook = desk_at(chart), request.form.get("hook", "")
    offer = desk.offer(hook, request.form.get("card", ""))
    numbers = [int(text) for text in request.form.getlist("suggestion") if text.isdecimal()]
    if offer is None:
        tell("card-gone", wrong=True)
    elif not numbers:
        tell("none-chosen", wrong=True)
    elif done := desk.accept(hook, offer, numbers):
        tell("accepted", what="; ".join(done))
    else:
        tell("accepted-nothing", wrong=True)
    return _to_orders(chart)


def override(chart: str) -> Response:
    """Sets a card aside with a reason."""
    desk, hook = desk_at(chart), request.form.get("hook", "")
    offer = desk.offer(hook, request.form.get("card", ""))
    code, comment = request.form.get("reason", ""), request.form.get("comment", "").strip()[:_LONGEST_COMMENT]
    if offer is None:
        tell("card-gone", wrong=True)
    elif not code and not comment:
        tell("no-reason", wrong=True)
    else:
        desk.override(hook, offer, code, comment)
        tell("overridden")
    return _to_orders(chart)
