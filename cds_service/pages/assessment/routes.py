"""The assessment page as a Flask blueprint, for any app that knows whose chart is open."""

from collections.abc import Callable, Mapping

from flask import Blueprint, g, render_template, request, url_for

from cards.wording import Words
from cds_service.catalogues import languages, load_words
from cds_service.intake import Chart
from cds_service.loading import Loaded
from cds_service.pages.assessment.views import assessment_view
from cds_service.pages.site import words_of_page
from cds_service.trial.case import Moment
from cds_service.viewing import view_of
from fhir_profiles.reading.decoding import UnreadableBody
from fhir_profiles.reading.records import read_record

_Page = tuple[str, int]


def assessment_pages(
    chart_of_request: Callable[[], Chart | None],
    moment_of_request: Callable[[], Moment],
    loaded: Loaded,
    layout: str = "base.html",
) -> Blueprint:
    """The page at `assessment`, of the chart that the request is about (None: none is open).

    The app stands on `create_site()`. No address holds anything of a patient: whose chart it is, the session knows.
    `layout` is the template whose `page` block is filled.
    """
    pages = Blueprint("assessment", __name__)
    words = {language: load_words(language, loaded.protocol.titles) for language in languages()}

    @pages.get("/assessment")
    def page() -> _Page:
        chart = chart_of_request()
        if chart is None:
            return _problem(layout, "none", 404)
        if chart.decoded is None:
            return _problem(layout, "unreadable", 422, chart.problem)
        moment = moment_of_request()
        try:
            record = read_record(chart.decoded, loaded.vocabulary, moment.zone)
        except UnreadableBody as error:
            return _problem(layout, "unreadable", 422, str(error))
        say, whole = words_of_page(), request.args.get("open") == "all"
        view = assessment_view(view_of(loaded, record, moment), loaded.protocol, _words(words), say)
        address = "" if whole else url_for("assessment.page", open="all")
        return render_template(
            "assessment/page.html", view=view, layout=layout, whole=whole, whole_address=address
        ), 200

    return pages


def _words(words: Mapping[str, Words]) -> Words:
    """The words of reasons in the language of the page, else English."""
    return words.get(g.language) or words["en"]


def _problem(layout: str, kind: str, status: int, detail: str = "") -> _Page:
    return render_template("assessment/problem.html", layout=layout, kind=kind, detail=detail), status
