"""Blood pressure: a panel and two separate observations of the same time count alike (E13e)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from cds_service.trial.case import Case, Line, weigh
from cds_service.trial.findings import Answer, Ask, Certainty, Evidence, ask_test, message
from cds_service.trial.results import Usability, age_of, dated, number_in_unit
from fhir_profiles.dates import Lookback
from fhir_profiles.record import PatientRecord, Result, Source


@dataclass(frozen=True, slots=True)
class PressureParts:
    """The value sets of a panel and of its two parts, which are analytes too."""

    panel: str
    systolic: str
    diastolic: str


@dataclass(frozen=True, slots=True)
class PressureStatement:
    """The latest blood pressure is above a limit, or one of its two parts is missing or unreadable."""

    parts: PressureParts
    systolic_above: Decimal
    diastolic_above: Decimal
    window: Lookback
    value_sets: frozenset[str]
    sources: frozenset[Source] = frozenset({Source.OBSERVATIONS})
    may_be_silent: bool = True
    by_facts: bool = True

    def answer(self, case: Case, line: Line) -> Answer:
        """What the latest pressure says; an old one counts as none."""
        found = self._latest(case.record, case.day)
        answers = tuple(self._one(case, line, taken) for taken in found)
        if not answers:
            nothing = Answer(Certainty.SILENT, message("pressure.missing"), asks=(self._ask(),))
            return weigh(case, line, Source.OBSERVATIONS, nothing)
        certainties = {a.certainty for a in answers}
        evidence = tuple(e for a in answers for e in a.evidence)
        certainty = answers[0].certainty if len(certainties) == 1 else Certainty.MAYBE
        joined = Answer(certainty, answers[0].reason, evidence, (self._ask(),))
        return weigh(case, line, Source.OBSERVATIONS, joined)

    def _latest(self, record: PatientRecord, day: date) -> tuple[tuple[Result, ...], ...]:
        """The results taken together, at the latest time (several times, where their order cannot be told)."""
        names = (self.parts.panel, self.parts.systolic, self.parts.diastolic)
        results = [r for n in names for r in record.results.get(n, ()) if r.when.days.first <= day]
        groups: dict[tuple[datetime, datetime], list[Result]] = {}
        for result in results:
            groups.setdefault(result.span, []).append(result)
        known = [span[0] for span, members in groups.items() if any(self._firm(r) for r in members)]
        newest = max(known, default=None)
        return tuple(
            tuple(groups[span]) for span in sorted(groups, reverse=True) if newest is None or span[1] >= newest
        )

    def _one(self, case: Case, line: Line, taken: tuple[Result, ...]) -> Answer:
        days = taken[0].when.days
        evidence = tuple(Evidence(r.reference, dated(r.when.days), r.value.recorded) for r in taken)
        usability = age_of(taken[0], self.window, case.day)
        if usability is Usability.STALE:
            return Answer(Certainty.NO, message("pressure.stale", days=days), evidence)
        holds = (
            self._above(case, taken, self.parts.systolic, self.systolic_above),
            self._above(case, taken, self.parts.diastolic, self.diastolic_above),
        )
        value = " / ".join(r.value.recorded for r in taken if r.value.recorded)
        certain = any(self._firm(r) for r in taken) and usability is Usability.FRESH
        if True in holds and certain:
            return Answer(Certainty.YES, message("pressure.above", days=days, value=value), evidence)
        if holds == (False, False):
            return Answer(Certainty.NO, message("pressure.inside", days=days, value=value), evidence)
        del line
        return Answer(Certainty.MAYBE, message("pressure.incomplete", days=days, value=value), evidence)

    def _firm(self, result: Result) -> bool:
        return result.subject_known and bool(result.sets & self.value_sets)

    def _above(self, case: Case, taken: Iterable[Result], part: str, limit: Decimal) -> bool | None:
        """Whether any value of this part is above its limit; None when it is missing or may be."""
        values = [
            number_in_unit(case.measures, case.measures.analytes[part], r.value)[0]
            for r in taken
            if part in r.sets or part in r.maybe_sets
        ]
        holds = {None if value is None else value.above(limit) for value in values}
        if True in holds:
            return True
        return None if None in holds or not holds else False

    def _ask(self) -> Ask:
        return ask_test(self.parts.panel, self.window)
