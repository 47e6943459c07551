"""The frame of every page (`base.html`), its static files, and the reader's language."""

from babel import Locale
from flask import Blueprint, g, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from cds_service.languages import negotiated
from cds_service.pages.typesetting import whole_days
from cds_service.pages.words import PageWords, load_page_words

_COOKIE = "language"
_YEAR = 365 * 24 * 3600


def create_site(default: str = "en") -> Blueprint:
    """The blueprint that pages stand on; in templates `_`, `language`, `languages`, `address_in`, `|whole_days`.

    `default`: the language of a reader who asks for none of ours.
    """
    site = Blueprint("site", __name__, template_folder="templates", static_folder="static", static_url_path="/site")
    site.add_app_template_filter(whole_days)
    catalogues = load_page_words()
    names = {language: Locale.parse(language).get_display_name() for language in catalogues}

    @site.before_app_request
    def choose() -> AnyResponse | None:
        asked = request.args.get(_COOKIE)
        if asked is not None and asked in catalogues and request.method == "GET":
            return remember(redirect(request.path, 303), asked)
        chosen = request.cookies.get(_COOKIE)
        accepted = negotiated(request.headers.get("Accept-Language"), tuple(catalogues), default)
        g.language = chosen if chosen in catalogues else accepted
        g.words = catalogues[g.language]
        return None

    @site.app_context_processor
    def in_templates() -> dict[str, object]:
        return {"_": g.words, "language": g.language, "languages": names.items(), "address_in": address_in}

    return site


def words_of_page() -> PageWords:
    """The words in the language of the page that is being answered."""
    words: PageWords = g.words
    return words


def remember(answer: AnyResponse, language: str) -> AnyResponse:
    """The answer with the choice of language kept in a cookie, which holds nothing else."""
    answer.set_cookie(_COOKIE, language, max_age=_YEAR, httponly=True, samesite="Strict")
    return answer


def address_in(language: str) -> str:
    """Where this page is in another language."""
    return f"{request.path}?{_COOKIE}={language}" if request.method == "GET" else f"/?{_COOKIE}={language}"
