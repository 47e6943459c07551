"""Cards of any vendor as they are shown: safe whatever they hold, whole whatever they lack."""

from typing import Any

import pytest

from cds_service.demo.card_views import most_urgent_first, safe_html, view_card, web_address
from cds_service.demo.client import Service
from cds_service.demo.guidance import Offer, card_key
from cds_service.demo.sessions import Settled

SERVICE = Service("http://cds.example", "s", "patient-view", "A service")


def offer(**card: Any) -> Offer:  # noqa: ANN401 - any attribute of a card
    given = {"summary": "Summary", "indicator": "info", **card}
    return Offer(SERVICE, given, card_key(SERVICE, given))


def test_a_card_with_no_optional_attribute_is_shown() -> None:
    view = view_card(offer())
    assert (view.summary, view.indicator, view.source, view.detail) == ("Summary", "info", "A service", "")
    assert (view.links, view.suggestions, view.reasons, view.several) == ((), (), (), False)


def test_a_whole_card_is_shown() -> None:
    action = {"type": "delete", "description": "Remove the order", "resourceId": "X/1"}
    view = view_card(
        offer(
            indicator="critical",
            source={"label": "Them", "url": "https://them.example"},
            links=[{"label": "Page", "url": "https://them.example/p", "type": "absolute"},
                   {"label": "App", "url": "https://them.example/a", "type": "smart"}],
            suggestions=[{"label": "One", "isRecommended": True, "actions": [action]}, {"label": "Two"}],
            selectionBehavior="any",
            overrideReasons=[{"code": "c", "system": "s", "display": "Why"}, {"code": "d"}, {"display": "no code"}],
        )
    )  # fmt: skip
    assert [(one.label, one.smart) for one in view.links] == [("Page", False), ("App", True)]
    assert [(one.number, one.label, one.recommended) for one in view.suggestions] == [
        (0, "One", True),
        (1, "Two", False),
    ]
    assert [(one.type, one.description) for one in view.suggestions[0].actions] == [("delete", "Remove the order")]
    assert [(one.code, one.display) for one in view.reasons] == [("c", "Why"), ("d", "d")]
    assert (view.source, view.source_url, view.several) == ("Them", "https://them.example", True)


@pytest.mark.parametrize("wrong", [None, 7, "x", [], ["x"], {}, {"a": []}])
@pytest.mark.parametrize("name", ["indicator", "detail", "source", "links", "suggestions", "overrideReasons"])
def test_a_misshapen_attribute_is_as_none(name: str, wrong: object) -> None:
    view = view_card(offer(**{name: wrong}))
    assert (view.links, view.suggestions, view.reasons) == ((), (), ())
    assert view.indicator == "info"


def test_only_several_suggestions_of_which_any_may_be_chosen_are_ticked() -> None:
    two = [{"label": "One"}, {"label": "Two"}]
    assert view_card(offer(suggestions=two, selectionBehavior="any")).several
    assert not view_card(offer(suggestions=two, selectionBehavior="at-most-one")).several
    assert not view_card(offer(suggestions=two[:1], selectionBehavior="any")).several


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("**b** _i_ ~~s~~ `c`", "<p><strong>b</strong> <em>i</em> <s>s</s> <code>c</code></p>\n"),
        ("| a |\n|---|\n| 1 |", "<table>\n<thead>\n<tr>\n<th>a</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n<td>1</td>\n</tr>\n</tbody>\n</table>\n"),  # noqa: E501 - one table
        ("# Title", "<p><strong>Title</strong></p>"),
        ("[l](https://e.example)", '<p><a href="https://e.example" rel="noopener noreferrer">l</a></p>\n'),
        ("[l](javascript:alert(1))", "<p>[l](javascript:alert(1))</p>\n"),
        ("<script>alert(1)</script>after", "after"),
        ('<p onclick="x()" style="a">t</p>', "<p>t</p>"),
        ("<img src=x onerror=alert(1)>t", "<p>t</p>\n"),
        ('<a href="javascript:alert(1)">t</a>', '<p><a rel="noopener noreferrer">t</a></p>\n'),
        ("<h1>big</h1>", "big"),
        ("<iframe src='https://e.example'></iframe><form><input></form>", ""),
        ("![i](https://e.example/i.png)", "<p></p>\n"),
    ],
)  # fmt: skip
def test_detail_is_markdown_in_which_nothing_acts(markdown: str, html: str) -> None:
    assert safe_html(markdown) == html


@pytest.mark.parametrize(
    ("detail", "shown"),
    [
        ("- Stop it by 2026-11-23 (TACE-01)", '<p class="small soft">TACE-01</p>'),
        ("Stop it by 2026-11-23", ""),
        ("- it by 2026-11-23 (NEXT-01)", '<p class="small soft">NEXT-01</p>'),
        ("Stop it", None),
        ("- Stop it by 2026-11-23 (TACE-01)\n- Order INR", None),
        ("- Stop it by 2026-11-23, and tell the patient why (TACE-01)", None),
        ("By all means", None),
    ],
)
def test_a_detail_that_only_repeats_the_summary_is_what_it_adds(detail: str, shown: str | None) -> None:
    view = view_card(offer(summary="Stop it by 2026-11-23", detail=detail))
    assert view.detail == (safe_html(detail) if shown is None else shown)


def test_a_date_stays_on_one_line_and_in_an_address_as_it_is() -> None:
    day = '<span class="nowrap">2026-11-24</span>'
    link = safe_html("[by 2026-11-24](https://e.example/2026-11-24)")
    assert link == f'<p><a href="https://e.example/2026-11-24" rel="noopener noreferrer">by {day}</a></p>\n'
    assert view_card(offer(summary="<b> 2026-11-24")).summary == f"&lt;b&gt; {day}"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://e.example", "https://e.example"),
        ("HTTP://e.example", "HTTP://e.example"),
        ("javascript:alert(1)//http://", ""),
        ("data:text/html,x", ""),
        ("/relative", ""),
        ("", ""),
    ],
)
def test_only_addresses_of_the_web_are_linked(url: str, shown: str) -> None:
    assert web_address(url) == shown
    assert [one.url for one in view_card(offer(links=[{"label": "l", "url": url}])).links] == ([shown] if shown else [])


def test_the_most_urgent_comes_first_and_the_settled_last() -> None:
    views = [
        view_card(offer(summary="info")),
        view_card(offer(summary="settled", indicator="critical"), Settled("accepted")),
        view_card(offer(summary="warning", indicator="warning")),
        view_card(offer(summary="critical", indicator="critical")),
    ]
    assert [view.summary for view in most_urgent_first(views)] == ["critical", "warning", "info", "settled"]


def test_a_card_that_says_the_same_again_is_the_same_and_another_is_not() -> None:
    assert offer(uuid="1").key == offer(uuid="2").key
    assert len({offer().key, offer(summary="Other").key, offer(indicator="warning").key}) == 3
