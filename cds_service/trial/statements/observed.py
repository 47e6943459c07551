"""Statements about results: laboratory values, ordinal scores, coded answers, blood pressure."""

from dataclasses import dataclass
from decimal import Decimal

from cds_service.trial.case import Case, Line, hidden, weigh
from cds_service.trial.findings import Answer, Ask, Certainty, Evidence, Message, ask_test, confirm, message
from cds_service.trial.protocol import Analyte
from cds_service.trial.results import (
    Reading,
    Usability,
    age_of,
    convert,
    dated,
    evidence_of,
    latest,
    plain,
    read_analyte,
    score_of,
    shown,
)
from fhir_profiles.dates import Lookback
from fhir_profiles.record import Coded, Flag, Result, Sex, Source, SourceState, Words

_OBSERVATIONS = frozenset({Source.OBSERVATIONS})


def agree(answers: tuple[Answer, ...]) -> Answer:
    """One answer of several results that may each be the latest: theirs where they agree, else a conflict."""
    certainties = {answer.certainty for answer in answers}
    evidence = tuple(e for answer in answers for e in answer.evidence)
    if len(certainties) == 1:
        first = answers[0]
        return Answer(first.certainty, first.reason, evidence, first.asks, first.lapses)
    asks = tuple({ask.id: ask for answer in answers for ask in answer.asks}.values())
    return Answer(Certainty.MAYBE, message("result.conflict"), evidence, asks or (confirm("results"),))


def of_known_subject(answer: Answer, result: Result, line: Line, *, decides_by_no: bool = False) -> Answer:
    """A result without subject can violate, and never pass (design 4.3): not by a NO either, where that decides."""
    stands = (answer.certainty is Certainty.YES and not line.passing) or (
        answer.certainty is Certainty.NO and (line.passing or not decides_by_no)
    )
    if result.subject_known or stands or answer.certainty is Certainty.MAYBE:
        return answer
    reason = message("fact.doubt.no-subject", label=result.label, days=result.when.days, concept="")
    return Answer(Certainty.MAYBE, reason, answer.evidence, (confirm("subject"),))


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
        if not own:
            own_values: list[Decimal | None] = [analyte.upper_limits.get(one)]
        else:
            own_values = [convert(case.measures, analyte, limit.value, limit.unit) for limit in own]
        for value in own_values:
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

    def answer(self, case: Case, line: Line) -> Answer:
        """What the latest result says: missing, stale, unreadable or conflicting results may hold."""
        readings = read_analyte(case.record, case.measures, self.analyte, self.window, case.day)
        answers = tuple(self._one(case, line, reading) for reading in readings)
        if answers:
            return weigh(case, line, Source.OBSERVATIONS, agree(answers))
        if case.record.sources[Source.OBSERVATIONS] is not SourceState.SUPPLIED:
            return hidden(case, Source.OBSERVATIONS)
        return self._open(message("lab.missing", analyte=self.analyte))

    def _one(self, case: Case, line: Line, reading: Reading) -> Answer:
        unit = case.measures.analytes[self.analyte].unit
        evidence = (evidence_of(reading, unit),)
        days = reading.result.when.days
        if reading.usability is Usability.STALE:
            age = (case.day - days.last).days
            return self._open(
                message("lab.stale", analyte=self.analyte, days=days, age=age, limit=self.window.length), evidence
            )
        if reading.usability is Usability.UNDATED:
            return self._open(message("lab.undated", analyte=self.analyte), evidence)
        if self.positive is not None:
            answer = self._test(case, reading, evidence)
            return of_known_subject(answer, reading.result, line, decides_by_no=True)
        if reading.interval is None:
            why = message(f"lab.unreadable.{reading.why or 'unit'}", analyte=self.analyte, days=days)
            return self._open(why, evidence)
        answer = self._compared(case, reading, evidence)
        return of_known_subject(answer, reading.result, line, decides_by_no=True)

    def _compared(self, case: Case, reading: Reading, evidence: tuple[Evidence, ...]) -> Answer:
        """The comparison with every limit that may hold."""
        limits = self._limits(case, reading.result)
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

    def _limits(self, case: Case, result: Result) -> frozenset[Decimal] | None:
        limit = self.above or self.below
        if limit is None or not limit.times_upper_limit:
            return frozenset({limit.value}) if limit else None
        upper = upper_limits(case, case.measures.analytes[self.analyte], result)
        return None if upper is None else frozenset(limit.value * one for one in upper)

    def _reason(self, case: Case, reading: Reading, limit: Decimal, outcome: bool | None) -> Message:  # noqa: FBT001 - tri-state of a comparison
        unit = case.measures.analytes[self.analyte].unit
        name = {True: "lab.outside", False: "lab.inside", None: "lab.across"}[outcome]
        value = shown(reading.interval, unit) or ""
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
        ask = Ask(f"lab:{self.analyte}", message("ask.lab", analyte=self.analyte, age=self.window.length))
        return Answer(Certainty.MAYBE, reason, evidence, (ask,))


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

    def answer(self, case: Case, line: Line) -> Answer:
        """What the latest grade says."""
        scale = case.measures.scales[self.scale]
        found = latest(case.record.results.get(scale.value_set, ()), case.day)
        answers = tuple(self._one(case, line, result) for result in found)
        nothing = Answer(Certainty.SILENT, message("score.missing", scale=self.scale), asks=(self._ask(),))
        return weigh(case, line, Source.OBSERVATIONS, agree(answers) if answers else nothing)

    def _one(self, case: Case, line: Line, result: Result) -> Answer:
        days = result.when.days
        usability = age_of(result, self.window, case.day)
        evidence = (Evidence(result.reference, dated(days), result.value.recorded),)
        if usability is Usability.STALE:
            return Answer(Certainty.NO, message("score.stale", scale=self.scale, days=days), evidence, (self._ask(),))
        grade = score_of(case.measures, case.measures.scales[self.scale], result.value)
        certain = bool(self.value_sets & result.sets)
        if grade is None or usability is Usability.UNDATED or not certain:
            name = "score.unreadable" if usability is Usability.FRESH else "score.undated"
            return Answer(Certainty.MAYBE, message(name, scale=self.scale, days=days), evidence, (self._ask(),))
        low, high = self.between
        reason = message("score.value", scale=self.scale, value=grade, days=days)
        answer = Answer(Certainty.YES if low <= grade <= high else Certainty.NO, reason, evidence)
        return of_known_subject(answer, result, line)

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

    def answer(self, case: Case, line: Line) -> Answer:
        """What the finding says; an answer that cannot be read may be the asked one."""
        results = case.record.results.get(self.value_set, ())
        found = results if self.any_of_them else latest(results, case.day)
        answers = tuple(self._one(case, line, result) for result in found if result.when.days.first <= case.day)
        nothing = Answer(Certainty.SILENT, message("none-recorded", concepts=(self.value_set,)), asks=(self._ask(),))
        if not answers:
            return weigh(case, line, Source.OBSERVATIONS, nothing)
        joined = _any_yes(answers) if self.any_of_them else agree(answers)
        return weigh(case, line, Source.OBSERVATIONS, joined)

    def _one(self, case: Case, line: Line, result: Result) -> Answer:
        days, value = result.when.days, result.value.recorded
        evidence = (Evidence(result.reference, dated(days), value),)
        usability = age_of(result, self.window, case.day)
        if usability is Usability.STALE:
            return Answer(
                Certainty.NO, message("result.stale", label=result.label, days=days), evidence, (self._ask(),)
            )
        holds = self._holds(result)
        reason = message("result.value", label=result.label, value=value, days=days)
        if holds is None or usability is Usability.UNDATED or self.value_set not in result.sets:
            return Answer(
                Certainty.MAYBE, message("result.unclear", label=result.label, days=days), evidence, (self._ask(),)
            )
        return of_known_subject(Answer(Certainty.YES if holds else Certainty.NO, reason, evidence), result, line)

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
