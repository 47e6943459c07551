"""Reads a decision list: the verdict that every possible reading leads to (rulebook section 5)."""

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple, TypeVar

from cds_service.trial.case import Case
from cds_service.trial.findings import (
    Answer,
    Ask,
    Certainty,
    Evidence,
    Finding,
    Message,
    Verdict,
    distinct_asks,
    message,
)
from cds_service.trial.protocol import Clause, Criterion

_REASONS_SHOWN = 3
_EVIDENCE_SHOWN = 8
_PASSES = frozenset({Verdict.SATISFIED, Verdict.PRESUMED})
_T = TypeVar("_T")
_OPEN = (Certainty.MAYBE, Certainty.HIDDEN)


class _Heard(NamedTuple):
    """One clause with its answer."""

    clause: Clause
    answer: Answer


def judge(criterion: Criterion, case: Case, of: dict[str, Finding]) -> Finding:
    """The finding of one line; `of` holds the findings of the lines before, for a line that repeats another's."""
    known = criterion.unrecorded
    if known is not None and case.recorded is not None and known.value_sets.isdisjoint(case.recorded):
        return known.finding
    heard = _hear(criterion, case)
    decided = heard[-1] if heard and heard[-1].answer.certainty is Certainty.YES else None
    other = of[criterion.verdict_of] if criterion.verdict_of else None
    last = decided.clause.verdict if decided else _at_the_end(criterion, heard, other)
    verdict = _settle(heard, last)
    if decided is None and other is not None and verdict is other.verdict and not _open(heard):
        return Finding(criterion.id, verdict, other.reasons, other.evidence, other.asks, other.lapses)
    return _explain(criterion, heard, verdict, other if decided is None else None, case)


def _hear(criterion: Criterion, case: Case) -> list[_Heard]:
    """The clauses up to the first that certainly holds."""
    heard: list[_Heard] = []
    for clause in criterion.clauses:
        answer = clause.statement.answer(case, clause.line)
        heard.append(_Heard(clause, answer))
        if answer.certainty is Certainty.YES:
            break
    return heard


def _at_the_end(criterion: Criterion, heard: list[_Heard], other: Finding | None) -> Verdict:
    """The verdict when no clause certainly holds: silence is never better than presumed."""
    if other is not None:
        return other.verdict
    otherwise = criterion.otherwise or Verdict.UNKNOWN
    silent = any(h.answer.certainty is Certainty.SILENT for h in heard)
    return Verdict.PRESUMED if otherwise is Verdict.SATISFIED and silent else otherwise


def _settle(heard: list[_Heard], last: Verdict) -> Verdict:
    """What all readings agree on; of two passes the lesser.

    A source that is missing may hide an exception, and takes back no violation that is certain.
    """
    if not _open(heard):
        return last
    ends_certain = heard[-1].answer.certainty is Certainty.YES
    may = {h.clause.verdict for h in heard if h.answer.certainty is Certainty.MAYBE} | {last}
    if ends_certain and last is Verdict.VIOLATED and may == {Verdict.VIOLATED}:
        return Verdict.VIOLATED
    readings = may | {h.clause.verdict for h in heard if h.answer.certainty is Certainty.HIDDEN}
    if len(readings) == 1:
        return last
    return Verdict.PRESUMED if readings <= _PASSES else Verdict.UNKNOWN


def _open(heard: list[_Heard]) -> list[_Heard]:
    return [h for h in heard if h.answer.certainty in _OPEN]


def _explain(criterion: Criterion, heard: list[_Heard], verdict: Verdict, other: Finding | None, case: Case) -> Finding:
    behind = _behind(heard, verdict)
    reasons = _merged(_distinct([h.answer.reason for h in behind]))[:_REASONS_SHOWN]
    evidence = _distinct([e for h in behind for e in h.answer.evidence])[:_EVIDENCE_SHOWN]
    asks: tuple[Ask, ...] = ()
    if verdict is Verdict.UNKNOWN:
        reasons, evidence = _with_other(reasons, evidence, other)
        asks = _asks(criterion, heard, other)
    lapses = _lapses(criterion, case) if verdict is Verdict.VIOLATED else None
    return Finding(criterion.id, verdict, reasons or (_plain_reason(verdict),), evidence, asks, lapses)


def _distinct(given: list[_T]) -> tuple[_T, ...]:
    return tuple(dict.fromkeys(given)) if len(given) > 1 else tuple(given)


def _merged(reasons: tuple[Message, ...]) -> tuple[Message, ...]:
    """One sentence for what is recorded and does not count, and one for everything that nothing is recorded of."""
    if len(reasons) <= 1:
        return reasons
    counting_not = dict.fromkeys(_concepts(reasons, "none-counting"))
    silent = [name for name in dict.fromkeys(_concepts(reasons, "none-recorded")) if name not in counting_not]
    others = tuple(reason for reason in reasons if reason.id not in ("none-counting", "none-recorded"))
    parts = {"none-counting": tuple(counting_not), "none-recorded": tuple(silent)}
    return (*others, *(message(name, concepts=concepts) for name, concepts in parts.items() if concepts))


def _concepts(reasons: tuple[Message, ...], name: str) -> Iterator[str]:
    named = (value for reason in reasons if reason.id == name for _, value in reason.parameters)
    return (str(concept) for value in named if isinstance(value, tuple) for concept in value)


def _plain_reason(verdict: Verdict) -> Message:
    return Message(f"verdict.{verdict}")


def _behind(heard: list[_Heard], verdict: Verdict) -> list[_Heard]:
    """The answers that explain the verdict: what decided, what left it open, or all that spoke for it."""
    if verdict is Verdict.UNKNOWN:
        unknown = [h for h in heard if h.answer.certainty is Certainty.YES and h.clause.verdict is Verdict.UNKNOWN]
        return [*_open(heard), *unknown] or heard
    decided = [h for h in heard if h.answer.certainty is Certainty.YES]
    if decided and decided[-1].clause.verdict is verdict:
        return decided
    same = [h for h in _open(heard) if h.clause.verdict is verdict]
    spoke = [h for h in heard if h.answer.certainty is Certainty.NO and h.answer.evidence]
    return same or spoke or [h for h in heard if h.answer.certainty in (Certainty.SILENT, Certainty.NO)]


def _with_other(
    reasons: tuple[Message, ...], evidence: tuple[Evidence, ...], other: Finding | None
) -> tuple[tuple[Message, ...], tuple[Evidence, ...]]:
    if other is None:
        return reasons, evidence
    return tuple(dict.fromkeys((*reasons, *other.reasons)))[:_REASONS_SHOWN], evidence + other.evidence


def _asks(criterion: Criterion, heard: list[_Heard], other: Finding | None) -> tuple[Ask, ...]:
    """What would settle an open line: of each open clause its own ask, else its statement's; never nothing."""
    asks: list[Ask] = []
    asked: set[Evidence] = set()
    for h in heard:
        if h.clause.verdict is Verdict.UNKNOWN and _repeats(h, asked):
            continue
        asked.update(h.answer.evidence)
        if h.answer.certainty is Certainty.YES and h.clause.verdict is Verdict.UNKNOWN:
            asks += (h.clause.ask,) if h.clause.ask else h.answer.asks
        elif h.answer.certainty is Certainty.HIDDEN:
            asks += h.answer.asks
        elif h.answer.certainty is Certainty.MAYBE:
            asks += (h.clause.ask,) if h.clause.ask and not _is_source(h.answer) else h.answer.asks
    asks += other.asks if other else ()
    if criterion.ask and not asks:
        asks.append(criterion.ask)
    return distinct_asks(asks) or (Ask(f"confirm:{criterion.id}", Message("confirm.line", (("id", criterion.id),))),)


def _repeats(heard: _Heard, asked: set[Evidence]) -> bool:
    """Whether an open clause speaks only of facts that an earlier one has asked about."""
    evidence = heard.answer.evidence
    return heard.answer.certainty is Certainty.MAYBE and bool(evidence) and asked.issuperset(evidence)


def _is_source(answer: Answer) -> bool:
    return any(ask.id.startswith(("source:", "lab:")) for ask in answer.asks)


def _lapses(criterion: Criterion, case: Case) -> date | None:
    """The first day on which time alone has ended every violation of the line; None when one never ends so."""
    days = []
    for clause in criterion.clauses:
        if clause.verdict is Verdict.VIOLATED:
            answer = clause.statement.answer(case, clause.line)
            if answer.certainty is Certainty.YES:
                days.append(answer.lapses)
    known = [day for day in days if day is not None]
    return max(known) if days and len(known) == len(days) else None
