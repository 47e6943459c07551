"""`assess`: a protocol, a record and a moment in, an explained assessment out (rulebook sections 1 to 7)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from cds_service.trial.case import Case, Moment
from cds_service.trial.child_pugh import ChildPugh, reckon
from cds_service.trial.findings import Ask, Finding, Verdict
from cds_service.trial.guidance.care import Care, read_care
from cds_service.trial.guidance.steps import Step, next_steps
from cds_service.trial.judging import judge
from cds_service.trial.phase import Enrolment, Phase, read_enrolment
from cds_service.trial.protocol import Criterion, TrialProtocol
from fhir_profiles.record import PatientFacts, PatientRecord, QualityIssue, Source, SourceState


class Status(StrEnum):
    """The roll-up (rulebook section 4)."""

    NOT_APPLICABLE = "not-applicable"
    ENROLLED = "enrolled"
    FOLLOW_UP = "follow-up"
    INELIGIBLE = "ineligible"
    POTENTIALLY_ELIGIBLE = "potentially-eligible"
    ELIGIBLE_PENDING_CONFIRMATION = "eligible-pending-confirmation"


@dataclass(frozen=True, slots=True)
class Missing:
    """One thing that would settle open lines, and which."""

    ask: Ask
    criteria: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Assessment:
    """Everything that is said of one patient on one day."""

    trial: str
    protocol_version: str
    moment: Moment
    patient: str
    status: Status
    earliest_eligible: date | None
    findings: tuple[Finding, ...]
    missing: tuple[Missing, ...]
    child_pugh: ChildPugh
    phase: Phase | None
    steps: tuple[Step, ...]
    study_status: str | None
    sources: Mapping[Source, SourceState]
    quality: tuple[QualityIssue, ...]

    def finding(self, criterion: str) -> Finding:
        """The finding of one line."""
        return next(f for f in self.findings if f.id == criterion)


_FOLLOWED = (Phase.ENROLLED, Phase.FOLLOW_UP)


def assess(protocol: TrialProtocol, record: PatientRecord, moment: Moment) -> Assessment:
    """Judges one patient: the same record, protocol and moment give the same assessment, to the byte."""
    return assess_case(protocol, case_of(protocol, record, moment.day), moment)[0]


def assess_case(protocol: TrialProtocol, case: Case, moment: Moment) -> tuple[Assessment, Care | None]:
    """As `assess`, of the patient's case on the day of the moment, and the care of one who is treated or followed."""
    record = case.record
    findings = _judge_all(protocol.criteria, case)
    deceased = is_deceased(record.patient, moment)
    phase = None if deceased else case.enrolment.phase
    status = _roll_up(protocol, findings, case.enrolment, deceased=deceased)
    care = read_care(case, protocol.guidance, findings) if phase in _FOLLOWED else None
    assessment = Assessment(
        trial=protocol.id,
        protocol_version=protocol.version,
        moment=moment,
        patient=record.patient.reference,
        status=status,
        earliest_eligible=_earliest(findings) if status is Status.INELIGIBLE else None,
        findings=findings,
        missing=() if status in (Status.ENROLLED, Status.FOLLOW_UP) else _missing(findings),
        child_pugh=case.child_pugh,
        phase=phase,
        steps=next_steps(care) if care is not None else (),
        study_status=case.enrolment.part.status if case.enrolment.part else None,
        sources=record.sources,
        quality=record.quality,
    )
    return assessment, care


def case_of(protocol: TrialProtocol, record: PatientRecord, day: date) -> Case:
    """The case that statements, steps and rules are asked about."""
    measures = protocol.measures
    return Case(
        record=record,
        day=day,
        measures=measures,
        child_pugh=reckon(protocol.child_pugh, measures, record, day),
        enrolment=read_enrolment(protocol.enrolment, record.study_parts),
        recorded=_recorded(record),
    )


def _recorded(record: PatientRecord) -> frozenset[str] | None:
    if any(state is not SourceState.SUPPLIED for state in record.sources.values()):
        return None
    return frozenset().union(record.conditions, record.procedures, record.courses, record.allergies, record.results)


def _judge_all(criteria: tuple[Criterion, ...], case: Case) -> tuple[Finding, ...]:
    found: dict[str, Finding] = {}
    for criterion in criteria:
        found[criterion.id] = judge(criterion, case, found)
    return tuple(found.values())


def is_deceased(patient: PatientFacts, moment: Moment) -> bool:
    """Whether the patient has died by now; a death that may have come counts."""
    died = patient.deceased_when
    if patient.deceased or died is None:
        return patient.deceased
    return died.instant <= moment.as_of if died.instant is not None else died.days.first <= moment.day


def _roll_up(protocol: TrialProtocol, findings: tuple[Finding, ...], enrolment: Enrolment, *, deceased: bool) -> Status:
    verdicts = {f.id: f.verdict for f in findings}
    if deceased:
        return Status.NOT_APPLICABLE
    if enrolment.phase in (Phase.ENROLLED, Phase.FOLLOW_UP):
        return Status.ENROLLED if enrolment.phase is Phase.ENROLLED else Status.FOLLOW_UP
    if verdicts[protocol.population] is Verdict.VIOLATED:
        return Status.NOT_APPLICABLE
    if Verdict.VIOLATED in verdicts.values():
        return Status.INELIGIBLE
    if Verdict.UNKNOWN in verdicts.values():
        return Status.POTENTIALLY_ELIGIBLE
    return Status.ELIGIBLE_PENDING_CONFIRMATION


def _earliest(findings: tuple[Finding, ...]) -> date | None:
    """The first day on which no line is violated, all else unchanged; None when one does not lapse by time alone."""
    days = [f.lapses for f in findings if f.verdict is Verdict.VIOLATED]
    known = [day for day in days if day is not None]
    return max(known) if days and len(known) == len(days) else None


def _missing(findings: tuple[Finding, ...]) -> tuple[Missing, ...]:
    asks: dict[str, Ask] = {}
    lines: dict[str, list[str]] = {}
    for finding in findings:
        if finding.verdict is Verdict.UNKNOWN:
            for ask in finding.asks:
                asks.setdefault(ask.id, ask)
                lines.setdefault(ask.id, []).append(finding.id)
    return tuple(Missing(ask, tuple(lines[name])) for name, ask in asks.items())
