"""Statements about the person: age, sex, studies, Child-Pugh class, the first metastasis."""

from dataclasses import dataclass
from typing import Literal

from msgspec.structs import replace

from cds_service.trial.case import Case, Line, source_ask, weigh
from cds_service.trial.child_pugh import ChildPugh
from cds_service.trial.findings import Answer, Ask, Certainty, Evidence, Message, confirm, distinct_asks, message
from cds_service.trial.phase import Phase
from cds_service.trial.results import dated
from cds_service.trial.statements.facts import Hold, answer_of, distinct
from fhir_profiles.dates import UNDATED, Lookback, add_months, years_between
from fhir_profiles.record import ConditionFact, Doubt, Sex, Source, SourceState

_PATIENT = frozenset({Source.PATIENT})
_NO_SETS: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class AgeStatement:
    """The patient has, or has not yet, completed so many years; a partial birth date is an interval."""

    at_least: int | None = None
    below: int | None = None
    sources: frozenset[Source] = _PATIENT
    value_sets: frozenset[str] = _NO_SETS
    may_be_silent: bool = False
    by_facts: bool = False

    def answer(self, case: Case, line: Line) -> Answer:
        """Whether the age fits on the day of evaluation."""
        return weigh(case, line, Source.PATIENT, self._answer(case))

    def _answer(self, case: Case) -> Answer:
        patient = case.record.patient
        ask = (Ask("confirm:birth-date", message("confirm.birth-date")),)
        if patient.birth is None or patient.birth.first > case.day:
            return Answer(Certainty.MAYBE, message("age.unknown"), asks=ask)
        low, high = years_between(patient.birth, case.day)
        evidence = (Evidence(patient.reference, None, message_age(low, high)),)
        limit = self.at_least if self.at_least is not None else self.below or 0
        reason = message("age.value", age=message_age(low, high), limit=limit)
        reached = True if low >= limit else False if high < limit else None
        if reached is None:
            return Answer(Certainty.MAYBE, reason, evidence, ask)
        holds = reached is (self.at_least is not None)
        lapses = add_months(patient.birth.last, 12 * limit) if self.below is not None else None
        return Answer(Certainty.YES if holds else Certainty.NO, reason, evidence, lapses=lapses if holds else None)


def message_age(low: int, high: int) -> str:
    """The age in completed years, as it is known."""
    return str(low) if low == high else f"{max(low, 0)}-{high}"


@dataclass(frozen=True, slots=True)
class SexStatement:
    """Administrative gender; absent and `other` are unknown."""

    sex: Sex
    sources: frozenset[Source] = _PATIENT
    value_sets: frozenset[str] = _NO_SETS
    may_be_silent: bool = False
    by_facts: bool = False

    def answer(self, case: Case, line: Line) -> Answer:
        """Whether the recorded gender is the asked one; unknown may be either."""
        patient = case.record.patient
        reason = message(f"sex.{patient.sex}")
        ask = (Ask("confirm:sex", message("confirm.sex")),)
        evidence = (Evidence(patient.reference, None, patient.sex.value),)
        if patient.sex is self.sex:
            answer = Answer(Certainty.YES, reason, evidence, ask)
        elif patient.sex is Sex.UNKNOWN:
            answer = Answer(Certainty.MAYBE, reason, asks=ask)
        else:
            answer = Answer(Certainty.NO, reason, evidence)
        return weigh(case, line, Source.PATIENT, answer)


@dataclass(frozen=True, slots=True)
class CountStatement:
    """How many procedures of the set are on record; it always holds, and reports the number (I8)."""

    value_sets: frozenset[str]
    sources: frozenset[Source] = frozenset()
    may_be_silent: bool = False
    by_facts: bool = True

    def answer(self, case: Case, line: Line) -> Answer:
        """Holds whatever the number."""
        del line
        found = {f.reference: f for n in self.value_sets for f in case.record.procedures.get(n, ()) if n in f.sets}
        past = [fact for fact in found.values() if fact.dated.first <= case.day]
        evidence = tuple(Evidence(f.reference, dated(f.dated.cut_at(case.day)), f.label) for f in past)
        reason = message("count.none" if not past else "count.some", number=len(past), concepts=tuple(self.value_sets))
        return Answer(Certainty.YES, reason, evidence)


@dataclass(frozen=True, slots=True)
class EnrolledStatement:
    """The patient is enrolled in this study."""

    sources: frozenset[Source] = frozenset()
    value_sets: frozenset[str] = _NO_SETS
    may_be_silent: bool = True
    by_facts: bool = False

    def answer(self, case: Case, line: Line) -> Answer:
        """Whether the phase is enrolled, whichever part in the study is the latest."""
        del line
        part = case.enrolment.part
        if part is None or case.enrolment.phase is not Phase.ENROLLED or not case.enrolment.certain:
            return Answer(Certainty.SILENT, message("enrolled.no"))
        evidence = (Evidence(part.reference, part.start, part.status),)
        return Answer(Certainty.YES, message("enrolled.yes"), evidence)


@dataclass(frozen=True, slots=True)
class OtherStudyStatement:
    """The patient is on another study."""

    sources: frozenset[Source] = frozenset({Source.RESEARCH_SUBJECTS})
    value_sets: frozenset[str] = _NO_SETS
    may_be_silent: bool = True
    by_facts: bool = False

    def answer(self, case: Case, line: Line) -> Answer:
        """Whether an on-study subject of another study is on record."""
        parts = case.enrolment.other_parts
        evidence = tuple(Evidence(p.reference, p.start, p.status) for p in parts)
        found = Answer(
            Certainty.YES if parts else Certainty.SILENT, message("study.other" if parts else "study.none"), evidence
        )
        return weigh(case, line, Source.RESEARCH_SUBJECTS, found)


@dataclass(frozen=True, slots=True)
class ChildPughStatement:
    """Child-Pugh is of the asked class; class A may rest on signs that are merely not recorded."""

    wanted: Literal["A", "B-C"]
    basis: Literal["recorded", "presumed"] = "presumed"
    sources: frozenset[Source] = frozenset({Source.OBSERVATIONS, Source.CONDITIONS})
    value_sets: frozenset[str] = _NO_SETS
    may_be_silent: bool = False
    by_facts: bool = False

    def answer(self, case: Case, line: Line) -> Answer:
        """What every possible reading of the parts, and the documented score, lead to."""
        answer = weigh(case, line, Source.OBSERVATIONS, self._answer(case.child_pugh))
        unread = {s: case.record.sources[s] for s in (Source.OBSERVATIONS, Source.CONDITIONS)}
        asks = tuple(source_ask(s, state) for s, state in unread.items() if state is not SourceState.SUPPLIED)
        return replace(answer, asks=asks) if asks and answer.certainty is Certainty.MAYBE else answer

    def _answer(self, found: ChildPugh) -> Answer:
        evidence = tuple(e for part in found.parts for e in part.evidence)
        if found.documented is not None:
            evidence += (found.documented.evidence,)
        low, high = found.score
        if found.conflict:
            return Answer(Certainty.MAYBE, _conflict(found), evidence, (confirm("child-pugh"),))
        if found.decided_a is None:
            asks = distinct_asks(a for part in found.parts for a in part.asks)
            return Answer(Certainty.MAYBE, message("child-pugh.open", score=_span(low, high)), evidence, asks)
        reason = message(
            "child-pugh.presumed" if found.decided_a and found.presumed else "child-pugh.decided",
            letter=found.letter or "B-C",
            score=_span(low, high),
        )
        if not found.decided_a:
            return Answer(Certainty.YES if self.wanted == "B-C" else Certainty.NO, reason, evidence)
        basis = "presumed" if found.presumed and found.calculated_a else "recorded"
        holds = self.wanted == "A" and (self.basis == "presumed" or basis == "recorded")
        return Answer(Certainty.YES if holds else Certainty.NO, reason, evidence)


def _span(low: int, high: int) -> str:
    return str(low) if low == high else f"{low}-{high}"


def _conflict(found: ChildPugh) -> Message:
    low, high = found.score
    documented = found.documented.evidence.value if found.documented else ""
    return message("child-pugh.conflict", score=_span(low, high), documented=documented)


@dataclass(frozen=True, slots=True)
class FirstStatement:
    """The earliest date of any fact of the sets lies in the window (I2: newly diagnosed).

    An undated one, or one dated only by when it was recorded, leaves the earliest date open; so does an unconfirmed
    one, unless it lies in the window itself and moves nothing.
    """

    value_sets: frozenset[str]
    possible_sets: frozenset[str]
    window: Lookback
    not_sites: frozenset[str] = frozenset()
    sources: frozenset[Source] = frozenset({Source.CONDITIONS})
    may_be_silent: bool = True
    by_facts: bool = False

    def answer(self, case: Case, line: Line) -> Answer:
        """Whether the first one is recent."""
        names = sorted(self.value_sets | self.possible_sets)
        facts = distinct(case.record.conditions.get(name, ()) for name in names)
        relevant = [f for f in facts if not f.sites & self.not_sites and f.dated.first <= case.day]
        nothing = message("none-recorded", concepts=tuple(sorted(self.value_sets)))
        if not relevant:
            return weigh(case, line, Source.CONDITIONS, Answer(Certainty.SILENT, nothing))
        certain = [f for f in relevant if self._is_certain(f)]
        answers = [a for f in relevant if (a := self._opens(f, case, line)) is not None]
        answers += [self._dated(f, case) for f in certain]
        worst = min(answers, key=lambda a: _RANK[a.certainty], default=Answer(Certainty.MAYBE, nothing))
        return weigh(case, line, Source.CONDITIONS, worst)

    def _is_certain(self, fact: ConditionFact) -> bool:
        return bool(fact.sets & self.value_sets or (fact.sets & self.possible_sets and fact.has_site))

    def _opens(self, fact: ConditionFact, case: Case, line: Line) -> Answer | None:
        """What a fact that may be the first one leaves open."""
        if fact.onset == UNDATED:
            return self._may(fact, line)
        certain = self._is_certain(fact) and Doubt.UNCONFIRMED not in fact.maybe_sets.values()
        recent = self.window.holds(fact.onset.cut_at(case.day), case.day)
        return None if certain or recent else self._may(fact, line)

    def _may(self, fact: ConditionFact, line: Line) -> Answer:
        names = (fact.sets | fact.maybe_sets.keys()) & (self.value_sets | self.possible_sets)
        return answer_of(fact, frozenset(names), Hold(None, "date"), line, fact.dated)

    def _dated(self, fact: ConditionFact, case: Case) -> Answer:
        days = fact.onset.cut_at(case.day)
        holds = self.window.holds(days, case.day)
        certainty = {True: Certainty.YES, False: Certainty.NO, None: Certainty.MAYBE}[holds]
        name = "first.recent" if holds else "first.not-recent" if holds is False else "first.open"
        reason = message(name, label=fact.label, days=days, window=self.window.length)
        return Answer(
            certainty, reason, (Evidence(fact.reference, dated(days), fact.label),), (confirm("newly-diagnosed"),)
        )


# A first date certainly too long ago decides, then what is open, then what is recent.
_RANK = {Certainty.NO: 0, Certainty.MAYBE: 1, Certainty.YES: 2}
