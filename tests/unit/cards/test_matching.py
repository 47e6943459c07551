"""Which patient gets the match card, and what it says (rulebook 8.3)."""

import json
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from typing import Any

import pytest

from cards.matching import CardSettings, match_card, summary
from cards.model import Card, CardSource, Coding, Indicator, Link, present
from cards.wording import Words
from cds_service.catalogues import languages, load_words
from cds_service.loading import Loaded, load
from cds_service.settings import Settings, read_clock, read_zone
from cds_service.trial.assessment import Assessment, Status, assess
from cds_service.trial.case import Moment
from fhir_profiles.reading.decoding import decode_body
from fhir_profiles.reading.records import read_record
from tests.acceptance import AS_OF, CANCER, PATIENT, bilirubin, bundle, condition
from tests.http_calls import card_validator

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
TODAY = date(2026, 11, 22)
METASTASIS = "lung-metastasis"
CHART = (PATIENT, condition(CANCER), condition(METASTASIS))


@cache
def product() -> Loaded:
    return load(Settings())


@cache
def words(language: str = "en") -> Words:
    return load_words(language, product().protocol.titles)


def judged(*resources: object) -> Assessment:
    zone = read_zone("Asia/Seoul")
    record = read_record(decode_body(json.dumps(bundle(*resources)).encode()), product().vocabulary, zone)
    return assess(product().protocol, record, Moment(read_clock(AS_OF), zone))


def card_of(assessment: Assessment, settings: CardSettings | None = None, trace: str = TRACE) -> Card | None:
    card = match_card(assessment, product().protocol, words(), settings or CardSettings(), trace)
    if card is not None:
        card_validator().validate(json.loads(json.dumps(card.document())))
    return card


def shown(assessment: Assessment) -> Card:
    card = card_of(assessment)
    assert card is not None
    return card


def bleeding(days_ago: int) -> Any:  # noqa: ANN401 - a resource
    onset = (TODAY - timedelta(days=days_ago)).isoformat()
    return condition("gi-bleeding", onsetDateTime=onset)


@pytest.mark.parametrize(
    ("status", "owed"),
    [
        (Status.POTENTIALLY_ELIGIBLE, True),
        (Status.ELIGIBLE_PENDING_CONFIRMATION, True),
        (Status.INELIGIBLE, False),
        (Status.NOT_APPLICABLE, False),
        (Status.ENROLLED, False),
        (Status.FOLLOW_UP, False),
    ],
)
def test_who_may_qualify_gets_a_card_and_no_one_else(status: Status, owed: bool) -> None:
    assert (card_of(replace(judged(*CHART), status=status)) is not None) == owed


def lapsing_on(day: date | None) -> Assessment:
    """An excluded patient whose reason lapses on that day."""
    return replace(judged(*CHART, bleeding(1)), earliest_eligible=day)


@pytest.mark.parametrize(("days", "owed"), [(1, True), (59, True), (60, True), (61, False), (400, False)])
def test_not_before_is_shown_up_to_sixty_days_ahead(days: int, owed: bool) -> None:
    assert (card_of(lapsing_on(TODAY + timedelta(days=days))) is not None) == owed


def test_how_far_ahead_is_the_sites_to_decide() -> None:
    assessment = lapsing_on(TODAY + timedelta(days=10))
    assert card_of(assessment, CardSettings(show_ahead_days=9)) is None
    assert card_of(assessment, CardSettings(show_ahead_days=10)) is not None


def test_an_exclusion_that_does_not_lapse_gets_no_card() -> None:
    assert card_of(lapsing_on(None)) is None


def test_who_left_the_study_is_not_asked_again() -> None:
    assert card_of(replace(judged(*CHART), study_status="withdrawn")) is None


def test_the_summary_says_what_is_missing() -> None:
    assert shown(judged(*CHART)).summary.startswith("May qualify for COTSOM; still needed: ")


def test_the_summary_says_from_which_day_and_why() -> None:
    assessment = judged(*CHART, bleeding(1))
    assert assessment.status is Status.INELIGIBLE
    assert assessment.earliest_eligible is not None
    text = shown(assessment).summary
    assert f"not before {assessment.earliest_eligible.isoformat()}" in text
    assert "Gastrointestinal hemorrhage on record" in text


@pytest.mark.parametrize("language", languages())
def test_the_summary_stays_short_whatever_the_record_says(language: str) -> None:
    long = condition("gi-bleeding", code={**condition("gi-bleeding")["code"], "text": "x" * 50 + " word" * 80})
    for assessment in (judged(*CHART), judged(*CHART, bleeding(1)), judged(*CHART, long), judged(PATIENT)):
        assert len(summary(assessment, product().protocol, words(language))) < 140


HOSTILE = "<img src=x onerror=alert(1)> [x](javascript:alert(1)) | `a` https://evil.example"


def hostile_charts() -> tuple[tuple[object, ...], ...]:
    coded = {**condition("gi-bleeding")["code"], "text": HOSTILE}
    said = {**condition(CANCER)["code"], "text": HOSTILE}
    return (
        (PATIENT, condition(CANCER, code=said), condition(METASTASIS)),
        (*CHART, condition("gi-bleeding", code=coded, onsetDateTime="2026-11-20")),
        (*CHART, condition(CANCER, "other", code={"text": f"{HOSTILE} brain metastasis"})),
        (*CHART, bilirubin(1, valueQuantity={"value": 1, "unit": HOSTILE})),
        (*CHART, bilirubin(1, valueQuantity=None, valueString=HOSTILE)),
        ({**PATIENT, "gender": HOSTILE}, *CHART[1:]),
    )


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("chart", hostile_charts(), ids=map(str, range(6)))
def test_what_the_record_says_is_no_markup_in_the_detail(chart: tuple[object, ...], language: str) -> None:
    card = match_card(judged(*chart), product().protocol, words(language), CardSettings(), TRACE)
    if card is None:
        return
    for mark in ("<img", "[x](", "javascript:", "https://", "`a`", " | "):
        assert mark not in card.detail, card.detail


def test_the_detail_names_what_is_missing_who_must_say_and_that_it_is_no_device() -> None:
    detail = shown(judged(*CHART)).detail
    assert "Still needed" in detail
    assert "Only a person can say" in detail
    assert detail.endswith("_Decision support for research, not a medical device._")


def test_the_detail_holds_no_broken_entity() -> None:
    assert "&\\#" not in shown(judged(*CHART)).detail


def test_the_uuid_is_that_of_the_call_and_the_facts() -> None:
    assessment = judged(*CHART)
    assert shown(assessment).uuid == shown(assessment).uuid
    other_call = card_of(assessment, trace="0" * 31 + "1")
    assert other_call is not None
    assert other_call.uuid != shown(assessment).uuid
    assert shown(judged(*CHART, bilirubin(1.1))).uuid != shown(assessment).uuid


def test_the_card_leaves_out_what_is_merely_presumed() -> None:
    extension: Any = shown(judged(*CHART)).extension
    lines = extension["assessment"]["criteria"]
    assert {line["verdict"] for line in lines} <= {"satisfied", "unknown", "attest", "violated"}
    assert all(line["evidence"] for line in lines if line["verdict"] == "satisfied")


def test_a_worksheet_is_linked_where_there_is_one() -> None:
    card = card_of(judged(*CHART), CardSettings(worksheet="https://sheet.example/launch"))
    assert card is not None
    assert [link.url for link in card.links] == ["https://sheet.example/launch"]
    assert shown(judged(*CHART)).links == ()


def test_an_attribute_without_content_is_absent() -> None:
    topic = Coding("http://a.example", "t", "T")
    card = Card("u", "s", Indicator.INFO, CardSource("l", topic), {"trial": "x"})
    assert set(card.document()) == {"uuid", "summary", "indicator", "source", "extension"}
    assert card.document()["source"] == {"label": "l", "topic": topic.document()}
    assert present({"a": None, "b": "", "c": [], "d": {}, "e": 0, "f": False}) == {"e": 0, "f": False}


def test_a_link_is_absolute_unless_it_is_an_app() -> None:
    assert Link("l", "https://a.example").document()["type"] == "absolute"
    assert Link("l", "https://a.example", "smart").document() == {
        "label": "l",
        "url": "https://a.example",
        "type": "smart",
    }
