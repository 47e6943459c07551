"""One demonstration and one browser for all; for every test a browser session of its own, on the first day."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect

from cds_service.commands.demonstrating import AS_OF, ZONE
from cds_service.demo.clock import DemoClock
from cds_service.demo.server import Running, running_demo
from cds_service.settings import Settings, read_clock, read_zone
from tests.browser.launching import NoBrowserError, launched
from tests.browser.visits import Visit
from tests.conftest import ON_CI

_HERE = Path(__file__).parent

Visiting = Callable[..., Visit]

PATIENCE = 60_000
"""Milliseconds within which anything shows that is to show: a machine may be busy."""
expect.set_options(timeout=PATIENCE)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test here takes seconds, and all share one worker: one browser, one clock."""
    for item in items:
        if _HERE in item.path.parents:
            item.add_marker(pytest.mark.slow)
            item.add_marker(pytest.mark.xdist_group("browser"))


@pytest.fixture(scope="session")
def clock() -> DemoClock:
    """The clock of the demonstration."""
    return DemoClock(read_clock(AS_OF))


@pytest.fixture(scope="session")
def running(clock: DemoClock) -> Iterator[Running]:
    """Service and EHR."""
    with running_demo(Settings(zone=read_zone(ZONE)), clock) as found:
        yield found


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The browser of all tests here; where there is none they are left out, but fail on CI."""
    try:
        with launched() as found:
            yield found
    except NoBrowserError as missing:
        (pytest.fail if ON_CI else pytest.skip)(str(missing))


@pytest.fixture
def visiting(browser: Browser, running: Running, clock: DemoClock) -> Iterator[Visiting]:
    """Opens a browser session: width, language, light or dark, with or without scripts.

    Whatever the console complains about, and whatever goes to another origin, fails the test.
    """
    clock.begin_anew()
    complaints: list[str] = []
    contexts = []

    def visit(
        width: int = 1280, locale: str = "en-GB", scheme: str = "light", *, scripts: bool = True, height: int = 900
    ) -> Visit:
        context = browser.new_context(
            viewport={"width": width, "height": height},
            locale=locale,
            color_scheme="dark" if scheme == "dark" else "light",
            reduced_motion="reduce",
            java_script_enabled=scripts,
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        _listen(page, running, complaints)
        return Visit(page, running)

    yield visit
    for context in contexts:
        context.close()
    assert complaints == []


def _listen(page: Page, running: Running, complaints: list[str]) -> None:
    def console(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            complaints.append(f"console: {message.text}")

    def request(asked: Request) -> None:
        if not asked.url.startswith((running.ehr, "data:")):
            complaints.append(f"asked elsewhere: {asked.url}")

    page.on("console", console)
    page.on("request", request)
    page.on("pageerror", lambda error: complaints.append(f"script: {error}"))
