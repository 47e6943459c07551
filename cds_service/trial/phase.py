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
    """The part in this study that counts, its phase, and the parts in other studies that the patient is on.

    `certain`: every part that may be the latest says the same phase.
    """

    phase: Phase | None
    part: StudyPart | None
    other_parts: tuple[StudyPart, ...]
    certain: bool = True


def read_enrolment(rules: EnrolmentRules, parts: tuple[StudyPart, ...]) -> Enrolment:
    """The phase by the latest subject of this study, and all on-study parts in others.

    Where it cannot be told which part is the latest, the phase is the one that lets less happen.
    """
    ours = [part for part in parts if part.studies & rules.studies]
    others = tuple(p for p in parts if not p.studies & rules.studies and p.status in rules.enrolled)
    latest = _latest(ours)
    if not any(part.subject_known for part in latest):
        return Enrolment(None, None, others)
    safest = min(latest, key=lambda part: (_rank(rules, part), part.reference))
    phases = {_phase(rules, part) for part in latest}
    return Enrolment(_phase(rules, safest), safest, others, len(phases) == 1)


def _latest(parts: list[StudyPart]) -> list[StudyPart]:
    """The part that started last; several where a start is not known, or only in part."""
    known = [part.start.first for part in parts if part.start is not None and part.subject_known]
    newest = max(known, default=date.min)
    return [part for part in parts if part.start is None or part.start.last >= newest]


def _rank(rules: EnrolmentRules, part: StudyPart) -> int:
    """Having left comes before follow-up, follow-up before being enrolled, being enrolled before screening."""
    order = (None, Phase.FOLLOW_UP, Phase.ENROLLED, Phase.SCREENING)
    return order.index(_phase(rules, part))


def _phase(rules: EnrolmentRules, part: StudyPart) -> Phase | None:
    if part.status in rules.enrolled:
        return Phase.ENROLLED
    if part.status in rules.follow_up:
        return Phase.FOLLOW_UP
    return Phase.SCREENING if part.status in rules.screening else None
