"""Which statement follows from which: a clause that follows from earlier ones can never decide a line.

It adds doubt only: where the earlier statement may hold it may hold too, and two verdicts for one fact are `unknown`.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date
from itertools import product
from typing import Any

from cds_service.trial.statements.base import Statement
from cds_service.trial.statements.facts import AllergyStatement, ConditionStatement, CourseStatement, ProcedureStatement
from cds_service.trial.statements.joined import AllOf, AnyOf
from cds_service.trial.statements.observed import LabStatement, Limit, ResultStatement, ScoreStatement
from cds_service.trial.statements.person import AgeStatement, ChildPughStatement
from cds_service.trial.statements.pressure import PressureStatement
from fhir_profiles.dates import Lookback

# Months differ in length: windows are compared on days about the ends of months, leap years among them.
_DAYS = tuple(date(year, month, day) for year, month, day in product(range(2023, 2029), range(1, 13), (1, 15, 28)))
_FACTS = (ConditionStatement, ProcedureStatement, CourseStatement, AllergyStatement)


def taken_by(statement: Statement, earlier: Iterable[Statement]) -> frozenset[int]:
    """Which of the earlier statements together hold whenever this one certainly holds (empty: they do not)."""
    places = [
        {n for n, one in enumerate(earlier) if _implies(alternative, one)} for alternative in _alternatives(statement)
    ]
    return frozenset().union(*places) if places and all(places) else frozenset()


def _alternatives(statement: Statement) -> tuple[Statement, ...]:
    """The statements of which one at least holds when this one does: one for each value set, grade or part."""
    if isinstance(statement, AnyOf):
        return tuple(one for part in statement.parts for one in _alternatives(part))
    if isinstance(statement, _FACTS):
        return tuple(replace(statement, value_sets=frozenset({name})) for name in sorted(statement.value_sets))
    if isinstance(statement, ScoreStatement):
        low, high = statement.between
        return tuple(replace(statement, between=(grade, grade)) for grade in range(low, high + 1))
    return (statement,)


def _implies(one: Statement, other: Statement) -> bool:
    """Whether the other certainly holds whenever the one does; in doubt not."""
    if one == other:
        return True
    if isinstance(one, AnyOf):
        return all(_implies(part, other) for part in one.parts)
    if isinstance(other, AllOf):
        return all(_implies(one, part) for part in other.parts)
    if isinstance(other, AnyOf) and any(_implies(one, part) for part in other.parts):
        return True
    if isinstance(one, AllOf):
        return any(_implies(part, other) for part in one.parts)
    compare = _COMPARED.get(type(one))
    return compare is not None and type(one) is type(other) and compare(one, other)


def _narrower(one: Lookback | None, other: Lookback | None) -> bool:
    if one is None or other is None:
        return other is None
    return all(one.first_day(day) >= other.first_day(day) for day in _DAYS)


def _condition(one: ConditionStatement, other: ConditionStatement) -> bool:
    same_date = other.window is None or one.dated_by == other.dated_by
    return same_date and _fact(one, other) and other.activity in ("any", one.activity) and _site(one, other)


def _site(one: ConditionStatement, other: ConditionStatement) -> bool:
    if other.sites and not (one.sites and one.sites <= other.sites):
        return False
    return other.not_sites <= one.not_sites


def _fact(
    one: ConditionStatement | ProcedureStatement | CourseStatement,
    other: ConditionStatement | ProcedureStatement | CourseStatement,
) -> bool:
    return one.value_sets <= other.value_sets and _narrower(one.window, other.window)


def _allergy(one: AllergyStatement, other: AllergyStatement) -> bool:
    return one.value_sets <= other.value_sets


def _lab(one: LabStatement, other: LabStatement) -> bool:
    if one.analyte != other.analyte or one.positive is not other.positive or not _narrower(one.window, other.window):
        return False
    return one.positive is not None or _beyond(one.above, other.above, 1) or _beyond(one.below, other.below, -1)


def _beyond(one: Limit | None, other: Limit | None, sign: int) -> bool:
    if one is None or other is None or one.times_upper_limit is not other.times_upper_limit:
        return False
    return sign * one.value >= sign * other.value


def _score(one: ScoreStatement, other: ScoreStatement) -> bool:
    inside = other.between[0] <= one.between[0] and one.between[1] <= other.between[1]
    return one.scale == other.scale and inside and _narrower(one.window, other.window)


def _result(one: ResultStatement, other: ResultStatement) -> bool:
    same = one.value_set == other.value_set and one.wanted == other.wanted
    return same and (other.any_of_them or not one.any_of_them) and _narrower(one.window, other.window)


def _pressure(one: PressureStatement, other: PressureStatement) -> bool:
    higher = one.systolic_above >= other.systolic_above and one.diastolic_above >= other.diastolic_above
    return one.parts == other.parts and higher and _narrower(one.window, other.window)


def _age(one: AgeStatement, other: AgeStatement) -> bool:
    if one.at_least is not None and other.at_least is not None:
        return one.at_least >= other.at_least
    return one.below is not None and other.below is not None and one.below <= other.below


def _child_pugh(one: ChildPughStatement, other: ChildPughStatement) -> bool:
    return one.wanted == other.wanted and other.basis == "presumed"


_COMPARED: Mapping[type[Any], Callable[[Any, Any], bool]] = {
    ConditionStatement: _condition,
    ProcedureStatement: _fact,
    CourseStatement: _fact,
    AllergyStatement: _allergy,
    LabStatement: _lab,
    ScoreStatement: _score,
    ResultStatement: _result,
    PressureStatement: _pressure,
    AgeStatement: _age,
    ChildPughStatement: _child_pugh,
}
