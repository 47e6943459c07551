"""A trial protocol as the core reads it: what is measured and how, the criteria, the study's names."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from cds_service.trial.findings import Ask, Finding, Verdict
from fhir_profiles.dates import Delay, Duration, Lookback
from fhir_profiles.record import Sex, Source
from fhir_profiles.units import UnitTable

if TYPE_CHECKING:
    from cds_service.trial.case import Line
    from cds_service.trial.statements import Statement
    from cds_service.trial.statements.observed import Limit


@dataclass(frozen=True, slots=True)
class Analyte:
    """A laboratory analyte: its set of codes, the unit it is compared in, plausible values, fallback upper limits.

    `derived_from`: count and percentage whose product stands in where there is no count, or a stale one.
    """

    name: str
    value_set: str
    unit: str
    plausible: tuple[Decimal, Decimal]
    molar_mass: Decimal | None = None
    upper_limits: Mapping[Sex, Decimal] = field(default_factory=dict)
    derived_from: tuple[str, str] | None = None
    negative_below: Decimal | None = None
    positive_from: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Scale:
    """An ordinal score: its codes, its least and greatest value, whether a numeric text counts, its coded answers."""

    name: str
    value_set: str
    least: int
    greatest: int
    reads_text: bool
    answers: str | None = None


@dataclass(frozen=True, slots=True)
class PointRule:
    """Child-Pugh points of an analyte: 1 on the healthy side of `near`, 3 beyond `far`, 2 from one to the other."""

    analyte: str
    near: Decimal
    far: Decimal

    @property
    def rising(self) -> bool:
        """Whether a higher value is worse."""
        return self.near < self.far


@dataclass(frozen=True, slots=True)
class GradeRule:
    """Child-Pugh points of a graded sign: of each grade, and what its condition is called."""

    scale: str
    condition: str
    points: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class ChildPughRules:
    """How Child-Pugh is reckoned (rulebook section 6)."""

    laboratory: tuple[PointRule, ...]
    signs: tuple[GradeRule, ...]
    documented: str
    classes: tuple[str, ...]
    maximum_age: Lookback


@dataclass(frozen=True, slots=True)
class Measures:
    """Everything that is measured, and the table of units."""

    units: UnitTable
    analytes: Mapping[str, Analyte]
    scales: Mapping[str, Scale]


@dataclass(frozen=True, slots=True)
class Clause:
    """One statement of a decision list: the verdict it gives, how it is read, what would settle it while it is open."""

    verdict: Verdict
    statement: "Statement"
    line: "Line"
    ask: Ask | None = None
    existence: bool = False


@dataclass(frozen=True, slots=True)
class Unrecorded:
    """What a line says of everybody of whom nothing of its value sets is on record, every source having been read."""

    value_sets: frozenset[str]
    finding: Finding


@dataclass(frozen=True, slots=True)
class Criterion:
    """One line of eligibility: its clauses in order, then a verdict, or that of another line.

    `question`: what a person is asked, in few words, where only a person can say. `unrecorded`: for a line that rests
    on facts alone.
    """

    id: str
    text: str
    sources: frozenset[Source]
    clauses: tuple[Clause, ...]
    otherwise: Verdict | None
    verdict_of: str | None = None
    ask: Ask | None = None
    question: str | None = None
    unrecorded: Unrecorded | None = None


@dataclass(frozen=True, slots=True)
class EnrolmentRules:
    """By which names the study is known, and what each status of a subject means (rulebook section 7)."""

    studies: frozenset[str]
    enrolled: frozenset[str]
    follow_up: frozenset[str]
    screening: frozenset[str]


@dataclass(frozen=True, slots=True)
class GuidanceRules:
    """Windows of the steps after their anchor, and what the rules look at (section 8).

    `safety`: how long before TACE the safety laboratory counts; `stop_sorafenib`: how long before it the last dose
    is. `pregnancy_test`: how old a negative test may be (SOR-04). `closes`: for how long an order of each of these
    value sets closes the trial to a patient who may qualify (MATCH-03).
    """

    start_sorafenib: Delay
    response_imaging: Delay
    next_tace: Delay
    first_examination: Delay
    next_examination: Delay
    survival: Delay
    safety: Duration
    stop_sorafenib: Duration
    pregnancy_test: Duration
    closes: Mapping[str, Duration]
    safety_analytes: tuple[str, ...]
    ends_tace: frozenset[str]
    forbids_tace: tuple[str, ...]

    def last_dose(self, tace: date) -> date:
        """The last day on which sorafenib is taken before a TACE on that day."""
        return self.stop_sorafenib.before(tace)

    def safety_window(self, tace: date) -> tuple[date, date]:
        """The days on which safety results count for a TACE on that day, its own among them."""
        return self.safety.before(tace), tace


@dataclass(frozen=True, slots=True)
class NamedValue:
    """A threshold or window that a site may set: what it is, where its value comes from, and whether it was changed.

    `value`: as it is written; `read`: what that is, for texts that state it.
    """

    name: str
    value: str
    read: "Duration | Delay | Limit | str"
    meaning: str
    origin: str
    changed: bool


@dataclass(frozen=True, slots=True)
class TrialProtocol:
    """A trial: who it is for, line by line. `texts`: its texts in other languages, by language and by English text."""

    id: str
    name: str
    version: str
    title: str
    criteria: tuple[Criterion, ...]
    measures: Measures
    child_pugh: ChildPughRules
    enrolment: EnrolmentRules
    guidance: GuidanceRules
    definitions: Mapping[str, "Statement"]
    named_values: tuple[NamedValue, ...]
    titles: Mapping[str, str]
    population: str
    history_set: str
    texts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


__all__ = [
    "Analyte",
    "ChildPughRules",
    "Clause",
    "Criterion",
    "Duration",
    "EnrolmentRules",
    "GradeRule",
    "Measures",
    "NamedValue",
    "PointRule",
    "Scale",
    "TrialProtocol",
]
