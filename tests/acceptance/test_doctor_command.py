"""`cotsom-cds doctor`: each check says what it found and what to do; servers on this machine play those of others."""

import json
import socket
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

import pytest
from joserfc.jwk import ECKey
from werkzeug.serving import make_server

from cds_service.doctor.checks import State
from cds_service.doctor.servers import certificate_end
from tests.acceptance import AS_OF, Ran, invoke, run, write
from tests.http_calls import Json, service
from tests.loopback import Heard, Loopback, Speak, answer, certificate, free_port, speaking

KEY_SET: Json = {"keys": [{"kty": "EC", "kid": "k1"}]}
STATEMENT: Json = {"resourceType": "CapabilityStatement", "fhirVersion": "4.0.1"}
LONG_AGO = "Sat, 21 Nov 2020 00:00:00 GMT"


def saying(jwks: object = KEY_SET, metadata: object = STATEMENT, **headers: str) -> Speak:
    """A server with a key set and a FHIR base beneath /R4."""

    def speak(heard: Heard) -> None:
        body = {"/jwks": jwks, "/R4/metadata": metadata}.get(heard.path)
        status = "200 OK" if body is not None else "404 Not Found"
        heard.send(answer(json.dumps(body).encode(), status, **headers))

    return speak


def settings_for(origin: str, **client: str) -> str:
    """A site with one client, whose servers are at this origin."""
    more = "\n".join(f"{name} = {value}" for name, value in client.items())
    return f"""
time_zone = "Asia/Seoul"
[trust]
audience = "https://cds.example"
[fetch]
allow_http = true
[[clients]]
name = "east"
issuer = "{origin}/R4"
subjects = ["cds"]
jwks_urls = ["{origin}/jwks"]
fhir_origins = ["{origin}"]
{more}
"""


def examine(folder: Path, site: str, *options: str, **environment: str) -> Ran:
    file = folder / write(folder, "site.toml", site)
    file.chmod(0o600)
    own = {"COTSOM_TRUST_REPLAY_STORE": f"sqlite:///{folder}/used.sqlite", "COTSOM_SERVE_PORT": str(free_port())}
    return invoke("doctor", "--site", str(file), "--format", "json", *options, **own | environment)


def found(ran: Ran) -> dict[str, tuple[str, str]]:
    """State and words by what was checked; a todo stands wherever something is not well."""
    (document,) = ran.documents
    assert all(bool(one.get("todo")) == (one["state"] != "ok") for one in document["checks"])
    assert "Traceback" not in ran.err
    return {one["check"]: (one["state"], one["found"]) for one in document["checks"]}


@pytest.fixture
def east() -> Iterator[Loopback]:
    with speaking(saying()) as server:
        yield server


def test_an_installation_in_order_has_no_warning(tmp_path: Path, east: Loopback) -> None:
    ran = examine(tmp_path, settings_for(east.origin))
    told = found(ran)
    assert {state for state, _ in told.values()} == {"ok"}
    assert ran.code == 0
    assert told["keys of client east"][1] == f"{east.origin}/jwks: 1 keys"
    assert told["FHIR server of client east"][1] == f"{east.origin}/R4/metadata: FHIR 4.0.1"
    assert {"settings", "protocol", "value sets", "words: en", "site file", "scratch folder", "clock"} <= set(told)


def test_it_asks_for_no_patient(tmp_path: Path, east: Loopback) -> None:
    examine(tmp_path, settings_for(east.origin))
    assert {head.split(" ")[1] for head in east.requests} == {"/jwks", "/R4/metadata"}


def test_without_a_site_file_it_says_what_is_open() -> None:
    ran = invoke("doctor", "--format", "json", COTSOM_SERVE_PORT=str(free_port()))
    told = found(ran)
    assert ran.code == 0
    assert {what for what, (state, _) in told.items() if state == "warning"} == {"time zone", "clients"}


def test_settings_that_cannot_be_used_end_it_with_2(tmp_path: Path) -> None:
    ran = examine(tmp_path, "time_zon = 'UTC'")
    assert ran.code == 2
    assert found(ran)["settings"][0] == "failed"
    assert "time_zon" in found(ran)["settings"][1]


@pytest.mark.parametrize(
    ("speak", "what", "state", "words"),
    [
        (saying(jwks={"keys": []}), "keys of client east", "failed", "status 200, no keys"),
        (saying(jwks=None), "keys of client east", "failed", "status 404, no keys"),
        (saying(jwks=[1]), "keys of client east", "failed", "no keys"),
        (saying(metadata={**STATEMENT, "fhirVersion": "3.0.2"}), "FHIR server of client east", "failed", "FHIR 3.0.2"),
        (saying(metadata=None), "FHIR server of client east", "warning", "status 404"),
        (saying(Date=LONG_AGO), "clock", "warning", "ahead of localhost"),
        (saying(Date="then"), "clock", "ok", "no server told the time"),
        (lambda heard: heard.connection.close(), "keys of client east", "failed", "unreachable"),
    ],
)
def test_what_is_wrong_with_another_s_server_is_told(
    tmp_path: Path, speak: Speak, what: str, state: str, words: str
) -> None:
    with speaking(speak) as server:
        ran = examine(tmp_path, settings_for(server.origin))
    told = found(ran)
    assert told[what][0] == state
    assert words in told[what][1]
    assert ran.code == (65 if "failed" in {one for one, _ in told.values()} else 0)


def test_a_fhir_server_whose_base_is_not_known_is_only_reached(tmp_path: Path, east: Loopback) -> None:
    site = f'[fetch]\nallow_http = true\nfhir_origins = ["{east.origin}"]\n'
    assert found(examine(tmp_path, site))["FHIR server"] == (
        "ok",
        f"{east.origin} answers; below which path its FHIR is, a call will say",
    )


def test_a_server_of_a_private_network_is_refused_until_it_is_listed(tmp_path: Path) -> None:
    site = settings_for("https://10.255.255.1").replace("allow_http = true", "allow_http = false")
    told = found(examine(tmp_path, site))
    assert told["keys of client east"] == ("failed", "https://10.255.255.1/jwks: refused-address")


def test_tls_is_looked_at_and_the_end_of_the_certificate_told(tmp_path: Path) -> None:
    shown = certificate(tmp_path, "localhost")
    with speaking(saying(), shown.context) as server:
        origin = server.origin.replace("http://", "https://")
        site = write(tmp_path, "site.toml", settings_for(origin))
        trust = {"SSL_CERT_FILE": str(shown.trusted), "COTSOM_TRUST_REPLAY_STORE": "sqlite:///used.sqlite"}
        trusted = found(run(tmp_path, "doctor", "--site", site, "--format", "json", environment=trust))
        untrusted = found(examine(tmp_path, settings_for(origin)))
    state, words = trusted[f"certificate of localhost:{server.port}"]
    assert (state, words.partition(",")[0]) == ("ok", "ends on 2119-12-08")
    assert untrusted["keys of client east"] == ("failed", f"{origin}/jwks: untrusted-certificate")


@pytest.mark.parametrize(
    ("days", "state"), [(30, State.OK), (29, State.WARNING), (0, State.FAILED), (-1, State.FAILED)]
)
def test_a_certificate_is_renewed_in_time(days: int, state: State) -> None:
    now = datetime(2026, 11, 22, tzinfo=UTC)
    assert certificate_end("certificate", now + timedelta(days=days), now).state is state


def test_a_clock_that_stands_still_is_warned_about(tmp_path: Path, east: Loopback) -> None:
    told = found(examine(tmp_path, settings_for(east.origin), COTSOM_CLOCK=AS_OF))
    assert told["clock setting"] == ("warning", f"COTSOM_CLOCK stands still at {AS_OF}")


@pytest.mark.parametrize(("mode", "state"), [(0o644, "ok"), (0o664, "warning"), (0o602, "warning")])
def test_a_site_file_that_others_may_change_is_warned_about(tmp_path: Path, mode: int, state: str) -> None:
    file = tmp_path / write(tmp_path, "site.toml", "")
    file.chmod(mode)
    ran = invoke("doctor", "--site", str(file), "--format", "json")
    assert found(ran)["site file"][0] == state


@pytest.fixture
def running() -> Iterator[str]:
    """The service itself, on a port of this machine."""
    server = make_server("127.0.0.1", 0, service(), threaded=True)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    server.server_close()


def test_a_running_service_is_looked_at(running: str) -> None:
    ran = invoke("doctor", "--base-url", f"{running}/", "--format", "json")
    told = found(ran)
    assert [told[f"service {path}"][0] for path in ("/healthz", "/readyz", "/cds-services")] == ["ok"] * 3
    assert "within 30 s of 127.0.0.1" in told["clock"][1]
    assert ran.code == 0


def test_a_service_that_does_not_answer_has_failed() -> None:
    ran = invoke("doctor", "--base-url", "http://127.0.0.1:1", "--format", "json")
    assert found(ran)["service /healthz"][0] == "failed"
    assert ran.code == 65


def test_for_people_each_state_stands_first_and_what_to_do_follows() -> None:
    ran = invoke("doctor", "--format", "text")
    lines = ran.out.splitlines()
    assert all(line.split(" ")[0] in ("ok", "warning", "failed", "") for line in lines)
    at = next(at for at, line in enumerate(lines) if line.startswith("warning  clients: "))
    assert lines[at + 1].startswith("         -> name the EHRs")


def test_a_store_in_which_tokens_are_known_again_is_well_each_time(tmp_path: Path, east: Loopback) -> None:
    for _ in range(2):
        told = found(examine(tmp_path, settings_for(east.origin)))
        words = f"{tmp_path / 'used.sqlite'}: a token is marked once, for the services of this machine alone"
        assert told["store of used tokens"] == ("ok", words)


def test_a_store_that_is_down_has_failed_and_shows_no_password(tmp_path: Path, east: Loopback) -> None:
    store = "postgresql+psycopg://cds:mark-in-password@127.0.0.1:1/cds"
    ran = examine(tmp_path, settings_for(east.origin), COTSOM_TRUST_REPLAY_STORE=store)
    state, words = found(ran)["store of used tokens"]
    assert (state, ran.code) == ("failed", 65)
    assert words.startswith("postgresql+psycopg://cds:***@127.0.0.1:1/cds: OperationalError")
    assert "mark-in-password" not in ran.out + ran.err


def test_a_store_that_forgets_is_found_out(tmp_path: Path, east: Loopback) -> None:
    store = f"sqlite:///{tmp_path}/used.sqlite"
    examine(tmp_path, settings_for(east.origin))
    with sqlite3.connect(tmp_path / "used.sqlite") as database:
        table = next(name for (name,) in database.execute("select name from sqlite_master") if "token" in name)
        database.execute(f"create trigger forget after insert on {table} begin delete from {table}; end")  # noqa: S608
    told = found(examine(tmp_path, settings_for(east.origin), COTSOM_TRUST_REPLAY_STORE=store))
    assert told["store of used tokens"] == ("failed", f"{store}: a used token is not known again")


def test_its_own_certificate_and_key_are_looked_at(tmp_path: Path) -> None:
    shown = certificate(tmp_path, "localhost")
    key = shown.trusted.with_suffix(".key")
    given = {"COTSOM_SERVE_TLS_CERTIFICATE": str(shown.trusted), "COTSOM_SERVE_TLS_KEY": str(key)}
    for mode, state in ((0o640, "failed"), (0o600, "ok")):
        key.chmod(mode)
        told = found(examine(tmp_path, "", **given))
        assert told["TLS key"][0] == state
        assert told["TLS certificate"][0] == "ok"
    shown.trusted.write_text("no certificate", encoding="utf-8")
    assert found(examine(tmp_path, "", **given))["TLS certificate"][0] == "failed"


def test_a_key_set_that_others_may_change_is_warned_about_and_a_broken_one_refused(tmp_path: Path) -> None:
    site = settings_for("https://fhir.invalid").replace('jwks_urls = ["https://fhir.invalid/jwks"]', "")
    keys = tmp_path / "keys.json"
    public = ECKey.generate_key("P-256", {"kid": "k1"}).as_dict(private=False)
    keys.write_text(json.dumps({"keys": [public]}), encoding="utf-8")
    keys.chmod(0o666)
    ran = examine(tmp_path, f'{site}jwks_file = "keys.json"')
    assert found(ran)["key file of client east"][0] == "warning"
    keys.write_text("{}", encoding="utf-8")
    assert examine(tmp_path, f'{site}jwks_file = "keys.json"').code == 2


def test_a_port_that_is_taken_and_a_machine_too_small_are_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        given = {"COTSOM_SERVE_PORT": str(taken.getsockname()[1]), "COTSOM_SERVE_WORKERS": "1000000"}
        told = found(examine(tmp_path, "", **given))
    assert (told["port"][0], told["memory"][0]) == ("warning", "warning")
    elsewhere = {"COTSOM_SERVE_HOST": "192.0.2.1", "COTSOM_SERVE_INSECURE_OPEN": "true"}
    assert found(examine(tmp_path, "", **elsewhere))["port"][0] == "failed"


def test_what_serve_would_refuse_is_refused_here_too(tmp_path: Path) -> None:
    assert examine(tmp_path, "", COTSOM_SERVE_HOST="0.0.0.0").code == 2  # noqa: S104 - must be refused
