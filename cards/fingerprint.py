"""What a card rests on, as one short text: the same facts, the same fingerprint; with a trace id the same uuid."""

import hashlib
from collections.abc import Iterable
from uuid import UUID, uuid5

from cds_service.trial.assessment import Assessment

_NAMESPACE = UUID("6c1f2f3e-8a43-5d0e-9a53-0c0750c0d5e1")


def fingerprint(kind: str, facts: Iterable[str]) -> str:
    """Of a kind of card and the facts it shows, in any order."""
    return hashlib.sha256("\n".join((kind, *sorted(facts))).encode()).hexdigest()[:32]


def verdict_facts(assessment: Assessment) -> tuple[str, ...]:
    """What a match card rests on: every verdict, the roll-up and the earliest date."""
    verdicts = tuple([f"{finding.id}={finding.verdict.value}" for finding in assessment.findings])
    return (*verdicts, f"status={assessment.status.value}", f"earliest={assessment.earliest_eligible}")


def derived_uuid(trace: str, mark: str) -> str:
    """An id that is derived, not drawn: of the call's trace id and the card's fingerprint."""
    return str(uuid5(_NAMESPACE, f"{trace}/{mark}"))


def derived_trace(instance: str) -> str:
    """The trace id of a call that brings none: of its hook instance, as 32 hexadecimal digits (W3C trace context)."""
    return uuid5(_NAMESPACE, instance).hex
