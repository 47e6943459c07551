"""The unit table against a UCUM library, and the laws of conversion (rulebook section 3 "Numbers")."""

import json
import timeit
from collections.abc import Mapping
from copy import deepcopy
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pint import Quantity
from ucumvert import PintUcumRegistry

import fhir_profiles.units
from fhir_profiles.units import UnitTable

DOCUMENT: Final[dict[str, Any]] = json.loads(
    Path(fhir_profiles.units.__file__).with_name("unit_factors.json").read_text(encoding="utf-8")
)
DIMENSIONS: Final[Mapping[str, Any]] = DOCUMENT["dimensions"]
SPELLINGS: Final[Mapping[str, str | list[str]]] = DOCUMENT["spellings"]
TABLE: Final = UnitTable.from_json(DOCUMENT)

UNITS: Final = tuple((name, unit) for name, dimension in DIMENSIONS.items() for unit in dimension["units"])
PAIRS: Final = tuple((unit, to) for listed in DIMENSIONS.values() for unit in listed["units"] for to in listed["units"])
STANDS_FOR: Final = tuple(
    (spelling, unit) for spelling, of in SPELLINGS.items() for unit in (of if isinstance(of, list) else [of])
)

LIBRARY_DIMENSIONS: Final = {
    "mass-concentration": {"[mass]": 1, "[length]": -3},
    "substance-concentration": {"[substance]": 1, "[length]": -3},
    "number-concentration": {"[length]": -3},
    "catalytic-concentration": {"[substance]": 1, "[time]": -1, "[length]": -3},
    "arbitrary-concentration": {"[length]": -3},
    "ratio": {},
    "pressure": {"[mass]": 1, "[length]": -1, "[time]": -2},
    "mass": {"[mass]": 1},
    "time": {"[time]": 1},
}
# What the spellings write otherwise than UCUM does, in the order in which it is undone.
IN_UCUM: Final = (
    *(("\u00b5", "u"), ("\u03bc", "u"), ("x ", ""), ("x", ""), ("\u00d7", ""), ("^", "*"), ("\u00b3", "*3")),
    *(("\u2079", "*9"), ("K/", "10*3/"), ("cells/", "/"), ("cumm", "mm3"), ("gm/", "g/"), ("IU", "[IU]")),
    *(("mmHg", "mm[Hg]"), ("INR", "{INR}"), ("ratio", "1")),
)

BILIRUBIN: Final = Decimal("584.66")
CREATININE: Final = Decimal("113.12")

VALUES: Final = st.decimals(min_value=0, max_value=10**9, places=6)
FAR_VALUES: Final = st.builds(
    lambda digits, exponent: Decimal(digits).scaleb(exponent),
    st.integers(-(10**30), 10**30),
    st.integers(-40, 40),
)


@cache
def registry() -> PintUcumRegistry:
    return PintUcumRegistry()


def library_reading(unit: str) -> Quantity[Any]:
    """The library's quantity; an annotation, which it parses but does not turn into one, is the number 1."""
    read = registry().from_ucum(unit)
    quantity: Quantity[Any] = registry().from_ucum("1") if getattr(read, "type", "") == "ANNOTATION" else read
    return quantity


def library_factor(unit: str, to: str) -> float:
    ratio = (library_reading(unit) / library_reading(to)).to_base_units()
    assert ratio.dimensionless
    return float(ratio.magnitude)


def in_ucum(spelling: str) -> str:
    for theirs, ucum in IN_UCUM:
        spelling = spelling.replace(theirs, ucum)
    return spelling


@pytest.mark.parametrize(("dimension", "unit"), UNITS)
def test_each_unit_has_the_dimension_and_factor_of_the_library(dimension: str, unit: str) -> None:
    reading, listed = library_reading(unit), DIMENSIONS[dimension]
    assert dict(reading.dimensionality) == LIBRARY_DIMENSIONS[dimension]
    assert ("international_unit" in str(reading.units)) == (dimension == "arbitrary-concentration")
    assert float(listed["units"][unit]) == pytest.approx(library_factor(unit, listed["canonical"]), rel=1e-12, abs=0)


@pytest.mark.parametrize(("spelling", "unit"), STANDS_FOR)
def test_each_spelling_is_the_unit_it_stands_for(spelling: str, unit: str) -> None:
    ucum = in_ucum(spelling) if "[" in unit else in_ucum(spelling).replace("[IU]", "U")
    assert library_factor(ucum, unit) == pytest.approx(1, rel=1e-12, abs=0)
    assert TABLE.factor(spelling, unit) == 1


def test_library_reads_the_spelling_for_thousands_as_kelvin() -> None:
    assert "[temperature]" in library_reading("K/uL").dimensionality


@given(VALUES, st.sampled_from(PAIRS))
def test_there_and_back_gives_the_value(value: Decimal, pair: tuple[str, str]) -> None:
    assert_there_and_back(value, *pair)


@given(VALUES, st.sampled_from(("mg/dL", "g/L", "ug/mL")), st.sampled_from(("umol/L", "mmol/L")))
def test_there_and_back_by_molar_mass_gives_the_value(value: Decimal, mass: str, substance: str) -> None:
    assert_there_and_back(value, mass, substance, BILIRUBIN)
    assert_there_and_back(value, substance, mass, CREATININE)


def assert_there_and_back(value: Decimal, unit: str, to: str, molar_mass: Decimal | None = None) -> None:
    there = TABLE.convert(value, unit, to, molar_mass)
    assert there is not None
    back = TABLE.convert(there, to, unit, molar_mass)
    assert back is not None
    assert abs(back - value) <= value.scaleb(-48)


@given(VALUES, VALUES, st.sampled_from(PAIRS))
def test_conversion_keeps_the_order(one: Decimal, other: Decimal, pair: tuple[str, str]) -> None:
    assume(one < other)
    low, high = TABLE.convert(one, *pair), TABLE.convert(other, *pair)
    assert low is not None
    assert high is not None
    assert low < high


@given(FAR_VALUES, st.sampled_from(PAIRS))
def test_no_finite_value_raises(value: Decimal, pair: tuple[str, str]) -> None:
    converted = TABLE.convert(value, *pair)
    assert converted is not None
    assert converted.is_finite()


@given(VALUES, st.text(max_size=12), st.sampled_from(("mg/dL", "10*9/L", "{INR}", "U/L")))
def test_any_text_for_a_unit_is_read_or_refused(value: Decimal, unit: str, to: str) -> None:
    converted = TABLE.convert(value, unit, to)
    assert converted is None or converted.is_finite()


@pytest.mark.parametrize(
    ("value", "unit", "to", "molar_mass", "expected"),
    [
        ("34", "umol/L", "mg/dL", BILIRUBIN, "1.987844"),
        ("34.2", "\u00b5mol/L", "mg/dL", BILIRUBIN, "1.9995372"),
        ("51.3", "\u03bcmol/L", "mg/dL", BILIRUBIN, "2.9993058"),
        ("100", "umol/L", "mg/dL", CREATININE, "1.1312"),
        ("28", "g/L", "g/dL", None, "2.8"),
        ("80", "g/L", "g/dL", None, "8.0"),
        ("1500", "/uL", "10*9/L", None, "1.5"),
        ("1500", "/mm3", "10*3/uL", None, "1.5"),
        ("50", "K/uL", "10*9/L", None, "50"),
        ("50000", "{cells}/uL", "10*9/L", None, "50"),
        ("1", "ukat/L", "U/L", None, "60"),
        ("40", "IU/L", "U/L", None, "40"),
        ("5", "IU/L", "[IU]/L", None, "5"),
        ("25", "mIU/mL", "[IU]/L", None, "25"),
        ("1.7", "1", "{INR}", None, "1.7"),
        ("1.7", None, "{INR}", None, "1.7"),
        ("1.7", "", "1", None, "1.7"),
        ("1.7", "  ", "1", None, "1.7"),
        ("7", "{points}", "{score}", None, "7"),
        ("61", "%", "%", None, "61"),
        ("20", "kPa", "Pa", None, "20000"),
        ("150", "mmHg", "mm[Hg]", None, "150"),
        ("4", "wk", "d", None, "28"),
        ("0.4", "g", "mg", None, "400"),
        ("2.0", " mg/dL ", "mg/dL", None, "2.0"),
        ("-1", "mg/dL", "mg/L", None, "-10"),
    ],
)
def test_known_conversions_are_exact(
    value: str, unit: str | None, to: str, molar_mass: Decimal | None, expected: str
) -> None:
    assert TABLE.convert(Decimal(value), unit, to, molar_mass) == Decimal(expected)


@pytest.mark.parametrize(
    "unit",
    [
        *("mg/dl", "umol/l", "\u00b5mol/L", "\u03bcmol/L", "x10^9/L", "10^3/uL"),
        *("K/uL", "/mm3", "cells/uL", "IU/L", "U/l", "ratio"),
    ],
)
def test_spellings_met_in_laboratories_are_read(unit: str) -> None:
    assert TABLE.dimension(unit) is not None


@pytest.mark.parametrize(
    ("unit", "to"),
    [
        *(("Mg/dL", "mg/dL"), ("MG/DL", "mg/dL"), ("Mmol/L", "mmol/L"), ("MU/mL", "mU/mL"), ("G/L", "g/L")),
        *(("u/L", "U/L"), ("KPA", "kPa"), ("k/uL", "10*3/uL"), ("inr", "{INR}")),
    ],
)
def test_case_is_never_guessed(unit: str, to: str) -> None:
    assert TABLE.convert(Decimal(1), unit, to) is None


@pytest.mark.parametrize("unit", ["furlong", "mg", "mg /dL", "{mg/dL}", "{INR}/dL", "mg/{dL}", "10E3/uL", "103/uL"])
def test_unknown_units_and_other_dimensions_are_unreadable(unit: str) -> None:
    assert TABLE.convert(Decimal(2), unit, "mg/dL") is None
    assert TABLE.convert(Decimal(2), unit, "10*9/L") is None
    assert TABLE.convert(Decimal(2), "mg/dL", unit) is None


def test_a_value_without_unit_is_a_pure_ratio_or_unreadable() -> None:
    for to in ("mg/dL", "10*9/L", "U/L", "%"):
        assert TABLE.convert(Decimal(60), None, to) is None
        assert TABLE.convert(Decimal(60), "", to) is None


def test_enzyme_and_international_units_do_not_mix() -> None:
    assert TABLE.convert(Decimal(1), "U/L", "[IU]/L") is None
    assert TABLE.convert(Decimal(1), "[IU]/L", "U/L") is None
    assert TABLE.convert(Decimal(1), "[IU]/L", "/L") is None


def test_mass_and_substance_convert_only_by_a_positive_molar_mass() -> None:
    assert TABLE.convert(Decimal(34), "umol/L", "mg/dL") is None
    assert TABLE.convert(Decimal(34), "umol/L", "mg/dL", Decimal(0)) is None
    assert TABLE.convert(Decimal(34), "U/L", "mg/dL", BILIRUBIN) is None
    assert TABLE.convert(Decimal(2), "mg/dL", "g/dL", BILIRUBIN) == Decimal("0.002")


@pytest.mark.parametrize("value", ["NaN", "sNaN", "Infinity", "-Infinity"])
def test_what_is_no_number_is_unreadable(value: str) -> None:
    assert TABLE.convert(Decimal(value), "mg/dL", "g/L") is None


def test_huge_exponents_do_not_raise() -> None:
    assert TABLE.convert(Decimal("1e999999"), "g/L", "mg/dL") == Decimal("1e1000001")


def test_dimension_of_units() -> None:
    assert TABLE.dimension("mg/dL") == "mass-concentration"
    assert TABLE.dimension("{nominal}") == "ratio"
    assert TABLE.dimension("IU/L") == "catalytic-concentration"
    assert TABLE.dimension("furlong") is None
    assert TABLE.dimension("") is None


def test_factor_is_what_one_unit_comes_to() -> None:
    assert TABLE.factor("umol/L", "mg/dL", BILIRUBIN) == Decimal("0.058466")


def test_known_pairs_are_fast() -> None:
    best = min(timeit.repeat(lambda: TABLE.factor("10*3/uL", "10*9/L"), number=1000, repeat=20)) / 1000
    assert best < 20e-6, "two microseconds on an idle machine; ten times that is a mistake, not a busy machine"


def changed(path: tuple[str, ...], value: object) -> dict[str, Any]:
    document = deepcopy(DOCUMENT)
    inner = document
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return document


MASS_UNITS: Final = ("dimensions", "mass-concentration", "units")


@pytest.mark.parametrize(
    ("document", "named"),
    [
        ({"spellings": {}}, "dimensions"),
        ({"dimensions": {}}, "spellings"),
        (changed(("version",), 1), "version"),
        (changed(("dimensions",), []), "dimensions"),
        (changed(("dimensions", "ratio"), "1"), "ratio"),
        (changed(("dimensions", "ratio", "unit"), {}), "unit"),
        (changed(("dimensions", "ratio", "canonical"), "%"), "ratio"),
        (changed(("dimensions", "ratio", "canonical"), None), "ratio"),
        (changed(("dimensions", "mass-concentration", "canonical"), "mg/mL"), "mass-concentration"),
        (changed((*MASS_UNITS, "mg/dL"), 0.01), "mg/dL"),
        (changed((*MASS_UNITS, "mg/dL"), "0"), "mg/dL"),
        (changed((*MASS_UNITS, "mg/dL"), "NaN"), "mg/dL"),
        (changed((*MASS_UNITS, "mg/dL"), "a hundredth"), "mg/dL"),
        (changed((*MASS_UNITS, "U/L"), "1"), "U/L"),
        (changed((*MASS_UNITS, " mg/L"), "1"), " mg/L"),
        (changed(("spellings", "mgs/dL"), "mgs"), "mgs/dL"),
        (changed(("spellings", "mgs/dL"), 1), "mgs/dL"),
        (changed(("spellings", "mgs/dL"), []), "mgs/dL"),
        (changed(("spellings", "mgs/dL"), ["mg/dL", "g/L"]), "mgs/dL"),
        (changed(("spellings", "mg/dL"), "g/L"), "mg/dL"),
        (changed(("spellings", ""), "g/L"), "spellings"),
    ],
)
def test_a_wrong_table_is_refused_by_name(document: dict[str, Any], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        UnitTable.from_json(document)
