"""A window that a site has set is what its cards and assessments say, in every language."""

import json
from functools import cache

import pytest
from flask.testing import FlaskClient

from cards.wording import Words
from cds_service.catalogues import load_words
from cds_service.loading import load
from cds_service.settings import Settings, read_clock, read_zone
from cds_service.trial.assessment import Assessment, assess
from cds_service.trial.case import Moment
from fhir_profiles.reading.decoding import decode_body
from fhir_profiles.reading.records import read_record
from tests.acceptance import AS_OF, CANCER, PATIENT, bundle, condition
from tests.case_codes import concept
from tests.http_calls import Json, cards_of, client, resources_of, service, simple_chart
from tests.order_calls import ORDER_SIGN, SUBJECT, enrolled_chart, order_request, sorafenib, tace

WOMAN = {**PATIENT, "gender": "female", "birthDate": "1982-04-12"}
INDUCER, TARGETED = "cyp3a4-inducer-strong", "molecular-targeted-or-immunotherapy"
RESECTION = {
    "resourceType": "ServiceRequest",
    "id": "draft-resection",
    "status": "draft",
    "intent": "order",
    "subject": SUBJECT,
    "code": concept("hepatic-local-therapy"),
    "occurrenceDateTime": "2026-11-25",
}


def drug(*names: str) -> Json:
    """A draft of one drug that is in all of these value sets."""
    codings = [coding for name in names for coding in concept(name)["coding"]]
    return sorafenib(medicationCodeableConcept={"coding": codings})


@cache
def caller_at(*parameters: tuple[str, str]) -> FlaskClient:
    """A caller of a site with these parameters."""
    return service(parameters=dict(parameters)).test_client() if parameters else client()


def told(request: Json, language: str, parameters: dict[str, str]) -> str:
    """Everything that the cards say, suggestions included, at a site with these parameters."""
    answer = caller_at(*parameters.items()).post(ORDER_SIGN, json=request, headers={"Accept-Language": language})
    cards = cards_of(answer)
    assert cards
    return json.dumps(cards, ensure_ascii=False)


@pytest.mark.parametrize(
    ("language", "usual", "own"),
    [
        ("en", "No negative pregnancy test within 14 days", "No negative pregnancy test within 1 week"),
        ("ko", "14일 이내의 임신 검사", "1주 이내의 임신 검사"),
    ],
)
def test_the_age_of_the_pregnancy_test(language: str, usual: str, own: str) -> None:
    chart = bundle(*(WOMAN if one["resourceType"] == "Patient" else one for one in resources_of(enrolled_chart())))
    request = order_request([sorafenib()], chart)
    assert usual in told(request, language, {})
    changed = told(request, language, {"pregnancy-test-age": "1 week"})
    assert own in changed
    assert usual not in changed


@pytest.mark.parametrize(
    ("draft", "parameter"),
    [
        (RESECTION, "local-therapy-washout"),
        (drug(INDUCER), "inducer-washout"),
        (drug(TARGETED), "drug-washout"),
    ],
)
@pytest.mark.parametrize(
    ("language", "usual", "own"), [("en", "for 4 weeks:", "for 45 days:"), ("ko", "4주 동안", "45일 동안")]
)
def test_how_long_an_order_closes_the_trial(draft: Json, parameter: str, language: str, usual: str, own: str) -> None:
    request = order_request([draft], simple_chart())
    assert usual in told(request, language, {})
    changed = told(request, language, {parameter: "45 days"})
    assert own in changed
    assert usual not in changed


@pytest.mark.parametrize(("washout", "said"), [("2 months", "for 2 months:"), ("20 days", "for 4 weeks:")])
def test_what_closes_the_trial_twice_closes_it_for_the_longer_time(washout: str, said: str) -> None:
    request = order_request([drug(INDUCER, TARGETED)], simple_chart())
    assert said in told(request, "en", {"inducer-washout": washout})


@pytest.mark.parametrize(
    ("sign", "language", "said"),
    [
        ("ascites", "en", "Ascites grade, not older than {}"),
        ("ascites", "ko", "복수 등급, {} 이내의 결과"),
        ("encephalopathy", "en", "Encephalopathy grade, not older than {}"),
        ("encephalopathy", "ko", "간성뇌증 등급, {} 이내의 결과"),
    ],
)
@pytest.mark.parametrize(
    ("parameters", "age"),
    [({}, {"en": "28 days", "ko": "28일"}), ({"assessment-age": "2 months"}, {"en": "2 months", "ko": "2개월"})],
)
def test_the_age_of_the_grades_of_child_pugh(
    sign: str, language: str, said: str, parameters: dict[str, str], age: dict[str, str]
) -> None:
    chart = bundle(PATIENT, condition(CANCER), condition(sign))
    assessment, words = judged(chart, parameters, language)
    assert said.format(age[language]) in {words.say(ask.text) for ask in assessment.finding("I3").asks}


def judged(chart: Json, parameters: dict[str, str], language: str) -> tuple[Assessment, Words]:
    """What a site with these parameters judges, and the words to say it with."""
    loaded, zone = load(Settings(parameters=parameters)), read_zone("Asia/Seoul")
    record = read_record(decode_body(json.dumps(chart).encode()), loaded.vocabulary, zone)
    words = load_words(language, loaded.protocol.titles)
    return assess(loaded.protocol, record, Moment(read_clock(AS_OF), zone)), words


SESSION = {
    "resourceType": "Procedure",
    "id": "tace-2",
    "status": "completed",
    "subject": SUBJECT,
    "code": concept("tace"),
    "performedDateTime": "2026-11-21",
}
VISIT = {
    "resourceType": "Encounter",
    "id": "visit",
    "status": "finished",
    "class": {"code": "AMB"},
    "subject": SUBJECT,
    "period": {"start": "2026-11-20", "end": "2026-11-20"},
}
PLANNED = tace("2026-11-25", id="planned", status="active")
LEFT = [{**one, "status": "follow-up"} if one["id"] == "s1" else one for one in resources_of(enrolled_chart(VISIT))]


@pytest.mark.parametrize(
    ("name", "value", "chart", "step", "window", "english", "korean"),
    [
        (
            *("start-sorafenib", "2 to 9 days", enrolled_chart(SESSION), "NEXT-01", ("11-23", "11-30")),
            *("daily, 2 to 9 days after the TACE of", "TACE 후 2일에서 9일 사이에"),
        ),
        (
            *("response-imaging", "5 to 6 weeks", enrolled_chart(), "NEXT-02", ("11-24", "12-01")),
            *("liver, 5 to 6 weeks after the TACE of", "TACE 후 5주에서 6주 사이에"),
        ),
        (
            *("first-examination", "30 to 31 days", enrolled_chart(), "NEXT-03", ("11-24", "11-25")),
            *("examination, 30 to 31 days after sorafenib", "후 30일에서 31일 사이"),
        ),
        (
            *("next-examination", "1 to 1 weeks", enrolled_chart(VISIT), "NEXT-03", ("11-27", "11-27")),
            *("examination, 1 week after the one of", "정기 진찰일 2026-11-20 후 1주 사이"),
        ),
        (
            *("safety-laboratory", "1 week", enrolled_chart(PLANNED), "NEXT-04", ("11-18", "11-25")),
            *("Safety laboratory within 1 week before", "TACE 전 1주 이내"),
        ),
        (
            *("stop-sorafenib", "2 days", enrolled_chart(PLANNED), "NEXT-05", ("11-23", "11-23")),
            *("Stop sorafenib 2 days before", "TACE 2일 전에"),
        ),
        (
            *("survival-follow-up", "10 to 20 days", bundle(*LEFT), "NEXT-07", ("11-30", "12-10")),
            *("follow-up, 10 to 20 days after", "후 10일에서 20일 사이"),
        ),
    ],
)
def test_the_windows_of_the_steps(  # noqa: PLR0917 - one step a row
    name: str, value: str, chart: Json, step: str, window: tuple[str, str], english: str, korean: str
) -> None:
    for language, said in (("en", english), ("ko", korean)):
        assessment, words = judged(chart, {name: value}, language)
        found = next(one for one in assessment.steps if one.id == step)
        assert said in words.say(found.reason)
        assert tuple(day.strftime("%m-%d") for day in found.window or ()) == window


@pytest.mark.parametrize(
    ("name", "value", "drafts", "english", "korean"),
    [
        (
            *("stop-sorafenib", "2 days", [tace("2026-11-25")]),
            *("stopped by 2026-11-23, 2 days before the TACE", "2026-11-25 TACE 2일 전인 2026-11-23까지"),
        ),
        ("stop-sorafenib", "2 days", [tace("2026-11-25")], '"end": "2026-11-23"', '"end": "2026-11-23"'),
        ("safety-laboratory", "2 weeks", [tace("2026-11-25")], "Within 2 weeks before", "TACE 전 2주 이내"),
        (
            *("next-tace", "40 to 50 days", [tace("2026-11-25")]),
            *("earlier than 40 days after the last session", "직전 시술 후 40일이 되기 전"),
        ),
        (
            *("next-tace", "3 to 5 weeks", [tace("2026-11-25")]),
            *("later than 5 weeks after the last session", "직전 시술 후 5주가 지난 뒤"),
        ),
        (
            *("start-sorafenib", "40 to 50 days", [sorafenib()]),
            *("earlier than 40 days after TACE (2026-11-29", "TACE 후 40일이 되기 전"),
        ),
        (
            *("start-sorafenib", "1 to 3 weeks", [sorafenib()]),
            *("later than 3 weeks after TACE (2026-11-10", "TACE 후 3주가 지난 뒤"),
        ),
        (
            *("stop-sorafenib", "1 week", [sorafenib(), tace("2026-12-20")]),
            *("no end date by 2026-12-13, 1 week before the TACE", "TACE의 1주 전인 2026-12-13 또는 그 이전"),
        ),
    ],
)
def test_the_windows_of_the_order_rules(name: str, value: str, drafts: list[Json], english: str, korean: str) -> None:
    request = order_request(drafts, enrolled_chart())
    for language, said in (("en", english), ("ko", korean)):
        assert said in told(request, language, {name: value})
        assert said not in told(request, language, {})


@pytest.mark.parametrize(
    ("line", "name", "value", "english", "korean"),
    [
        ("I5", "minimum-age", "19 years", "Aged 19 years or older", "만 19세 이상"),
        ("I9", "pregnancy-test-age", "1 week", "Pregnancy test negative within 1 week,", "1주 이내의 임신 검사 음성"),
        ("E5a", "transaminase-limit", "4 x ULN", "above 4 times the upper limit of normal", "정상 상한치의 4배 이하"),
        ("E7", "creatinine-limit", "1.6 mg/dL", "Creatinine not above 1.6 mg/dL", "크레아티닌이 1.6 mg/dL 이하"),
        ("E6c", "platelet-limit", "60 10*3/uL", "not below 60 ×10³/µL", "혈소판이 60 ×10³/µL 이상"),
        ("E10", "drug-washout", "6 weeks", "drug now or in the last 6 weeks", "최근 6주 이내 다른"),
        ("E17", "cancer-free-time", "5 years", "ended more than 5 years ago", "끝난 지 5년이 넘은"),
    ],
)
def test_the_text_of_a_line_states_the_value_in_force(
    line: str, name: str, value: str, english: str, korean: str
) -> None:
    protocol = load(Settings(parameters={name: value})).protocol
    text = next(criterion.text for criterion in protocol.criteria if criterion.id == line)
    assert english in load_words("en", protocol.titles).of_trial(protocol, text)
    assert korean in load_words("ko", protocol.titles).of_trial(protocol, text)
