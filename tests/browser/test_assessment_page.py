"""The assessment page in a real browser: every screen, light and dark, both languages, by keyboard, on paper."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Page, expect
from werkzeug.serving import make_server

from cds_service.commands.demonstrating import PATIENTS
from cds_service.demo.server import Running
from cds_service.intake import Chart
from tests.browser.checks import MISFITS, SMALL, violations
from tests.browser.conftest import Visiting
from tests.browser.test_every_page import WIDTHS
from tests.unit.cds_service.pages.assessment_site import opened, site

SCREENED: Final = "10-child-pugh-conflict-and-portal-vein"
FOLLOWED: Final = "13-tace-with-sorafenib-still-on"
WORSENED: Final = "16-liver-function-worsened"
# Labels of the picture that touch in the fonts this browser has; a hair's breadth is no touching.
_TOUCHING: Final = """() => {
  const shown = [...document.querySelectorAll("svg.timeline text")].filter((one) => one.checkVisibility());
  const boxes = shown.map((one) => [one.textContent, one.getBoundingClientRect(), one.closest("svg")]);
  const found = boxes.length ? [] : ["no picture"];
  for (const [text, a, svg] of boxes) {
    const frame = svg.getBoundingClientRect();
    if (a.left < frame.left - 1 || a.right > frame.right + 1) found.push(`outside: ${text}`);
  }
  boxes.forEach(([text, a], at) => boxes.slice(at + 1).forEach(([other, b]) => {
    const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
    const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
    if (across > 0.5 && down > 2.5) found.push(`${text} | ${other}`);
  }));
  return found;
}"""
_SIZES: Final = """() => [...document.querySelectorAll("svg.timeline text")].filter((one) => one.checkVisibility())
  .map((one) => one.getScreenCTM().a * parseFloat(one.getAttribute("font-size")))"""


class _Desk:
    """Whose chart is open."""

    def __init__(self) -> None:
        self.chart: Chart | None = None

    def open(self, name: str) -> None:
        self.chart = opened(Path(PATIENTS / f"{name}.json"))


@pytest.fixture(scope="module")
def desk() -> _Desk:
    return _Desk()


@pytest.fixture(scope="module")
def running(desk: _Desk) -> Iterator[Running]:
    """An app that mounts the page, in place of the whole demonstration."""
    server = make_server("127.0.0.1", 0, site(lambda: desk.chart), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    address = f"http://127.0.0.1:{server.server_port}/"
    yield Running(address, address)
    server.shutdown()
    thread.join()


@pytest.fixture
def page_of(desk: _Desk, visiting: Visiting, running: Running) -> Callable[..., Any]:
    """Opens a patient's page; arguments as those of a visit."""

    def visit(patient: str, query: str = "", **given: Any) -> Any:  # noqa: ANN401 - what a visit takes
        desk.open(patient)
        found = visiting(**given)
        found.page.goto(f"{running.ehr}assessment{query}")
        return found

    return visit


@pytest.mark.parametrize(
    ("patient", "locale"),
    [(SCREENED, "en-GB"), ("08-korean-chart-drug-in-words-only", "ko-KR"), (FOLLOWED, "ko-KR"), (WORSENED, "en-GB")],
)
def test_the_page_can_be_used_by_everybody_on_any_screen(
    page_of: Callable[..., Any], patient: str, locale: str
) -> None:
    visit = page_of(patient, "?open=all", locale=locale)
    for width in WIDTHS:
        visit.page.set_viewport_size({"width": width, "height": 1000})
        assert (width, visit.page.evaluate(MISFITS)) == (width, [])
        assert (width, visit.page.evaluate(SMALL)) == (width, [])
        if patient in (FOLLOWED, WORSENED):
            assert (width, visit.page.evaluate(_TOUCHING)) == (width, [])
            assert min(visit.page.evaluate(_SIZES)) >= (11 if width > 320 else 8)  # WCAG 1.4.10: 320 is 1280 enlarged
    # what axe-core looks at is alike in every line: a few open ones are enough, and cost a quarter of the time
    visit.page.goto(visit.page.url.partition("?")[0])
    for line in ("I3", "E5b", "E9"):
        visit.page.locator(f"#line-{line} > summary").click()
    assert violations(visit, "light") == []
    assert violations(visit, "dark") == []


def test_a_telephone_gets_the_picture_with_fewer_weeks(page_of: Callable[..., Any]) -> None:
    page = page_of(FOLLOWED, width=390).page
    assert not page.locator(".picture-wide").is_visible()
    assert page.locator(".picture-narrow").is_visible()
    page.set_viewport_size({"width": 1280, "height": 900})
    assert page.locator(".picture-wide").is_visible()
    assert not page.locator(".picture-narrow").is_visible()


def test_a_line_opens_by_keyboard(page_of: Callable[..., Any]) -> None:
    page: Page = page_of(SCREENED).page
    body = page.locator("#line-E5b .line-body")
    assert not body.is_visible()
    page.locator("#line-E5b > summary").focus()
    page.keyboard.press("Enter")
    expect(body).to_be_visible()
    expect(body).to_contain_text("2026-11-19")
    page.keyboard.press("Space")
    expect(body).to_be_hidden()


def test_the_page_needs_no_script(page_of: Callable[..., Any]) -> None:
    page: Page = page_of(SCREENED, scripts=False).page
    page.locator("#line-I3 > summary").click()
    expect(page.locator("#line-I3 .line-body")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_paper_is_white_the_ink_black_and_every_line_open(page_of: Callable[..., Any], scheme: str) -> None:
    page: Page = page_of(WORSENED, scheme=scheme).page
    page.emulate_media(media="print")
    grids = "() => [...document.querySelectorAll('.stack')].filter((one) => getComputedStyle(one).display === 'grid')"
    assert page.evaluate(f"({grids})().length") == 0  # the rows of a grid that a page divides lie on each other
    hidden = "() => [...document.querySelectorAll('.line-body')].filter((one) => !one.checkVisibility()).length"
    assert page.evaluate(hidden) == 0
    assert page.locator(".picture-wide").is_visible()
    assert not page.locator(".picture-narrow").is_visible()
    assert not page.locator(".site-header").is_visible()
    assert page.locator(".assessment-head .print-only").is_visible()
    colour = "(one) => getComputedStyle(one).color"
    for selector in ("h1", ".status-word", ".line-text", ".mark-violated", ".step .badge"):
        assert page.locator(selector).first.evaluate(colour) == "rgb(0, 0, 0)"
    fills = (
        "() => [...new Set([...document.querySelectorAll('.picture-wide text')].map((t) => getComputedStyle(t).fill))]"
    )
    assert set(page.evaluate(fills)) <= {"rgb(0, 0, 0)", "rgb(34, 34, 34)", "rgb(51, 51, 51)"}
    assert page.locator("body").evaluate("(one) => getComputedStyle(one).backgroundColor") == "rgb(255, 255, 255)"
