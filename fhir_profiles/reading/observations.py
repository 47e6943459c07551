"""Reads results, scores and findings (rulebook section 3 "Numbers" and "Which result").

A panel's components are results of their own codes; members are Observations and are read as such.
"""

from decimal import Decimal, InvalidOperation

import msgspec

from fhir_profiles.dates import NEVER_DATED, When, span_of
from fhir_profiles.elements import CodeableConcept, Measure, Measurement
from fhir_profiles.intervals import is_measurement, read_interval
from fhir_profiles.reading.context import NO_SETS, NOTHING, Belongs, Classified, Reading, end_of, in_doubt, label_of
from fhir_profiles.reading.limits import read_limits
from fhir_profiles.record import Coded, Doubt, Flag, Number, Result, Unreadable, Value, Words
from fhir_profiles.resources import Observation

_COUNTS = frozenset({"final", "amended", "corrected"})
_PENDING = frozenset({"preliminary", "registered"})
_UCUM = "http://unitsofmeasure.org"


def read_observation(reading: Reading, observation: Observation) -> tuple[Result, ...]:
    """Every result that an Observation holds, of any code that a criterion knows."""
    if observation.status is not None and observation.status not in _COUNTS and observation.status not in _PENDING:
        return ()
    own = _classified(reading, observation, observation.code)
    parts = _parts(reading, observation) if observation.component else ()
    held: list[tuple[Observation | Measurement, Classified]] = [part for part in parts if part[1] is not NOTHING]
    if own is NOTHING and not held:
        _require_name(reading, observation)
        return ()
    reference = f"Observation/{observation.id}"
    if observation.status in _PENDING:
        reading.note(reference, "pending")
        return ()
    when = _when(reading, observation, reference)
    if when is NEVER_DATED:
        reading.note(reference, "undated")
    if own is not NOTHING and (measured := _measured(reading, observation, own, parts)) is not None:
        held.insert(0, (measured, own))
    return tuple([_result(reading, observation, measured, sets, when) for measured, sets in held])


def _require_name(reading: Reading, observation: Observation) -> None:
    code = observation.code
    if code is None or not (code.text or (code.coding and code.coding[0].code)):
        reading.require_name(Observation, observation.id, code, *(part.code for part in observation.component))


_Parts = tuple[tuple[Measurement, Classified], ...]


def _parts(reading: Reading, observation: Observation) -> _Parts:
    return tuple((component, _classified(reading, observation, component.code)) for component in observation.component)


def _classified(reading: Reading, observation: Observation, code: CodeableConcept | None) -> Classified:
    """The sets of a code; none for certain where nobody says whether the result is final or a mistake."""
    known = reading.classify_one(code)
    return known if observation.status is not None else in_doubt(known, Doubt.UNSTATED)


def _measured(reading: Reading, observation: Observation, own: Classified, parts: _Parts) -> Observation | None:
    """Where the value of the Observation's own code stands: in itself, or in the one member that has it.

    None for a panel whose parts are results of their own; one of which nothing is read has no value, and says so.
    """
    if not (observation.component or observation.hasMember) or _values(observation):
        return observation
    members = [m for m in map(reading.member, observation.hasMember) if m is not None]
    known = [sets for _, sets in parts] + [reading.classify_one(member.code) for member in members]
    named = own[0] | own[1].keys()
    if any(named & (sets[0] | sets[1].keys()) for sets in known) or _is_panel(named, known):
        return None
    valued = [member for member in members if _values(member)]
    return valued[0] if len(valued) == 1 else observation


def _is_panel(named: frozenset[str] | set[str], known: list[Classified]) -> bool:
    """Whether the code is that of a panel (blood pressure) and the parts are results that we know."""
    return "blood-pressure" in named and any(sets is not NOTHING for sets in known)


def _when(reading: Reading, observation: Observation, reference: str) -> When:
    return reading.when(
        reference,
        observation.effectiveDateTime or observation.effectiveInstant or end_of(observation.effectivePeriod),
        observation.issued,
    )


def _result(
    reading: Reading, observation: Observation, measured: Observation | Measurement, sets: Classified, when: When
) -> Result:
    site, focus = observation.bodySite, observation.focus
    return Result(
        reference=f"Observation/{observation.id}",
        label=label_of(measured.code),
        sets=sets[0],
        maybe_sets=sets[1],
        subject_known=reading.belongs(observation.subject) is Belongs.OURS,
        when=when,
        span=span_of(when, reading.zone),
        issued=observation.issued,
        value=read_value(reading, measured),
        limits=read_limits(reading, measured, when) if measured.referenceRange else (),
        sites=reading.vocabulary.terminology.membership_of(site).certain if site is not None else NO_SETS,
        focus=tuple(one.reference for one in focus if one.reference) if focus else (),
    )


def _values(measured: Observation | Measurement) -> list[object]:
    values = (
        measured.valueQuantity,
        measured.valueCodeableConcept,
        measured.valueString,
        measured.valueBoolean,
        measured.valueInteger,
        measured.dataAbsentReason,
    )
    return [value for value in values if value is not None]


def read_value(reading: Reading, measured: Observation | Measurement) -> Value:  # noqa: PLR0911 - one return a type
    """The one value, as it can be read; a missing, contradictory or malformed one is unreadable."""
    values = _values(measured)
    if measured.dataAbsentReason is not None or not values:
        return Unreadable("no-value")
    if len(values) > 1:
        return Unreadable("several-values")
    value = values[0]
    if isinstance(value, Measure):
        return _read_quantity(reading, value)
    if isinstance(value, CodeableConcept):
        return _read_answer(reading, value)
    if isinstance(value, bool):
        return Flag(value)
    if isinstance(value, int | float):
        return _read_number(Decimal(str(value)), None, None)
    return Words(str(value), reading.mentioned(str(value)))


def _read_quantity(reading: Reading, quantity: Measure) -> Value:
    """The number of a quantity; a string in its place is words, which count where a score may be told in words."""
    given = bytes(quantity.given).decode()
    if not given or given == "null":
        return Unreadable("no-value")
    if given.startswith('"'):
        words = msgspec.json.decode(given, type=str)
        return Unreadable("not-a-measurement") if quantity.comparator else Words(words, reading.mentioned(words))
    try:
        value = Decimal(given)
    except InvalidOperation:
        return Unreadable("not-a-measurement")
    coded = quantity.code if quantity.system in (None, _UCUM) else None
    return _read_number(value, quantity.comparator, coded or quantity.unit, quantity.unit)


def _read_number(value: Decimal, comparator: str | None, unit: str | None, shown: str | None = None) -> Value:
    if not is_measurement(value):
        return Unreadable("not-a-measurement")
    interval = read_interval(value, comparator)
    if interval is None:
        return Unreadable("unknown-comparator")
    return Number(interval, unit, value, comparator, shown or unit)


def _read_answer(reading: Reading, answer: CodeableConcept) -> Coded:
    terminology = reading.vocabulary.terminology
    ordinals = {o for o in map(terminology.ordinal, answer.coding) if o is not None}
    return Coded(
        answers=terminology.membership_of(answer).certain,
        ordinal=ordinals.pop() if len(ordinals) == 1 else None,
        recorded=label_of(answer),
        mentions=reading.mentions_in(answer),
        code=next((c.code for c in answer.coding if c.code and terminology.membership(c).certain), ""),
    )
