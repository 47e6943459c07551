"""The frame of every page: which language it is in, and what a browser is told it may do."""

import pytest
from flask import Flask, g
from werkzeug.datastructures import LanguageAccept

from cds_service.pages.security import HEADERS, secure
from cds_service.pages.site import create_site, language_of


@pytest.fixture
def app() -> Flask:
    made = Flask("pages")
    made.register_blueprint(create_site())
    secure(made)
    made.add_url_rule("/page", view_func=lambda: str(g.language))
    return made


@pytest.mark.parametrize(
    ("chosen", "accepted", "language"),
    [
        (None, [], "en"),
        (None, [("ko-KR", 1), ("en", 0.8)], "ko"),
        (None, [("de", 1), ("ko", 0.5)], "ko"),
        (None, [("de", 1)], "en"),
        ("en", [("ko", 1)], "en"),
        ("ko", [], "ko"),
        ("xx", [("ko", 1)], "ko"),
    ],
)
def test_a_choice_made_in_the_page_wins_then_what_the_browser_accepts(
    chosen: str | None, accepted: list[tuple[str, float]], language: str
) -> None:
    assert language_of(chosen, LanguageAccept(accepted)) == language


def test_a_language_is_chosen_once_and_stays(app: Flask) -> None:
    client = app.test_client()
    chosen = client.get("/page?language=ko")
    assert (chosen.status_code, chosen.location) == (303, "/page")
    assert client.get("/page").text == "ko"
    assert "HttpOnly" in chosen.headers["Set-Cookie"]
    assert "SameSite=Strict" in chosen.headers["Set-Cookie"]


def test_every_page_bears_the_headers_and_is_not_kept(app: Flask) -> None:
    for answer in (app.test_client().get("/page"), app.test_client().get("/nowhere")):
        assert HEADERS.items() <= dict(answer.headers).items()
        assert answer.headers["Cache-Control"] == "no-store"


def test_nothing_inline_and_nothing_from_elsewhere_is_let_through() -> None:
    policy = dict(part.split(" ", 1) for part in HEADERS["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    allowed = {source for sources in policy.values() for source in sources.split()}
    assert allowed == {"'none'", "'self'", "data:"}


@pytest.mark.parametrize("file", ["site.css", "mark.svg", "htmx.min.js", "htmx.LICENSE.txt"])
def test_the_static_files_are_served_by_us(app: Flask, file: str) -> None:
    answer = app.test_client().get(f"/site/{file}")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] != "no-store"
