"""Settings of clients, and every setting by file and by variable alike."""

import json
from dataclasses import fields, is_dataclass, replace
from pathlib import Path

import pytest

from cds_service.errors import ConfigurationError
from cds_service.settings import SECTIONS, Client, Fetching, Settings, read_settings
from tests.unit.cds_service.test_settings import refused_at, site

CLIENT = """
[trust]
audience = "https://cds.hospital.example"
[[clients]]
name = "east"
issuer = "https://fhir.east.example/R4"
jwks_urls = ["https://fhir.east.example/jwks"]
"""
TWIN = CLIENT + CLIENT[CLIENT.index("[[") :].replace('"east"', '"west"')
LISTS = {"study.references", "cors.origins", "fetch.fhir_origins", "fetch.allow_private_addresses"}
VALUES = {
    "time_zone": "Asia/Seoul",
    "language": "ko",
    "parameters": {"inr-limit": 1.4},
    "upper_limits": {"ast": {"male": 38}},
    "plausible": {"inr": [0.5, 15]},
    "local_codes": {"ascites": {"http://hospital.example/codes": ["A1"]}},
    "clients": [{"name": "east", "issuer": "https://east.example", "jwks_file": "keys.json", "ehr": "epic"}],
    "study.references": ["KR-17", "KR-18"],
    "cards.show_ahead_days": 30,
    "cards.remind_ahead_days": 3,
    "cards.worksheet": "https://worksheet.example/launch",
    "cards.ehr": "oracle",
    "cors.origins": ["https://sandbox.example", "https://other.example:8443"],
    "trust.audience": "https://cds.hospital.example",
    "trust.leeway_seconds": 10.5,
    "trust.lifetime_seconds": 600,
    "trust.token_bytes": 4096,
    "trust.replay_store": "postgresql+psycopg://cds@db/cds",
    "trust.replay_wait_seconds": 0.5,
    "trust.jwks_seconds": 1.5,
    "trust.jwks_bytes": 1000,
    "trust.jwks_fresh_seconds": 60,
    "trust.jwks_pause_seconds": 5,
    "trust.jwks_stale_seconds": 7200,
    "fetch.budget_seconds": 1.25,
    "fetch.connect_seconds": 0.5,
    "fetch.read_seconds": 1,
    "fetch.pages": 3,
    "fetch.resources": 500,
    "fetch.bytes": 1_000_000,
    "fetch.parallel_searches": 2,
    "fetch.fhir_origins": ["https://fhir.example"],
    "fetch.allow_private_addresses": ["https://10.0.0.7:8443"],
    "fetch.allow_http": True,
    "limits.body_bytes": 1_000_000,
    "limits.entries": 500,
    "limits.drafts": 40,
    "limits.calls_at_once": 3,
    "limits.header_seconds": 4.5,
    "serve.host": "0.0.0.0",  # noqa: S104 - read, never bound
    "serve.port": 9443,
    "serve.workers": 5,
    "serve.tls_certificate": "/etc/cds/chain.pem",
    "serve.tls_key": "/etc/cds/key.pem",
    "serve.insecure_open": True,
}
AUDIENCE = {"COTSOM_TRUST_AUDIENCE": "https://cds.example"}


def paths() -> set[str]:
    return {".".join(filter(None, (name, key))) for name, section in SECTIONS.items() for key in section}


def text_of(path: str) -> str:
    """A value as an operator writes it in a variable."""
    value = VALUES[path]
    if path in LISTS:
        return ", ".join(map(str, value)) if isinstance(value, list) else ""
    return value if isinstance(value, str) else json.dumps(value)


def test_every_key_can_be_set_by_a_variable_and_by_the_file_alike(tmp_path: Path) -> None:
    assert set(VALUES) == paths()
    variables = {f"COTSOM_{path.upper().replace('.', '_')}": text_of(path) for path in VALUES}
    tables: dict[str, dict[str, object]] = {}
    for path, value in VALUES.items():
        name, _, key = path.rpartition(".")
        tables.setdefault(name, {})[key] = value
    text = "\n".join(f"{key} = {toml(value)}" for key, value in tables.pop("").items())
    for name, table in tables.items():
        text += f"\n[{name}]\n" + "\n".join(f"{key} = {toml(value)}" for key, value in table.items())
    by_file = read_settings({}, site(tmp_path, text))
    # Only in the file are paths its neighbours.
    keys = replace(by_file.trust.clients[0], jwks_file=Path.cwd() / "keys.json")
    assert by_file.trust.clients[0].jwks_file == tmp_path / "keys.json"
    assert read_settings(variables) == replace(by_file, file="", trust=replace(by_file.trust, clients=(keys,)))
    untouched = [name for name in fields_of(Settings()) if fields_of(by_file)[name] == fields_of(Settings())[name]]
    assert untouched == ["clock"]


def fields_of(settings: Settings) -> dict[str, object]:
    """Every value of the settings by name, those of a part (trust, fetching and so on) one by one."""
    given = {one.name: getattr(settings, one.name) for one in fields(settings)}
    parts = {name: value for name, value in given.items() if is_dataclass(value)}
    inner = {f"{part}.{one.name}": getattr(value, one.name) for part, value in parts.items() for one in fields(value)}
    return {name: value for name, value in given.items() if name not in parts} | inner


def toml(value: object) -> str:
    """A value as TOML writes it inline."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {toml(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value)


def test_a_variable_stands_over_the_file_key_by_key(tmp_path: Path) -> None:
    settings = read_settings({"COTSOM_CARDS_EHR": "epic", "COTSOM_FETCH_PAGES": "7"}, site(tmp_path, CLIENT))
    assert settings.fetching == Fetching(pages=7)
    assert [(one.name, one.ehr) for one in settings.trust.clients] == [("east", "epic")]
    assert settings.trust.audience == "https://cds.hospital.example"


def test_a_client_of_another_ehr_says_so_itself(tmp_path: Path) -> None:
    text = CLIENT + 'ehr = "oracle"\nalgorithms = ["RS384"]\n[cards]\nehr = "epic"'
    settings = read_settings({}, site(tmp_path, text))
    assert settings.ehr == "epic"
    assert settings.trust.clients == (
        Client(
            "east",
            "https://fhir.east.example/R4",
            jwks_urls=("https://fhir.east.example/jwks",),
            algorithms=("RS384",),
            ehr="oracle",
        ),
    )


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("[trust]\naudiance = 'https://x.example'", "unknown key trust.audiance; known are: audience, jwks_bytes"),
        ("[trust]\naudience = 'cds.example'", "trust.audience: an absolute web address"),
        ("[trust]\naudience = 'https://:443'", "trust.audience: an absolute web address"),
        ("[trust]\nleeway_seconds = '30'", "trust.leeway_seconds: a number of seconds above 0"),
        ("[trust]\nlifetime_seconds = 0", "trust.lifetime_seconds: a number of seconds above 0"),
        ("[trust]\ntoken_bytes = 8.5", "trust.token_bytes: a whole number above 0"),
        ("[trust]\nreplay_store = ''", "trust.replay_store: a text"),
        ("[fetch]\npages = true", "fetch.pages: a whole number above 0"),
        ("[fetch]\nallow_http = 'yes'", "fetch.allow_http: true or false"),
        ("[fetch]\nfhir_origins = ['https://a.example/fhir']", "fetch.fhir_origins: an origin like"),
        ("[fetch]\nfhir_origins = ['http://a.example']", "fetch.fhir_origins: http://a.example: https was expected"),
        ("[fetch]\nallow_http = true\nfhir_origins = ['http://10.0.0.1']", "http only to this machine"),
        ("[fetch]\nfhir_origins = ['http://127.0.0.1:9']", "http only to this machine, with fetch.allow_http"),
        ("[serve]\nport = 70000", "serve.port: a port from 1 to 65535"),
        ("[cards]\nehr = 'cerner'", "cards.ehr: one of generic, epic, oracle was expected"),
        ("[clients]\nname = 'x'", "clients: a list of tables"),
        (CLIENT.replace('name = "east"', ""), "clients[0].name: a text was expected"),
        (CLIENT.replace("issuer", "iss"), "unknown key clients[0].iss; known are: algorithms, ehr"),
        (CLIENT + "jwks_file = 'keys.json'", "clients[0]: either jwks_urls, where its keys are, or jwks_file"),
        (CLIENT.replace("jwks_urls", "fhir_origins").replace("/jwks", ""), "clients[0]: either jwks_urls"),
        (CLIENT.replace("https://fhir.east.example/jwks", "http://fhir.east.example/jwks"), "https was expected"),
        (CLIENT + "algorithms = ['HS256']", "clients[0].algorithms: a list of ES384"),
        (CLIENT + "algorithms = []", "clients[0].algorithms: a list of ES384"),
        (CLIENT + "ehr = 'EPIC'", "clients[0].ehr: one of generic, epic, oracle"),
        (CLIENT.replace("audience", "replay_store"), "trust.audience: needed with [[clients]]"),
        (TWIN.replace('"west"', '"east"').replace("R4", "R5", 1), "clients: two are named 'east'"),
        (TWIN, "clients 'east' and 'west' have one issuer: each needs tenants or subjects of its own"),
        (TWIN + "tenants = ['w']", "clients 'east' and 'west' have one issuer"),
    ],
)
def test_trust_that_does_not_fit_is_refused_with_file_and_place(tmp_path: Path, text: str, place: str) -> None:
    refused_at(site(tmp_path, text), place)


def test_two_clients_of_one_issuer_are_told_apart_by_tenant_or_subject(tmp_path: Path) -> None:
    for key in ("tenants", "subjects"):
        text = TWIN.replace('name = "east"', f'name = "east"\n{key} = ["e"]') + f'{key} = ["w"]'
        assert len(read_settings({}, site(tmp_path, text)).trust.clients) == 2


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"COTSOM_TRUST_AUDIENC": "x"}, "unknown variable COTSOM_TRUST_AUDIENC; known are: COTSOM_CARDS_EHR, "),
        ({"COTSOM_FETCH_PAGES": "many"}, "COTSOM_FETCH_PAGES: a whole number above 0 was expected"),
        ({"COTSOM_FETCH_BUDGET_SECONDS": "-1"}, "COTSOM_FETCH_BUDGET_SECONDS: a number of seconds above 0"),
        (
            {"COTSOM_TRUST_LEEWAY_SECONDS": "99999999999"},
            "COTSOM_TRUST_LEEWAY_SECONDS: a number of seconds above 0, a year",
        ),
        ({"COTSOM_PARAMETERS": "inr-limit=2"}, "COTSOM_PARAMETERS: a table was expected"),
        ({"COTSOM_CLIENTS": "east", **AUDIENCE}, "COTSOM_CLIENTS: a list of tables was expected"),
        ({"COTSOM_CLIENTS": '[{"name": "east"}]', **AUDIENCE}, "COTSOM_CLIENTS[0].issuer: a text was expected"),
        ({"COTSOM_STUDY_REFERENCES": "[1]"}, "COTSOM_STUDY_REFERENCES: a list of texts was expected"),
    ],
)
def test_a_variable_that_does_not_fit_is_refused_by_its_name(variables: dict[str, str], said: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        read_settings(variables)
    assert said in str(refused.value)


def test_the_variables_that_a_cluster_sets_for_a_service_of_our_name_are_none_of_ours() -> None:
    cluster = {
        "COTSOM_CDS_SERVICE_HOST": "10.0.0.1",
        "COTSOM_CDS_SERVICE_PORT_HTTP": "8080",
        "COTSOM_PORT": "tcp://10.0.0.1:8080",
        "COTSOM_CDS_PORT_8080_TCP_ADDR": "10.0.0.1",
    }
    assert read_settings(cluster) == read_settings({})


def test_the_integration_guide_tells_every_key() -> None:
    guide = (Path(__file__).parents[3] / "docs" / "integration.md").read_text(encoding="utf-8")
    assert [path for path in sorted(paths()) if f"`{path}`" not in guide] == []
