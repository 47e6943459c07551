"""Child-Pugh as an interval: what every possible reading of its five parts leads to (rulebook section 6)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from cds_service.trial.findings import Ask, Evidence, confirm, message
from cds_service.trial.protocol import ChildPughRules, GradeRule, Measures, PointRule
from cds_service.trial.results import (
    Reading,
    Usability,
    age_of,
    dated,
    evidence_of,
    is_firm,
    latest,
    read_analyte,
    score_of,
)
from fhir_profiles.intervals import NumberInterval
from fhir_profiles.record import Activity, Coded, ConditionFact, PatientRecord, Result, Source, SourceState

_CLASS_A, _CLASS_B = 6, 9
_LEAST, _GREATEST = 5, 15


class Points(NamedTuple):
    """The points a part may have, least and most, and whether it was only presumed."""

    low: int
    high: int
    presumed: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """One of the five parts: its points, what they rest on, and what would settle them while they are open."""

    name: str
    points: Points
    evidence: tuple[Evidence, ...] = ()
    asks: tuple[Ask, ...] = ()


@dataclass(frozen=True, slots=True)
class Documented:
    """A score or class that somebody wrote down, with the points it stands for."""

    low: int
    high: int
    evidence: Evidence

    @property
    def is_a(self) -> bool:
        """Whether it is class A."""
        return self.high <= _CLASS_A


@dataclass(frozen=True, slots=True)
class ChildPugh:
    """The calculated interval with its parts, and the documented one, where it counts.

    `score`: the least and the greatest that the parts allow.
    """

    parts: tuple[Part, ...]
    score: tuple[int, int]
    documented: Documented | None

    @property
    def calculated_a(self) -> bool | None:
        """Whether the calculation says A (True), B or C (False), or cannot tell."""
        low, high = self.score
        if high <= _CLASS_A:
            return True
        return False if low > _CLASS_A else None

    @property
    def conflict(self) -> bool:
        """Whether calculation and document both decide, and differ."""
        return (
            self.documented is not None and self.calculated_a is not None and self.documented.is_a != self.calculated_a
        )

    @property
    def presumed(self) -> bool:
        """Whether class A rests on a sign that is merely not recorded."""
        return self.documented is None and any(part.points.presumed for part in self.parts)

    @property
    def decided_a(self) -> bool | None:
        """Class A, class B or C, or undecided."""
        if self.conflict:
            return None
        if self.calculated_a is not None or self.documented is None:
            return self.calculated_a
        return self.documented.is_a

    @property
    def letter(self) -> str | None:
        """The class that is reported: the calculated one, else the documented; None when open or in conflict."""
        if self.conflict:
            return None
        calculated = class_of(*self.score)
        if calculated is None and self.documented is not None:
            return class_of(self.documented.low, self.documented.high)
        return calculated


def class_of(low: int, high: int) -> str | None:
    """The class of every score from low to high; None when they differ."""
    letters = {"A" if s <= _CLASS_A else "B" if s <= _CLASS_B else "C" for s in (low, high)}
    return letters.pop() if len(letters) == 1 else None


def reckon(rules: ChildPughRules, measures: Measures, record: PatientRecord, day: date) -> ChildPugh:
    """Child-Pugh of this record on this day."""
    laboratory = [_laboratory(rules, rule, measures, record, day) for rule in rules.laboratory]
    parts = (*laboratory, *[_sign(rules, rule, measures, record, day) for rule in rules.signs])
    score = sum([part.points.low for part in parts]), sum([part.points.high for part in parts])
    return ChildPugh(parts, score, _documented(rules, measures, record, day))


def _laboratory(rules: ChildPughRules, rule: PointRule, measures: Measures, record: PatientRecord, day: date) -> Part:
    analyte = measures.analytes[rule.analyte]
    readings = read_analyte(record, measures, rule.analyte, rules.maximum_age, day)
    firm = any(r.firm and r.usability is Usability.FRESH for r in readings)
    spread = _any_of([_points(rule, reading) for reading in readings] if firm else [Points(1, 3)])
    open_ = spread.low != spread.high
    ask = Ask(f"lab:{rule.analyte}", message("ask.lab", analyte=analyte.name, age=rules.maximum_age.length))
    evidence = tuple(evidence_of(r, analyte.unit) for r in readings if r.usability is not Usability.STALE)
    return Part(rule.analyte, spread, evidence, (ask,) if open_ else ())


def _points(rule: PointRule, reading: Reading) -> Points:
    if reading.usability is Usability.STALE or reading.interval is None:
        return Points(1, 3)
    possible = [points for points, holds in _bands(rule, reading.interval) if holds is not False]
    return Points(min(possible), max(possible)) if possible else Points(1, 3)


def _bands(rule: PointRule, value: NumberInterval) -> tuple[tuple[int, bool | None], ...]:
    if rule.rising:
        return (1, value.below(rule.near)), (2, value.within(rule.near, rule.far)), (3, value.above(rule.far))
    return (1, value.above(rule.near)), (2, value.within(rule.far, rule.near)), (3, value.below(rule.far))


def _sign(rules: ChildPughRules, rule: GradeRule, measures: Measures, record: PatientRecord, day: date) -> Part:
    graded = _graded(rules, rule, measures, record, day)
    present, facts = _present(record, rule.condition, day)
    supplied = record.sources[Source.CONDITIONS] is SourceState.SUPPLIED
    points = _sign_points(graded.points, present, supplied)
    if graded.may_be_stale:
        points = _any_of([points, _sign_points(None, present, supplied)])
    evidence = graded.evidence + tuple(Evidence(f.reference, dated(f.dated), f.label) for f in facts)
    open_ = points.low != points.high
    ask = confirm(f"{rule.condition}-grade", age=rules.maximum_age.length)
    return Part(rule.condition, points, evidence, (ask,) if open_ else ())


class _Graded(NamedTuple):
    """Points by graded observations (None: not recorded), with their evidence; a stale one counts as none."""

    points: Points | None
    evidence: tuple[Evidence, ...]
    may_be_stale: bool = False


def _graded(rules: ChildPughRules, rule: GradeRule, measures: Measures, record: PatientRecord, day: date) -> _Graded:
    scale = measures.scales[rule.scale]
    results = [
        r for r in latest(record, scale.value_set, day) if age_of(r, rules.maximum_age, day) is not Usability.STALE
    ]
    if not results:
        return _Graded(None, ())
    points = []
    for result in results:
        grade = score_of(measures, scale, result.value)
        certain = is_firm(result, scale.value_set)
        points.append(Points(1, 3) if grade is None or not certain else Points(rule.points[grade], rule.points[grade]))
    may_be_stale = any(age_of(r, rules.maximum_age, day) is not Usability.FRESH for r in results)
    evidence = tuple(Evidence(r.reference, dated(r.when.days), r.value.recorded) for r in results)
    return _Graded(_any_of(points), evidence, may_be_stale)


def _any_of(points: list[Points]) -> Points:
    """The points where any of these may hold."""
    return Points(min(p.low for p in points), max(p.high for p in points), any(p.presumed for p in points))


def _present(record: PatientRecord, name: str, day: date) -> tuple[bool | None, tuple[ConditionFact, ...]]:
    """Whether the sign is an active condition (None: it may be), and by which facts."""
    facts = [f for f in record.conditions.get(name, ()) if f.dated.first <= day and f.activity is not Activity.INACTIVE]
    certain = tuple(f for f in facts if _is_certain(f, name))
    if certain:
        return True, certain
    words = any(name in r.maybe_sets and r.when.days.first <= day for r in record.results.get(name, ()))
    return (None if facts or words else False), tuple(facts)


def _is_certain(fact: ConditionFact, name: str) -> bool:
    return name in fact.sets and fact.activity is Activity.ACTIVE and fact.subject_known


def _sign_points(graded: Points | None, present: bool | None, conditions_supplied: bool) -> Points:  # noqa: FBT001 - read by name at its one call
    """Points of a sign by its grade and its condition: an active condition beside a grade "none" is 2 to 3."""
    if present:
        return Points(2, 3) if graded is None or graded.high == 1 else Points(max(2, graded.low), max(2, graded.high))
    if graded is None:
        return Points(1, 1, presumed=True) if present is False and conditions_supplied else Points(1, 3)
    if graded.low == 1 and (present is None or not conditions_supplied):
        return Points(1, 3)
    return graded


def _documented(rules: ChildPughRules, measures: Measures, record: PatientRecord, day: date) -> Documented | None:
    found = [
        r
        for r in latest(record, rules.documented, day)
        if age_of(r, rules.maximum_age, day) is Usability.FRESH and is_firm(r, rules.documented)
    ]
    read = [_read_documented(rules, measures, result) for result in found]
    decided = {(d.low, d.high) for d in read if d is not None}
    if None in read or not _agree(decided):
        return None
    return next((d for d in read if d is not None), None)


def _agree(spans: Iterable[tuple[int, int]]) -> bool:
    """Whether one score fits all of them: a class fits every score inside it."""
    every = tuple(spans)
    return bool(every) and max(low for low, _ in every) <= min(high for _, high in every)


def _read_documented(rules: ChildPughRules, measures: Measures, result: Result) -> Documented | None:
    evidence = Evidence(result.reference, dated(result.when.days), result.value.recorded)
    letter = _class_letter(rules, result)
    if letter is not None:
        low, high = {"A": (_LEAST, _CLASS_A), "B": (_CLASS_A + 1, _CLASS_B), "C": (_CLASS_B + 1, _GREATEST)}[letter]
        return Documented(low, high, evidence)
    score = (
        None if isinstance(result.value, Coded) else score_of(measures, measures.scales[rules.documented], result.value)
    )
    return None if score is None else Documented(score, score, evidence)


def _class_letter(rules: ChildPughRules, result: Result) -> str | None:
    value = result.value
    if isinstance(value, Coded) and "child-pugh-class-answer" in value.answers and value.ordinal is not None:
        return rules.classes[int(value.ordinal) - 1]
    text = value.recorded.strip().upper()
    return text if not isinstance(value, Coded) and text in rules.classes else None
