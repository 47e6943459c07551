"""Reads the prefetch of a CDS Hooks request: which key tells what of which source (contract 4.1)."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

import msgspec

from fhir_profiles.reading.decoding import Decoded, UnreadableBody, decode_value, flatten
from fhir_profiles.reading.frames import SEARCHSET, failed
from fhir_profiles.reading.search_addresses import asks_for, kind_asked_for
from fhir_profiles.reading.sources import SOURCES_OF_TYPE
from fhir_profiles.record import QualityIssue, Source, SourceState
from fhir_profiles.resources import AnyResource, Entry, OperationOutcome

SOURCE_OF_KEY: Mapping[str, Source] = {
    "patient": Source.PATIENT,
    "conditions": Source.CONDITIONS,
    "observations": Source.OBSERVATIONS,
    "procedures": Source.PROCEDURES,
    "medicationRequests": Source.MEDICATIONS,
    "allergies": Source.ALLERGIES,
    "diagnosticReports": Source.IMAGING,
    "serviceRequests": Source.ORDERS,
    "researchSubjects": Source.RESEARCH_SUBJECTS,
    "encounters": Source.ENCOUNTERS,
}
# These add evidence to a source: their absence is no gap, their failure is one.
ADDS_TO: Mapping[str, Source] = {
    "medicationStatements": Source.MEDICATIONS,
    "medicationAdministrations": Source.MEDICATIONS,
}
# What an EHR sends that takes one category a query, in place of the key that asks for all of them.
PARTS_OF_KEY: Mapping[str, tuple[str, ...]] = {
    "observations": (
        "observationsLaboratory",
        "observationsVitalSigns",
        "observationsSurvey",
        "observationsExam",
        "observationsSocialHistory",
        "observationsImaging",
    ),
}
# Of every key but the patient's: the resource type that its search is for.
KIND_OF_KEY: Mapping[str, str] = {
    "conditions": "Condition",
    "observations": "Observation",
    **dict.fromkeys(PARTS_OF_KEY["observations"], "Observation"),
    "procedures": "Procedure",
    "medicationRequests": "MedicationRequest",
    "medicationStatements": "MedicationStatement",
    "medicationAdministrations": "MedicationAdministration",
    "allergies": "AllergyIntolerance",
    "diagnosticReports": "DiagnosticReport",
    "serviceRequests": "ServiceRequest",
    "researchSubjects": "ResearchSubject",
    "encounters": "Encounter",
}

Given = msgspec.Raw | AnyResource | None
"""What a key holds: JSON that is still to be decoded, or what was decoded of it (None: null)."""
_NULL = msgspec.Raw(b"null")


def decode_prefetch(prefetch: Mapping[str, Given], patient: str | None) -> Decoded:
    """The resources of all keys, and the state of every source: what no key answers was not supplied.

    `patient`: the id of the patient whose chart is open; None where nobody says.
    """
    return join_answers(decode_answers(prefetch, patient))


def decode_answers(prefetch: Mapping[str, Given], patient: str | None) -> Mapping[str, Decoded | None]:
    """What each key holds. A key that was sent in parts is whole when every part answers, and absent otherwise."""
    answers = {key: decode_answer(key, given, patient) for key, given in prefetch.items()}
    for key, parts in PARTS_OF_KEY.items():
        given = [answer for part in parts if (answer := answers.get(part)) is not None]
        if answers.get(key) is None and len(given) == len(parts):
            answers = {name: answer for name, answer in answers.items() if name not in parts} | {key: _joined(given)}
    return answers


def _joined(parts: Collection[Decoded]) -> Decoded:
    """The parts as one answer; a result of several categories stands in several of them, and is there once."""
    known: dict[str, object] = {}
    received = []
    for entry in (entry for part in parts for entry in part.received):
        name = getattr(entry.resource, "id", None)
        if name is None or known.get(name) != entry.resource:
            received.append(entry)
        if name is not None:
            known[name] = entry.resource
    issues = (issue for part in parts for issue in part.issues)
    return Decoded(tuple(received), tuple(issues), tuple(state for part in parts for state in part.states))


def join_answers(answers: Mapping[str, Decoded | None], in_part: Collection[str] = ()) -> Decoded:
    """The answers of all keys as one, None where a key answers nothing; `in_part`: keys not read to their end."""
    states: dict[Source, SourceState] = dict.fromkeys(Source, SourceState.NOT_SUPPLIED)
    noted: list[tuple[Source, SourceState]] = []
    received: list[Entry] = []
    issues: list[QualityIssue] = []
    for key, decoded in answers.items():
        source, adds = SOURCE_OF_KEY.get(key), ADDS_TO.get(key)
        if decoded is None:
            noted += [(adds, SourceState.IN_PART)] if adds else []
            continue
        received += decoded.received
        issues += decoded.issues
        own = source or adds
        noted += [(own, SourceState.IN_PART)] if own and (decoded.states or key in in_part) else decoded.states
        if source is not None:
            states[source] = SourceState.SUPPLIED
        elif adds is None:
            noted += _in_part(decoded)
    return Decoded(tuple(received), tuple(issues), (*_worst(states, noted),))


def _in_part(decoded: Decoded) -> Iterator[tuple[Source, SourceState]]:
    """A key that is not one of ours shows some of a source, and never all of it."""
    kinds = {type(r.resource).__name__ for r in decoded.received}
    for source in sorted({s for kind in kinds for s in SOURCES_OF_TYPE.get(kind, ())}):
        yield source, SourceState.IN_PART


def _worst(
    states: Mapping[Source, SourceState], noted: list[tuple[Source, SourceState]]
) -> Iterator[tuple[Source, SourceState]]:
    for source, state in states.items():
        lowered = {noted_state for noted_source, noted_state in noted if noted_source is source}
        if state is SourceState.SUPPLIED and lowered:
            yield source, min(lowered, key=_RANK.__getitem__)
        elif state is SourceState.NOT_SUPPLIED and SourceState.IN_PART in lowered:
            yield source, SourceState.IN_PART
        else:
            yield source, state


_RANK = {SourceState.NOT_SUPPLIED: 0, SourceState.IN_PART: 1, SourceState.SUPPLIED: 2}


def decode_answer(key: str, given: Given, patient: str | None) -> Decoded | None:
    """What one key holds; None when it answers nothing: a failed search, or another than the key's for this patient."""
    if given is None or given == _NULL:
        return Decoded(())
    try:
        decoded = decode_value(given) if isinstance(given, msgspec.Raw) else flatten(given)
    except UnreadableBody:
        return None
    if any(failed(outcome) for outcome in decoded.of_kind(OperationOutcome)):
        return None
    if SourceState.NOT_SUPPLIED in (state for _, state in decoded.states):
        return None
    if decoded.search is not None and not asks_for(patient, decoded.search):
        return None
    kind = KIND_OF_KEY.get(key)
    return decoded if kind is None else _answering(decoded, kind)


def _answering(decoded: Decoded, kind: str) -> Decoded | None:
    """What answers a search for resources of this kind, in part where matches are missing; None for what is none."""
    frame, holds = decoded.frame, any(type(r.resource).__name__ == kind for r in decoded.received)
    if kind_asked_for(decoded.search or "") not in (None, kind):
        return None
    if frame is None:
        return decoded if holds else None
    if frame.type == SEARCHSET:
        lacking = frame.lacking or bool(frame.matches and not holds)
    elif frame.type in _LOOSE and (holds or not frame.entries or _lost_some(decoded, kind)):
        lacking = frame.lacking
    else:
        return None
    gaps = [(source, SourceState.IN_PART) for source in sorted(SOURCES_OF_TYPE[kind])] if lacking else []
    return replace(decoded, states=(*decoded.states, *gaps))


_LOOSE = frozenset({"", "collection"})
"""Types of Bundles in which EHRs send what a search found, and which do not say that they are the result of one."""


def _lost_some(decoded: Decoded, kind: str) -> bool:
    """Whether resources of this kind were there that could not be read."""
    return not SOURCES_OF_TYPE[kind].isdisjoint(source for source, _ in decoded.states)
