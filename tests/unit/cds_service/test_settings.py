"""What a site decides: read once at start; whatever does not fit is refused with its place."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from cds_service.errors import ConfigurationError
from cds_service.settings import Settings, read_clock, read_settings, read_zone

FULL = """
time_zone = "Asia/Seoul"
[parameters]
bilirubin-limit = "1.9 mg/dL"
inr-limit = 1.5
[upper_limits.ast]
male = 38
female = "32.5"
[plausible]
inr = [0.5, 15]
[local_codes.ascites]
"http://hospital.example/codes" = ["A1", "A2"]
[study]
references = ["ResearchStudy/cotsom", "KR-17"]
"""


def site(folder: Path, text: str) -> Path:
    file = folder / "site.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_without_file_and_environment_the_settings_are_the_default() -> None:
    assert read_settings({}) == Settings(zone=ZoneInfo("UTC"))
    assert Settings().zone is UTC
    assert Settings().clock is None


def test_a_site_file_sets_everything(tmp_path: Path) -> None:
    assert read_settings({}, site(tmp_path, FULL)) == Settings(
        zone=ZoneInfo("Asia/Seoul"),
        parameters={"bilirubin-limit": "1.9 mg/dL", "inr-limit": "1.5"},
        upper_limits={"ast": {"male": "38", "female": "32.5"}},
        plausible={"inr": ("0.5", "15")},
        local_codes={"ascites": {"http://hospital.example/codes": frozenset({"A1", "A2"})}},
        studies=("ResearchStudy/cotsom", "KR-17"),
        file=str(tmp_path / "site.toml"),
    )


def test_the_environment_names_the_site_file_and_stands_over_it(tmp_path: Path) -> None:
    file = site(tmp_path, FULL)
    named = read_settings({"COTSOM_SITE": str(file)})
    assert named == read_settings({}, file)
    over = {"COTSOM_TIME_ZONE": "Europe/Berlin", "COTSOM_CLOCK": "2026-11-22T09:00:00+09:00"}
    settings = read_settings(over, file)
    assert settings.zone == ZoneInfo("Europe/Berlin")
    assert settings.clock == datetime(2026, 11, 22, tzinfo=UTC)
    assert settings.parameters == named.parameters


def test_a_file_given_stands_over_the_one_of_the_environment(tmp_path: Path) -> None:
    file = site(tmp_path, 'time_zone = "Asia/Tokyo"')
    assert read_settings({"COTSOM_SITE": "/nowhere.toml"}, file).zone == ZoneInfo("Asia/Tokyo")


def test_an_empty_variable_is_none() -> None:
    empty = {"COTSOM_SITE": "", "COTSOM_TIME_ZONE": "", "COTSOM_CLOCK": ""}
    assert read_settings(empty) == read_settings({})


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("zone = 'UTC'", "unknown key zone; known are: "),
        ("time_zone = 9", "time_zone '9'"),
        ("time_zone = 'Asia/Soul'", "time_zone 'Asia/Soul'"),
        ("parameters = []", "parameters: a table was expected"),
        ("local_codes = 'x'", "local_codes: a table was expected"),
        ("[local_codes]\nascites = 'x'", "local_codes.ascites: a table of code system = [codes]"),
        ("[local_codes.ascites]\n'http://x' = 'A1'", "local_codes.ascites.http://x: a list of texts"),
        ("[local_codes.ascites]\n'http://x' = [1]", "local_codes.ascites.http://x: a list of texts"),
        ("[upper_limits]\nast = 40", "upper_limits.ast: a table with male and female"),
        ("[upper_limits.ast]\nmen = 40", "unknown key upper_limits.ast.men; known are: female, male"),
        ("[plausible]\ninr = 5", "plausible.inr: a list of the least and the greatest"),
        ("[plausible]\ninr = [1, 2, 3]", "plausible.inr: a list of the least and the greatest"),
        ("[study]\nreferences = 'x'", "study.references: a list of texts"),
        ("[study]\nids = ['x']", "unknown key study.ids; known are: references"),
        ("study = 'x'", "study: a table was expected"),
        ("time_zone =", "not TOML"),
    ],
)
def test_what_does_not_fit_is_refused_with_file_and_place(tmp_path: Path, text: str, place: str) -> None:
    refused_at(site(tmp_path, text), place)


def refused_at(file: Path, place: str) -> None:
    """The file is refused, naming it and the place."""
    with pytest.raises(ConfigurationError) as refused:
        read_settings({}, file)
    assert str(refused.value).startswith(f"{file}: ")
    assert place in str(refused.value)
    assert refused.value.exit_code == 2


def test_a_file_that_is_not_there_or_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bytes.toml").write_bytes(b"time_zone = '\xff'")
    for file, said in ((tmp_path / "none.toml", "cannot be read"), (tmp_path / "bytes.toml", "not TOML")):
        with pytest.raises(ConfigurationError, match=said):
            read_settings({}, file)


@pytest.mark.parametrize("name", ["", "Seoul", "../x", "/etc/passwd", "America", "Asia/Seoul "])
def test_a_zone_is_an_iana_name(name: str) -> None:
    assert read_zone("Asia/Seoul") == ZoneInfo("Asia/Seoul")
    with pytest.raises(ConfigurationError, match="an IANA name like 'Asia/Seoul' was expected"):
        read_zone(name)


@pytest.mark.parametrize("text", ["", "now", "2026-11-22", "2026-11-22T09:00:00", "2026-13-01T00:00:00Z"])
def test_a_clock_is_an_instant_with_offset(text: str) -> None:
    moment = read_clock("2026-11-22T09:00:00+09:00")
    assert (moment, moment.utcoffset()) == (datetime(2026, 11, 22, tzinfo=UTC), timedelta(hours=9))
    assert read_clock("2026-11-22T00:00:00Z") == moment
    with pytest.raises(ConfigurationError, match="an instant with offset"):
        read_clock(text)
