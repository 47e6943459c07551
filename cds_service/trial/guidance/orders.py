"""Whether a draft order fits the protocol: the rules of 8.2, each with severity, reason and correction."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from cds_service.trial.findings import Finding, Message, Verdict, message
from cds_service.trial.guidance.care import Care, missing_safety, review_degree
from cds_service.trial.guidance.history import SORAFENIB, TACE, ended_by
from cds_service.trial.guidance.response import Response, latest_of
from cds_service.trial.protocol import GuidanceRules
from fhir_profiles.dates import Delay, add_days
from fhir_profiles.reading.doses import Dose
from fhir_profiles.reading.drafts import Draft
from fhir_profiles.record import Course, Source, SourceState


class Severity(StrEnum):
    """How urgent a rule is, in rising order."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class Fired:
    """A rule that fired on a draft, and why."""

    id: str
    severity: Severity
    reason: Message


@dataclass(frozen=True, slots=True)
class Order:
    """A draft being checked, among the other drafts of the request."""

    care: Care
    draft: Draft
    findings: dict[str, Finding]
    planned: tuple[date, ...]
    signing: bool
    others: tuple[Draft, ...] = ()

    @property
    def day(self) -> date | None:
        """D, or the start: the day of the draft, when it is exactly known."""
        start = self.draft.start
        return start.first if start is not None and start.is_day else None

    def verdict(self, line: str) -> Verdict:
        """The verdict of a line."""
        return self.findings[line].verdict

    def supplied(self, *sources: Source) -> bool:
        """Whether these sources were supplied at all, so that an absence says something."""
        states = self.care.case.record.sources
        return all(states[source] is SourceState.SUPPLIED for source in sources)


def fire(order: Order) -> Iterator[Fired]:
    """Every rule that the draft fires."""
    rules: tuple[Callable[[Order], Iterator[Fired]], ...] = ()
    if TACE in order.draft.sets:
        rules += (_course_goes_on, _safety_missing, _excluded, _timing, _imaging_missing, _complete, _portal, _undated)
    if SORAFENIB in order.draft.sets:
        rules += (_start, _first_dose, _inducer, _pregnancy, _allergy, _before_tace, _discontinue)
    for rule in (*rules, _concomitant):
        yield from rule(order)


def going_on(order: Order, until: date) -> tuple[Course, ...]:
    """The courses that are taken now and not certainly ended by that day."""
    return tuple(c for c in order.care.history.taken(order.care.day) if not ended_by(c, until))


def _course_goes_on(order: Order) -> Iterator[Fired]:
    """TACE-01: sorafenib is not stopped in time."""
    rules = order.care.rules
    if order.day is not None and going_on(order, rules.last_dose(order.day)):
        last, length = rules.last_dose(order.day), rules.stop_sorafenib
        yield Fired("TACE-01", Severity.WARNING, message("rule.TACE-01", day=order.day, last=last, length=length))


def _safety_missing(order: Order) -> Iterator[Fired]:
    """TACE-02: safety results are missing in the days before."""
    if order.day is None or not order.supplied(Source.OBSERVATIONS):
        return
    rules = order.care.rules
    window = rules.safety_window(order.day)
    missing = missing_safety(order.care, window)
    if missing:
        severity = Severity.WARNING if order.care.day >= window[0] else Severity.INFO
        reason = message("rule.TACE-02", day=order.day, concepts=missing, length=rules.safety)
        yield Fired("TACE-02", severity, reason)


def _excluded(order: Order) -> Iterator[Fired]:
    """TACE-03: liver function, blood count or fitness speak against it."""
    violated = [line for line in order.care.rules.forbids_tace if order.verdict(line) is Verdict.VIOLATED]
    for line in violated[:1]:
        yield Fired("TACE-03", Severity.CRITICAL, message("rule.TACE-03", lines=tuple(violated), line=line))


def session_window(order: Order) -> tuple[date, date] | None:
    """The days between two sessions, counted from the latest; None when that is not certain."""
    latest = order.care.history.latest
    if latest is None or order.care.history.sessions.doubtful:
        return None
    return order.care.rules.next_tace.after(latest)


def _timing(order: Order) -> Iterator[Fired]:
    """TACE-04: too early or too late after the latest session."""
    window = session_window(order)
    if window is None or order.day is None:
        return
    wanted = order.care.rules.next_tace
    if order.day < window[0]:
        reason = message("rule.TACE-04-early", day=order.day, first=window[0], length=wanted.first)
        yield Fired("TACE-04", Severity.WARNING, reason)
    elif order.day > window[1]:
        reason = message("rule.TACE-04-late", day=order.day, last=window[1], length=wanted.last)
        yield Fired("TACE-04", Severity.INFO, reason)


def _imaging_missing(order: Order) -> Iterator[Fired]:
    """TACE-05: no response imaging since the latest session."""
    history = order.care.history
    if session_window(order) is None or history.latest is None:
        return
    if not order.supplied(Source.PROCEDURES, Source.IMAGING):
        return
    since = add_days(history.latest, 1)
    if any(f.dated.first >= since and f.subject_known for f in history.dynamic):
        return
    unstated = any(f.dated.last >= since for f in history.dynamic_in_doubt)
    severity = Severity.INFO if unstated else Severity.WARNING
    name = "rule.TACE-05-unstated" if unstated else "rule.TACE-05"
    yield Fired("TACE-05", severity, message(name, latest=history.latest))


def _complete(order: Order) -> Iterator[Fired]:
    """TACE-06: the liver tumour has responded completely."""
    history = order.care.history
    if session_window(order) is None:
        return
    found = latest_of(order.care.responses, intrahepatic=True, after=history.latest)
    if found is not None and found.response is Response.COMPLETE:
        yield Fired("TACE-06", Severity.WARNING, message("rule.TACE-06", days=found.days))


def _portal(order: Order) -> Iterator[Fired]:
    """TACE-07: the main portal vein is occluded by tumour."""
    if order.verdict("E3") is Verdict.VIOLATED:
        yield Fired("TACE-07", Severity.CRITICAL, message("rule.TACE-07"))


def _undated(order: Order) -> Iterator[Fired]:
    """TACE-08: the order has no date."""
    if order.signing and order.day is None:
        yield Fired("TACE-08", Severity.INFO, message("rule.TACE-08"))


def anchor(order: Order, start: date) -> date | None:
    """What the start of sorafenib is measured from: the latest TACE planned on or before it, else the latest done."""
    before = [day for day in order.planned if day <= start]
    return max(before) if before else order.care.history.latest


def _start(order: Order) -> Iterator[Fired]:
    """SOR-01: started too early or too late after TACE."""
    if order.day is None or order.care.history.sessions.doubtful:
        return
    measured = anchor(order, order.day)
    if measured is None:
        if order.supplied(Source.PROCEDURES, Source.ORDERS):
            yield Fired("SOR-01", Severity.WARNING, message("rule.SOR-01-none"))
        return
    reason = out_of_time(order.care.rules.start_sorafenib, measured, order.day)
    if reason is not None:
        yield reason


def out_of_time(wanted: Delay, tace: date, start: date) -> Fired | None:
    """SOR-01 of a start on that day, measured from that TACE; None for one in time."""
    first, last = wanted.after(tace)
    if start < first:
        reason = message("rule.SOR-01-early", day=start, first=first, length=wanted.first)
        return Fired("SOR-01", Severity.WARNING, reason)
    if start > last:
        return Fired("SOR-01", Severity.INFO, message("rule.SOR-01-late", day=start, last=last, length=wanted.last))
    return None


def _first_dose(order: Order) -> Iterator[Fired]:
    """SOR-02: the first course after enrolment is not 400 mg twice a day."""
    first = not order.care.history.courses and not order.care.history.courses_in_doubt
    if not first or not order.supplied(Source.MEDICATIONS):
        return
    if order.draft.dose is Dose.OTHER:
        yield Fired("SOR-02", Severity.WARNING, message("rule.SOR-02"))
    elif order.signing and order.draft.dose is Dose.UNREADABLE:
        yield Fired("SOR-02", Severity.INFO, message("rule.SOR-02-unreadable"))


_NO_INDUCER = ("fact.doubt.unresolved", "source.not-supplied", "source.in-part")


def _inducer(order: Order) -> Iterator[Fired]:
    """SOR-03: a strong CYP3A4 inducer is or may be taken."""
    finding = order.findings["E21"]
    if finding.verdict is Verdict.VIOLATED:
        yield Fired("SOR-03", Severity.WARNING, message("rule.SOR-03"))
    elif finding.verdict is Verdict.UNKNOWN and any(r.id not in _NO_INDUCER for r in finding.reasons):
        yield Fired("SOR-03", Severity.INFO, message("rule.SOR-03-open"))


def _pregnancy(order: Order) -> Iterator[Fired]:
    """SOR-04: pregnancy, breast-feeding, or no negative test where pregnancy is possible."""
    if order.verdict("E18") is Verdict.VIOLATED:
        yield Fired("SOR-04", Severity.CRITICAL, message("rule.SOR-04-pregnant"))
    elif not order.verdict("I9").passes:
        yield Fired("SOR-04", Severity.WARNING, message("rule.SOR-04", age=order.care.rules.pregnancy_test))


def _allergy(order: Order) -> Iterator[Fired]:
    """SOR-05: allergy to sorafenib."""
    if any(SORAFENIB in fact.sets for fact in order.care.case.record.allergies.get(SORAFENIB, ())):
        yield Fired("SOR-05", Severity.CRITICAL, message("rule.SOR-05"))


def _before_tace(order: Order) -> Iterator[Fired]:
    """SOR-06: the course does not end in time before a planned TACE."""
    planned = next_tace(order, order.day)
    if planned is not None and not draft_ends_by(order, order.care.rules.last_dose(planned)):
        yield goes_on_before(order.care.rules, planned)


def goes_on_before(rules: GuidanceRules, tace: date) -> Fired:
    """SOR-06 of a course that goes on too long before a TACE planned for that day."""
    reason = message("rule.SOR-06", day=tace, last=rules.last_dose(tace), length=rules.stop_sorafenib)
    return Fired("SOR-06", Severity.WARNING, reason)


def next_tace(order: Order, start: date | None) -> date | None:
    """The first TACE planned after that day."""
    return None if start is None else min((day for day in order.planned if day > start), default=None)


def draft_ends_by(order: Order, day: date) -> bool:
    """Whether the drafted course certainly ends on or before that day."""
    return order.draft.end is not None and order.draft.end.last <= day


def _discontinue(order: Order) -> Iterator[Fired]:
    """SOR-07: what the review for discontinuation says of sorafenib."""
    degree = review_degree(order.care)
    if degree == "stop":
        yield Fired("SOR-07", Severity.CRITICAL, message("rule.SOR-07-stop"))
    elif degree == "decide" and not order.planned and order.supplied(Source.ORDERS, Source.PROCEDURES):
        yield Fired("SOR-07", Severity.WARNING, message("rule.SOR-07-decide"))


def _concomitant(order: Order) -> Iterator[Fired]:
    """CON-01 and CON-02: a drug that lowers sorafenib, a drug that is no part of the protocol."""
    if "cyp3a4-inducer-strong" in order.draft.sets:
        yield Fired("CON-01", Severity.WARNING, message("rule.CON-01"))
    if "molecular-targeted-or-immunotherapy" in order.draft.sets:
        yield Fired("CON-02", Severity.WARNING, message("rule.CON-02"))


def would_close(rules: GuidanceRules, draft: Draft, day: date) -> Iterator[Fired]:
    """The rules that a draft fires for a patient who may qualify; of several lengths of closing the longest counts."""
    if SORAFENIB in draft.sets:
        yield Fired("MATCH-02", Severity.WARNING, message("rule.MATCH-02"))
    lengths = [length for name, length in rules.closes.items() if name in draft.sets]
    if lengths:
        longest = max(lengths, key=lambda length: length.after(day))
        yield Fired("MATCH-03", Severity.INFO, message("rule.MATCH-03", length=longest))
    if TACE in draft.sets:
        yield Fired("MATCH-04", Severity.INFO, message("rule.MATCH-04"))
