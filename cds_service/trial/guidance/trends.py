"""How the safety analytes went: every result since a day, beside the limit that the protocol sets (rulebook 5 to 8)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from cds_service.trial.case import Case
from cds_service.trial.findings import Verdict
from cds_service.trial.protocol import Analyte, TrialProtocol
from cds_service.trial.results import is_firm, number_in_unit
from cds_service.trial.statements.observed import LabStatement, Limit
from fhir_profiles.dates import DateInterval
from fhir_profiles.intervals import NumberInterval
from fhir_profiles.record import Result


@dataclass(frozen=True, slots=True)
class Bound:
    """Which side of a limit is bad, and who says so: a line by its id, else the points of Child-Pugh."""

    limit: Limit
    bad_above: bool
    line: str | None
    statement: LabStatement | None = None

    def holds(self, value: NumberInterval, limit: Decimal) -> bool | None:
        """Whether the value is on the bad side; None when it may be either.

        The limit itself is allowed by a line, but Child-Pugh gives it a second point.
        """
        if self.line is None:
            healthy = value.below(limit) if self.bad_above else value.above(limit)
            return None if healthy is None else not healthy
        return value.above(limit) if self.bad_above else value.below(limit)


@dataclass(frozen=True, slots=True)
class Point:
    """One result in the analyte's unit (None: unreadable). `limit`: what it is held against; `beyond`: if it is bad."""

    days: DateInterval
    value: NumberInterval | None
    recorded: str
    reference: str
    certain: bool
    limit: Decimal | None
    beyond: bool | None


@dataclass(frozen=True, slots=True)
class Trend:
    """The results of one analyte by date."""

    analyte: str
    unit: str
    bound: Bound | None
    points: tuple[Point, ...]


def read_trends(protocol: TrialProtocol, case: Case, since: date) -> tuple[Trend, ...]:
    """The safety analytes, in the protocol's order; results from `since` to today, the undated ones left out."""
    return tuple(_trend(protocol, case, name, since) for name in protocol.guidance.safety_analytes)


def _trend(protocol: TrialProtocol, case: Case, name: str, since: date) -> Trend:
    analyte, bound = case.measures.analytes[name], bound_of(protocol, name)
    results = (r for r in case.record.results.get(analyte.value_set, ()) if _shown(r.when.days, since, case.day))
    points = (_point(case, analyte, bound, result) for result in results)
    return Trend(name, analyte.unit, bound, tuple(sorted(points, key=lambda p: (p.days, p.reference))))


def _shown(days: DateInterval, since: date, day: date) -> bool:
    return since <= days.first and days.last <= day


def bound_of(protocol: TrialProtocol, name: str) -> Bound | None:
    """The limit that a line sets for an analyte, else the one from which Child-Pugh gives a second point."""
    found = next(_bounds_of_lines(protocol, name), None)
    points = next((rule for rule in protocol.child_pugh.laboratory if rule.analyte == name), None)
    if found is not None or points is None:
        return found
    return Bound(Limit(points.near), points.rising, None)


def _bounds_of_lines(protocol: TrialProtocol, name: str) -> Iterator[Bound]:
    for criterion in protocol.criteria:
        for clause in criterion.clauses:
            match clause.statement:
                case LabStatement(analyte=analyte) as lab if analyte == name and clause.verdict is Verdict.VIOLATED:
                    limit = lab.above or lab.below
                    if limit is not None:
                        yield Bound(limit, lab.above is not None, criterion.id, lab)


def _point(case: Case, analyte: Analyte, bound: Bound | None, result: Result) -> Point:
    value, _ = number_in_unit(case.measures, analyte, result.value)
    limit = _limit(case, bound, result)
    beyond = bound.holds(value, limit) if bound and value and limit is not None else None
    certain = is_firm(result, analyte.value_set) and result.when.days.is_day
    return Point(result.when.days, value, result.value.recorded, result.reference, certain, limit, beyond)


def _limit(case: Case, bound: Bound | None, result: Result) -> Decimal | None:
    """The limit for this result; of several that may hold for the patient none."""
    if bound is None or bound.statement is None:
        return bound.limit.value if bound else None
    limits = bound.statement.limits(case, result) or frozenset()
    return next(iter(limits)) if len(limits) == 1 else None
