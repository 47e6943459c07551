"""A dosage is 400 mg twice a day, another dose, or cannot be told (rulebook 8.2, SOR-02)."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from fhir_profiles.reading.doses import Dose, DosePlan, read_dose
from tests.case_records import Item
from tests.guidance_records import dosage

TABLET = Decimal(200)


def read(*entries: dict[str, str], strength: Decimal | None = None) -> Dose:
    """The dose of entries as the cases write them."""
    return read_raw([dosage(Item("dosage", "", entry), None) for entry in entries], strength)


def read_raw(entries: list[dict[str, Any]], strength: Decimal | None = None) -> Dose:
    """The dose of entries as FHIR writes them."""
    return read_dose(msgspec.convert(entries, list[DosePlan], strict=False), strength)


@pytest.mark.parametrize(
    "entry",
    [
        {"dose": "400 mg", "timing": "2 per 1 d"},
        {"dose": "400.0 mg", "timing": "2 per 1 d"},
        {"dose": "0.4 g", "timing": "1 per 12 h"},
        {"dose": "400000 ug", "timing": "BID"},
        {"dose": "400 mg", "timing": "Q12H"},
        {"dose": "400 mg", "timing": "2 per 24 h"},
        {"dose": "400 mg", "timing": "4 per 2 d"},
        {"dose": "400 mg", "timing": "at 08:00, 20:00"},
        {"dose": "400 mg", "timing": "when MORN, EVE"},
    ],
    ids=lambda entry: f"{entry['dose']} {entry['timing']}",
)
def test_400_mg_twice_a_day_in_many_ways(entry: dict[str, str]) -> None:
    assert read(entry) is Dose.FULL


@pytest.mark.parametrize(
    "entry",
    [
        {"dose": "800 mg", "timing": "1 per 1 d"},
        {"dose": "800 mg", "timing": "QD"},
        {"dose": "400 mg", "timing": "QD"},
        {"dose": "200 mg", "timing": "BID"},
        {"dose": "200 mg", "timing": "QID"},
        {"dose": "401 mg", "timing": "BID"},
        {"dose": "400 mg", "timing": "TID"},
        {"dose": "400 mg", "timing": "QOD"},
        {"dose": "400 mg", "timing": "1 per 2 d"},
        {"dose": "400 mg", "timing": "at 08:00"},
        {"dose": "400 mg", "timing": "when MORN, NOON, EVE"},
        {"dose": "0 mg", "timing": "BID"},
    ],
    ids=lambda entry: f"{entry['dose']} {entry['timing']}",
)
def test_anything_else_that_can_be_read_is_another_dose(entry: dict[str, str]) -> None:
    assert read(entry) is Dose.OTHER


@pytest.mark.parametrize(
    "entry",
    [
        {"dose": "none", "says": "400 mg twice a day"},
        {"dose": "400 mg", "timing": "none"},
        {"dose": "none", "timing": "BID"},
        {"dose": "200 mg to 400 mg", "timing": "BID"},
        {"dose": "400 mg", "timing": "1-2 per 1 d"},
        {"dose": "400 mg", "timing": "as directed"},
        {"dose": "400 mg", "timing": "BID", "as_needed": "true"},
        {"dose": "<400 mg", "timing": "BID"},
        {"dose": "2 mL", "timing": "BID"},
        {"dose": "400", "timing": "BID"},
        {"dose": "2 tablet", "timing": "BID"},
    ],
    ids=str,
)
def test_what_cannot_be_read_is_neither(entry: dict[str, str]) -> None:
    assert read(entry) is Dose.UNREADABLE


@pytest.mark.parametrize(
    "repeat",
    [
        {"frequency": 2, "period": 1, "periodUnit": "d", "dayOfWeek": ["mon", "thu"]},
        {"timeOfDay": ["08:00:00", "20:00:00"], "period": 2, "periodUnit": "d"},
        {"when": ["MORN", "EVE"], "period": 1, "periodUnit": "wk"},
        {"frequency": 2, "period": "NaN", "periodUnit": "d"},
        {"frequency": 2, "period": "1e99999", "periodUnit": "d"},
    ],
    ids=str,
)
def test_times_of_some_days_are_no_times_of_a_day(repeat: dict[str, Any]) -> None:
    amount = [{"doseQuantity": {"value": 400, "unit": "mg"}}]
    assert read_raw([{"timing": {"repeat": repeat}, "doseAndRate": amount}]) is Dose.UNREADABLE


@pytest.mark.parametrize("every", [{}, {"period": 1, "periodUnit": "d"}, {"period": 24, "periodUnit": "h"}])
def test_named_times_are_those_of_each_day(every: dict[str, Any]) -> None:
    repeat = {"timeOfDay": ["08:00:00", "20:00:00"], **every}
    amount = [{"doseQuantity": {"value": 400, "unit": "mg"}}]
    assert read_raw([{"timing": {"repeat": repeat}, "doseAndRate": amount}]) is Dose.FULL


def test_no_entry_is_no_dose() -> None:
    assert read() is Dose.UNREADABLE


@pytest.mark.parametrize("unit", ["tablet", "tablets", "{tbl}", "{tablet}", "tab", "TAB", "{pill}", "정"])
def test_tablets_are_converted_by_the_strength_of_the_product(unit: str) -> None:
    assert read({"dose": f"2 {unit}", "timing": "BID"}, strength=TABLET) is Dose.FULL
    assert read({"dose": f"1 {unit}", "timing": "BID"}, strength=TABLET) is Dose.OTHER


def test_milligrams_need_no_strength_and_are_not_multiplied_by_it() -> None:
    assert read({"dose": "400 mg", "timing": "BID"}, strength=TABLET) is Dose.FULL


@pytest.mark.parametrize(
    ("first", "second", "dose"),
    [
        ({"timing": "at 08:00"}, {"timing": "at 20:00"}, Dose.FULL),
        ({"timing": "when MORN"}, {"timing": "when EVE"}, Dose.FULL),
        ({"dose": "200 mg"}, {"dose": "200 mg"}, Dose.FULL),
        ({"dose": "200 mg", "timing": "BID"}, {"dose": "200 mg", "timing": "1 per 12 h"}, Dose.FULL),
        ({"timing": "at 08:00"}, {"dose": "200 mg", "timing": "at 20:00"}, Dose.OTHER),
        ({}, {}, Dose.OTHER),
        ({"timing": "at 08:00, 20:00"}, {"timing": "at 12:00"}, Dose.OTHER),
        ({"timing": "QD"}, {"timing": "QD"}, Dose.UNREADABLE),
        ({"timing": "QD"}, {"dose": "200 mg", "timing": "QD"}, Dose.OTHER),
        ({"timing": "at 08:00"}, {"timing": "at 08:00"}, Dose.OTHER),
        ({"timing": "at 08:00"}, {"timing": "QD"}, Dose.UNREADABLE),
        ({"timing": "at 08:00"}, {"timing": "when MORN"}, Dose.UNREADABLE),
        ({"timing": "when AC"}, {"timing": "when PC"}, Dose.UNREADABLE),
        ({"timing": "at 08:00"}, {"timing": "1-2 per 1 d"}, Dose.UNREADABLE),
        ({"timing": "at 08:00"}, {"dose": "200 mg to 400 mg", "timing": "at 20:00"}, Dose.UNREADABLE),
        ({"timing": "at 08:00"}, {"dose": "none", "says": "and as told"}, Dose.UNREADABLE),
        ({"timing": "at 08:00"}, {"timing": "at 20:00", "as_needed": "true"}, Dose.UNREADABLE),
    ],
    ids=str,
)
def test_two_entries_are_added_up_at_each_time(first: dict[str, str], second: dict[str, str], dose: Dose) -> None:
    assert read(first, second) is dose
    assert read(second, first) is dose


MG: dict[str, Any] = {"unit": "mg", "code": "mg"}
DAY: dict[str, Any] = {"value": 1, "unit": "d"}


@pytest.mark.parametrize(
    ("most", "dose"),
    [
        ({"maxDosePerPeriod": {"numerator": {"value": 800, **MG}, "denominator": DAY}}, Dose.FULL),
        (
            {
                "maxDosePerPeriod": {
                    "numerator": {"value": "5.6", "unit": "g"},
                    "denominator": {"value": 1, "unit": "wk"},
                }
            },
            Dose.FULL,
        ),
        ({"maxDosePerPeriod": {"numerator": {"value": 4, "unit": "tablet"}, "denominator": DAY}}, Dose.FULL),
        ({"maxDosePerPeriod": {"numerator": {"value": 799, **MG}, "denominator": DAY}}, Dose.OTHER),
        (
            {"maxDosePerPeriod": {"numerator": {"value": 800, **MG}, "denominator": {"value": 48, "unit": "h"}}},
            Dose.OTHER,
        ),
        (
            {"maxDosePerPeriod": {"numerator": {"value": 400, **MG}, "denominator": {"value": 12, "unit": "h"}}},
            Dose.UNREADABLE,
        ),
        ({"maxDosePerPeriod": {"numerator": {"value": 800, **MG}}}, Dose.UNREADABLE),
        ({"maxDosePerPeriod": {"numerator": {"value": 800, "unit": "mL"}, "denominator": DAY}}, Dose.UNREADABLE),
        (
            {"maxDosePerPeriod": {"numerator": {"value": 800, **MG}, "denominator": {"value": 0, "unit": "d"}}},
            Dose.UNREADABLE,
        ),
        ({"maxDosePerPeriod": {}}, Dose.UNREADABLE),
        ({"maxDosePerAdministration": {"value": 400, **MG}}, Dose.FULL),
        ({"maxDosePerAdministration": {"value": 200, **MG}}, Dose.OTHER),
        ({"maxDosePerAdministration": {"value": 400, **MG, "comparator": "<"}}, Dose.UNREADABLE),
    ],
    ids=str,
)
def test_what_may_be_taken_at_most_caps_the_dose(most: dict[str, Any], dose: Dose) -> None:
    timing = {"repeat": {"frequency": 2, "period": 1, "periodUnit": "d"}}
    entry = {"timing": timing, "doseAndRate": [{"doseQuantity": {"value": 400, "unit": "mg"}}], **most}
    assert read_raw([entry], TABLET) is dose


def test_a_cap_makes_no_unreadable_dose_another_one() -> None:
    cap = {"numerator": {"value": 400, "unit": "mg"}, "denominator": DAY}
    assert read_raw([{"maxDosePerPeriod": cap, "asNeededBoolean": True}]) is Dose.UNREADABLE


def test_each_entry_has_its_own_cap() -> None:
    entries = [
        {
            "timing": {"repeat": {"timeOfDay": [time]}},
            "doseAndRate": [{"doseQuantity": {"value": 400, "unit": "mg"}}],
            "maxDosePerPeriod": {"numerator": {"value": 400, "unit": "mg"}, "denominator": DAY},
        }
        for time in ("08:00:00", "20:00:00")
    ]
    assert read_raw(entries) is Dose.FULL


def test_one_time_written_in_two_ways_is_one_time() -> None:
    amount = [{"doseQuantity": {"value": 400, "unit": "mg"}}]
    times = (["08:00"], ["08:00:00"])
    assert read_raw([{"timing": {"repeat": {"timeOfDay": at}}, "doseAndRate": amount} for at in times]) is Dose.OTHER


def test_an_amount_beside_a_range_cannot_be_read() -> None:
    amount = {"doseQuantity": {"value": 400, "unit": "mg"}, "doseRange": {"high": {"value": 600, "unit": "mg"}}}
    timing = {"repeat": {"frequency": 2, "period": 1, "periodUnit": "d"}}
    assert read_raw([{"timing": timing, "doseAndRate": [amount]}]) is Dose.UNREADABLE


def test_two_amounts_in_one_entry_contradict_each_other() -> None:
    amounts = [{"doseQuantity": {"value": 400, "code": "mg"}}, {"doseQuantity": {"value": 200, "code": "mg"}}]
    timing = {"repeat": {"frequency": 2, "period": 1, "periodUnit": "d"}}
    assert read_raw([{"timing": timing, "doseAndRate": amounts}]) is Dose.UNREADABLE


def test_a_code_beside_an_unreadable_repetition_is_read() -> None:
    timing = {"repeat": {"frequency": 2}, "code": {"coding": [{"code": "BID"}]}}
    entry = {"timing": timing, "doseAndRate": [{"doseQuantity": {"value": 400, "unit": "mg"}}]}
    assert read_raw([entry]) is Dose.FULL


@pytest.mark.parametrize(("code", "dose"), [("BID", Dose.FULL), ("Q12H", Dose.FULL), ("QD", Dose.UNREADABLE)])
def test_a_code_and_a_repetition_must_say_the_same(code: str, dose: Dose) -> None:
    timing = {"repeat": {"frequency": 2, "period": 1, "periodUnit": "d"}, "code": {"coding": [{"code": code}]}}
    entry = {"timing": timing, "doseAndRate": [{"doseQuantity": {"value": 400, "unit": "mg"}}]}
    assert read_raw([entry]) is dose


def test_codes_that_contradict_each_other_cannot_be_read() -> None:
    timing = {"code": {"coding": [{"code": "BID"}, {"code": "QD"}]}}
    entry = {"timing": timing, "doseAndRate": [{"doseQuantity": {"value": 400, "unit": "mg"}}]}
    assert read_raw([entry]) is Dose.UNREADABLE


def test_as_needed_for_a_reason_is_as_needed() -> None:
    timing = {"repeat": {"frequency": 2, "period": 1, "periodUnit": "d"}}
    amount = [{"doseQuantity": {"value": 400, "unit": "mg"}}]
    entry = {"timing": timing, "asNeededCodeableConcept": {"text": "pain"}, "doseAndRate": amount}
    assert read_raw([entry]) is Dose.UNREADABLE
