"""The case a statement is asked about: the protocol, the record, the moment, and how the line reads its sources."""

from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from enum import Enum, auto

from msgspec.structs import replace

from cds_service.trial.child_pugh import ChildPugh
from cds_service.trial.findings import Answer, Ask, Certainty, Message, message
from cds_service.trial.phase import Enrolment
from cds_service.trial.protocol import Measures
from fhir_profiles.record import PatientRecord, Source, SourceState


@dataclass(frozen=True, slots=True)
class Moment:
    """The instant of evaluation and the site's time zone (rulebook section 2)."""

    as_of: datetime
    zone: tzinfo

    @property
    def day(self) -> date:
        """The calendar day of evaluation, at the site."""
        return self.as_of.astimezone(self.zone).date()


@dataclass(frozen=True, slots=True)
class Case:
    """One patient on one day, with what was worked out once for all lines.

    `recorded`: the value sets of which anything is on record; None where not every source was wholly read.
    """

    record: PatientRecord
    day: date
    measures: Measures
    child_pugh: ChildPugh
    enrolment: Enrolment
    recorded: frozenset[str] | None


class Aim(Enum):
    """What a clause's verdict does when the statement holds."""

    PASS = auto()
    PASS_BY_EXISTENCE = auto()
    OTHER = auto()


@dataclass(frozen=True, slots=True)
class Line:
    """How a line reads: the sources of its row, and what the clause at hand is for."""

    row: frozenset[Source]
    aim: Aim

    @property
    def passing(self) -> bool:
        """Whether the clause passes the patient."""
        return self.aim is not Aim.OTHER


_ANSWERED_BY_NOTHING = (Certainty.NO, Certainty.SILENT)


def weigh(case: Case, line: Line, source: Source, answer: Answer) -> Answer:
    """The answer as far as its source was read (rulebook section 3 "Sources").

    Not or only partly supplied: what is there can violate, or show that something exists; silence says nothing where
    the line needs the source, and opens nothing where it does not.
    """
    state = case.record.sources[source]
    if state is SourceState.SUPPLIED or answer.certainty is Certainty.HIDDEN:
        return answer
    if answer.certainty is Certainty.YES:
        stands = line.aim is Aim.OTHER or (line.aim is Aim.PASS_BY_EXISTENCE and state is SourceState.IN_PART)
        return answer if stands else replace(answer, certainty=Certainty.MAYBE, asks=(source_ask(source, state),))
    if answer.certainty is Certainty.MAYBE or source not in line.row:
        return answer
    return Answer(Certainty.HIDDEN, _why_hidden(source, state), answer.evidence, (source_ask(source, state),))


def hidden(case: Case, source: Source) -> Answer:
    """The answer of a statement whose source tells nothing."""
    state = case.record.sources[source]
    return Answer(Certainty.HIDDEN, _why_hidden(source, state), asks=(source_ask(source, state),))


def _why_hidden(source: Source, state: SourceState) -> Message:
    return message(f"source.{state.value}", source=source.value)


def source_ask(source: Source, state: SourceState) -> Ask:
    """An ask for a source that was not, or only in part, supplied."""
    return Ask(f"source:{source}", message(f"ask.source.{state.value}", source=source.value))
