"""The 42 lines as the assessment page shows them: by verdict, each with its evidence and what it means."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from cards.descriptions import describe
from cards.documents import reason_of
from cards.wording import Words
from cds_service.pages.timeline.dates import Say
from cds_service.pages.typesetting import with_unit
from cds_service.trial.findings import Evidence, Finding, Message, Verdict
from cds_service.trial.lapsing import Lapse
from cds_service.trial.protocol import Criterion, TrialProtocol

# What stands in the way first, what is as it should be last.
ORDER = (Verdict.VIOLATED, Verdict.UNKNOWN, Verdict.ATTEST, Verdict.SATISFIED, Verdict.PRESUMED)


@dataclass(frozen=True, slots=True)
class EvidenceView:
    """One recorded fact: when, as recorded, as compared (empty: alike), the limit (empty: none), where it stands."""

    when: str
    recorded: str
    compared: str
    limit: str
    reference: str


@dataclass(frozen=True, slots=True)
class LineView:
    """One line of eligibility. `meaning`: its decision list; `until`: the last day on which it is passed as it is."""

    id: str
    text: str
    verdict: str
    reason: str
    evidence: tuple[EvidenceView, ...]
    needs: tuple[str, ...]
    meaning: tuple[str, ...]
    until: str
    not_before: str


@dataclass(frozen=True, slots=True)
class GroupView:
    """The lines of one verdict."""

    verdict: str
    heading: str
    lines: tuple[LineView, ...]


@dataclass(frozen=True, slots=True)
class Reader:
    """What lines are shown with: the protocol, the words of cards and of pages, the day to which each line holds."""

    protocol: TrialProtocol
    words: Words
    say: Say
    until: Mapping[str, date]


def until_of(lapses: tuple[Lapse, ...]) -> Mapping[str, date]:
    """The last day on which each line that lapses is passed."""
    ends: dict[str, date] = {}
    for lapse in lapses:
        if not lapse.then.passes:
            ends.update(dict.fromkeys(lapse.criteria, lapse.last_day))
    return ends


def groups_of(findings: tuple[Finding, ...], reader: Reader) -> tuple[GroupView, ...]:
    """All lines by verdict; no group without lines."""
    found = []
    criteria = {criterion.id: criterion for criterion in reader.protocol.criteria}
    for verdict in ORDER:
        lines = tuple(_line(f, criteria[f.id], reader) for f in findings if f.verdict is verdict)
        if lines:
            found.append(GroupView(verdict.value, reader.words.catalogue[f"group.{verdict}"], lines))
    return tuple(found)


def _line(finding: Finding, criterion: Criterion, reader: Reader) -> LineView:
    until = reader.until.get(finding.id)
    return LineView(
        id=finding.id,
        text=reader.words.of_trial(reader.protocol, criterion.text),
        verdict=finding.verdict.value,
        reason=reason_of(finding, reader.words),
        evidence=tuple(_evidence(one, finding.reasons, reader.words) for one in finding.evidence),
        needs=tuple(reader.words.say(ask.text) for ask in finding.asks),
        meaning=tuple(_meaning(criterion, reader)),
        until=until.isoformat() if until else "",
        not_before=finding.lapses.isoformat() if finding.lapses else "",
    )


def _evidence(evidence: Evidence, reasons: tuple[Message, ...], words: Words) -> EvidenceView:
    compared = evidence.compared or evidence.value
    recorded = with_unit(evidence.value)
    return EvidenceView(
        when=words.days(evidence.days) if evidence.days else "",
        recorded=recorded,
        compared=with_unit(compared) if with_unit(compared) != recorded else "",
        limit=with_unit(_limit(compared, reasons)),
        reference=evidence.reference,
    )


def _limit(compared: str, reasons: tuple[Message, ...]) -> str:
    """The limit that the reason names beside this value."""
    named = (dict(reason.parameters) for reason in reasons)
    return next((str(one["limit"]) for one in named if one.get("value") == compared and "limit" in one), "")


def _meaning(criterion: Criterion, reader: Reader) -> Iterator[str]:
    """What each clause of the line says, and what holds otherwise, generated from the data of the protocol."""
    say = reader.say
    units = {name: analyte.unit for name, analyte in reader.protocol.measures.analytes.items()}
    for clause in criterion.clauses:
        statement = describe(clause.statement, reader.words, units)
        yield say(
            "assessment.clause", verdict=say(f"assessment.verdict.{clause.verdict}"), statement=with_unit(statement)
        )
    if criterion.verdict_of:
        yield say("assessment.otherwise-line", line=criterion.verdict_of)
    elif criterion.otherwise:
        yield say("assessment.otherwise", verdict=say(f"assessment.verdict.{criterion.otherwise}"))
