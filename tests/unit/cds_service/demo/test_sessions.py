"""What browsers have open: apart from each other, bounded, and told once."""

import re
from datetime import date, datetime

from cds_service.demo.client import Exchange
from cds_service.demo.clock import EARLIEST, LATEST, DemoClock
from cds_service.demo.sessions import Sessions, Told

CHARTS = {"01-a": ({"resourceType": "Patient", "id": "p1"},), "02-b": ({"resourceType": "Patient", "id": "p2"},)}
EXCHANGE = Exchange("GET", "http://cds.example", None, 200, 1, "{}")


def test_each_browser_has_its_own_charts_under_ids_of_their_own() -> None:
    sessions = Sessions(CHARTS)
    (one, first), (two, second) = sessions.of(None), sessions.of("forged")
    assert one != two
    assert not set(first.charts) & set(second.charts)
    assert sessions.of(one)[1] is first
    assert all(re.fullmatch(r"[\w-]{12}", name) for name in first.charts)


def test_the_session_not_used_for_longest_goes_first() -> None:
    sessions = Sessions(CHARTS)
    first, _ = sessions.of(None)
    second, _ = sessions.of(None)
    for _ in range(22):
        sessions.of(None)
    assert sessions.of(first)[0] == first
    sessions.of(None)
    assert sessions.of(first)[0] == first
    assert sessions.of(second)[0] != second


def test_of_charts_brought_the_oldest_goes_and_none_that_is_bundled() -> None:
    _, session = Sessions(CHARTS).of(None)
    brought = [session.bring(CHARTS["01-a"]).id for _ in range(6)]
    assert [name for name in brought if name in session.charts] == brought[2:]
    assert [chart.scenario for chart in session.charts.values()][:2] == ["01-a", "02-b"]


def test_calls_are_numbered_and_the_oldest_go() -> None:
    _, session = Sessions(CHARTS).of(None)
    session.record("discovery", [EXCHANGE] * 45)
    assert (session.made, len(session.calls), session.calls[0].number) == (45, 40, 6)


def test_what_is_told_is_told_once() -> None:
    _, session = Sessions(CHARTS).of(None)
    session.told = Told("signed")
    assert session.take_told() == Told("signed")
    assert session.take_told() is None


def test_the_clock_stands_until_it_is_moved_and_keeps_its_hour() -> None:
    clock = DemoClock(datetime.fromisoformat("2026-11-22T09:00:00+09:00"))
    assert clock() == clock()
    clock.move_by(10)
    assert clock().isoformat() == "2026-12-02T09:00:00+09:00"
    for day, kept in ((date(1900, 1, 1), EARLIEST), (date(2999, 1, 1), LATEST)):
        clock.move_to(day)
        assert clock.day == kept
    clock.begin_anew()
    assert clock().isoformat() == "2026-11-22T09:00:00+09:00"
