"""The named values of a protocol: what a site sets them to is checked, and so are the texts that state them."""

from pathlib import Path

import pytest
import yaml

from cds_service.errors import ConfigurationError
from cds_service.loading import load
from cds_service.settings import Settings
from tests.unit.cds_service.protocol_changes import with_line

NEVER_TAKEN = (
    "'start-sorafenib' begins after the last dose that 'stop-sorafenib' allows before the end of 'next-tace':"
    " sorafenib could never be taken"
)
NEVER_FOLLOWED = "'response-imaging' begins after the end of 'next-tace': no next TACE could follow the imaging"


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("start-sorafenib", "7 to 3 days", "the earlier end comes first, and the later one is at least 1"),
        ("next-tace", "0 to 0 weeks", "the earlier end comes first, and the later one is at least 1"),
        ("start-sorafenib", "[3, 7]", "a window like '3 to 7 days', '4 to 8 weeks' or '1 to 3 months' was expected"),
        ("response-imaging", "2.5 to 8 weeks", "a window like '3 to 7 days'"),
        ("survival-follow-up", "3 months", "a window like '3 to 7 days'"),
        ("first-examination", "-3 to 7 days", "a window like '3 to 7 days'"),
        ("next-examination", "4 weeks to 8 weeks", "a window like '3 to 7 days'"),
        ("safety-laboratory", "0 days", "a number of days or weeks like '3 days', one at least, was expected"),
        ("stop-sorafenib", "1 month", "a number of days or weeks like '3 days', one at least, was expected"),
        ("stop-sorafenib", "the day before", "a length of time like '28 days'"),
    ],
)
def test_a_site_cannot_set_a_window_of_guidance_to_what_is_none(name: str, value: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        load(Settings(parameters={"inr-limit": "1.6", name: value}, file="site.toml"))
    assert str(refused.value).startswith(f"site.toml: parameters.{name}: guidance: {value!r}: {said}")


@pytest.mark.parametrize(
    ("site", "blamed", "said"),
    [
        ({"start-sorafenib": "56 to 60 days"}, "parameters.start-sorafenib: ", NEVER_TAKEN),
        ({"stop-sorafenib": "54 days"}, "parameters.stop-sorafenib: ", NEVER_TAKEN),
        ({"next-tace": "1 to 3 days"}, "parameters.next-tace: ", NEVER_TAKEN),
        (
            {"response-imaging": "57 to 60 days"},
            "parameters.response-imaging: ",
            NEVER_FOLLOWED,
        ),
        (
            {"response-imaging": "2 to 3 months"},
            "parameters.response-imaging: ",
            NEVER_FOLLOWED,
        ),
        # neither is at fault alone
        (
            {"response-imaging": "5 to 8 weeks", "next-tace": "2 to 4 weeks"},
            "",
            NEVER_FOLLOWED,
        ),
    ],
)
def test_windows_that_leave_no_room_for_a_step_are_refused(site: dict[str, str], blamed: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        load(Settings(parameters=site, file="site.toml"))
    assert str(refused.value) == f"site.toml: {blamed}guidance: {said}"


@pytest.mark.parametrize(
    "site",
    [
        {"start-sorafenib": "55 to 60 days"},
        {"stop-sorafenib": "53 days"},
        {"response-imaging": "8 to 12 weeks"},
        {"response-imaging": "1 to 2 months", "next-tace": "6 to 10 weeks"},
        {"safety-laboratory": "2 weeks", "first-examination": "0 to 90 days", "survival-follow-up": "1 to 2 weeks"},
    ],
)
def test_windows_that_merely_differ_are_taken(site: dict[str, str]) -> None:
    assert load(Settings(parameters=site, file="site.toml")).protocol.guidance


@pytest.mark.parametrize(
    ("text", "told", "said"),
    [
        (
            "No drug for {drug-washot}",
            None,
            "trial.yaml:{line}: criterion E10 > text: there is no parameter 'drug-washot'",
        ),
        ("No drug { yet", None, "trial.yaml:{line}: criterion E10 > text: braces hold the name of a parameter"),
        ("No drug for {drug-washout}", "{drug-washot} 동안", "trial.ko.po: 'No drug for {drug-washout}': there is no"),
        ("No drug for {drug-washout}", "약제 없음", "trial.ko.po: 'No drug for {drug-washout}': it names other"),
    ],
)
def test_a_text_that_names_no_value_is_refused(tmp_path: Path, text: str, told: str | None, said: str) -> None:
    file = tmp_path / "trial.yaml"
    file.write_text(yaml.safe_dump(with_line("E10", f"text: '{text}'")), encoding="utf-8")
    if told is not None:
        file.with_name("trial.ko.po").write_text(f'msgid "{text}"\nmsgstr "{told}"\n', encoding="utf-8")
    with pytest.raises(ConfigurationError) as refused:
        load(Settings(), file)
    line = next(n for n, one in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1) if "No drug" in one)
    assert str(refused.value).startswith(f"{tmp_path}/{said.replace('{line}', str(line))}")


def test_a_site_cannot_set_a_window_to_nothing() -> None:
    with pytest.raises(ConfigurationError) as refused:
        load(Settings(parameters={"bleeding-window": "0 weeks"}, file="site.toml"))
    place = "site.toml: parameters.bleeding-window: criterion E11 > decide > [1] > violated"
    assert str(refused.value) == f"{place}: a window of length 0 holds no earlier day; give it a length"
