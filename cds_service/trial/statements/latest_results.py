"""What the results that may each be the latest say together, and how a doubt about one weighs (design 4.3)."""

from typing import NamedTuple

from cds_service.trial.case import Line
from cds_service.trial.findings import Answer, Ask, Certainty, confirm, message
from cds_service.trial.results import is_firm
from fhir_profiles.record import Result


class Candidate(NamedTuple):
    """What one of the results that may be the latest says: by itself, and if nothing about it were in doubt."""

    alone: Answer
    would: Answer
    firm: bool


def agree(candidates: tuple[Candidate, ...]) -> Answer:
    """One answer of several results that may each be the latest: theirs where all lead to the same, else a conflict.

    A result in doubt (no date, no subject, words only) changes nothing that a firm one says too.
    """
    if len(candidates) == 1:
        return candidates[0].would if candidates[0].firm else candidates[0].alone
    firm = [candidate for candidate in candidates if candidate.firm]
    answers = [c.would if firm else c.alone for c in candidates]
    evidence = tuple(e for answer in answers for e in answer.evidence)
    if len({answer.certainty for answer in answers}) == 1:
        first = firm[0].would if firm else answers[0]
        return Answer(first.certainty, first.reason, evidence, first.asks, first.lapses)
    asks = tuple({ask.id: ask for answer in answers for ask in answer.asks}.values())
    return Answer(Certainty.MAYBE, message("result.conflict"), evidence, asks or (confirm("results"),))


def candidate(  # noqa: PLR0913 - what is asked, of which result, for which line
    would: Answer, result: Result, value_set: str, line: Line, ask: Ask, *, decides_by_no: bool = False
) -> Candidate:
    """A dated result: by words alone it may hold; without subject it can violate, and never pass (design 4.3).

    `decides_by_no`: a NO of this kind of statement would pass the line too.
    """
    if is_firm(result, value_set):
        return Candidate(would, would, firm=True)
    in_words = value_set not in result.sets
    yes = would.certainty is Certainty.YES and not line.passing and not in_words
    no = would.certainty is Certainty.NO and (line.passing or not decides_by_no)
    if yes or no or would.certainty is Certainty.MAYBE:
        return Candidate(would, would, firm=False)
    why = "words-only" if in_words else "no-subject"
    reason = message(f"fact.doubt.{why}", label=result.label, days=result.when.days, concept=value_set)
    asks = (ask,) if in_words else (confirm("subject"),)
    return Candidate(Answer(Certainty.MAYBE, reason, would.evidence, asks), would, firm=False)
