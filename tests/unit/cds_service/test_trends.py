"""Trends of the safety analytes: which results, in which unit, beside which limit."""

from datetime import date
from decimal import Decimal

import pytest

from cds_service.trial.guidance.trends import Bound, Trend
from cds_service.trial.statements.observed import Limit
from fhir_profiles.intervals import NumberInterval
from tests.acceptance import Json, bilirubin
from tests.case_codes import concept
from tests.timeline_scenes import chart_of, product, view


def trend(name: str, *resources: object) -> Trend:
    return next(one for one in view(chart_of(*resources)).trends if one.analyte == name)


def ast(value: float, day: str, **elements: object) -> Json:
    quantity = {"value": value, "unit": "U/L", "code": "U/L", "system": "http://unitsofmeasure.org"}
    return bilirubin("@", f"ast-{day}", code=concept("ast"), valueQuantity=quantity, effectiveDateTime=day, **elements)


def test_the_safety_analytes_in_the_order_of_the_protocol() -> None:
    names = [one.analyte for one in view(chart_of()).trends]
    assert names == list(product().protocol.guidance.safety_analytes)


def test_results_by_date_in_the_unit_of_the_protocol() -> None:
    molar = bilirubin("@", "late", effectiveDateTime="2026-11-20", valueQuantity={"value": 34.2, "unit": "umol/L"})
    found = trend("bilirubin-total", molar, bilirubin(2.4, "early", effectiveDateTime="2026-10-20"))
    assert [point.reference for point in found.points] == ["Observation/early", "Observation/late"]
    assert found.unit == "mg/dL"
    assert [point.beyond for point in found.points] == [True, False]
    assert found.points[0].value == NumberInterval.exactly(Decimal("2.4"))
    late = found.points[1].value
    assert late is not None
    assert late.within(Decimal("1.999"), Decimal("2.001"))


@pytest.mark.parametrize(
    ("name", "line", "bad_above"),
    [
        ("bilirubin-total", "E5b", True),
        ("ast", "E5a", True),
        ("inr", "E5c", True),
        ("platelets", "E6c", False),
        ("creatinine", "E7", True),
        ("albumin", None, False),
    ],
)
def test_the_limit_is_that_of_a_line_else_of_child_pugh(name: str, line: str | None, *, bad_above: bool) -> None:
    bound = trend(name).bound
    assert bound is not None
    assert (bound.line, bound.bad_above) == (line, bad_above)


def test_a_multiple_of_the_upper_limit_is_that_of_each_result() -> None:
    own = {"referenceRange": [{"high": {"value": 30, "unit": "U/L"}}]}
    found = trend("ast", ast(160, "2026-10-20", **own), ast(160, "2026-11-20"))
    assert [point.limit for point in found.points] == [150, 200]
    assert [point.beyond for point in found.points] == [True, False]


def test_a_value_that_may_lie_on_either_side_is_neither() -> None:
    wide = bilirubin("@", "wide", valueQuantity={"value": 1, "comparator": ">", "unit": "mg/dL"})
    (point,) = trend("bilirubin-total", wide).points
    assert point.beyond is None


@pytest.mark.parametrize(("value", "beyond"), [(3.6, False), (3.5, True), (3.4, True)])
def test_albumin_is_beyond_from_where_child_pugh_gives_a_second_point(value: float, *, beyond: bool) -> None:
    quantity = {"value": value, "unit": "g/dL", "code": "g/dL", "system": "http://unitsofmeasure.org"}
    given = bilirubin("@", "albumin", code=concept("albumin"), valueQuantity=quantity)
    (point,) = trend("albumin", given).points
    assert point.beyond is beyond


@pytest.mark.parametrize(
    ("line", "bad_above", "value", "beyond"),
    [
        (None, True, NumberInterval.exactly(Decimal(2)), True),
        (None, True, NumberInterval(None, Decimal(2), high_open=True), False),
        (None, False, NumberInterval(Decimal(1), None), None),
        ("E5b", True, NumberInterval.exactly(Decimal(2)), False),
        ("E6c", False, NumberInterval.exactly(Decimal(2)), False),
    ],
)
def test_the_limit_itself_is_inside_for_a_line_and_beyond_for_child_pugh(
    line: str | None, value: NumberInterval, *, bad_above: bool, beyond: bool | None
) -> None:
    assert Bound(Limit(Decimal(2)), bad_above, line).holds(value, Decimal(2)) is beyond


def test_an_unreadable_result_and_one_of_an_uncertain_day_are_shown_as_such() -> None:
    (odd,) = trend("bilirubin-total", bilirubin(1, "odd", valueQuantity={"value": 1, "unit": "stones"})).points
    assert (odd.value, odd.beyond) == (None, None)
    (vague,) = trend("bilirubin-total", bilirubin(1, "vague", effectiveDateTime="2026-10")).points
    assert not vague.certain


def test_what_lies_before_the_screening_or_after_today_is_left_out() -> None:
    results = (
        bilirubin(1, day, effectiveDateTime=day) for day in ("2026-07-27", "2026-07-28", "2026-11-22", "2026-11-23")
    )
    days = [point.days.first for point in trend("bilirubin-total", *results).points]
    assert days == [date(2026, 7, 28), date(2026, 11, 22)]
