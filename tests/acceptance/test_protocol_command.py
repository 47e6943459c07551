"""`protocol check` and `protocol show`: a slip in a protocol or site file is named with its place, and exits 2."""

from pathlib import Path

import pytest

from cds_service.loading import COTSOM
from tests.acceptance import Ran, invoke, run, write

TEXT = COTSOM.read_text(encoding="utf-8")


def line_of(words: str) -> int:
    """The line of the file at which these words stand."""
    return TEXT[: TEXT.index(words)].count("\n") + 1


# Of a device that no list of procedures names: words and a site's own codes are all that can match.
SLIP = (
    f"trial.yaml:{line_of('{unknown: {procedure: cardiac-device-other}')}: criterion E13d > decide > [5] > unknown: "
    "'cardiac-device-other' is a set for condition, so only words and a site's own codes match; "
    "name a set for procedure"
)


def checked(folder: Path, text: str | bytes) -> Ran:
    return invoke("protocol", "check", str(folder / write(folder, "trial.yaml", text)))


def with_slip(old: str, new: str) -> str:
    assert old in TEXT
    return TEXT.replace(old, new, 1)


def refused(ran: Ran, *said: str) -> None:
    """Refused with exit 2 and a message that holds all this, without a traceback."""
    assert ran.code == 2, ran.err
    for words in said:
        assert words in ran.err
    assert "Traceback" not in ran.err
    assert ran.out == ""


def test_the_protocol_of_the_product_has_no_errors(tmp_path: Path) -> None:
    ran = run(tmp_path, "protocol", "check", write(tmp_path, "trial.yaml", TEXT))
    assert (ran.code, ran.out, ran.err) == (
        0,
        f"trial.yaml: COTSOM 1.0.0: 42 lines, no errors, 1 to look at\n{SLIP}\n",
        "",
    )


@pytest.mark.parametrize(
    ("slip", "said"),
    [
        (with_slip("  population: I1", "  populaton: I1"), ("populaton", "did you mean 'population'")),
        (with_slip("  population: I1", "  population: I1\n  population: I2"), ("population", "line")),
        (with_slip("value: 2.0 mg/dL", "value: 2.0 furlong"), ("2.0 furlong", "mg/dL")),
        (with_slip("value_set: ecog,", "value_set: eckog,"), ("eckog", "did you mean 'ecog'")),
        (with_slip("value: 28 days", "value: 28 dys"), ("28 dys",)),
        (with_slip("plausible: [0, 80]", "plausible: [80, 0]"), ("analyte bilirubin-total", "80 is not below 0")),
        (with_slip("ends_tace: [I3,", "ends_tace: [I33,"), ("guidance > ends_tace", "I33", "did you mean 'I3'")),
        (with_slip("forbids_tace: [E1,", "forbids_tace: [E0,"), ("guidance > forbids_tace", "E0")),
        (
            with_slip("[bilirubin-total, albumin, ast,", "[bilirubin, albumin, ast,"),
            ("safety_analytes", "bilirubin-total"),
        ),
        (with_slip("origin: site", "origin: sight"), ("sight", "laboratory-age")),
        ("a: [1\nb: }", ("line",)),
        ("- a\n- b\n", ()),
        ("", ()),
        (b"\xff\xfe\xfa", ()),
    ],
    ids=[
        "typo",
        "twice",
        "unit",
        "value set",
        "duration",
        "plausible",
        "ends",
        "forbids",
        "analyte",
        "choice",
        "not YAML",
        "a list",
        "empty",
        "not UTF-8",
    ],
)
def test_a_slip_is_named_with_its_place(tmp_path: Path, slip: str | bytes, said: tuple[str, ...]) -> None:
    refused(checked(tmp_path, slip), "trial.yaml", *said)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("    text: No HIV infection", "    text: No {hiv} infection"),
        ("      - violated: {course: sorafenib}", "      - violated: {course: sorafinib}"),
        ("      - {sex: male}", "      - {sex: male, age: 1}"),
        ("  albumin:           {value_set: albumin", "  albumin:           {value_set: albumen"),
    ],
)
def test_a_slip_is_named_with_its_line(tmp_path: Path, old: str, new: str) -> None:
    said = [line for line in checked(tmp_path, with_slip(old, new)).err.splitlines() if "trial.yaml" in line]
    assert {line.partition("trial.yaml:")[2].partition(":")[0] for line in said} == {str(line_of(old))}


def test_names_that_nothing_uses_are_told(tmp_path: Path) -> None:
    old = "\n  laboratory-age:"
    ran = checked(tmp_path, with_slip(old, "\n  spare: {value: 1 day, origin: site, meaning: none}" + old))
    assert ran.code == 0
    assert f"trial.yaml:{line_of('  laboratory-age:')}: parameters > spare: nothing uses it" in ran.out


def test_a_protocol_that_is_not_there_is_named(tmp_path: Path) -> None:
    refused(run(tmp_path, "protocol", "check", "nowhere.yaml"), "nowhere.yaml", "No such file")


def test_show_tells_every_line_and_the_thresholds_in_force(tmp_path: Path) -> None:
    write(tmp_path, "site.toml", '[parameters]\nbilirubin-limit = "1.9 mg/dL"\n')
    plain = run(tmp_path, "protocol", "show", environment={"COLUMNS": "200"})
    changed = run(tmp_path, "protocol", "show", "--site", "site.toml", environment={"COLUMNS": "200"})
    assert (plain.code, changed.code) == (0, 0)
    assert "bilirubin-limit = 2.0 mg/dL  (registry)" in plain.out
    assert "bilirubin-limit = 1.9 mg/dL  (set by the site)" in changed.out
    for line in ("I1", "E2a", "E13e", "E23"):
        assert f"\n{line}  " in plain.out


@pytest.mark.parametrize(
    ("site", "said"),
    [
        ('tme_zone = "UTC"', ("site.toml", "tme_zone", "time_zone")),
        ("time_zone = 3", ("site.toml", "time_zone", "Asia/Seoul")),
        ("parameters = 3", ("site.toml", "parameters", "a table was expected")),
        ("[upper_limits]\nast = 40", ("site.toml", "upper_limits.ast", "male and female")),
        ("[upper_limits.ast]\nother = 40", ("site.toml", "upper_limits.ast.other")),
        ("[plausible]\nast = [1]", ("site.toml", "plausible.ast")),
        ("[study]\nreferences = 'x'", ("site.toml", "study.references", "a list of texts")),
        ("[study]\nname = 'x'", ("site.toml", "study.name")),
        ("[local_codes]\nascites = ['a']", ("site.toml", "local_codes.ascites")),
        ("not toml", ("site.toml", "line 1")),
        ("[parameters]\nbilirubin-limt = '2 mg/dL'", ("parameters.bilirubin-limt", "bilirubin-limit")),
        ("[parameters]\nbilirubin-limit = '2 furlong'", ("'2 furlong'", "mg/dL")),
        ("[parameters]\nbilirubin-limit = 'low'", ("'low'", "a number was expected")),
        ("[parameters]\nlaboratory-age = 28", ("'28'", "28 days")),
        ("[local_codes.asctes]\n'http://x' = ['a']", ("local_codes.asctes", "no such value set")),
        ("[upper_limits.asst]\nmale = 40", ("'asst'", "no such analyte", "ast")),
    ],
)
def test_a_slip_in_the_site_file_is_named(tmp_path: Path, site: str, said: tuple[str, ...]) -> None:
    write(tmp_path, "site.toml", site)
    refused(invoke("protocol", "show", "--site", str(tmp_path / "site.toml")), *said)


@pytest.mark.parametrize(
    ("site", "key"),
    [
        ("[parameters]\nbilirubin-limit = '2 furlong'", "bilirubin-limit"),
        ("[parameters]\nlaboratory-age = 28", "laboratory-age"),
        ("[local_codes.asctes]\n'http://x' = ['a']", "local_codes.asctes"),
        ("[upper_limits.asst]\nmale = 40", "upper_limit"),
        ("[upper_limits.ast]\nmale = 'high'", "upper_limit"),
        ("[parameters]\nbilirubin-limit = '1e999999999 mg/dL'", "bilirubin-limit"),
        ("[upper_limits.ast]\nmale = -4", "upper_limit"),
        ("[plausible]\nast = [5, 1]", "plausible"),
    ],
)
def test_a_value_of_the_site_that_does_not_fit_names_the_site_file_and_the_key(
    tmp_path: Path, site: str, key: str
) -> None:
    write(tmp_path, "site.toml", site)
    refused(invoke("protocol", "show", "--site", str(tmp_path / "site.toml")), "site.toml", key)


def test_a_site_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    refused(run(tmp_path, "protocol", "show", "--site", "nowhere.toml"), "nowhere.toml", "No such file")
