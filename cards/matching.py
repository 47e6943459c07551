"""MATCH-01: the card that says a patient may qualify, or when (rulebook 8.3)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from cards.documents import assessment_document, reason_of
from cards.escaping import escaped, one_line, shortened
from cards.fingerprint import derived_uuid, fingerprint, verdict_facts
from cards.model import SUMMARY_BELOW, Card, CardSource, Coding, Indicator, Link
from cards.wording import Words, small
from cds_service.trial.assessment import Assessment, Status
from cds_service.trial.findings import Finding, Verdict
from cds_service.trial.protocol import TrialProtocol
from fhir_profiles.pruning import pruned
from fhir_profiles.record import SourceState

TOPIC = "trialmatch"
_TOPICS = "http://cotsom-cds.org/fhir/CodeSystem/card-topics"
_REASONS = "http://terminology.hl7.org/CodeSystem/non-adherence-reason-codes"
REASON_CODES = ("patient-refuses", "patient-ineligible", "expert-contradicts", "need-more-info", "wrong-time-workflow")
_SHOWN = 6
_QUALIFYING = frozenset({Status.POTENTIALLY_ELIGIBLE, Status.ELIGIBLE_PENDING_CONFIRMATION})


@dataclass(frozen=True, slots=True)
class CardSettings:
    """What a site decides about cards: how far ahead "not before" is shown, and where a card's worksheet is."""

    show_ahead_days: int = 60
    remind_ahead_days: int = 7
    worksheet: str | None = None


def match_card(
    assessment: Assessment, protocol: TrialProtocol, words: Words, settings: CardSettings, trace: str
) -> Card | None:
    """The card of a patient who is not enrolled; None when there is nothing to say."""
    if not is_worth_a_card(assessment, settings):
        return None
    mark = fingerprint(TOPIC, verdict_facts(assessment))
    return Card(
        uuid=derived_uuid(trace, mark),
        summary=summary(assessment, protocol, words),
        detail=detail(assessment, protocol, words),
        indicator=Indicator.INFO,
        source=card_source(protocol, words),
        links=(Link(words.catalogue["card.worksheet"], settings.worksheet),) if settings.worksheet else (),
        override_reasons=override_reasons(words),
        extension=extension(assessment, words, trace),
    )


def is_worth_a_card(assessment: Assessment, settings: CardSettings) -> bool:
    """Whether the patient may qualify, or will be able to soon; anything else is silence."""
    if _withdrawn(assessment):
        return False
    if assessment.status in _QUALIFYING:
        return True
    earliest = assessment.earliest_eligible
    soon = assessment.moment.day + timedelta(days=settings.show_ahead_days)
    return assessment.status is Status.INELIGIBLE and earliest is not None and earliest <= soon


def _withdrawn(assessment: Assessment) -> bool:
    """Whether the patient has left this study (rulebook 8.2): nobody is asked twice."""
    return assessment.study_status == "withdrawn"


def summary(assessment: Assessment, protocol: TrialProtocol, words: Words) -> str:
    """One plain sentence with the deciding fact in it."""
    say = words.catalogue
    if assessment.status is Status.INELIGIBLE and assessment.earliest_eligible is not None:
        day = assessment.earliest_eligible.isoformat()
        why = reason_of(_first(assessment, Verdict.VIOLATED), words)
        text = say["card.summary.not-before"].format(trial=protocol.name, day=day, why=why)
    elif assessment.missing:
        text = say["card.summary.missing"].format(trial=protocol.name, needed=_needed(assessment, words))
    else:
        text = say["card.summary.pending"].format(trial=protocol.name)
    return shortened(one_line(text), SUMMARY_BELOW - 1)


def _first(assessment: Assessment, verdict: Verdict) -> Finding:
    lapsing = [f for f in assessment.findings if f.verdict is verdict]
    return max(lapsing, key=lambda f: (f.lapses is not None, f.lapses or assessment.moment.day))


def _needed(assessment: Assessment, words: Words) -> str:
    """What is missing, shortest words, as many as a summary holds."""
    names = [_short(item.ask.id, words.say(item.ask.text), words) for item in assessment.missing]
    shown: list[str] = []
    for name in names:
        if len(", ".join([*shown, name])) > SUMMARY_BELOW // 2:
            break
        shown.append(name)
    shown = shown or [shortened(names[0], SUMMARY_BELOW // 2)]
    rest = len(names) - len(shown)
    more = [words.catalogue["card.more"].format(n=rest)] if rest else []
    return ", ".join([*shown, *more])


def _short(name: str, text: str, words: Words) -> str:
    kind, _, what = name.partition(":")
    if kind in ("lab", "test"):
        return words.title(what)
    return words.catalogue.get(f"short.{name}") or small(text)


def detail(assessment: Assessment, protocol: TrialProtocol, words: Words) -> str:
    """A few lines of Markdown: what is met, what is missing and would settle it, what only a person can say."""
    say = words.catalogue
    lines = [_met(assessment, words)]
    excluded = [f for f in assessment.findings if f.verdict is Verdict.VIOLATED]
    if excluded:
        lines.append(say["card.detail.excluded"].format(lines=_named(excluded, words)))
    if assessment.missing:
        lines.append(say["card.detail.missing"])
        lines += _missing(assessment, words)
    attest = {f.id for f in assessment.findings if f.verdict is Verdict.ATTEST}
    texts = [f"{words.of_trial(protocol, c.question or c.text)} ({c.id})" for c in protocol.criteria if c.id in attest]
    if texts:
        lines.append(say["card.detail.attest"].format(lines=", ".join(texts)))
    unread = [
        s for s, state in assessment.sources.items() if state is not SourceState.SUPPLIED and _is_read(s, protocol)
    ]
    if unread:
        names = ", ".join(say[f"source.name.{source}"] for source in unread)
        lines.append(say["card.detail.unread"].format(sources=names))
    lines.append(say["card.detail.disclaimer"])
    return "\n".join(lines)


def _is_read(source: str, protocol: TrialProtocol) -> bool:
    return any(source in criterion.sources for criterion in protocol.criteria)


def _met(assessment: Assessment, words: Words) -> str:
    count = {v: sum(1 for f in assessment.findings if f.verdict is v) for v in Verdict}
    return words.catalogue["card.detail.met"].format(
        met=count[Verdict.SATISFIED], presumed=count[Verdict.PRESUMED], all=len(assessment.findings)
    )


def _named(findings: list[Finding], words: Words) -> str:
    return "; ".join(f"{escaped(shortened(reason_of(f, words), 120))} ({f.id})" for f in findings[:_SHOWN])


def _missing(assessment: Assessment, words: Words) -> list[str]:
    lines = [
        f"- {escaped(words.say(item.ask.text))} ({', '.join(item.criteria)})" for item in assessment.missing[:_SHOWN]
    ]
    rest = len(assessment.missing) - _SHOWN
    return [*lines, f"- {words.catalogue['card.more'].format(n=rest)}"] if rest > 0 else lines


def card_source(protocol: TrialProtocol, words: Words, kind: str = TOPIC) -> CardSource:
    """Whose guidance it is: the trial, with its registry entry and the static topic of this kind of card."""
    topic = Coding(_TOPICS, kind, words.catalogue[f"card.topic.{kind}"])
    return CardSource(f"{protocol.name} ({protocol.id})", topic, f"https://clinicaltrials.gov/study/{protocol.id}")


def override_reasons(words: Words) -> tuple[Coding, ...]:
    """Why a clinician may set the card aside."""
    return tuple(Coding(_REASONS, code, words.catalogue[f"override.{code}"]) for code in REASON_CODES)


def extension(assessment: Assessment, words: Words, trace: str) -> Mapping[str, object]:
    """Contract 4.2: the trial, the trace id, and the assessment without lines that are merely presumed."""
    worth = tuple(
        finding
        for finding in assessment.findings
        if finding.verdict is not Verdict.PRESUMED and (finding.verdict is not Verdict.SATISFIED or finding.evidence)
    )
    return {
        "trial": assessment.trial,
        "protocolVersion": assessment.protocol_version,
        "traceId": trace,
        "assessment": pruned(assessment_document(replace(assessment, findings=worth), words)),
    }
