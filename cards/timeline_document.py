"""A patient's timeline as JSON: what was done, what is next, and the cycle that a TACE would open."""

from datetime import date

from cards.documents import Json, assessment_document
from cards.wording import Words
from cds_service.trial.assessment import Assessment
from cds_service.trial.findings import Message
from cds_service.trial.guidance.cycle import Conflict, Cycle, Window
from cds_service.trial.guidance.timeline import Event, Timeline
from cds_service.trial.phase import Phase
from fhir_profiles.dates import DateInterval

_SHARED = ("trial", "protocolVersion", "asOf", "patient", "status", "phase")


def timeline_document(assessment: Assessment, timeline: Timeline | None, words: Words) -> Json:
    """The whole timeline; without one (the patient is not enrolled) the keys are empty and `note` says why.

    Steps and sources are those of the assessment, to the letter. Dates are ISO 8601, windows [first, last] inclusive.
    """
    whole = assessment_document(assessment, words)
    latest = timeline.latest if timeline else None
    return {
        **{key: whole[key] for key in _SHARED},
        "note": None if timeline else words.say(absence_of(assessment)),
        "latestTace": latest.isoformat() if latest else None,
        "latestTaceCertain": timeline is not None and not timeline.latest_open,
        "events": [_event(event, words) for event in timeline.events] if timeline else [],
        "steps": whole["steps"],
        "cycle": _cycle(timeline.cycle, words) if timeline and timeline.cycle else None,
        "sources": whole["sources"],
    }


def absence_of(assessment: Assessment) -> Message:
    """Why a patient has no timeline: screened, not in the study, or not any more."""
    if assessment.phase is Phase.SCREENING:
        return Message("timeline.none-screening")
    return Message("timeline.none")


def reasons_of(conflict: Conflict, words: Words) -> str:
    """Why a part of the cycle conflicts, in one line."""
    return "; ".join(words.say(reason) for reason in conflict.reasons)


def _event(event: Event, words: Words) -> Json:
    return {
        "kind": event.kind.value,
        "start": _ends(event.days),
        "end": _ends(event.end) if event.end else None,
        "certain": event.certain,
        "reference": event.reference,
        "text": words.say(event.text),
    }


def _ends(days: DateInterval) -> list[str | None]:
    """The first and the last day that may be meant; null where that end is not known."""
    return [
        None if days.first == date.min else days.first.isoformat(),
        None if days.last == date.max else days.last.isoformat(),
    ]


def _cycle(cycle: Cycle, words: Words) -> Json:
    return {
        "tace": cycle.tace.isoformat(),
        "lastDose": cycle.last_dose.isoformat(),
        "safety": _window(cycle.safety),
        "restart": _window(cycle.restart),
        "imaging": _window(cycle.imaging),
        "examination": _window(cycle.examination) if cycle.examination else None,
        "examinationExpected": cycle.expected,
        "conflicts": [_conflict(conflict, words) for conflict in cycle.conflicts],
        "open": [words.say(question) for question in cycle.open],
    }


def _window(window: Window) -> list[str]:
    return [day.isoformat() for day in window]


def _conflict(conflict: Conflict, words: Words) -> Json:
    return {
        "part": conflict.part.value,
        "against": list(conflict.against),
        "severity": conflict.severity.value,
        "rule": conflict.rule,
        "reason": reasons_of(conflict, words),
    }
