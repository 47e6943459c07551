"""What a line says of a patient of whom nothing that it looks at is on record: worked out once, with the protocol.

Most lines of most patients are such: they ask for diagnoses and procedures that few have.
"""

from dataclasses import replace
from datetime import date

from cds_service.trial.assessment import case_of
from cds_service.trial.case import Case
from cds_service.trial.judging import judge
from cds_service.trial.protocol import Criterion, TrialProtocol, Unrecorded
from fhir_profiles.record import PatientFacts, PatientRecord, Sex, Source, SourceState

_NOBODY = PatientRecord(
    patient=PatientFacts("", Sex.UNKNOWN, birth=None, birth_recorded=None, deceased=False, deceased_when=None),
    sources=dict.fromkeys(Source, SourceState.SUPPLIED),
    conditions={},
    procedures={},
    courses={},
    allergies={},
    results={},
)


def with_unrecorded(protocol: TrialProtocol) -> TrialProtocol:
    """The protocol with what each line that rests on facts alone says where none is on record."""
    case = case_of(protocol, _NOBODY, date.min)
    return replace(protocol, criteria=tuple(_with_unrecorded(criterion, case) for criterion in protocol.criteria))


def _with_unrecorded(criterion: Criterion, case: Case) -> Criterion:
    statements = [clause.statement for clause in criterion.clauses]
    if criterion.verdict_of is not None or not all(statement.by_facts for statement in statements):
        return criterion
    value_sets = frozenset(name for statement in statements for name in statement.value_sets)
    return replace(criterion, unrecorded=Unrecorded(value_sets, judge(criterion, case, {})))
