"""An assessment, and a protocol, for people at a terminal."""

from collections.abc import Iterable, Iterator

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from cards.descriptions import describe
from cards.documents import reason_of
from cards.wording import Words
from cds_service.trial.assessment import Assessment, Status
from cds_service.trial.findings import Message, Verdict
from cds_service.trial.guidance.steps import State
from cds_service.trial.protocol import Criterion, TrialProtocol
from fhir_profiles.record import SourceState

_ORDER = (Verdict.SATISFIED, Verdict.PRESUMED, Verdict.UNKNOWN, Verdict.ATTEST, Verdict.VIOLATED)
_COLOURS = {
    Verdict.SATISFIED: "green",
    Verdict.PRESUMED: "cyan",
    Verdict.UNKNOWN: "yellow",
    Verdict.ATTEST: "magenta",
    Verdict.VIOLATED: "red",
}
_MARKS = {
    Verdict.SATISFIED: "+",
    Verdict.PRESUMED: "~",
    Verdict.UNKNOWN: "?",
    Verdict.ATTEST: "!",
    Verdict.VIOLATED: "x",
}
_TOLD = (State.DUE, State.OVERDUE)
_STATUS_COLOURS = {
    Status.ELIGIBLE_PENDING_CONFIRMATION: "bold green",
    Status.POTENTIALLY_ELIGIBLE: "bold yellow",
    Status.INELIGIBLE: "bold red",
}


def show_assessment(
    assessment: Assessment, protocol: TrialProtocol, words: Words, name: str, *, brief: bool = False
) -> RenderableType:
    """Everything about one patient: the lines by verdict, and what follows; `brief` only names those passed."""
    return Group(*_parts(assessment, protocol, words, name, brief=brief))


def _parts(
    assessment: Assessment, protocol: TrialProtocol, words: Words, name: str, *, brief: bool
) -> Iterator[RenderableType]:
    say = words.catalogue
    instant = assessment.moment.as_of.astimezone(assessment.moment.zone).strftime("%Y-%m-%d %H:%M %Z")
    title = f"{name}  {assessment.patient}  {protocol.name} ({protocol.id}) {protocol.version}"
    yield Text(f"{title}  {say['text.as-of'].format(instant=instant)}", style="bold")
    yield _table(assessment, protocol, words, brief=brief)
    yield _conclusion(assessment, words)
    yield from _missing(assessment, words)
    yield from _gaps(assessment, words)
    yield Text(say["text.disclaimer"], style="dim")


def _table(assessment: Assessment, protocol: TrialProtocol, words: Words, *, brief: bool) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False, expand=True, padding=(0, 1))
    table.add_column(no_wrap=True)
    table.add_column(ratio=2, overflow="fold")
    table.add_column(ratio=3, overflow="fold")
    texts = {criterion.id: words.of_trial(protocol, criterion.text) for criterion in protocol.criteria}
    for verdict in _ORDER:
        findings = [f for f in assessment.findings if f.verdict is verdict]
        if findings:
            heading = f"{words.catalogue[f'group.{verdict}']} ({len(findings)})"
            named = ", ".join(f.id for f in findings) if brief and verdict.passes else ""
            table.add_row("", Text(heading, style=f"bold {_COLOURS[verdict]}"), Text(named, style="dim"))
        for finding in () if brief and verdict.passes else findings:
            mark = Text(f"{_MARKS[verdict]} {finding.id}", style=_COLOURS[verdict])
            table.add_row(mark, Text(texts[finding.id]), Text(reason_of(finding, words), style="dim"))
    return table


def _conclusion(assessment: Assessment, words: Words) -> Text:
    say = words.catalogue
    text = Text()
    text.append(say[f"status.{assessment.status}"], style=_STATUS_COLOURS.get(assessment.status, "bold"))
    if assessment.phase:
        text.append(f"  {say['text.phase'].format(phase=say[f'phase.{assessment.phase}'])}")
    if assessment.earliest_eligible:
        text.append(f"\n{say['text.not-before'].format(day=assessment.earliest_eligible.isoformat())}", style="bold")
    text.append(f"\n{say['text.child-pugh']}: {_child_pugh(assessment, words)}")
    return text


def _child_pugh(assessment: Assessment, words: Words) -> str:
    found, say = assessment.child_pugh, words.catalogue
    parts = []
    for part in found.parts:
        low, high, presumed = part.points
        points = str(low) if low == high else f"{low}-{high}"
        parts.append(f"{words.title(part.name)} {points}{' ' + say['text.presumed'] if presumed else ''}")
    low, high = found.score
    score = say["text.score"].format(score=low if low == high else f"{low}-{high}")
    return f"{found.letter or say['text.undecided']}, {score} ({', '.join(parts)})"


def _missing(assessment: Assessment, words: Words) -> Iterator[RenderableType]:
    if not assessment.missing:
        return
    yield Text(words.catalogue["text.to-settle"], style="bold")
    for item in assessment.missing:
        settles = words.catalogue["text.settles"].format(criteria=", ".join(item.criteria))
        yield Padding(Text.assemble(words.say(item.ask.text), (f"  ({settles})", "dim")), (0, 0, 0, 2))


def _gaps(assessment: Assessment, words: Words) -> Iterator[RenderableType]:
    unread = [s for s, state in assessment.sources.items() if state is not SourceState.SUPPLIED]
    if unread:
        names = ", ".join(words.catalogue[f"source.name.{source}"] for source in unread)
        yield Text.assemble((f"{words.catalogue['text.sources']}: ", "bold"), names)
    if assessment.quality:
        yield Text(words.catalogue["text.quality"], style="bold")
    for issue in assessment.quality:
        what = words.phrase(Message(f"quality.{issue.issue}", (("detail", issue.detail or "-"),)))
        yield Padding(Text(f"{issue.reference}: {what}"), (0, 0, 0, 2))


def show_overview(assessed: Iterable[tuple[str, Assessment]], words: Words) -> Table:
    """One row a patient: name, roll-up, and what is in the way."""
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2))
    for name, assessment in assessed:
        style = _STATUS_COLOURS.get(assessment.status, "bold")
        table.add_row(
            name, Text(words.catalogue[f"status.{assessment.status}"], style=style), _in_the_way(assessment, words)
        )
    return table


def _in_the_way(assessment: Assessment, words: Words) -> str:
    if assessment.steps:
        told = [step for step in assessment.steps if step.state in _TOLD]
        return "; ".join(f"{words.say(s.reason)} ({words.catalogue[f'timeline.state.{s.state}']})" for s in told)
    violated = [f.id for f in assessment.findings if f.verdict is Verdict.VIOLATED]
    parts = [f"{words.catalogue['group.violated']}: {', '.join(violated)}"] if violated else []
    parts += [words.say(item.ask.text) for item in assessment.missing]
    if assessment.earliest_eligible:
        parts.append(words.catalogue["text.not-before-short"].format(day=assessment.earliest_eligible.isoformat()))
    return "; ".join(parts)


def show_protocol(protocol: TrialProtocol, words: Words) -> RenderableType:
    """The criteria as a clinician reads them, generated from the data."""
    parts: list[RenderableType] = [
        Text(
            f"{protocol.name} ({protocol.id}) {protocol.version}: {words.of_trial(protocol, protocol.title)}",
            style="bold",
        )
    ]
    for criterion in protocol.criteria:
        parts.append(Text.assemble((f"\n{criterion.id}  ", "bold"), words.of_trial(protocol, criterion.text)))
        parts += [Padding(Text(line), (0, 0, 0, 5)) for line in decision_list(criterion, protocol, words)]
    parts.append(Text(f"\n{words.catalogue['text.parameters']}", style="bold"))
    for value in protocol.named_values:
        origin = words.catalogue[
            "text.changed" if value.changed else f"text.{'registry' if value.origin == 'registry' else 'site-default'}"
        ]
        meaning = words.of_trial(protocol, value.meaning)
        parts.append(Padding(Text(f"{value.name} = {value.value}  ({origin}): {meaning}"), (0, 0, 0, 2)))
    return Group(*parts)


def decision_list(criterion: Criterion, protocol: TrialProtocol, words: Words) -> Iterator[str]:
    """One line in words: what it reads, each clause, and what holds otherwise."""
    say = words.catalogue
    units = {name: analyte.unit for name, analyte in protocol.measures.analytes.items()}
    names = ", ".join(say[f"source.name.{source}"] for source in sorted(criterion.sources))
    yield say["show.sources"].format(sources=names) if names else say["show.no-sources"]
    for clause in criterion.clauses:
        statement = describe(clause.statement, words, units)
        yield say["show.clause"].format(verdict=say[f"show.verdict.{clause.verdict}"], statement=statement)
    if criterion.verdict_of:
        yield say["show.otherwise-line"].format(line=criterion.verdict_of)
    elif criterion.otherwise:
        yield say["show.otherwise"].format(verdict=say[f"show.verdict.{criterion.otherwise}"])


def terminal(*, error: bool = False) -> Console:
    """A console that uses colour only on a terminal."""
    return Console(stderr=error, highlight=False, soft_wrap=False)
