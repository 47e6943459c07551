"""The frame of every page (`base.html`), its static files, and the reader's language."""

from flask import Blueprint, g, redirect, request
from werkzeug.datastructures import LanguageAccept
from werkzeug.wrappers import Response as AnyResponse

LANGUAGES = {"en": "English", "ko": "한국어"}
_COOKIE = "language"
_YEAR = 365 * 24 * 3600


def create_site() -> Blueprint:
    """The blueprint that pages stand on: `g.language`, and in templates `language`, `languages`, `address_in`."""
    site = Blueprint("site", __name__, template_folder="templates", static_folder="static", static_url_path="/site")

    @site.before_app_request
    def choose() -> AnyResponse | None:
        asked = request.args.get(_COOKIE)
        if asked in LANGUAGES and request.method == "GET":
            return remember(redirect(request.path, 303), asked)
        g.language = language_of(request.cookies.get(_COOKIE), request.accept_languages)
        return None

    @site.app_context_processor
    def in_templates() -> dict[str, object]:
        return {"language": g.language, "languages": LANGUAGES.items(), "address_in": address_in}

    return site


def language_of(chosen: str | None, accepted: LanguageAccept) -> str:
    """The language of a page: as chosen in it, else the first that the browser accepts in any region, else English."""
    wished = (chosen or "", *(tag.partition("-")[0].lower() for tag in accepted.values()))
    return next((one for one in wished if one in LANGUAGES), "en")


def remember(answer: AnyResponse, language: str) -> AnyResponse:
    """The answer with the choice of language kept in a cookie, which holds nothing else."""
    answer.set_cookie(_COOKIE, language, max_age=_YEAR, httponly=True, samesite="Strict")
    return answer


def address_in(language: str) -> str:
    """Where this page is in another language."""
    return f"{request.path}?{_COOKIE}={language}" if request.method == "GET" else f"/?{_COOKIE}={language}"
