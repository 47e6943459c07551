"""What of an answer is counted: labels of few known values, nothing that tells one patient from another."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from cards.matching import REASON_CODES
from cards.model import Card
from cds_service.trial.assessment import Assessment
from cds_service.trial.guidance.steps import Step
from cds_service.web.feedback import FeedbackItem, OverrideReason
from cds_service.web.observing import Metrics
from fhir_profiles.record import SourceState

_OTHER: Final = "other"
_NONE: Final = "none"


def count_assessment(metrics: Metrics, assessment: Assessment) -> None:
    """The roll-up, how many lines have which verdict, and what the record left open."""
    metrics.statuses.labels(assessment.status.value).inc()
    for verdict, lines in Counter(finding.verdict for finding in assessment.findings).items():
        metrics.verdicts.labels(verdict.value).inc(lines)
    for source, state in assessment.sources.items():
        if state is not SourceState.SUPPLIED:
            metrics.gaps.labels(source.value, state.value).inc()
    for issue, times in Counter(problem.issue for problem in assessment.quality).items():
        metrics.quality.labels(issue).inc(times)


def count_steps(metrics: Metrics, steps: tuple[Step, ...]) -> None:
    """The steps that a card shows."""
    for step in steps:
        metrics.steps.labels(step.id, step.state.value).inc()


def count_card(metrics: Metrics, card: Card) -> None:
    """The card, and the rules that it rests on."""
    metrics.cards.labels(card.source.topic.code, card.indicator.value).inc()
    rules = card.extension.get("rules")
    for rule in rules if isinstance(rules, list) else ():
        metrics.rules.labels(rule["id"], rule["severity"]).inc()


def count_feedback(metrics: Metrics, service: str, items: tuple[FeedbackItem, ...]) -> None:
    """What became of cards of a service."""
    for item in items:
        metrics.feedback.labels(service, item.outcome, reason_of(item)).inc()


def reason_of(item: FeedbackItem) -> str:
    """The code of the first reason that is one of ours; any other code, and words alone, are told by that alone."""
    given = tuple(_reasons(item))
    known = (code for code in given if code in REASON_CODES)
    return next(known, _OTHER if given else _NONE)


def _reasons(item: FeedbackItem) -> Iterator[str | None]:
    """The codes that feedback brings, wherever an EHR puts them; None for words without one."""
    listed = item.override_reasons
    several = (listed,) if isinstance(listed, OverrideReason) else listed
    for one in (item.override_reason, *several):
        if one is not None:
            yield one.reason.code if one.reason is not None else one.code
