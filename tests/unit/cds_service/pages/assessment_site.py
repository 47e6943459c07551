"""A small app that mounts the assessment page, as any app that knows whose chart is open does."""

import io
from collections.abc import Callable
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient

from cds_service.intake import Chart, read_charts
from cds_service.pages.assessment.routes import assessment_pages
from cds_service.pages.security import secure
from cds_service.pages.site import create_site
from cds_service.settings import read_clock
from cds_service.trial.case import Moment
from tests.acceptance import AS_OF
from tests.timeline_scenes import ZONE, product


def site(chart: Callable[[], Chart | None], as_of: str = AS_OF) -> Flask:
    """The app; what it is asked with tells whose chart is open."""
    app = Flask("site")
    app.testing = True
    app.register_blueprint(create_site())
    app.register_blueprint(assessment_pages(chart, lambda: Moment(read_clock(as_of), ZONE), product()))
    secure(app)
    return app


def opened(file: Path) -> Chart:
    """The chart of a file with one patient."""
    (chart,) = read_charts((str(file),), io.BytesIO())
    return chart


def caller(file: Path, as_of: str = AS_OF) -> FlaskClient:
    """A browser with that patient's chart open."""
    chart = opened(file)
    return site(lambda: chart, as_of).test_client()
