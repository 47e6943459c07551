"""An assessment as the JSON of contract 4.3, keys and order to the letter."""

from collections.abc import Mapping

from cards.wording import Words
from cds_service.trial.assessment import Assessment
from cds_service.trial.child_pugh import ChildPugh
from cds_service.trial.findings import Evidence, Finding, Message
from cds_service.trial.guidance.steps import Step
from fhir_profiles.dates import DateInterval
from fhir_profiles.record import QualityIssue

Json = Mapping[str, object]


def assessment_document(assessment: Assessment, words: Words) -> Json:
    """The whole assessment; reasons in the language of the words."""
    earliest = assessment.earliest_eligible
    return {
        "trial": assessment.trial,
        "protocolVersion": assessment.protocol_version,
        "asOf": assessment.moment.as_of.isoformat(),
        "patient": assessment.patient,
        "status": assessment.status.value,
        "earliestEligibleDate": earliest.isoformat() if earliest else None,
        "criteria": [_criterion(finding, words) for finding in assessment.findings],
        "missing": [
            {"id": m.ask.id, "text": words.say(m.ask.text), "criteria": list(m.criteria)} for m in assessment.missing
        ],
        "childPugh": _child_pugh(assessment.child_pugh),
        "phase": assessment.phase.value if assessment.phase else None,
        "steps": [_step(step, words) for step in assessment.steps],
        "sources": [{"id": source.value, "state": state.value} for source, state in assessment.sources.items()],
        "dataQuality": [_issue(issue, words) for issue in assessment.quality],
    }


def reason_of(finding: Finding, words: Words) -> str:
    """The reasons of a finding in one line."""
    return "; ".join(words.say(reason) for reason in finding.reasons)


def _criterion(finding: Finding, words: Words) -> Json:
    return {
        "id": finding.id,
        "verdict": finding.verdict.value,
        "reason": reason_of(finding, words),
        "evidence": [_evidence(evidence, words) for evidence in finding.evidence],
        "needs": [ask.id for ask in finding.asks],
    }


def _evidence(evidence: Evidence, words: Words) -> Json:
    return {
        "reference": evidence.reference,
        "date": _date(evidence.days, words) if evidence.days else None,
        "value": evidence.value,
        "compared": evidence.compared or evidence.value,
    }


def _date(days: DateInterval, words: Words) -> str:
    """A day, a month, a year; a span as ISO 8601 writes it."""
    shown = words.days(days)
    return shown if len(shown) <= len("2026-11-22") else f"{days.first.isoformat()}/{days.last.isoformat()}"


def _step(step: Step, words: Words) -> Json:
    window = [day.isoformat() for day in step.window] if step.window else None
    degree = {"degree": step.degree} if step.degree else {}
    return {"id": step.id, "state": step.state.value, "window": window, "reason": words.say(step.reason), **degree}


def _child_pugh(child_pugh: ChildPugh) -> Json:
    return {"class": child_pugh.letter, "score": list(child_pugh.score)}


def _issue(issue: QualityIssue, words: Words) -> Json:
    detail = issue.detail or words.catalogue["quality.element"]
    text = words.phrase(Message(f"quality.{issue.issue}", (("detail", detail),)))
    return {"reference": issue.reference, "issue": text}
