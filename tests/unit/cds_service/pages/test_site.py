"""The frame of every page: which language it is in, and what a browser is told it may do."""

import re
from pathlib import Path

import pytest
from flask import Flask, g, render_template

import cds_service
from cds_service.pages.security import HEADERS, secure
from cds_service.pages.site import create_site, words_of_page


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
        (None, "", "en"),
        (None, "ko-KR,en;q=0.8", "ko"),
        (None, "de,ko;q=0.5", "ko"),
        (None, "de", "en"),
        ("en", "ko", "en"),
        ("ko", "", "ko"),
        ("xx", "ko", "ko"),
    ],
)
def test_a_choice_made_in_the_page_wins_then_what_the_browser_accepts(
    app: Flask, chosen: str | None, accepted: str, language: str
) -> None:
    client = app.test_client()
    if chosen is not None:
        client.set_cookie("language", chosen)
    assert client.get("/page", headers={"Accept-Language": accepted}).text == language


def test_the_frame_is_in_the_language_of_the_reader(app: Flask) -> None:
    app.add_url_rule("/framed", "framed", view_func=lambda: render_template("base.html"))
    page = app.test_client().get("/framed", headers={"Accept-Language": "ko"}).text
    assert '<html lang="ko">' in page
    assert "본문으로 건너뛰기" in page
    assert ">English<" in page
    assert ">한국어<" in page


def test_the_words_in_code_are_those_of_the_page(app: Flask) -> None:
    app.add_url_rule("/words", "words", view_func=lambda: words_of_page()("page.language"))
    assert app.test_client().get("/words", headers={"Accept-Language": "ko"}).text == "언어"


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


def test_every_class_of_the_style_sheets_is_used() -> None:
    service = Path(cds_service.__file__).parent
    style = "".join(file.read_text(encoding="utf-8") for file in service.rglob("*.css"))
    sources = (file for kind in ("*.html", "*.py", "*.js") for file in service.rglob(kind))
    used = {word for file in sources for word in re.findall(r"[\w-]+", file.read_text(encoding="utf-8"))}
    named = set(re.findall(r"\.([a-zA-Z][\w-]*)(?=[^{}]*\{)", style)) - used
    composed = {name for name in named for word in used if word.endswith("-") and name.startswith(word)}
    assert named - composed == set()
