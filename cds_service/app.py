"""`create_app`: wires settings, protocol, words and clock into the HTTP service, and nothing else."""

import gc
import os
import re
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from time import perf_counter
from uuid import uuid4

from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from cards.dialects import DIALECTS
from cards.matching import CardSettings
from cds_service.catalogues import load_all_words
from cds_service.loading import load
from cds_service.settings import Settings, read_settings
from cds_service.settings.limits import Limits
from cds_service.web.admission import Admission, Turn
from cds_service.web.fetching import Fetcher
from cds_service.web.gate import create_gate
from cds_service.web.logs import log, log_fault, log_to_stderr
from cds_service.web.observing import Metrics
from cds_service.web.problems import Problem, of_http, outcome
from cds_service.web.routes import Edge, create_routes, json_answer

_NEW_OBJECTS = 50_000
"""New objects, of those that can form rings, before the collector looks among them."""
_TRACE_PARENT = re.compile(r"00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")


Clock = Callable[[], datetime]


def create_app(settings: Settings, clock: Clock, limits: Limits | None = None, true_time: Clock | None = None) -> Flask:
    """The service. `clock` gives the instant of evaluation, with its offset.

    `true_time`: the instant by which tokens of callers expire, where that clock may stand still.
    """
    loaded = load(settings)
    limits, metrics = limits or settings.limits, Metrics.create()
    catalogues = load_all_words(loaded.protocol.titles)
    turn = Turn()
    edge = Edge(
        loaded=loaded,
        words=catalogues[settings.language],
        catalogues=catalogues,
        clock=clock,
        cards=CardSettings(settings.show_ahead_days, settings.remind_ahead_days, settings.worksheet),
        dialect=DIALECTS[settings.ehr],
        limits=limits,
        reception=Admission(limits.received_at_once),
        admission=Admission(limits.calls_at_once),
        turn=turn,
        gate=create_gate(settings, true_time or clock),
        metrics=metrics,
        fetcher=Fetcher.create(settings.fetching, loaded.vocabulary, metrics, turn),
    )
    edge.metrics.build.labels(version("cotsom-cds"), loaded.protocol.id, loaded.protocol.version).set(1)
    app = Flask("cds_service", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = limits.body_bytes
    app.url_map.strict_slashes = False
    app.logger.disabled = True  # faults are told by our own line, without the traceback that may show a value
    app.register_blueprint(create_routes(edge))
    _answer_errors(app)
    _trace_and_measure(app, edge.metrics)
    _allow_origins(app, settings.cors_origins)
    return app


def _answer_errors(app: Flask) -> None:
    """Every error is an OperationOutcome; a fault of ours has an id and no traceback."""

    @app.errorhandler(Problem)
    def problem(error: Problem) -> Response:
        answer = json_answer(outcome(error, g.trace), error.status)
        answer.headers.extend(error.headers)
        return answer

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> Response:
        answer = problem(of_http(error))
        answer.headers.extend({k: v for k, v in error.get_headers() if k in ("Allow", "Retry-After")})
        return answer

    @app.errorhandler(Exception)
    def fault(error: Exception) -> Response:
        log_fault("fault", trace=g.trace, kind=type(error).__name__, place=_place(error))
        words = "a fault of the service; the log has it under this id"
        return problem(Problem(500, "exception", words))


def _place(error: Exception) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{os.path.basename(trace.tb_frame.f_code.co_filename)}:{trace.tb_lineno}" if trace else ""  # noqa: PTH119 - a name, not a path


def _trace_and_measure(app: Flask, metrics: Metrics) -> None:
    """A trace id on every answer and in every line; counts and seconds by endpoint."""

    @app.before_request
    def begin() -> None:
        given = _TRACE_PARENT.fullmatch(request.headers.get("traceparent", ""))
        g.trace_given = given[1] if given and int(given[1], 16) else None
        g.trace = g.trace_given or uuid4().hex
        g.begun = perf_counter()

    @app.after_request
    def finish(answer: Response) -> Response:
        seconds = perf_counter() - g.begun
        endpoint = (request.endpoint or "unknown").removeprefix("cds.")
        metrics.calls.labels(endpoint, str(answer.status_code)).inc()
        metrics.seconds.labels(endpoint).observe(seconds)
        answer.headers["X-Trace-Id"] = g.trace
        answer.headers["Cache-Control"] = "no-store"
        answer.headers["X-Content-Type-Options"] = "nosniff"
        if endpoint in ("call", "feedback"):
            log(endpoint, trace=g.trace, status=answer.status_code, ms=round(seconds * 1000, 1), **_counts())
        return answer


_TOLD = ("service", "hook", "caller", "refused", "cards", "roll_up", "feedback_items")


def _counts() -> dict[str, object]:
    return {name: value for name in _TOLD if (value := g.get(name)) is not None}


def _allow_origins(app: Flask, origins: tuple[str, ...]) -> None:
    """CORS for the configured origins, by name: never `*`, never with credentials."""

    @app.after_request
    def allow(answer: Response) -> Response:
        answer.headers.add("Vary", "Origin")
        if request.headers.get("Origin") in origins:
            answer.headers["Access-Control-Allow-Origin"] = request.headers["Origin"]
            answer.headers["Access-Control-Allow-Methods"] = "GET, POST, OPTIONS"
            answer.headers["Access-Control-Allow-Headers"] = "Content-Type, Authorization, traceparent"
            answer.headers["Access-Control-Expose-Headers"] = "X-Trace-Id"
            answer.headers["Access-Control-Max-Age"] = "600"
        return answer


def app_from_environment() -> Flask:
    """The service as a production server starts it: settings from the environment, the clock of the machine."""
    return app_by(read_settings(os.environ))


def app_by(settings: Settings) -> Flask:
    """The same by settings that were read already."""
    log_to_stderr()
    fixed = settings.clock
    app = create_app(settings, lambda: fixed or datetime.now(UTC), true_time=lambda: datetime.now(UTC))
    collect_seldom()
    return app


def collect_seldom() -> None:
    """Takes what was loaded, which lives as long as the process, out of the garbage collector's sight.

    A chart is freed when its last name goes; as it is read it makes thousands of objects, for which the collector would
    otherwise go through everything that was loaded, in the middle of a call. Rings are rare, and wait a little longer.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS)
