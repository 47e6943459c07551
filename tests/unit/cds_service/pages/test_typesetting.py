"""Days and units as they are set on a page."""

import pytest

from cds_service.pages.typesetting import unbroken, whole_days, with_unit

DAY = '<span class="nowrap">2026-11-24</span>'


@pytest.mark.parametrize(
    ("html", "kept"),
    [
        ("on 2026-11-24.", f"on {DAY}."),
        ("2026-11-24까지", f"{DAY}까지"),
        ('<a href="/2026-11-24">2026-11-24</a>', f'<a href="/2026-11-24">{DAY}</a>'),
        ("2026-11, 12026-11-24", "2026-11, 12026-11-24"),
    ],
)
def test_a_day_stays_on_one_line_and_in_an_address_as_it_is(html: str, kept: str) -> None:
    assert unbroken(html) == kept


def test_what_stands_around_a_day_is_escaped() -> None:
    assert whole_days("<b> 2026-11-24 & 2026-11") == f"&lt;b&gt; {DAY} &amp; 2026-11"


@pytest.mark.parametrize(
    ("recorded", "written"),
    [
        ("1.1 {INR}", "1.1"),
        ("{INR}", ""),
        ("142 10*3/uL", "142 ×10³/µL"),
        ("58 mL/min/{1.73_m2}", "58 mL/min/{1.73_m2}"),
        ("3.4 mg/dL", "3.4 mg/dL"),
    ],
)
def test_a_unit_is_written_as_people_write_it(recorded: str, written: str) -> None:
    assert with_unit(recorded) == written
