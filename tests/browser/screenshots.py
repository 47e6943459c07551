"""Takes the pictures of `docs/tour.md`: `python -m tests.browser.screenshots`, or all pages into a folder given."""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page

from cds_service.commands.demonstrating import AS_OF, ZONE
from cds_service.demo.clock import DemoClock
from cds_service.demo.server import Running, running_demo
from cds_service.settings import Settings, read_clock, read_zone
from tests.browser.launching import launched
from tests.browser.states import STATES
from tests.browser.visits import Visit

_TOUR = Path(__file__).parents[2] / "docs" / "tour"
_WIDTHS = (390, 1280, 2560)


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture: what is done first, and the screen; the page above the fold, or one part of it."""

    prepare: Callable[[Visit], object]
    width: int = 1280
    height: int = 800
    locale: str = "en-GB"
    part: str = ""


def _card(visit: Visit) -> None:
    visit.open("Invented Two")


def _sign(visit: Visit) -> None:
    visit.open("Invented Thirteen")
    visit.order("tace", "2026-11-24")
    visit.review()


def _calls(visit: Visit) -> None:
    visit.open("Invented Two").calls()
    visit.page.locator("section.call summary").first.click()


_SHOTS: Mapping[str, Shot] = {
    "patients": Shot(STATES["patients"], height=640),
    "card": Shot(_card, height=640),
    "sign": Shot(_sign, height=560),
    "timeline": Shot(STATES["followed"], part=".area-timeline"),
    "telephone": Shot(STATES["enrolled"], 390, 780, "ko-KR"),
    "calls": Shot(_calls, height=640),
}


@contextmanager
def _visiting(browser: Browser, running: Running, shot: Shot) -> Iterator[Visit]:
    context = browser.new_context(
        viewport={"width": shot.width, "height": shot.height},
        locale=shot.locale,
        reduced_motion="reduce",
    )
    yield Visit(context.new_page(), running)
    context.close()


def _take_tour(page_of: Callable[[Shot], Iterator[Page]]) -> None:
    for name, shot in _SHOTS.items():
        for page in page_of(shot):
            target = page.locator(shot.part) if shot.part else page
            target.screenshot(path=_TOUR / f"{name}.png", scale="css")


def _take_all(page_of: Callable[[Shot], Iterator[Page]], folder: Path) -> None:
    for state, prepare in STATES.items():
        for locale in ("en-GB", "ko-KR"):
            for width in _WIDTHS:
                for page in page_of(Shot(prepare, width, 1000, locale)):
                    page.screenshot(path=folder / f"{state}-{width}-{locale[:2]}.png", full_page=True, scale="css")


def main() -> None:
    """Takes the pictures."""
    clock = DemoClock(read_clock(AS_OF))
    with running_demo(Settings(zone=read_zone(ZONE)), clock) as running, launched() as browser:

        def page_of(shot: Shot) -> Iterator[Page]:
            clock.begin_anew()
            with _visiting(browser, running, shot) as visit:
                shot.prepare(visit)
                visit.page.mouse.move(0, 0)
                yield visit.page

        if len(sys.argv) > 1:
            folder = Path(sys.argv[1])
            folder.mkdir(parents=True, exist_ok=True)
            _take_all(page_of, folder)
        else:
            _TOUR.mkdir(exist_ok=True)
            _take_tour(page_of)


if __name__ == "__main__":
    main()
