"""Statements about results: laboratory values, ordinal scores, coded answers, blood pressure."""

from dataclasses import dataclass
from decimal import Decimal

from cds_service.trial.case import Case, Line, hidden, weigh
from cds_service.trial.findings import Answer, Ask, Certainty, Evidence, Message, ask_test, message
from cds_service.trial.protocol import Analyte, Scale
from cds_service.trial.results import (
    Reading,
    Usability,
    age_of,
    as_compared,
    convert,
    dated,
    evidence_of,
    latest,
    plain,
    read_analyte,
    score_of,
)
from cds_service.trial.statements.latest_results import Candidate, agree, candidate
from fhir_profiles.dates import Lookback
from fhir_profiles.record import Coded, Flag, Result, Sex, Source, SourceState, Words

_OBSERVATIONS = frozenset({Source.OBSERVATIONS})


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit of comparison: a value in the analyte's unit, or a multiple of the upper limit of normal."""

    value: Decimal
    times_upper_limit: bool = False


def upper_limits(case: Case, analyte: Analyte, result: Result) -> frozenset[Decimal] | None:
    """Every upper limit of normal that may hold for this patient; None when one cannot be told (section 3 "ULN")."""
    sex = case.record.patient.sex
    sexes = (Sex.MALE, Sex.FEMALE) if sex is Sex.UNKNOWN else (sex,)
    found: set[Decimal] = set()
    for one in sexes:
        own = [limit for limit in result.limits if one in limit.sexes]
        values = [convert(case.measures, analyte, limit.value, limit.unit) for limit in own]
        if not any(limit.certain for limit in own):
            values.append(analyte.upper_limits.get(one))
        for value in values:
            if value is None:
                return None
            found.add(value)
    return frozenset(found)


@dataclass(frozen=True, slots=True)
class LabStatement:
    """The latest result of an analyte is above or below a limit, or is a positive or negative test."""

    analyte: str
    value_sets: frozenset[str]
    window: Lookback
    above: Limit | None = None
    below: Limit | None = None
    positive: bool | None = None
    sources: frozenset[Source] = _OBSERVATIONS
    may_be_silent: bool = False
    by_facts: bool = False  # an analyte may be derived from others

    def answer(self, case: Case, line: Line) -> Answer:
        """What the latest result says: missing, stale, unreadable or conflicting results may hold."""
        readings = read_analyte(case.record, case.measures, self.analyte, self.window, case.day)
        if readings:
            found = agree(tuple(self._one(case, line, reading) for reading in readings))
            return weigh(case, line, Source.OBSERVATIONS, found)
        if case.record.sources[Source.OBSERVATIONS] is not SourceState.SUPPLIED:
            return hidden(case, Source.OBSERVATIONS)
        return self._open(message("lab.missing", analyte=self.analyte))

    def _one(self, case: Case, line: Line, reading: Reading) -> Candidate:
        would = self._would(case, reading)
        if reading.usability is Usability.UNDATED:
            alone = self._open(message("lab.undated", analyte=self.analyte), would.evidence)
            return Candidate(alone, would, firm=False)
        if reading.firm:
            return Candidate(would, would, firm=True)
        return candidate(would, reading.result, self._set(case), line, self._ask(), decides_by_no=True)

    def _set(self, case: Case) -> str:
        return case.measures.analytes[self.analyte].value_set

    def _would(self, case: Case, reading: Reading) -> Answer:
        """What the result says, if it is this patient's and this analyte's, and dated as it is."""
        evidence = (evidence_of(reading, case.measures.analytes[self.analyte].unit),)
        days = reading.result.when.days
        if reading.usability is Usability.STALE:
            age = (case.day - days.last).days
            reason = message("lab.stale", analyte=self.analyte, days=days, age=age, limit=self.window.length)
            return self._open(reason, evidence)
        if self.positive is not None:
            return self._test(case, reading, evidence)
        if reading.interval is None:
            return self._open(message(f"lab.unreadable.{reading.why}", analyte=self.analyte, days=days), evidence)
        return self._compared(case, reading, evidence)

    def _compared(self, case: Case, reading: Reading, evidence: tuple[Evidence, ...]) -> Answer:
        """The comparison with every limit that may hold."""
        limits = self.limits(case, reading.result)
        if limits is None or reading.interval is None:
            reason = message("lab.no-upper-limit", analyte=self.analyte, days=reading.result.when.days)
            return self._open(reason, evidence)
        holds = {self._holds(reading, limit) for limit in limits}
        outcome = holds.pop() if len(holds) == 1 else None
        reason = self._reason(case, reading, max(limits), outcome)
        if outcome is None:
            return self._open(reason, evidence)
        return Answer(Certainty.YES if outcome else Certainty.NO, reason, evidence)

    def _holds(self, reading: Reading, limit: Decimal) -> bool | None:
        if reading.interval is None:
            return None
        return reading.interval.above(limit) if self.above else reading.interval.below(limit)

    def limits(self, case: Case, result: Result) -> frozenset[Decimal] | None:
        """Every limit that this result may have to be held against; None when one cannot be told."""
        limit = self.above or self.below
        if limit is None or not limit.times_upper_limit:
            return frozenset({limit.value}) if limit else None
        upper = upper_limits(case, case.measures.analytes[self.analyte], result)
        return None if upper is None else frozenset(limit.value * one for one in upper)

    def _reason(self, case: Case, reading: Reading, limit: Decimal, outcome: bool | None) -> Message:  # noqa: FBT001 - tri-state of a comparison
        unit = case.measures.analytes[self.analyte].unit
        name = {True: "lab.outside", False: "lab.inside", None: "lab.across"}[outcome]
        value = as_compared(reading, unit) or ""
        shown_limit = plain(limit) + ("" if unit in ("1", "{INR}") else f" {unit}")
        return message(name, analyte=self.analyte, value=value, days=reading.result.when.days, limit=shown_limit)

    def _test(self, case: Case, reading: Reading, evidence: tuple[Evidence, ...]) -> Answer:
        positive = self._is_positive(case, reading)
        days, value = reading.result.when.days, reading.result.value.recorded
        if positive is None:
            return self._open(message("test.undecided", analyte=self.analyte, value=value, days=days), evidence)
        name = "test.positive" if positive else "test.negative"
        certainty = Certainty.YES if positive is self.positive else Certainty.NO
        return Answer(certainty, message(name, analyte=self.analyte, value=value, days=days), evidence)

    def _is_positive(self, case: Case, reading: Reading) -> bool | None:
        analyte = case.measures.analytes[self.analyte]
        value = reading.result.value
        if isinstance(value, Coded):
            return _by_answer(value, frozenset({"result-positive"}), frozenset({"result-negative"}))
        if reading.interval is None or analyte.negative_below is None or analyte.positive_from is None:
            return None
        if reading.interval.below(analyte.negative_below):
            return False
        return True if reading.interval.below(analyte.positive_from) is False else None

    def _open(self, reason: Message, evidence: tuple[Evidence, ...] = ()) -> Answer:
        return Answer(Certainty.MAYBE, reason, evidence, (self._ask(),))

    def _ask(self) -> Ask:
        return Ask(f"lab:{self.analyte}", message("ask.lab", analyte=self.analyte, age=self.window.length))


def _by_answer(value: Coded, yes: frozenset[str], no: frozenset[str]) -> bool | None:
    if bool(value.answers & yes) == bool(value.answers & no):
        return None
    return bool(value.answers & yes)


@dataclass(frozen=True, slots=True)
class ScoreStatement:
    """The latest grade on an ordinal scale lies between two grades; a stale one counts as none."""

    scale: str
    value_sets: frozenset[str]
    between: tuple[int, int]
    window: Lookback | None = None
    sources: frozenset[Source] = _OBSERVATIONS
    may_be_silent: bool = True
    by_facts: bool = True

    def answer(self, case: Case, line: Line) -> Answer:
        """What the latest grade says."""
        scale = case.measures.scales[self.scale]
        found = latest(case.record, scale.value_set, case.day)
        candidates = tuple(self._one(case, line, scale, result) for result in found)
        nothing = Answer(Certainty.SILENT, message("score.missing", scale=self.scale), asks=(self._ask(),))
        return weigh(case, line, Source.OBSERVATIONS, agree(candidates) if candidates else nothing)

    def _one(self, case: Case, line: Line, scale: Scale, result: Result) -> Candidate:
        would = self._would(case, scale, result)
        undated = age_of(result, self.window, case.day) is Usability.UNDATED
        if undated and would.certainty is not Certainty.NO:
            reason = message("score.undated", scale=self.scale)
            return Candidate(Answer(Certainty.MAYBE, reason, would.evidence, (self._ask(),)), would, firm=False)
        # another grade is not between these two whether it counts or is too old to
        found = candidate(would, result, scale.value_set, line, self._ask())
        return found._replace(firm=found.firm and not undated)

    def _would(self, case: Case, scale: Scale, result: Result) -> Answer:
        """What the grade says, if it is this patient's and of this scale, and dated as it is."""
        days = result.when.days
        evidence = (Evidence(result.reference, dated(days), result.value.recorded),)
        if age_of(result, self.window, case.day) is Usability.STALE:
            return Answer(Certainty.NO, message("score.stale", scale=self.scale, days=days), evidence, (self._ask(),))
        grade = score_of(case.measures, scale, result.value)
        if grade is None:
            reason = message("score.unreadable", scale=self.scale, days=days)
            return Answer(Certainty.MAYBE, reason, evidence, (self._ask(),))
        low, high = self.between
        reason = message("score.value", scale=self.scale, value=grade, days=days)
        return Answer(Certainty.YES if low <= grade <= high else Certainty.NO, reason, evidence)

    def _ask(self) -> Ask:
        return ask_test(self.scale, self.window)


AnswerSets = tuple[frozenset[str], frozenset[str]]


@dataclass(frozen=True, slots=True)
class ResultStatement:
    """The latest finding of a kind (or, of every age, any of them) is the asked answer."""

    value_set: str
    value_sets: frozenset[str]
    wanted: AnswerSets
    window: Lookback | None = None
    any_of_them: bool = False
    sources: frozenset[Source] = _OBSERVATIONS
    may_be_silent: bool = True
    by_facts: bool = True

    def answer(self, case: Case, line: Line) -> Answer:
        """What the finding says; an answer that cannot be read may be the asked one."""
        results = case.record.results.get(self.value_set, ())
        past = (result for result in results if result.when.days.first <= case.day)
        found = past if self.any_of_them else latest(case.record, self.value_set, case.day)
        candidates = tuple(self._one(case, line, result) for result in found)
        nothing = Answer(Certainty.SILENT, message("none-recorded", concepts=(self.value_set,)), asks=(self._ask(),))
        if not candidates:
            return weigh(case, line, Source.OBSERVATIONS, nothing)
        joined = _any_yes(tuple(c.alone for c in candidates)) if self.any_of_them else agree(candidates)
        return weigh(case, line, Source.OBSERVATIONS, joined)

    def _one(self, case: Case, line: Line, result: Result) -> Candidate:
        would = self._would(case, result)
        if age_of(result, self.window, case.day) is Usability.UNDATED:
            reason = message("result.unclear", label=result.label, days=result.when.days, concept=self.value_set)
            return Candidate(Answer(Certainty.MAYBE, reason, would.evidence, (self._ask(),)), would, firm=False)
        return candidate(would, result, self.value_set, line, self._ask())

    def _would(self, case: Case, result: Result) -> Answer:
        """What the finding says, if it is this patient's and of this kind, and dated as it is."""
        days, value = result.when.days, result.value.recorded
        evidence = (Evidence(result.reference, dated(days), value),)
        if age_of(result, self.window, case.day) is Usability.STALE:
            reason = message("result.stale", label=result.label, days=days, concept=self.value_set)
            return Answer(Certainty.NO, reason, evidence, (self._ask(),))
        holds = self._holds(result)
        if holds is None:
            reason = message("result.unclear", label=result.label, days=days, concept=self.value_set)
            return Answer(Certainty.MAYBE, reason, evidence, (self._ask(),))
        reason = message("result.value", label=result.label, value=value, days=days, concept=self.value_set)
        return Answer(Certainty.YES if holds else Certainty.NO, reason, evidence)

    def _holds(self, result: Result) -> bool | None:
        yes, no = self.wanted
        value = result.value
        if isinstance(value, Flag):
            return value.value if "result-positive" in yes else not value.value
        if isinstance(value, Coded) and value.answers & (yes | no):
            return _by_answer(value, yes, no)
        mentioned = value.mentions if isinstance(value, (Coded, Words)) else frozenset()
        return False if mentioned & no and not mentioned & yes else None

    def _ask(self) -> Ask:
        return ask_test(self.value_set, self.window)


def _any_yes(answers: tuple[Answer, ...]) -> Answer:
    for certainty in (Certainty.YES, Certainty.MAYBE):
        found = next((a for a in answers if a.certainty is certainty), None)
        if found is not None:
            return found
    return answers[0]
