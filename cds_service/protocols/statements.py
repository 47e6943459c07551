"""Builds the statements of a protocol file: one function a kind, chosen by the key that names the kind."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cds_service.protocols.values import BadValueError, duration, limit, named, quantity, years
from cds_service.trial.protocol import Measures
from cds_service.trial.statements.base import Statement
from cds_service.trial.statements.facts import AllergyStatement, ConditionStatement, CourseStatement, ProcedureStatement
from cds_service.trial.statements.joined import AllOf, AnyOf, Not
from cds_service.trial.statements.observed import AnswerSets, LabStatement, ResultStatement, ScoreStatement
from cds_service.trial.statements.person import (
    AgeStatement,
    ChildPughStatement,
    CountStatement,
    EnrolledStatement,
    FirstStatement,
    OtherStudyStatement,
    SexStatement,
)
from cds_service.trial.statements.pressure import PressureParts, PressureStatement
from fhir_profiles.dates import Lookback
from fhir_profiles.record import Sex

Given = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Builder:
    """What a statement's words are looked up in."""

    parameters: Mapping[str, str]
    measures: Measures
    answers: Mapping[str, AnswerSets]
    definitions: Mapping[str, Statement]

    def statement(self, given: Given) -> Statement:
        """The statement that a mapping describes. Raises BadValueError naming the key that does not fit."""
        kind = next((key for key in given if key in _KINDS), None)
        if kind is None:
            raise BadValueError(f"no kind of statement among the keys {', '.join(map(repr, given))}")
        return _KINDS[kind](self, given)

    def window(self, given: Given) -> Lookback | None:
        """The window of a statement: `less_than` leaves the far day out, `at_most` takes it in."""
        for key, includes in (("less_than", False), ("at_most", True)):
            if key in given:
                return Lookback(duration(named(self.parameters, given[key])), includes_far_day=includes)
        return None

    def needed_window(self, given: Given) -> Lookback:
        """The window of a statement that cannot do without."""
        window = self.window(given)
        if window is None:
            raise BadValueError("at_most: how old the result may be was expected")
        return window


def names(given: str | Iterable[str]) -> frozenset[str]:
    """One name or a list of names."""
    return frozenset((given,) if isinstance(given, str) else given)


def _condition(builder: Builder, given: Given) -> Statement:
    return ConditionStatement(
        value_sets=names(given["condition"]),
        activity=given.get("activity", "active"),
        dated_by=given.get("dated_by", "date"),
        window=builder.window(given),
        sites=names(given.get("site", ())),
        not_sites=names(given.get("not_site", ())),
    )


def _procedure(builder: Builder, given: Given) -> Statement:
    return ProcedureStatement(names(given["procedure"]), builder.window(given))


def _course(builder: Builder, given: Given) -> Statement:
    return CourseStatement(names(given["course"]), builder.window(given))


def _allergy(builder: Builder, given: Given) -> Statement:
    del builder
    return AllergyStatement(names(given["allergy"]))


def _lab(builder: Builder, given: Given) -> Statement:
    analyte = builder.measures.analytes.get(given["lab"])
    if analyte is None:
        raise BadValueError(f"lab: {given['lab']!r} is none of the analytes of this protocol")
    limits = {
        side: limit(named(builder.parameters, given[side]), analyte.unit, builder.measures.units, analyte.molar_mass)
        for side in ("above", "below")
        if side in given
    }
    return LabStatement(
        analyte=analyte.name,
        value_sets=frozenset({analyte.value_set}),
        window=builder.needed_window(given),
        above=limits.get("above"),
        below=limits.get("below"),
        positive={"positive": True, "negative": False}.get(given.get("is", "")),
    )


def _score(builder: Builder, given: Given) -> Statement:
    scale = builder.measures.scales.get(given["score"])
    if scale is None:
        raise BadValueError(f"score: {given['score']!r} is none of the scales of this protocol")
    low, high = given["between"]
    return ScoreStatement(scale.name, frozenset({scale.value_set}), (low, high), builder.window(given))


def _result(builder: Builder, given: Given) -> Statement:
    wanted = builder.answers.get(given["is"])
    if wanted is None:
        raise BadValueError(f"is: {given['is']!r} is none of the answers of this protocol")
    return ResultStatement(
        value_set=given["result"],
        value_sets=frozenset({given["result"]}) | wanted[0] | wanted[1],
        wanted=wanted,
        window=builder.window(given),
        any_of_them=given.get("any_of_them", False),
    )


def _vital(builder: Builder, given: Given) -> Statement:
    part_names = tuple(f"{part}-{given['vital']}" for part in ("systolic", "diastolic"))
    parts = [builder.measures.analytes[name] for name in part_names]
    limits = [
        quantity(named(builder.parameters, given[key]), part.unit, builder.measures.units)
        for key, part in zip(("systolic_above", "diastolic_above"), parts, strict=True)
    ]
    return PressureStatement(
        parts=PressureParts(given["vital"], *part_names),
        systolic_above=limits[0],
        diastolic_above=limits[1],
        window=builder.needed_window(given),
        value_sets=frozenset({given["vital"], *part_names}),
    )


def _first(builder: Builder, given: Given) -> Statement:
    return FirstStatement(
        value_sets=names(given["first"]),
        possible_sets=names(given.get("possibly", ())),
        window=builder.needed_window(given),
        not_sites=names(given.get("not_site", ())),
    )


def _age(builder: Builder, given: Given) -> Statement:
    limits = {key: years(named(builder.parameters, value)) for key, value in given["age"].items()}
    return AgeStatement(at_least=limits.get("at_least"), below=limits.get("below"))


def _sex(builder: Builder, given: Given) -> Statement:
    del builder
    return SexStatement(Sex(given["sex"]))


def _child_pugh(builder: Builder, given: Given) -> Statement:
    del builder
    return ChildPughStatement(given["child_pugh"], given.get("basis", "presumed"))


def _enrolled(builder: Builder, given: Given) -> Statement:
    del builder, given
    return EnrolledStatement()


def _on_another_study(builder: Builder, given: Given) -> Statement:
    del builder, given
    return OtherStudyStatement()


def _count(builder: Builder, given: Given) -> Statement:
    del builder
    return CountStatement(names(given["count"]))


def _definition(builder: Builder, given: Given) -> Statement:
    found = builder.definitions.get(given["definition"])
    if found is None:
        raise BadValueError(f"definition: {given['definition']!r} is not defined in this protocol")
    return found


def _any_of(builder: Builder, given: Given) -> Statement:
    return AnyOf(tuple(builder.statement(part) for part in given["any_of"]))


def _all_of(builder: Builder, given: Given) -> Statement:
    return AllOf(tuple(builder.statement(part) for part in given["all_of"]))


def _not(builder: Builder, given: Given) -> Statement:
    return Not(builder.statement(given["not"]))


_KINDS: Mapping[str, Callable[[Builder, Given], Statement]] = {
    "condition": _condition,
    "procedure": _procedure,
    "course": _course,
    "allergy": _allergy,
    "lab": _lab,
    "score": _score,
    "result": _result,
    "vital": _vital,
    "first": _first,
    "age": _age,
    "sex": _sex,
    "child_pugh": _child_pugh,
    "enrolled": _enrolled,
    "on_another_study": _on_another_study,
    "count": _count,
    "definition": _definition,
    "any_of": _any_of,
    "all_of": _all_of,
    "not": _not,
}
