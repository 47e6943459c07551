"""Statements about diagnoses, procedures, courses of drugs and allergies: whether such a fact exists."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal, TypeVar

from cds_service.trial.case import Aim, Case, Line, weigh
from cds_service.trial.findings import Answer, Ask, Certainty, Evidence, message
from cds_service.trial.results import dated
from cds_service.trial.statements.base import answer_by_facts
from fhir_profiles.dates import UNDATED, DateInterval, Lookback
from fhir_profiles.record import Activity, AllergyFact, ConditionFact, Course, Doubt, Fact, ProcedureFact, Source

ActivityAsked = Literal["active", "inactive", "any"]
DatedBy = Literal["date", "onset", "end"]


@dataclass(frozen=True, slots=True)
class Hold:
    """Whether a fact fits a statement: yes, no, or perhaps (None) and why; and when time alone ends it."""

    fits: bool | None
    why: str = ""
    lapses: date | None = None


NO_FIT = Hold(fits=False)
# Where it is in doubt what a fact is, and not only whether it counts, the reason names what it may be.
_MAY_MEAN = frozenset({Doubt.WORDS_ONLY, Doubt.UNVERIFIED_CODE, Doubt.UNRESOLVED})
_ANY_LINE = Line(frozenset(), Aim.OTHER)
_F = TypeVar("_F", bound=Fact)


def distinct(groups: Iterable[tuple[_F, ...]]) -> tuple[_F, ...]:
    """Every fact once, in the order of its reference: a fact may be in several sets."""
    found = [group for group in groups if group]
    if len(found) <= 1:
        return found[0] if found else ()
    return tuple(sorted({id(f): f for facts in found for f in facts}.values(), key=lambda f: (f.reference, f.label)))


def _names_in(fact: Fact, names: frozenset[str]) -> tuple[str, Doubt | None]:
    """By which of the names the fact is meant, and what is doubtful about that."""
    certain = fact.sets & names
    if certain:
        return min(certain), None
    return next((name, doubt) for name, doubt in fact.maybe_sets.items() if name in names)


def answer_of(fact: Fact, names: frozenset[str], hold: Hold, line: Line, days: DateInterval) -> Answer:
    """A fact that fits, or may, as an answer: without a subject it can violate and never pass."""
    name, doubt = _names_in(fact, names)
    why = doubt.value if doubt else hold.why
    if not why and line.passing and not fact.subject_known:
        why = "no-subject"
    evidence = (Evidence(fact.reference, dated(days), fact.label),)
    if not why and hold.fits:
        reason = message("fact.recorded", label=fact.label, days=days, concept=name)
        return Answer(Certainty.YES, reason, evidence, lapses=hold.lapses)
    meant = {"concept": name} if doubt in _MAY_MEAN else {}
    reason = message(f"fact.doubt.{why}", label=fact.label, days=days, **meant)
    return Answer(
        Certainty.MAYBE, reason, evidence, (Ask(f"confirm:{name}", message("confirm.concept", concept=name)),)
    )


def _told(days: DateInterval, day: date) -> DateInterval:
    """The days as a reader is told them: what is only known not to lie ahead is undated, not "until" today."""
    return UNDATED if days == (date.min, day) else days


@dataclass(frozen=True, slots=True)
class ConditionStatement:
    """A diagnosis of one of the sets is recorded, of the asked activity, site and date."""

    value_sets: frozenset[str]
    activity: ActivityAsked = "active"
    dated_by: DatedBy = "date"
    window: Lookback | None = None
    sites: frozenset[str] = frozenset()
    not_sites: frozenset[str] = frozenset()
    sources: frozenset[Source] = frozenset({Source.CONDITIONS})
    may_be_silent: bool = True
    by_facts: bool = True

    def answer(self, case: Case, line: Line) -> Answer:
        """Whether such a diagnosis is on record."""
        facts = distinct(case.record.conditions.get(name, ()) for name in self.value_sets)
        held = answer_by_facts(self._held(facts, case, line), self.value_sets, case.record.conditions)
        answer = weigh(case, line, Source.CONDITIONS, held)
        if answer.certainty in (Certainty.YES, Certainty.MAYBE) or Source.OBSERVATIONS not in line.row:
            return answer
        return self._mentioned(case) or answer

    def _held(self, facts: tuple[ConditionFact, ...], case: Case, line: Line) -> Iterator[Answer]:
        for fact in facts:
            hold = self._hold(fact, case.day)
            if hold.fits is not False:
                yield answer_of(fact, self.value_sets, hold, line, _told(self._days(fact, case.day), case.day))

    def _hold(self, fact: ConditionFact, day: date) -> Hold:
        """Whether the diagnosis fits (rulebook sections 2 and 3): future-dated ones are plans."""
        active = _is_active(fact, day)
        sited = self._fits_site(fact)
        if fact.dated.first > day or sited is False:
            return NO_FIT
        wanted = {"active": active, "inactive": None if active is None else not active, "any": True}[self.activity]
        if wanted is False:
            return NO_FIT
        timed = self._in_window(fact, day)
        if timed.fits is False or (wanted and sited):
            return timed
        return Hold(None, "activity" if sited else "site")

    def _in_window(self, fact: ConditionFact, day: date) -> Hold:
        if self.window is None:
            return Hold(fits=True)
        days = self._days(fact, day)
        fits = self.window.holds(days, day)
        if fits is None:
            return Hold(None, "date")
        return Hold(fits, lapses=self.window.lapses(days))

    def _days(self, fact: ConditionFact, day: date) -> DateInterval:
        if self.dated_by == "end":
            return (fact.end or DateInterval(fact.onset.first, day)).cut_at(day)
        return (fact.onset if self.dated_by == "onset" else fact.dated).cut_at(day)

    def _fits_site(self, fact: ConditionFact) -> bool | None:
        """Whether the body site fits; one in words, of an unknown code, or beside one that never counts may fit."""
        if fact.sites & self.not_sites:
            return None if fact.sites - self.not_sites else False
        if not self.sites or fact.sites & self.sites:
            return True
        return None if fact.has_site and not fact.sites else False

    def _mentioned(self, case: Case) -> Answer | None:
        """An observation whose words mention the concept, dated where it could decide (section 3 "Codes")."""
        for name in sorted(self.value_sets):
            for result in case.record.results.get(name, ()):
                days = result.when.days
                outside = self.window is not None and self.window.holds(days.cut_at(case.day), case.day) is False
                if result.maybe_sets.get(name) is Doubt.WORDS_ONLY and days.first <= case.day and not outside:
                    told = _told(days.cut_at(case.day), case.day)
                    return answer_of(result, self.value_sets, Hold(None), _ANY_LINE, told)
        return None


def _is_active(fact: ConditionFact, day: date) -> bool | None:
    if fact.activity is Activity.UNCLEAR:
        return True if fact.end is not None and fact.end.first > day else None
    return fact.activity is Activity.ACTIVE


@dataclass(frozen=True, slots=True)
class ProcedureStatement:
    """A procedure of one of the sets was done, in the window if one is asked."""

    value_sets: frozenset[str]
    window: Lookback | None = None
    sources: frozenset[Source] = frozenset({Source.PROCEDURES})
    may_be_silent: bool = True
    by_facts: bool = True

    def answer(self, case: Case, line: Line) -> Answer:
        """Whether such a procedure is on record."""
        facts = distinct(case.record.procedures.get(name, ()) for name in self.value_sets)
        held = (self._held(fact, case, line) for fact in facts)
        found = answer_by_facts((a for a in held if a is not None), self.value_sets, case.record.procedures)
        return weigh(case, line, Source.PROCEDURES, found)

    def _held(self, fact: ProcedureFact, case: Case, line: Line) -> Answer | None:
        if fact.dated.first > case.day:
            return None
        days = fact.dated.cut_at(case.day)
        hold = _within(self.window, days, case.day)
        return None if hold.fits is False else answer_of(fact, self.value_sets, hold, line, _told(days, case.day))


def _within(window: Lookback | None, days: DateInterval, day: date) -> Hold:
    if window is None:
        return Hold(fits=True)
    fits = window.holds(days, day)
    return Hold(None, "date") if fits is None else Hold(fits, lapses=window.lapses(days))


@dataclass(frozen=True, slots=True)
class CourseStatement:
    """A drug of one of the sets was ever taken; with a window: is taken now, or was until within it."""

    value_sets: frozenset[str]
    window: Lookback | None = None
    sources: frozenset[Source] = frozenset({Source.MEDICATIONS})
    may_be_silent: bool = True
    by_facts: bool = True

    def answer(self, case: Case, line: Line) -> Answer:
        """Whether such a course is on record."""
        facts = distinct(case.record.courses.get(name, ()) for name in self.value_sets)
        held = (self._held(fact, case, line) for fact in facts)
        found = answer_by_facts((a for a in held if a is not None), self.value_sets, case.record.courses)
        return weigh(case, line, Source.MEDICATIONS, found)

    def _held(self, course: Course, case: Case, line: Line) -> Answer | None:
        if course.start.first > case.day:
            return None
        hold = self._hold(course, case.day)
        if hold.fits is False:
            return None
        days = DateInterval(course.start.first, _last_day(course, case.day))
        return answer_of(course, self.value_sets, hold, line, _told(days, case.day))

    def _hold(self, course: Course, day: date) -> Hold:
        """Taken at some time; or, with a window, still or until inside it. An open course never lapses (section 4)."""
        if self.window is None or course.open:
            return Hold(fits=True)
        if course.end is None:
            return _within(self.window, DateInterval(course.start.first, day), day)
        if course.end.first > day:
            return Hold(fits=True, lapses=self.window.lapses(course.end))
        return _within(self.window, course.end.cut_at(day), day)


def _last_day(course: Course, day: date) -> date:
    return day if course.end is None else min(course.end.last, day)


@dataclass(frozen=True, slots=True)
class AllergyStatement:
    """An active allergy or intolerance to a substance of one of the sets."""

    value_sets: frozenset[str]
    sources: frozenset[Source] = frozenset({Source.ALLERGIES})
    may_be_silent: bool = True
    by_facts: bool = True

    def answer(self, case: Case, line: Line) -> Answer:
        """Whether such an allergy is on record."""
        facts: tuple[AllergyFact, ...] = distinct(case.record.allergies.get(name, ()) for name in self.value_sets)
        held = tuple(answer_of(fact, self.value_sets, Hold(fits=True), line, UNDATED) for fact in facts)
        return weigh(case, line, Source.ALLERGIES, answer_by_facts(held, self.value_sets, case.record.allergies))
