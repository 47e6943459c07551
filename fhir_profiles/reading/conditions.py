"""Reads diagnoses, procedures and allergies (rulebook section 3 "Status" and "Dates")."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from fhir_profiles.dates import UNDATED, DateInterval, add_days, add_months, end_after, read_when
from fhir_profiles.elements import CodeableConcept, Quantity
from fhir_profiles.reading.context import NO_SETS, Belongs, Reading, end_of, in_doubt, label_of, start_of
from fhir_profiles.record import Activity, AllergyFact, ConditionFact, Doubt, ProcedureFact
from fhir_profiles.resources import AllergyIntolerance, Condition, Procedure

_NOT_A_CONDITION = frozenset({"refuted", "entered-in-error"})
_PRESENT = frozenset({"active", "recurrence", "relapse"})
_PAST = frozenset({"inactive", "remission", "resolved"})
_CONFIRMED = frozenset({"confirmed"})
_DONE = frozenset({"completed", "in-progress"})
_PAST_ALLERGY = frozenset({"inactive", "resolved"})


class _Statuses(NamedTuple):
    """One code system of HL7, and the codes of it that we know: the same code of another system says nothing."""

    system: str
    codes: frozenset[str]


_HL7 = "http://terminology.hl7.org/CodeSystem"
_CLINICAL = _Statuses(f"{_HL7}/condition-clinical", _PRESENT | _PAST)
_VERIFICATION = _Statuses(
    f"{_HL7}/condition-ver-status",
    _NOT_A_CONDITION | _CONFIRMED | {"unconfirmed", "provisional", "differential"},
)
_ALLERGY_CLINICAL = _Statuses(f"{_HL7}/allergyintolerance-clinical", _PAST_ALLERGY | {"active"})
_ALLERGY_VERIFICATION = _Statuses(
    f"{_HL7}/allergyintolerance-verification", _NOT_A_CONDITION | _CONFIRMED | {"unconfirmed"}
)
_MONTHS_IN = {
    **dict.fromkeys(("a", "yr", "yrs", "y", "year", "years", "Years"), 12),
    **dict.fromkeys(("mo", "month", "months"), 1),
}


def _says(status: CodeableConcept | None, *, only: frozenset[str], of: _Statuses) -> bool:
    """Whether there is a status that says this and nothing against it: of the codes that we know, `only` such."""
    if status is None:
        return False
    system, known = of
    said = False
    for coding in status.coding:
        if coding.code in known and coding.system == system:
            if coding.code not in only:
                return False
            said = True
    return said


def read_condition(reading: Reading, condition: Condition) -> ConditionFact | None:
    """The diagnosis as a fact; None when its status takes it out of the record or no criterion knows it."""
    verified = condition.verificationStatus
    if _says(verified, only=_NOT_A_CONDITION, of=_VERIFICATION):
        return None
    sets, maybe = reading.classify_one(condition.code)
    if not sets and not maybe:
        reading.require_name(Condition, condition.id, condition.code)
        return None
    if verified is not None and not _says(verified, only=_CONFIRMED, of=_VERIFICATION):
        sets, maybe = in_doubt((sets, maybe), Doubt.UNCONFIRMED)
    return _condition_fact(reading, condition, sets, maybe)


def _condition_fact(
    reading: Reading, condition: Condition, sets: frozenset[str], maybe: Mapping[str, Doubt]
) -> ConditionFact:
    reference = f"Condition/{condition.id}"
    onset = reading.days(reference, condition.onsetDateTime, start_of(condition.onsetPeriod))
    if condition.onsetAge is not None and onset == UNDATED:
        onset = _at_age(reading, condition.onsetAge)
    recorded = condition.onsetDateTime is not None or onset != UNDATED
    end = _end_of_condition(reading, condition, reference, onset)
    return ConditionFact(
        reference=reference,
        label=label_of(condition.code),
        sets=sets,
        maybe_sets=maybe,
        subject_known=reading.belongs(condition.subject) is Belongs.OURS,
        activity=_activity(condition, end),
        dated=onset if recorded else reading.days(reference, condition.recordedDate),
        onset=onset,
        end=end,
        sites=_sites(reading, condition) if condition.bodySite else NO_SETS,
        has_site=any(site.coding or site.text for site in condition.bodySite),
    )


def _sites(reading: Reading, condition: Condition) -> frozenset[str]:
    membership_of = reading.vocabulary.terminology.membership_of
    return frozenset().union(*(membership_of(site).certain for site in condition.bodySite))


def _end_of_condition(
    reading: Reading, condition: Condition, reference: str, onset: DateInterval
) -> DateInterval | None:
    if condition.abatementDateTime or end_of(condition.abatementPeriod):
        end = reading.days(reference, condition.abatementDateTime, end_of(condition.abatementPeriod))
    elif condition.abatementAge is not None:
        end = _at_age(reading, condition.abatementAge)
    else:
        return None
    return end_after(onset, end)


def _activity(condition: Condition, end: DateInterval | None) -> Activity:
    status = condition.clinicalStatus
    if _says(status, only=_PAST, of=_CLINICAL):
        return Activity.INACTIVE
    if end is not None or (status is not None and not _says(status, only=_PRESENT, of=_CLINICAL)):
        return Activity.UNCLEAR
    return Activity.ACTIVE


def _at_age(reading: Reading, age: Quantity) -> DateInterval:
    """The days on which the patient had this age (rulebook section 3 "Dates": onsetAge from birthDate)."""
    months = _MONTHS_IN.get(age.code or age.unit or "")
    born = read_when(reading.patient.birthDate, reading.zone)
    if months is None or age.value is None or age.comparator or born is None or not _is_plain_age(age.value):
        return UNDATED
    years = int(age.value)
    first = add_months(born.days.first, years * months)
    return DateInterval(first, add_days(add_months(born.days.last, (years + 1) * months), -1))


def _is_plain_age(value: Decimal) -> bool:
    return value.is_finite() and 0 <= value < 2000  # noqa: PLR2004 - in months at most; beyond it is no age


def read_procedure(reading: Reading, procedure: Procedure) -> ProcedureFact | None:
    """The procedure as a fact; None when it was not done or no criterion knows it."""
    if procedure.status is not None and procedure.status not in _DONE:
        return None
    sets, maybe = reading.classify_one(procedure.code)
    if not sets and not maybe:
        reading.require_name(Procedure, procedure.id, procedure.code)
        return None
    sets, maybe = _chemoembolisation(reading, procedure, sets, maybe)
    if procedure.status is None:
        sets, maybe = in_doubt((sets, maybe), Doubt.UNSTATED)
    reference = f"Procedure/{procedure.id}"
    return ProcedureFact(
        reference=reference,
        label=label_of(procedure.code),
        sets=sets,
        maybe_sets=maybe,
        subject_known=reading.belongs(procedure.subject) is Belongs.OURS,
        dated=_performed(reading, procedure, reference),
        completed=procedure.status == "completed",
    )


def _performed(reading: Reading, procedure: Procedure, reference: str) -> DateInterval:
    start, end = start_of(procedure.performedPeriod), end_of(procedure.performedPeriod)
    under_way = procedure.status == "in-progress" or end is None
    if procedure.performedDateTime is None and start is not None and under_way:
        # what has begun and is not known to have ended may end on any day from its start on
        last = reading.days(reference, end).last if end is not None else date.max
        return DateInterval(reading.days(reference, start).first, last)
    if procedure.performedDateTime is None and start is not None and end is not None:
        return end_after(reading.days(reference, start), reading.days(reference, end))
    return reading.days(reference, procedure.performedDateTime or end)


def _chemoembolisation(
    reading: Reading, procedure: Procedure, sets: frozenset[str], maybe: Mapping[str, Doubt]
) -> tuple[frozenset[str], Mapping[str, Doubt]]:
    """A code billed for several embolisations is TACE beside another TACE code or a text that says so."""
    if "tace" in sets and "hepatic-local-therapy" in maybe:
        return sets, {name: doubt for name, doubt in maybe.items() if name != "hepatic-local-therapy"}
    billed = maybe.get("tace") is Doubt.UNVERIFIED_CODE and "tace" in reading.mentions_in(procedure.code)
    if not billed:
        return sets, maybe
    rest = {name: doubt for name, doubt in maybe.items() if name not in ("tace", "hepatic-local-therapy")}
    return sets | {"tace"}, rest


def read_allergy(reading: Reading, allergy: AllergyIntolerance) -> AllergyFact | None:
    """The allergy as a fact; None when it is past, refuted, or to something that does not matter here."""
    if _says(allergy.verificationStatus, only=_NOT_A_CONDITION, of=_ALLERGY_VERIFICATION):
        return None
    if _says(allergy.clinicalStatus, only=_PAST_ALLERGY, of=_ALLERGY_CLINICAL):
        return None
    concepts = (allergy.code, *(reaction.substance for reaction in allergy.reaction))
    sets, maybe = reading.classify(concepts)
    if not sets and not maybe:
        reading.require_name(AllergyIntolerance, allergy.id, *concepts)
        return None
    return AllergyFact(
        reference=f"AllergyIntolerance/{allergy.id}",
        label=label_of(*concepts),
        sets=sets,
        maybe_sets=maybe,
        subject_known=reading.belongs(allergy.patient) is Belongs.OURS,
    )
