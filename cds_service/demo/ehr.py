"""`create_ehr`: the EHR of the demonstration as a Flask app; it speaks to decision support over HTTP alone."""

import traceback
from dataclasses import dataclass
from pathlib import Path

from flask import Flask, Response, current_app, g, render_template, request
from jinja2 import StrictUndefined
from werkzeug.exceptions import HTTPException, InternalServerError

from cds_service.demo.bundles import LONGEST, read_bundle
from cds_service.demo.clock import DemoClock
from cds_service.demo.elements import Json
from cds_service.demo.pad import load_pad
from cds_service.demo.pictures import open_studio
from cds_service.demo.routes_calls import create_call_routes
from cds_service.demo.routes_charts import create_chart_routes
from cds_service.demo.routes_orders import create_order_routes
from cds_service.demo.sessions import Sessions
from cds_service.demo.sitting import Practice, open_chart, sit_down
from cds_service.demo.visiting import Address, guard, plain
from cds_service.loading import Loaded
from cds_service.pages.assessment.routes import assessment_pages
from cds_service.pages.security import secure
from cds_service.pages.site import create_site

_PATIENTS = Path(__file__).parent / "patients"
_FORM = 200_000
"""Bytes that a form may have beside the chart in it."""


@dataclass(frozen=True, slots=True)
class EhrSettings:
    """Where the EHR answers, and the addresses of the decision support that it calls."""

    address: Address
    services: tuple[str, ...]
    language: str = "en"


def create_ehr(settings: EhrSettings, clock: DemoClock, loaded: Loaded) -> Flask:
    """The EHR. `clock`: its today, shared with the service that it shows; `loaded`: for the product's own pages."""
    app = Flask("cds_service.demo", root_path=str(Path(__file__).parent))
    app.config["MAX_CONTENT_LENGTH"] = app.config["MAX_FORM_MEMORY_SIZE"] = LONGEST + _FORM
    app.jinja_env.undefined = StrictUndefined
    guard(app, settings.address)
    app.register_blueprint(create_site(settings.language))
    secure(app)
    studio = open_studio(loaded, clock)
    practice = Practice(settings.services, clock, load_pad(), Sessions(bundled_charts()), studio)
    sit_down(app, practice, f"demo-ehr-{settings.address.port}")
    app.register_blueprint(create_chart_routes())
    app.register_blueprint(create_order_routes())
    app.register_blueprint(create_call_routes())
    app.register_blueprint(assessment_pages(open_chart, lambda: studio.moment, loaded, "ehr/layout.html"))
    app.register_error_handler(HTTPException, _told)
    app.register_error_handler(Exception, _fault)
    return app


def bundled_charts() -> dict[str, tuple[Json, ...]]:
    """The invented patients, by the name of their file."""
    return {file.stem: read_bundle(file.read_bytes()) for file in sorted(_PATIENTS.glob("*.json"))}


def _told(error: HTTPException) -> tuple[str, int] | Response:
    """An error as a page; as plain text where the request came from no page of ours."""
    status = error.code or 500
    if "session" not in g or request.endpoint == "site.static":
        return plain(error.description or error.name, status)
    shown = status if status in (400, 404, 405, 413) else 500
    return render_template("ehr/error.html", status=status, shown=shown), status


def _fault(error: Exception) -> tuple[str, int] | Response:
    """A fault of ours as a page; in the terminal its kind and place, nothing of a chart."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    current_app.logger.error("%s at %s:%s", type(error).__name__, Path(place.filename).name, place.lineno)
    return _told(InternalServerError())
