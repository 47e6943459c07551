"""Where the patient stands in the study (rulebook section 7)."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from cds_service.trial.protocol import EnrolmentRules
from fhir_profiles.record import StudyPart


class Phase(StrEnum):
    """The patient's phase in the study."""

    SCREENING = "screening"
    ENROLLED = "enrolled"
    FOLLOW_UP = "follow-up"


@dataclass(frozen=True, slots=True)
class Enrolment:
    """The part in this study that counts, its phase, and whether the patient is on another study.

    `on_another`: None when that cannot be told.
    """

    phase: Phase | None
    part: StudyPart | None
    other_parts: tuple[StudyPart, ...]


def read_enrolment(rules: EnrolmentRules, parts: tuple[StudyPart, ...]) -> Enrolment:
    """The phase by the latest subject of this study, and all on-study parts in others."""
    ours = [part for part in parts if part.studies & rules.studies and part.subject_known]
    latest = max(ours, key=_started, default=None)
    others = tuple(p for p in parts if not p.studies & rules.studies and p.status in rules.enrolled)
    return Enrolment(_phase(rules, latest), latest, others)


def _started(part: StudyPart) -> tuple[date, str]:
    return (part.start.first if part.start else date.min, part.reference)


def _phase(rules: EnrolmentRules, part: StudyPart | None) -> Phase | None:
    if part is None:
        return None
    if part.status in rules.enrolled:
        return Phase.ENROLLED
    if part.status in rules.follow_up:
        return Phase.FOLLOW_UP
    return Phase.SCREENING if part.status in rules.screening else None
