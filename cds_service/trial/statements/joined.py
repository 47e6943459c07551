"""Statements joined: any of several, all of several, not one."""

from collections.abc import Iterable
from dataclasses import dataclass

from msgspec.structs import replace

from cds_service.trial.case import Aim, Case, Line
from cds_service.trial.findings import Answer, Certainty, distinct_asks
from cds_service.trial.statements.base import Statement
from fhir_profiles.record import Source


def _sources(parts: Iterable[Statement]) -> frozenset[Source]:
    return frozenset(source for part in parts for source in part.sources)


def _value_sets(parts: Iterable[Statement]) -> frozenset[str]:
    return frozenset(name for part in parts for name in part.value_sets)


def _first_of(answers: tuple[Answer, ...], order: tuple[Certainty, ...]) -> Answer:
    """The answer that decides, with the evidence and asks of all that answer alike."""
    certainty = next(c for c in order if any(a.certainty is c for a in answers))
    alike = tuple(a for a in answers if a.certainty is certainty)
    lapses = [a.lapses for a in alike]
    known = [day for day in lapses if day is not None]
    return Answer(
        certainty,
        alike[0].reason,
        tuple(dict.fromkeys(e for a in alike for e in a.evidence)),
        distinct_asks(ask for a in alike for ask in a.asks),
        max(known) if len(known) == len(lapses) else None,
    )


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one of the statements holds."""

    parts: tuple[Statement, ...]

    @property
    def sources(self) -> frozenset[Source]:
        """The sources of all parts."""
        return _sources(self.parts)

    @property
    def value_sets(self) -> frozenset[str]:
        """The value sets of all parts."""
        return _value_sets(self.parts)

    @property
    def may_be_silent(self) -> bool:
        """Silent as soon as one part may be."""
        return any(part.may_be_silent for part in self.parts)

    @property
    def by_facts(self) -> bool:
        """When every part is."""
        return all(part.by_facts for part in self.parts)

    def answer(self, case: Case, line: Line) -> Answer:
        """YES by one part; open while one part is; silent where one part is."""
        order = (Certainty.YES, Certainty.MAYBE, Certainty.HIDDEN, Certainty.SILENT, Certainty.NO)
        return _first_of(tuple(part.answer(case, line) for part in self.parts), order)


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every one of the statements holds."""

    parts: tuple[Statement, ...]

    @property
    def sources(self) -> frozenset[Source]:
        """The sources of all parts."""
        return _sources(self.parts)

    @property
    def value_sets(self) -> frozenset[str]:
        """The value sets of all parts."""
        return _value_sets(self.parts)

    @property
    def may_be_silent(self) -> bool:
        """Silent as soon as one part may be."""
        return any(part.may_be_silent for part in self.parts)

    @property
    def by_facts(self) -> bool:
        """When every part is."""
        return all(part.by_facts for part in self.parts)

    def answer(self, case: Case, line: Line) -> Answer:
        """NO by one part; open while one part is."""
        order = (Certainty.NO, Certainty.SILENT, Certainty.MAYBE, Certainty.HIDDEN, Certainty.YES)
        return _first_of(tuple(part.answer(case, line) for part in self.parts), order)


@dataclass(frozen=True, slots=True)
class Not:
    """The statement does not hold."""

    part: Statement

    @property
    def sources(self) -> frozenset[Source]:
        """The sources of the part."""
        return self.part.sources

    @property
    def value_sets(self) -> frozenset[str]:
        """The value sets of the part."""
        return self.part.value_sets

    @property
    def may_be_silent(self) -> bool:
        """Silence stays silence."""
        return self.part.may_be_silent

    @property
    def by_facts(self) -> bool:
        """When the part is."""
        return self.part.by_facts

    def answer(self, case: Case, line: Line) -> Answer:
        """The opposite of what the part says; what is open stays open."""
        found = self.part.answer(case, Line(line.row, Aim.OTHER if line.passing else Aim.PASS))
        turned = {Certainty.YES: Certainty.NO, Certainty.NO: Certainty.YES}.get(found.certainty, found.certainty)
        return replace(found, certainty=turned, lapses=None)
