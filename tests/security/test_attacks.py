"""What an attacker may send in place of a token. Each is refused in the same words; the operator sees why."""

import json
from base64 import b64encode
from pathlib import Path

import pytest

from cds_service.settings import Client
from cds_service.web.tokens import Reason
from tests.callers import (
    AUDIENCE,
    ISSUER,
    bearer,
    claims,
    guarded,
    header,
    key_pair,
    key_server,
    key_set,
    part,
    shared,
    signed,
    trusting,
    unsigned,
)
from tests.http_calls import SERVICE, hook_request, simple_chart
from tests.security.attacks import Headers, Stage, attack

EAST = key_pair("ES384", "east-1")
STRANGER = key_pair("ES384", "stranger-1")
NOW = int(claims()["iat"])


@pytest.mark.parametrize("key", [EAST, key_pair("RS384", "east-2")], ids=["ES384", "RS384"])
def test_an_honest_token_is_believed(stage: Stage, key: object) -> None:
    answer = stage.call(bearer(signed(claims(), key)))  # type: ignore[arg-type]
    assert answer.status_code == 200
    assert stage.lines()[-1]["caller"] == "east"
    assert "refused" not in stage.lines()[-1]


@attack("sends no token", Reason.NO_TOKEN)
def test_no_token() -> Headers:
    return {}


@attack("sends a name and a password instead", Reason.NO_TOKEN)
def test_a_password() -> Headers:
    return {"Authorization": "Basic " + b64encode(b"epic:secret").decode()}


@attack("sends two tokens in one header, one of them honest", Reason.MALFORMED)
def test_two_tokens() -> Headers:
    return {"Authorization": f"Bearer {signed()}, Bearer {signed(claims(), STRANGER)}"}


@attack("sends words that are no token", Reason.MALFORMED)
def test_no_jwt() -> Headers:
    return bearer("../../etc/passwd")


@attack("sends a token of 100,000 signs", Reason.TOO_LONG)
def test_a_huge_token() -> Headers:
    return bearer(signed(claims(padding="x" * 100_000)))


@attack("nests claims 3,000 deep, to exhaust the reader", Reason.MALFORMED)
def test_deep_claims() -> Headers:
    return bearer(f"{part(header(EAST))}.{part('[' * 3_000)}.AA")


@attack("signs nothing: algorithm `none`, the signature empty", Reason.ALGORITHM)
def test_algorithm_none() -> Headers:
    return bearer(unsigned())


@attack("writes `none` in capitals, for a list of forbidden words", Reason.ALGORITHM)
def test_algorithm_none_in_capitals() -> Headers:
    return bearer(f"{part({**header(EAST), 'alg': 'nOnE'})}.{part(claims())}.")


@attack("takes the client's public key for the secret of an HMAC (HS256)", Reason.ALGORITHM)
def test_hmac_with_the_public_key() -> Headers:
    return bearer(shared("HS256", EAST.as_pem(private=False)))


@attack("the same with the key set as it is published, and HS384", Reason.ALGORITHM)
def test_hmac_with_the_key_set() -> Headers:
    return bearer(shared("HS384", json.dumps(key_set(EAST)).encode()))


def test_an_algorithm_that_the_client_may_not_use(tmp_path: Path) -> None:
    with key_server(key_pair("ES384", "east-1"), key_pair("RS384", "east-2")) as keys:
        client = Client("east", ISSUER, jwks_urls=(keys.address,), algorithms=("RS384",))
        caller = guarded(trusting(tmp_path, client)).test_client()
        for key, status in ((EAST, 401), (key_pair("RS384", "east-2"), 200)):
            headers = bearer(signed(claims(), key))
            assert caller.post(SERVICE, json=hook_request(simple_chart()), headers=headers).status_code == status


@attack("signs with the client's RSA key by another algorithm than the key is made for", Reason.SIGNATURE)
def test_another_algorithm_of_the_same_key() -> Headers:
    return bearer(signed(claims(), key_pair("RS384", "east-2"), alg="RS256"))


@attack("says that an RSA key was used where the key is one of an elliptic curve", Reason.SIGNATURE)
def test_an_algorithm_of_another_kind_of_key() -> Headers:
    return bearer(signed(claims(), key_pair("RS384", "stranger-2"), kid="east-1"))


@attack("signs with a key of his own under the client's key id", Reason.SIGNATURE)
def test_a_key_of_his_own() -> Headers:
    return bearer(signed(claims(), STRANGER, kid="east-1"))


@attack("is a client, and signs in another client's name", Reason.SIGNATURE)
def test_another_clients_key() -> Headers:
    return bearer(signed(claims(), key_pair("ES384", "west-1"), kid="east-1"))


@attack("is a client, and names his own listed key server in another client's token", Reason.KEY_ADDRESS)
def test_another_clients_key_server(stage: Stage) -> Headers:
    return bearer(signed(claims(), key_pair("ES384", "west-1"), jku=stage.other_keys.address))


@attack("cuts the signature short", Reason.SIGNATURE)
def test_a_signature_cut_short() -> Headers:
    return bearer(signed()[:-20])


@attack("leaves the signature out and keeps the algorithm", Reason.SIGNATURE)
def test_a_signature_left_out() -> Headers:
    return bearer(signed().rpartition(".")[0] + ".")


@attack("sends an ECDSA signature of zeros (CVE-2022-21449)", Reason.SIGNATURE)
def test_a_signature_of_zeros() -> Headers:
    return bearer(f"{signed().rpartition('.')[0]}.{'A' * 128}")


@attack("changes a claim of an honest token", Reason.SIGNATURE)
def test_a_claim_changed() -> Headers:
    head, _, signature = signed().split(".")
    return bearer(f"{head}.{part(claims(exp=NOW + 290))}.{signature}")


@attack("puts his own public key into the header (`jwk`)", Reason.BROUGHT_KEY)
def test_a_key_in_the_header() -> Headers:
    return bearer(signed(claims(), STRANGER, jwk=STRANGER.as_dict(private=False)))


@attack("puts a certificate into the header (`x5c`)", Reason.BROUGHT_KEY)
def test_a_certificate_in_the_header() -> Headers:
    return bearer(signed(claims(), STRANGER, x5c=["MIIB"]))


@attack("names the address of a certificate of his own (`x5u`)", Reason.BROUGHT_KEY)
def test_the_address_of_a_certificate(stage: Stage) -> Headers:
    return bearer(signed(claims(), STRANGER, x5u=f"{stage.elsewhere.base}/certificate.pem"))


@attack("names a key server of his own (`jku`); it is not asked", Reason.KEY_ADDRESS)
def test_a_key_server_of_his_own(stage: Stage) -> Headers:
    return bearer(signed(claims(), STRANGER, jku=stage.elsewhere.address))


@attack("hides his host behind the listed one (`https://listed@his`)", Reason.KEY_ADDRESS)
def test_a_key_server_behind_a_listed_name(stage: Stage) -> Headers:
    listed = stage.keys.base.removeprefix("http://")
    return bearer(signed(claims(), STRANGER, jku=f"http://{listed}@{stage.elsewhere.address.removeprefix('http://')}"))


@attack("names another path of the listed key server, where he may have put a file", Reason.KEY_ADDRESS)
def test_another_path_of_the_key_server(stage: Stage) -> Headers:
    return bearer(signed(claims(), STRANGER, jku=f"{stage.keys.base}/uploads/jwks"))


@attack("names a listed key server that now redirects to his; the redirect is not followed", Reason.KEY)
def test_a_key_server_that_redirects(stage: Stage) -> Headers:
    stage.other_keys.status, stage.other_keys.headers["Location"] = "302 Found", stage.elsewhere.address
    said = claims(iss="https://fhir.west.example", tenant="w")
    return bearer(signed(said, STRANGER, jku=stage.other_keys.address))


@attack("gives a path as key id (`../../dev/null`), for a service that reads keys from files", Reason.KEY)
def test_a_path_as_key_id() -> Headers:
    return bearer(signed(claims(), STRANGER, kid="../../../../dev/null"))


@attack("gives SQL as key id (`' UNION SELECT ...`), for a service that keeps keys in a database", Reason.KEY)
def test_sql_as_key_id() -> Headers:
    return bearer(signed(claims(), STRANGER, kid="x' UNION SELECT 'c2VjcmV0' --"))


@attack("gives another client's key id", Reason.KEY)
def test_another_clients_key_id() -> Headers:
    return bearer(signed(claims(), key_pair("ES384", "west-1")))


@attack("gives no key id, hoping that any key will do", Reason.MALFORMED)
def test_no_key_id() -> Headers:
    return bearer(f"{part({'typ': 'JWT', 'alg': 'ES384'})}.{part(claims())}.AA")


@attack("marks an extension as critical that nobody knows (`crit`)", Reason.CRITICAL)
def test_a_critical_extension() -> Headers:
    return bearer(f"{part({**header(EAST), 'crit': ['exp'], 'exp': NOW + 9_999})}.{part(claims())}.AA")


@attack("asks that the payload be read unencoded (`b64`)", Reason.CRITICAL)
def test_an_unencoded_payload() -> Headers:
    return bearer(f"{part({**header(EAST), 'crit': ['b64'], 'b64': False})}.{part(claims())}.AA")


@attack("sends a token of another type that the same key signed (`typ: at+jwt`)", Reason.TYPE)
def test_a_token_of_another_type() -> Headers:
    return bearer(signed(claims(), typ="at+jwt"))


@attack("leaves the type out", Reason.TYPE)
def test_no_type() -> Headers:
    return bearer(signed(claims(), typ=None))


@attack("writes `alg` twice in the header, so that two readers differ", Reason.MALFORMED)
def test_a_name_twice_in_the_header() -> Headers:
    twice = '{"typ": "JWT", "alg": "none", "alg": "ES384", "kid": "east-1"}'
    return bearer(f"{part(twice)}.{part(claims())}.AA")


@attack("writes `aud` twice in the claims", Reason.MALFORMED)
def test_a_name_twice_in_the_claims() -> Headers:
    twice = json.dumps(claims())[:-1] + f', "aud": "{AUDIENCE}{SERVICE}"}}'
    return bearer(f"{part(header(EAST))}.{part(twice)}.AA")
