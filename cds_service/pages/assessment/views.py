"""Everything on the assessment page, as data: what is worked out stands in the core, here it is only put in words."""

from collections.abc import Iterator
from dataclasses import dataclass

from cards.wording import Words, capital
from cds_service.pages.assessment.following import FollowedView, followed_of
from cds_service.pages.assessment.lines import GroupView, Reader, groups_of, until_of
from cds_service.pages.timeline.dates import Say
from cds_service.pages.typesetting import with_unit
from cds_service.trial.assessment import Assessment, Missing
from cds_service.trial.child_pugh import ChildPugh, Part
from cds_service.trial.findings import Message
from cds_service.trial.guidance.timeline import Timeline
from cds_service.trial.lapsing import Lapse, Limited
from cds_service.trial.protocol import TrialProtocol
from cds_service.viewing import View
from fhir_profiles.record import SourceState

_KINDS = ("lab", "test", "source", "confirm")


@dataclass(frozen=True, slots=True)
class Tally:
    """How many lines there are of a verdict."""

    verdict: str
    lines: int


@dataclass(frozen=True, slots=True)
class PartView:
    """One part of Child-Pugh: its points as an interval, and what they rest on."""

    name: str
    points: str
    presumed: bool
    values: tuple[tuple[str, str], ...]
    asks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ChildPughView:
    """The class (empty: open), the score as an interval, the parts, and what somebody wrote down (empty: nothing)."""

    letter: str
    score: str
    conflict: bool
    parts: tuple[PartView, ...]
    documented: str


@dataclass(frozen=True, slots=True)
class WantedView:
    """One thing that would settle open lines, and which."""

    text: str
    criteria: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OrderView:
    """What one order, one look at the patient or one question would bring."""

    kind: str
    items: tuple[WantedView, ...]


@dataclass(frozen=True, slots=True)
class LapseView:
    """Until when results (each with its date) count, and which lines are open, or only presumed, after that day."""

    last_day: str
    results: tuple[tuple[str, str], ...]
    criteria: tuple[str, ...]
    then: str


@dataclass(frozen=True, slots=True)
class SourceView:
    """One source that was read in part or not at all."""

    name: str
    state: str


@dataclass(frozen=True, slots=True)
class IssueView:
    """One problem of the data."""

    reference: str
    issue: str


@dataclass(frozen=True, slots=True)
class AssessmentView:
    """The page. `patient` is the reference by which the record knows the patient, and all that tells who it is."""

    patient: str
    trial: str
    trial_id: str
    title: str
    version: str
    instant: str
    status: str
    status_text: str
    phase: str
    not_before: str
    tallies: tuple[Tally, ...]
    groups: tuple[GroupView, ...]
    orders: tuple[OrderView, ...]
    child_pugh: ChildPughView
    lapses: tuple[LapseView, ...]
    unread: tuple[SourceView, ...]
    read: tuple[str, ...]
    quality: tuple[IssueView, ...]
    followed: FollowedView | None


def assessment_view(view: View, protocol: TrialProtocol, words: Words, say: Say) -> AssessmentView:
    """The whole page in words."""
    found, earliest = view.assessment, view.assessment.earliest_eligible
    sources = [(words.catalogue[f"source.name.{source}"], state) for source, state in found.sources.items()]
    groups = groups_of(found.findings, Reader(protocol, words, say, until_of(view.lapses)))
    return AssessmentView(
        patient=found.patient,
        trial=protocol.name,
        trial_id=protocol.id,
        title=words.of_trial(protocol, protocol.title),
        version=found.protocol_version,
        instant=found.moment.as_of.astimezone(found.moment.zone).strftime("%Y-%m-%d %H:%M %Z"),
        status=found.status.value,
        status_text=words.catalogue[f"status.{found.status}"],
        phase=say(f"assessment.phase.{found.phase}") if found.phase else "",
        not_before=earliest.isoformat() if earliest else "",
        tallies=tuple(Tally(group.verdict, len(group.lines)) for group in groups),
        groups=groups,
        orders=tuple(_orders(found.missing, words)),
        child_pugh=_child_pugh(found.child_pugh, words),
        lapses=tuple(_lapse(lapse, words, say) for lapse in view.lapses),
        unread=tuple(SourceView(capital(name), state) for name, state in sources if state is not SourceState.SUPPLIED),
        read=tuple(name for name, state in sources if state is SourceState.SUPPLIED),
        quality=tuple(_issues(found, words)),
        followed=_followed(view, view.timeline, words, say),
    )


def _followed(view: View, timeline: Timeline | None, words: Words, say: Say) -> FollowedView | None:
    return None if timeline is None else followed_of(view, timeline, words, say)


def _orders(missing: tuple[Missing, ...], words: Words) -> Iterator[OrderView]:
    """What is missing, by how it is got: one blood sample, one look, one search, one question after another."""
    for kind in _KINDS:
        wanted = (m for m in missing if m.ask.id.partition(":")[0] == kind)
        items = tuple(WantedView(words.say(one.ask.text), one.criteria) for one in wanted)
        if items:
            yield OrderView(kind, items)


def _child_pugh(found: ChildPugh, words: Words) -> ChildPughView:
    documented = found.documented.evidence if found.documented else None
    return ChildPughView(
        letter=found.letter or "",
        score=_interval(*found.score),
        conflict=found.conflict,
        parts=tuple(_part(part, words) for part in found.parts),
        documented=_dated(documented.value, words.days(documented.days) if documented.days else "")
        if documented
        else "",
    )


def _part(part: Part, words: Words) -> PartView:
    low, high, presumed = part.points
    values = tuple((with_unit(e.compared or e.value), words.days(e.days) if e.days else "") for e in part.evidence)
    asks = tuple(words.say(ask.text) for ask in part.asks)
    return PartView(capital(words.title(part.name)), _interval(low, high), presumed, values, asks)


def _interval(low: int, high: int) -> str:
    return str(low) if low == high else f"{low}–{high}"


def _dated(value: str, when: str) -> str:
    return f"{value} ({when})" if when else value


def _lapse(lapse: Lapse, words: Words, say: Say) -> LapseView:
    results = tuple(dict.fromkeys(_limited(one, words, say) for one in lapse.results))
    return LapseView(lapse.last_day.isoformat(), results, lapse.criteria, lapse.then.value)


def _limited(one: Limited, words: Words, say: Say) -> tuple[str, str]:
    name = say("assessment.first-metastasis") if one.name == "first-metastasis" else capital(words.title(one.name))
    when = words.days(one.evidence.days) if one.evidence.days else ""
    return say("assessment.result", name=name, value=with_unit(one.evidence.compared or one.evidence.value)), when


def _issues(found: Assessment, words: Words) -> Iterator[IssueView]:
    for issue in found.quality:
        text = words.phrase(Message(f"quality.{issue.issue}", (("detail", issue.detail or "-"),)))
        yield IssueView(issue.reference, text)
