"""Builds a TrialProtocol from a parsed protocol file that the schema has passed."""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from difflib import get_close_matches
from typing import Any, TypeVar

from cds_service.errors import ConfigurationError
from cds_service.protocols.agreement import check_windows
from cds_service.protocols.statements import Builder
from cds_service.protocols.values import BadValueError, days_before, decimal, delay, duration, named, quantity, reading
from cds_service.trial.case import Aim, Line
from cds_service.trial.findings import Ask, Verdict, ask_test, confirm
from cds_service.trial.protocol import (
    Analyte,
    ChildPughRules,
    Clause,
    Criterion,
    EnrolmentRules,
    GradeRule,
    GuidanceRules,
    Measures,
    NamedValue,
    PointRule,
    Scale,
    TrialProtocol,
)
from cds_service.trial.unrecorded import with_unrecorded
from fhir_profiles.dates import Lookback
from fhir_profiles.record import Sex, Source
from fhir_profiles.units import UnitTable

Given = Mapping[str, Any]
_T = TypeVar("_T")


def build_protocol(
    given: Given, units: UnitTable, titles: Mapping[str, str], overrides: Mapping[str, str], studies: Iterable[str] = ()
) -> TrialProtocol:
    """The protocol; `overrides` are a site's values of named parameters. Raises ConfigurationError naming the place."""
    values = _named_values(given["parameters"], overrides)
    parameters = {value.name: value.value for value in values}
    measures = _measures(given, units, parameters)
    answers = {name: (frozenset(a["sets"]), frozenset(a["against"])) for name, a in given["answers"].items()}
    builder = Builder(parameters, measures, answers, {})
    for name, definition in given.get("definitions", {}).items():
        built = _at(f"definition {name}", builder.statement, definition)
        builder = Builder(parameters, measures, answers, {**builder.definitions, name: built})
    trial = given["trial"]
    protocol = TrialProtocol(
        id=trial["id"],
        name=trial["name"],
        version=trial["version"],
        title=trial["title"],
        criteria=tuple(_at(f"criterion {c['id']}", _criterion, builder, c) for c in given["criteria"]),
        measures=measures,
        child_pugh=_at("child_pugh", _child_pugh, given["child_pugh"], measures, parameters),
        enrolment=_enrolment(given["enrolment"], studies),
        guidance=_at("guidance", _guidance, given["guidance"], parameters),
        definitions=builder.definitions,
        named_values=values,
        titles=titles,
        population=trial["population"],
        history_set=trial["history"],
    )
    return with_unrecorded(protocol)


def _at(place: str, build: Callable[..., _T], *arguments: object) -> _T:
    try:
        return build(*arguments)
    except BadValueError as error:
        raise ConfigurationError(f"{place}: {error}") from None


def _named_values(given: Given, overrides: Mapping[str, str]) -> tuple[NamedValue, ...]:
    unknown = sorted(set(overrides) - set(given))
    if unknown:
        near = get_close_matches(unknown[0], given, 1) or sorted(given)
        raise ConfigurationError(
            f"the site's parameters.{unknown[0]}: this protocol has no such value; it has {', '.join(near)}"
        )
    values = {name: str(overrides.get(name, one["value"])) for name, one in given.items()}
    return tuple(
        NamedValue(name, value, reading(value), given[name]["meaning"], given[name]["origin"], name in overrides)
        for name, value in values.items()
    )


def _measures(given: Given, units: UnitTable, parameters: Mapping[str, str]) -> Measures:
    analytes = {n: _at(f"analyte {n}", _analyte, n, a, units, parameters) for n, a in given["analytes"].items()}
    scales = {
        n: Scale(n, s["value_set"], s["range"][0], s["range"][1], s["reads_text"], s.get("answers"))
        for n, s in given["scales"].items()
    }
    return Measures(units, analytes, scales)


def _analyte(name: str, given: Given, units: UnitTable, parameters: Mapping[str, str]) -> Analyte:
    unit = given["unit"]
    if units.dimension(unit) is None:
        raise BadValueError(f"unit: {unit!r} is no unit that is known here")
    low, high = map(decimal, given["plausible"])
    if low >= high:
        raise BadValueError(f"plausible: {low} is not below {high}; write the least value first, then the greatest")
    test: dict[str, Decimal] = {
        key: quantity(named(parameters, given[key]), unit, units)
        for key in ("negative_below", "positive_from")
        if key in given
    }
    return Analyte(
        name=name,
        value_set=given["value_set"],
        unit=unit,
        plausible=(low, high),
        molar_mass=decimal(given["molar_mass"]) if "molar_mass" in given else None,
        upper_limits={Sex(sex): decimal(value) for sex, value in given.get("upper_limit", {}).items()},
        derived_from=tuple(given["derived_from"]) if "derived_from" in given else None,
        **test,
    )


def _child_pugh(given: Given, measures: Measures, parameters: Mapping[str, str]) -> ChildPughRules:
    return ChildPughRules(
        laboratory=tuple(_point_rule(n, ends, measures) for n, ends in given["laboratory"].items()),
        signs=tuple(GradeRule(s["scale"], name, s["points"]) for name, s in given["signs"].items()),
        documented=given["documented"],
        classes=tuple(given["classes"]),
        maximum_age=Lookback(duration(named(parameters, given["maximum_age"])), includes_far_day=True),
    )


def _point_rule(name: str, ends: tuple[object, object], measures: Measures) -> PointRule:
    analyte = measures.analytes[name]
    near, far = (quantity(end, analyte.unit, measures.units, analyte.molar_mass) for end in ends)
    return PointRule(name, near, far)


def _enrolment(given: Given, studies: Iterable[str]) -> EnrolmentRules:
    return EnrolmentRules(
        studies=frozenset((*given["studies"], *studies)),
        enrolled=frozenset(given["enrolled"]),
        follow_up=frozenset(given["follow_up"]),
        screening=frozenset(given["screening"]),
    )


def _guidance(given: Given, parameters: Mapping[str, str]) -> GuidanceRules:
    after = {key: delay(named(parameters, one)) for key, one in given["windows"].items()}
    before = {key: days_before(named(parameters, one)) for key, one in given["before_tace"].items()}
    check_windows(given, after, before)
    return GuidanceRules(
        start_sorafenib=after["start_sorafenib"],
        response_imaging=after["response_imaging"],
        next_tace=after["next_tace"],
        first_examination=after["first_examination"],
        next_examination=after["next_examination"],
        survival=after["survival"],
        safety=before["safety"],
        stop_sorafenib=before["stop_sorafenib"],
        pregnancy_test=duration(named(parameters, given["pregnancy_test"]["at_most"])),
        closes={name: duration(named(parameters, one["less_than"])) for name, one in given["closes"].items()},
        safety_analytes=tuple(given["safety_analytes"]),
        ends_tace=frozenset(given["ends_tace"]),
        forbids_tace=tuple(given["forbids_tace"]),
    )


def _criterion(builder: Builder, given: Given) -> Criterion:
    otherwise = given["otherwise"]
    repeats = isinstance(otherwise, Mapping)
    row = frozenset(map(Source, given["sources"]))
    return Criterion(
        id=given["id"],
        text=given["text"],
        sources=row,
        clauses=tuple(_clause(builder, row, clause) for clause in given["decide"]),
        otherwise=None if repeats else Verdict(otherwise),
        verdict_of=otherwise["verdict_of"] if repeats else None,
        ask=_ask(given.get("ask")),
        question=given.get("question"),
    )


def _clause(builder: Builder, row: frozenset[Source], given: Given) -> Clause:
    verdict, existence = next(v for v in Verdict if v.value in given), given.get("existence", False)
    passing = Aim.PASS_BY_EXISTENCE if existence else Aim.PASS
    return Clause(
        verdict=verdict,
        statement=builder.statement(given[verdict.value]),
        line=Line(row, passing if verdict.passes else Aim.OTHER),
        ask=_ask(given.get("ask")),
        existence=existence,
    )


def _ask(name: str | None) -> Ask | None:
    """An ask by its id: a test, or something that a person confirms; the rest ask by themselves."""
    if name is None:
        return None
    kind, _, what = name.partition(":")
    return confirm(what) if kind == "confirm" else ask_test(what)
