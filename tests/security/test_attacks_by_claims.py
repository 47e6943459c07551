"""What an attacker may say in a token that is rightly signed: for whom, until when, and how often it is used."""

import json

import pytest

from cds_service.web.tokens import Reason
from tests.callers import AUDIENCE, ISSUER, bearer, claims, header, key_pair, part, signed
from tests.http_calls import FEEDBACK, SERVICE
from tests.security.attacks import Headers, Stage, attack

NOW = int(claims()["iat"])


@attack("comes from an issuer that is not configured", Reason.ISSUER)
def test_an_unknown_issuer() -> Headers:
    return bearer(signed(claims(iss="https://fhir.north.example")))


@attack("spells the issuer a little otherwise", Reason.ISSUER)
def test_an_issuer_spelt_otherwise() -> Headers:
    return bearer(signed(claims(iss=f"{ISSUER}/")))


@attack("is a client of the right issuer and of another tenant", Reason.SUBJECT)
def test_another_tenant() -> Headers:
    return bearer(signed(claims(iss="https://fhir.west.example", tenant="x"), key_pair("ES384", "west-1")))


@attack("passes on a token that was meant for another service", Reason.AUDIENCE)
def test_a_token_for_another_service() -> Headers:
    return bearer(signed(claims(aud="https://other.example/cds-services/x")))


@attack("passes on a token that was meant for another service of ours", Reason.AUDIENCE)
def test_a_token_for_another_service_of_ours() -> Headers:
    return bearer(signed(claims("/cds-services/cotsom-order-sign")))


@attack("sends a token for the base address instead of the service's", Reason.AUDIENCE)
def test_a_token_for_the_base_address() -> Headers:
    return bearer(signed(claims(aud=AUDIENCE)))


@attack("sends a token for several audiences, ours among them: another could replay it", Reason.AUDIENCE)
def test_a_token_for_several_audiences() -> Headers:
    return bearer(signed(claims(aud=[AUDIENCE + SERVICE, "https://other.example"])))


@attack("sets the Host header, so that a token for his own host fits", Reason.AUDIENCE)
def test_a_host_header_of_his_own() -> Headers:
    token = signed(claims(aud=f"https://his.example{SERVICE}"))
    return {**bearer(token), "Host": "his.example", "X-Forwarded-Host": "his.example", "X-Forwarded-Proto": "https"}


@attack("sends a token that has expired", Reason.EXPIRED)
def test_an_expired_token() -> Headers:
    return bearer(signed(claims(iat=NOW - 200, exp=NOW - 30)))


@attack("sends a token issued in the future", Reason.NOT_YET)
def test_a_token_issued_in_the_future() -> Headers:
    return bearer(signed(claims(iat=NOW + 31, exp=NOW + 200)))


@attack("sends a token that is not valid yet (`nbf`)", Reason.NOT_YET)
def test_a_token_not_valid_yet() -> Headers:
    return bearer(signed(claims(nbf=NOW + 31)))


@attack("sends a token that lives for a year", Reason.LIFETIME)
def test_a_token_that_lives_too_long() -> Headers:
    return bearer(signed(claims(exp=NOW + 31_536_000)))


@attack("leaves out when the token was issued, so that no lifetime can be reckoned", Reason.MALFORMED)
def test_no_time_of_issue() -> Headers:
    return bearer(signed(claims(iat=None)))


@attack("leaves out when the token expires", Reason.MALFORMED)
def test_no_expiry() -> Headers:
    return bearer(signed(claims(exp=None)))


@attack("writes the expiry as a number beyond all numbers (1e999)", Reason.MALFORMED)
def test_an_endless_expiry() -> Headers:
    endless = json.dumps(claims()).replace(f'"exp": {NOW + 300}', '"exp": 1e999')
    return bearer(f"{part(header(key_pair()))}.{part(endless)}.AA")


@attack("leaves out the token's id, so that its second use cannot be noticed", Reason.MALFORMED)
def test_no_token_id() -> Headers:
    return bearer(signed(claims(jti=None)))


@attack("writes half a character into the token's id, which no store can keep", Reason.MALFORMED)
def test_a_token_id_that_is_no_text() -> Headers:
    return bearer(signed(claims(jti="\ud800")))


@attack("sends an honest token a second time", Reason.REPLAYED)
def test_a_replayed_token(stage: Stage) -> Headers:
    headers = bearer(signed())
    assert stage.call(headers).status_code == 200
    return headers


@attack("has the token's id used again in another token of the same issuer", Reason.REPLAYED)
def test_a_token_id_used_again(stage: Stage) -> Headers:
    assert stage.call(bearer(signed(claims(jti="again")))).status_code == 200
    return bearer(signed(claims(jti="again", exp=NOW + 200)))


@attack("repeats a token just before it expires, when it may have been forgotten", Reason.REPLAYED)
def test_a_token_replayed_late(stage: Stage) -> Headers:
    headers = bearer(signed())
    assert stage.call(headers).status_code == 200
    stage.clock.advance(329)
    stage.other_keys.asked.clear()
    return headers


@pytest.mark.parametrize(
    "path", [SERVICE, FEEDBACK, "/cds-services/cotsom-order-select", "/cds-services/cotsom-order-sign"]
)
def test_every_service_and_its_feedback_ask_who_calls(stage: Stage, path: str) -> None:
    stage.refuses({}, Reason.NO_TOKEN, path)
    assert stage.call(bearer(signed(claims(path))), path).status_code != 401


def test_feedback_is_not_given_with_the_token_of_a_call(stage: Stage) -> None:
    stage.refuses(bearer(signed(claims(SERVICE))), Reason.AUDIENCE, FEEDBACK)


@pytest.mark.parametrize("path", ["/cds-services", "/healthz", "/readyz", "/metrics"])
def test_what_tells_nothing_of_a_patient_asks_nobody(stage: Stage, path: str) -> None:
    assert stage.caller.get(path).status_code == 200
