"""The frozen record of one patient: facts that may matter, each with what is doubtful about it.

Nothing here knows the day of evaluation or the trial: windows, limits and verdicts belong to the core.

Facts are structs rather than dataclasses: a chart makes hundreds of them, and a struct is made many times as fast.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from msgspec import Struct

from fhir_profiles.dates import DateInterval, Duration, When
from fhir_profiles.intervals import NumberInterval


class Source(StrEnum):
    """Where facts come from (rulebook section 3 "Sources")."""

    PATIENT = "patient"
    CONDITIONS = "conditions"
    OBSERVATIONS = "observations"
    PROCEDURES = "procedures"
    MEDICATIONS = "medications"
    ALLERGIES = "allergies"
    RESEARCH_SUBJECTS = "research-subjects"
    ENCOUNTERS = "encounters"
    IMAGING = "imaging"
    ORDERS = "orders"


class SourceState(StrEnum):
    """Whether a source was read: whole, in part (what is there may violate, silence says nothing), or not at all."""

    SUPPLIED = "supplied"
    IN_PART = "in-part"
    NOT_SUPPLIED = "not-supplied"


class Sex(StrEnum):
    """Administrative gender as far as it decides anything."""

    MALE = "male"
    FEMALE = "female"
    UNKNOWN = "unknown"


class Activity(StrEnum):
    """Whether a condition is present now; unclear where status and abatement speak against each other."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    UNCLEAR = "unclear"


class BareCode(str):
    """A code that came without any words, where a text would tell what is meant."""

    __slots__ = ()


class Doubt(StrEnum):
    """Why a fact may or may not be what it seems."""

    UNCONFIRMED = "unconfirmed"
    WORDS_ONLY = "words-only"
    UNVERIFIED_CODE = "unverified-code"
    UNRESOLVED = "unresolved"
    UNSTATED = "unstated"


class QualityIssue(Struct, frozen=True, gc=False):
    """One data problem: the resource, a message id, and its parameters (never a clinical value)."""

    reference: str
    issue: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class PatientFacts:
    """Who the record is about; `birth` None when no readable birth date is recorded."""

    reference: str
    sex: Sex
    birth: DateInterval | None
    birth_recorded: str | None
    deceased: bool
    deceased_when: When | None


class Fact(Struct, frozen=True, kw_only=True, gc=False):
    """What all facts share. `sets`: value sets it is certainly in; `maybe_sets`: those it may be in, and why."""

    reference: str
    label: str
    sets: frozenset[str]
    maybe_sets: Mapping[str, Doubt]
    subject_known: bool


class ConditionFact(Fact, frozen=True, kw_only=True, gc=False):
    """A diagnosis. `dated` is onset, else the recorded date; `onset` and `end` are undated where not recorded."""

    activity: Activity
    dated: DateInterval
    onset: DateInterval
    end: DateInterval | None
    sites: frozenset[str]
    has_site: bool


class ProcedureFact(Fact, frozen=True, kw_only=True, gc=False):
    """Something done, and when; `completed` unless it is still under way."""

    dated: DateInterval
    completed: bool


class ImagingFact(Fact, frozen=True, kw_only=True, gc=False):
    """An imaging study that was reported, and when it was taken."""

    dated: DateInterval


class PlannedOrder(Fact, frozen=True, kw_only=True, gc=False):
    """An order that is on its way: what, from which day, and until which; `until` is None where nobody can tell.

    What is ordered only if it should be needed has no last day either.
    """

    dated: DateInterval
    until: DateInterval | None = None


class Visit(Struct, frozen=True, gc=False):
    """A finished encounter: from when until when, and whether the patient came without being admitted."""

    reference: str
    start: DateInterval
    end: DateInterval
    outpatient: bool
    subject_known: bool


class Bounds(Struct, frozen=True, gc=False):
    """One dosage entry of an order: its first day, its last day or its length, as far as it says.

    `uncounted`: it has a length that no days can be counted from.
    """

    start: DateInterval | None = None
    end: DateInterval | None = None
    length: Duration | None = None
    uncounted: bool = False


class Course(Fact, frozen=True, kw_only=True, gc=False):
    """A drug taken from `start` on. `end`: an explicit end; none while `open`, else any day up to now.

    Where the end recorded lies before the start, `end` is any day from it on.

    `active`: the status says that it is taken, not on hold or stopped. `ordered`: a prescription, which alone can speak
    of days to come. `parts`: its dosage entries.
    """

    start: DateInterval
    end: DateInterval | None
    open: bool
    active: bool
    ordered: bool
    parts: tuple[Bounds, ...] = ()

    @property
    def contradicted(self) -> bool:
        """Whether the end recorded lies before the start: one of the two is wrong."""
        return self.end is not None and self.end.last == date.max and date.min < self.end.first < self.start.first


class AllergyFact(Fact, frozen=True, kw_only=True, gc=False):
    """An active allergy or intolerance."""


class Number(Struct, frozen=True, gc=False):
    """A number as sent: its interval and unit as they are compared, and what a clinician saw."""

    interval: NumberInterval
    unit: str | None
    value: Decimal
    comparator: str | None
    shown_unit: str | None

    @property
    def recorded(self) -> str:
        """As a clinician saw it."""
        return f"{self.comparator or ''}{self.value:f} {self.shown_unit or ''}".strip()


class Coded(Struct, frozen=True, gc=False):
    """A coded answer: the answer sets it is in, its number, its label, concepts its words mention, the known code."""

    answers: frozenset[str]
    ordinal: Decimal | None
    recorded: str
    mentions: frozenset[str] = frozenset()
    code: str = ""


class Words(Struct, frozen=True, gc=False):
    """A text answer, with the concepts it mentions."""

    recorded: str
    mentions: frozenset[str] = frozenset()


class Flag(Struct, frozen=True, gc=False):
    """A yes-or-no answer."""

    value: bool

    @property
    def recorded(self) -> str:
        """As JSON shows it."""
        return "true" if self.value else "false"


class Unreadable(Struct, frozen=True, gc=False):
    """A value that says nothing; `why` is a message id."""

    why: str
    recorded: str = ""


Value = Number | Coded | Words | Flag | Unreadable


class UpperLimit(Struct, frozen=True, gc=False):
    """The upper end of one reference range; `sexes` for whom it holds, `certain` unless it may be for another age."""

    value: Decimal
    unit: str | None
    sexes: frozenset[Sex]
    certain: bool = True


class Result(Fact, frozen=True, kw_only=True, gc=False):
    """One observed value of one code. `span`: the earliest and the latest instant that may be meant."""

    when: When
    span: tuple[datetime, datetime]
    issued: str | None
    value: Value
    limits: tuple[UpperLimit, ...] = ()
    sites: frozenset[str] = frozenset()
    focus: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StudyPart:
    """The patient's part in a study: identifiers of that study (none known: unidentified), status, period."""

    reference: str
    studies: frozenset[str]
    status: str
    start: DateInterval | None
    end: DateInterval | None
    subject_known: bool


@dataclass(frozen=True, slots=True)
class PatientRecord:
    """Everything of one patient that a criterion may look at, indexed by value set."""

    patient: PatientFacts
    sources: Mapping[Source, SourceState]
    conditions: Mapping[str, tuple[ConditionFact, ...]]
    procedures: Mapping[str, tuple[ProcedureFact, ...]]
    courses: Mapping[str, tuple[Course, ...]]
    allergies: Mapping[str, tuple[AllergyFact, ...]]
    results: Mapping[str, tuple[Result, ...]]
    study_parts: tuple[StudyPart, ...] = ()
    imaging: Mapping[str, tuple[ImagingFact, ...]] = field(default_factory=dict)
    orders: Mapping[str, tuple[PlannedOrder, ...]] = field(default_factory=dict)
    visits: tuple[Visit, ...] = ()
    quality: tuple[QualityIssue, ...] = field(default=())
