"""The cards of order-select and order-sign: one for each draft that fired a rule (rulebook 8.3, contract 4.2)."""

from dataclasses import dataclass

from cards.actions import proposed
from cards.documents import reason_of
from cards.escaping import escaped, one_line, shortened
from cards.fingerprint import derived_uuid, fingerprint
from cards.matching import card_source, override_reasons
from cards.model import SUMMARY_BELOW, Card, Indicator, Suggestion
from cards.wording import Words, capital
from cds_service.trial.assessment import Assessment
from cds_service.trial.findings import Message
from cds_service.trial.guidance.corrections import Checked
from cds_service.trial.guidance.orders import Fired, Severity
from cds_service.trial.protocol import TrialProtocol
from fhir_profiles.reading.products import LookUp
from fhir_profiles.terminology import Terminology

TOPIC = "ordercheck"
_RANK = tuple(Severity)


@dataclass(frozen=True, slots=True)
class Wording:
    """What the cards of one request are worded with."""

    protocol: TrialProtocol
    words: Words
    terminology: Terminology
    trace: str
    look_up: LookUp


def order_card(checked: Checked, assessment: Assessment, wording: Wording) -> Card:
    """The card about one draft: its most severe rule first, all corrections in one suggestion."""
    protocol, words, trace = wording.protocol, wording.words, wording.trace
    fired = tuple(sorted(checked.fired, key=lambda rule: (-_RANK.index(rule.severity), rule.id)))
    facts = (checked.draft.reference, *(f"{rule.id}={rule.severity}" for rule in fired))
    uuid = derived_uuid(trace, fingerprint(TOPIC, facts))
    reasons = [_reason(rule, assessment, protocol, words) for rule in fired]
    actions, by_hand = proposed(checked, words, wording.terminology, wording.look_up, assessment.patient)
    label = words.catalogue["suggestion.delete" if checked.correction.delete else "suggestion.correct"]
    suggestions = (Suggestion(derived_uuid(uuid, "suggestion"), label, actions),) if actions else ()
    return Card(
        uuid=uuid,
        summary=shortened(one_line(reasons[0]), SUMMARY_BELOW - 1),
        detail=_detail(fired, reasons, by_hand, words),
        indicator=Indicator(fired[0].severity.value),
        source=card_source(protocol, words, TOPIC),
        override_reasons=override_reasons(words),
        suggestions=suggestions,
        extension={
            "trial": protocol.id,
            "protocolVersion": protocol.version,
            "traceId": trace,
            "draft": checked.draft.reference,
            "rules": [{"id": rule.id, "severity": rule.severity.value} for rule in fired],
        },
    )


def _detail(fired: tuple[Fired, ...], reasons: list[str], by_hand: tuple[str, ...], words: Words) -> str:
    """Every rule that fired, and what no click can do."""
    lines = "\n\n".join(f"- {escaped(reason)} ({rule.id})" for rule, reason in zip(fired, reasons, strict=True))
    changes = "".join(f"\n- {escaped(change)}" for change in by_hand)
    return lines + words.catalogue["card.detail.by-hand"] + changes if changes else lines


def _reason(rule: Fired, assessment: Assessment, protocol: TrialProtocol, words: Words) -> str:
    parameters = dict(rule.reason.parameters)
    line = parameters.pop("line", None)
    parameters.pop("lines", None)
    why = reason_of(assessment.finding(str(line)), words) if line else ""
    given = tuple(parameters.items())
    return capital(words.phrase(Message(rule.reason.id, (*given, ("why", why), ("trial", protocol.name)))))
