"""Every page in every state, on every screen, in light and dark, in both languages."""

import pytest

from tests.browser.checks import MISFITS, SMALL, violations
from tests.browser.conftest import Visiting
from tests.browser.states import STATES

WIDTHS = (320, 390, 768, 1280, 2560)


@pytest.mark.parametrize("locale", ["en-GB", "ko-KR"])
@pytest.mark.parametrize("state", STATES)
def test_a_page_can_be_used_by_everybody_on_any_screen(visiting: Visiting, state: str, locale: str) -> None:
    visit = visiting(locale=locale)
    STATES[state](visit)
    for width in WIDTHS:
        visit.page.set_viewport_size({"width": width, "height": 1000})
        assert (width, visit.page.evaluate(MISFITS)) == (width, [])
        assert (width, visit.page.evaluate(SMALL)) == (width, [])
    assert violations(visit, "light") == []
    assert violations(visit, "dark") == []
