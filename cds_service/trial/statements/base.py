"""What every statement is: frozen data that answers about a case, and says where it looks."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Protocol

from cds_service.trial.case import Case, Line
from cds_service.trial.findings import Answer, Certainty, message
from fhir_profiles.record import Fact, Source

_EVIDENCE_SHOWN = 5


class Statement(Protocol):
    """One kind of statement. A new kind is one frozen class, one schema entry and its cases."""

    @property
    def sources(self) -> frozenset[Source]:
        """The sources that it looks into."""

    @property
    def value_sets(self) -> frozenset[str]:
        """The value sets that it names."""

    @property
    def may_be_silent(self) -> bool:
        """Whether nothing recorded leaves it without an answer (then nothing can be satisfied by its silence)."""

    @property
    def by_facts(self) -> bool:
        """Whether it says the same of everybody of whom nothing of its value sets is on record, on every day."""

    def answer(self, case: Case, line: Line) -> Answer:
        """What it says of this case."""


def answer_by_facts(held: Iterable[Answer], names: frozenset[str], by_name: Mapping[str, Sequence[Fact]]) -> Answer:
    """The answer of a statement that asks whether some fact exists: the certain ones, else those that may hold.

    `by_name`: the facts of the kind that it asks for; of names that none is recorded of, nothing is said.
    """
    if by_name.keys().isdisjoint(names):
        return silent(names)
    answers = tuple(held)
    for certainty in (Certainty.YES, Certainty.MAYBE):
        found = tuple(a for a in answers if a.certainty is certainty)
        if found:
            return _joined(certainty, found)
    return Answer(Certainty.NO, message("none-counting", concepts=tuple(sorted(names & by_name.keys()))))


@lru_cache(maxsize=1024)
def silent(names: frozenset[str]) -> Answer:
    """The answer when nothing of the sets is on record; most statements of most patients end here."""
    return Answer(Certainty.SILENT, message("none-recorded", concepts=tuple(sorted(names))))


def _joined(certainty: Certainty, found: tuple[Answer, ...]) -> Answer:
    evidence = tuple(e for a in found for e in a.evidence)
    lapses = [a.lapses for a in found]
    known = [day for day in lapses if day is not None]
    return Answer(
        certainty,
        found[0].reason,
        evidence[:_EVIDENCE_SHOWN],
        tuple({ask.id: ask for a in found for ask in a.asks}.values()),
        max(known) if len(known) == len(lapses) else None,
    )
