"""What lapses when: the last day on which a result still counts for a line, and what the line says after it.

Results are only so long recent enough (rulebook sections 2, 3 and 6). Nothing is reckoned twice: a line is judged
again, by the same rules, on each day on which one of its results is no longer recent, all else unchanged.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from cds_service.trial.assessment import Assessment, Status, case_of
from cds_service.trial.case import Case
from cds_service.trial.findings import Evidence, Finding, Verdict
from cds_service.trial.judging import judge
from cds_service.trial.protocol import ChildPughRules, Clause, Criterion, TrialProtocol
from cds_service.trial.statements.base import Statement
from cds_service.trial.statements.joined import AllOf, AnyOf, Not
from cds_service.trial.statements.observed import LabStatement, ResultStatement, ScoreStatement
from cds_service.trial.statements.person import ChildPughStatement, FirstStatement
from cds_service.trial.statements.pressure import PressureStatement
from fhir_profiles.dates import DateInterval, Lookback, add_days
from fhir_profiles.record import PatientRecord

# Enrolled, eligibility is history: no result of the screening has to be kept fresh.
_SCREENED = frozenset({Status.INELIGIBLE, Status.POTENTIALLY_ELIGIBLE, Status.ELIGIBLE_PENDING_CONFIRMATION})


@dataclass(frozen=True, slots=True)
class Limited:
    """A result that counts for a limited time: of what, and the first day on which it may count no more."""

    name: str
    evidence: Evidence
    ends: date


@dataclass(frozen=True, slots=True)
class Lapse:
    """What changes after a day: the results that count for the last time, the lines, and what these say then."""

    last_day: date
    then: Verdict
    results: tuple[Limited, ...]
    criteria: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Days:
    """The record on days to come, with the lines judged so far on each."""

    protocol: TrialProtocol
    record: PatientRecord
    cases: dict[date, Case] = field(default_factory=dict)
    found: dict[tuple[date, str], Finding] = field(default_factory=dict)

    def case(self, day: date) -> Case:
        """The case on a day."""
        if day not in self.cases:
            self.cases[day] = case_of(self.protocol, self.record, day)
        return self.cases[day]

    def finding(self, name: str, day: date) -> Finding:
        """The line on a day; one that repeats another's verdict after that other."""
        if (day, name) not in self.found:
            criterion = _criterion(self.protocol, name)
            other = criterion.verdict_of
            of = {other: self.finding(other, day)} if other else {}
            self.found[day, name] = judge(criterion, self.case(day), of)
        return self.found[day, name]


def _criterion(protocol: TrialProtocol, name: str) -> Criterion:
    return next(criterion for criterion in protocol.criteria if criterion.id == name)


def lapses(protocol: TrialProtocol, record: PatientRecord, assessment: Assessment) -> tuple[Lapse, ...]:
    """Of the lines that a patient passes, those that time alone opens again, by the last day of what they rest on.

    Empty for a patient who is enrolled, in follow-up, deceased, or whom the trial does not concern.
    """
    if assessment.status not in _SCREENED:
        return ()
    days = _Days(protocol, record)
    groups: dict[tuple[date, Verdict], tuple[dict[Limited, None], list[str]]] = {}
    for finding in assessment.findings:
        for day, then, ended in _changes(days, finding, assessment.moment.day):
            results, criteria = groups.setdefault((day, then), ({}, []))
            results.update(dict.fromkeys(ended))
            criteria.append(finding.id)
    found = (Lapse(add_days(day, -1), then, tuple(r), tuple(c)) for (day, then), (r, c) in groups.items())
    return tuple(sorted(found, key=lambda lapse: (lapse.last_day, lapse.then)))


def _changes(days: _Days, finding: Finding, today: date) -> Iterator[tuple[date, Verdict, tuple[Limited, ...]]]:
    """Each day on which the line says something less than before, until it is passed no more."""
    if not finding.verdict.passes:
        return
    limited = tuple(dict.fromkeys(_limited_of(days, finding.id, today)))
    last = finding.verdict
    for day in sorted({one.ends for one in limited if today < one.ends < date.max}):
        then = days.finding(finding.id, day).verdict
        if then is not last:
            yield day, then, tuple(one for one in limited if one.ends == day)
        if not then.passes:
            return
        last = then


def _limited_of(days: _Days, name: str, today: date) -> Iterator[Limited]:
    """The results of a line with a time limit, and those of the line whose verdict it repeats."""
    criterion, case = _criterion(days.protocol, name), days.case(today)
    for clause in criterion.clauses:
        for statement in _leaves(clause.statement):
            yield from _of_statement(statement, clause, case, days.protocol.child_pugh)
    if criterion.verdict_of:
        yield from _limited_of(days, criterion.verdict_of, today)


def _leaves(statement: Statement) -> Iterator[Statement]:
    match statement:
        case AnyOf(parts=parts) | AllOf(parts=parts):
            for part in parts:
                yield from _leaves(part)
        case Not(part=part):
            yield from _leaves(part)
        case _:
            yield statement


def _of_statement(statement: Statement, clause: Clause, case: Case, rules: ChildPughRules) -> Iterator[Limited]:
    match statement:
        case LabStatement(analyte=name, window=window) | ScoreStatement(scale=name, window=Lookback() as window):
            pass
        case ResultStatement(value_set=name, window=Lookback() as window):
            pass
        case PressureStatement(window=window):
            name = statement.parts.panel
        case FirstStatement(window=window):
            name = "first-metastasis"
        case ChildPughStatement():
            yield from _of_child_pugh(case, rules)
            return
        case _:
            return
    yield from _each(name, statement.answer(case, clause.line).evidence, window)


def _of_child_pugh(case: Case, rules: ChildPughRules) -> Iterator[Limited]:
    for part in case.child_pugh.parts:
        yield from _each(part.name, part.evidence, rules.maximum_age)
    if case.child_pugh.documented is not None:
        yield from _each(rules.documented, (case.child_pugh.documented.evidence,), rules.maximum_age)


def _each(name: str, evidence: tuple[Evidence, ...], window: Lookback) -> Iterator[Limited]:
    """Counted from the earliest day that may be meant: from then on it may be too old."""
    for one in evidence:
        if one.days is not None and not one.days.is_undated:
            yield Limited(name, one, window.lapses(DateInterval(one.days.first, one.days.first)))
