"""The card of an enrolled patient: the steps that are due, overdue, or begin soon (rulebook 8.3)."""

from datetime import timedelta

from cards.escaping import escaped, one_line, shortened
from cards.fingerprint import derived_uuid, fingerprint
from cards.matching import CardSettings, card_source, extension, override_reasons
from cards.model import SUMMARY_BELOW, Card, Indicator
from cards.wording import Words
from cds_service.trial.assessment import Assessment
from cds_service.trial.guidance.steps import State, Step
from cds_service.trial.protocol import TrialProtocol

TOPIC = "protocolstep"
_ORDER = (State.OVERDUE, State.DUE, State.UPCOMING)


def step_card(
    assessment: Assessment, protocol: TrialProtocol, words: Words, settings: CardSettings, trace: str
) -> Card | None:
    """One card with the steps that the team should know of today; None when there is none."""
    steps = shown_steps(assessment, settings)
    if not steps:
        return None
    mark = fingerprint(TOPIC, (f"{s.id}={s.state}/{s.window}/{s.degree}" for s in steps))
    lines = [_line(step, words) for step in steps]
    urgent = any(step.state is State.OVERDUE or step.degree for step in steps)
    return Card(
        uuid=derived_uuid(trace, mark),
        summary=_summary(lines, protocol, words),
        detail="\n".join(f"- {escaped(line)} ({step.id})" for step, line in zip(steps, lines, strict=True)),
        indicator=Indicator.WARNING if urgent else Indicator.INFO,
        source=card_source(protocol, words, TOPIC),
        override_reasons=override_reasons(words),
        extension=extension(assessment, words, trace),
    )


def shown_steps(assessment: Assessment, settings: CardSettings) -> tuple[Step, ...]:
    """Steps due or overdue, and those that begin within the days to remind ahead; the most urgent first."""
    soon = assessment.moment.day + timedelta(days=settings.remind_ahead_days)
    shown = [
        step
        for step in assessment.steps
        if step.state in (State.DUE, State.OVERDUE)
        or (step.state is State.UPCOMING and step.window is not None and step.window[0] <= soon)
    ]
    return tuple(sorted(shown, key=lambda step: (step.degree is None, _ORDER.index(step.state), step.id)))


def _summary(lines: list[str], protocol: TrialProtocol, words: Words) -> str:
    say = words.catalogue
    first = lines[0] if len(lines) == 1 else say["card.steps.more"].format(first=lines[0], n=len(lines) - 1)
    return shortened(one_line(say["card.steps.summary"].format(trial=protocol.name, first=first)), SUMMARY_BELOW - 1)


def _line(step: Step, words: Words) -> str:
    """What is wanted, and when."""
    when = words.catalogue[_when(step)]
    first, last = step.window or (None, None)
    said, told = words.say(step.reason), when.format(first=first, last=last)
    # a sentence with a colon, or a question, takes no second colon
    return f"{said} ({told})" if ":" in said or said.endswith("?") else f"{said}: {told}"


def _when(step: Step) -> str:
    """The words for the window: of several days, of one, of none."""
    if step.window is None:
        return "state.due-open"
    return f"state.{step.state}-day" if step.window[0] == step.window[1] else f"state.{step.state}"
