"""A window that a site has set is what its cards and assessments say, in every language."""

import json

import pytest

from cds_service.catalogues import load_words
from cds_service.loading import load
from cds_service.settings import Settings, read_clock, read_zone
from cds_service.trial.assessment import assess
from cds_service.trial.case import Moment
from fhir_profiles.reading.decoding import decode_body
from fhir_profiles.reading.records import read_record
from tests.acceptance import AS_OF, CANCER, PATIENT, bundle, condition
from tests.case_codes import concept
from tests.http_calls import Json, cards_of, client, resources_of, service, simple_chart
from tests.order_calls import ORDER_SIGN, SUBJECT, enrolled_chart, order_request, sorafenib

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


def told(request: Json, language: str, parameters: dict[str, str]) -> str:
    """Everything that the one card says, at a site with these parameters."""
    caller = service(parameters=parameters).test_client() if parameters else client()
    (card,) = cards_of(caller.post(ORDER_SIGN, json=request, headers={"Accept-Language": language}))
    return f"{card['summary']}\n{card['detail']}"


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
    loaded, zone = load(Settings(parameters=parameters)), read_zone("Asia/Seoul")
    chart = bundle(PATIENT, condition(CANCER), condition(sign))
    record = read_record(decode_body(json.dumps(chart).encode()), loaded.vocabulary, zone)
    finding = assess(loaded.protocol, record, Moment(read_clock(AS_OF), zone)).finding("I3")
    words = load_words(language, loaded.protocol.titles)
    assert said.format(age[language]) in {words.say(ask.text) for ask in finding.asks}
