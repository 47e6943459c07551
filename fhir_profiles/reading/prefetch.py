"""Reads the prefetch of a CDS Hooks request: which key tells what of which source (contract 4.1)."""

from collections.abc import Collection, Iterator, Mapping

import msgspec

from fhir_profiles.reading.decoding import (
    Decoded,
    UnreadableBody,
    decode_value,
    failed,
)
from fhir_profiles.reading.sources import SOURCES_OF_TYPE
from fhir_profiles.record import QualityIssue, Source, SourceState
from fhir_profiles.resources import Entry, OperationOutcome

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
WHOSE = frozenset({"patient", "subject", "individual"})
"""Search parameters that say whose records are asked for."""


_NULL = msgspec.Raw(b"null")


def decode_prefetch(prefetch: Mapping[str, msgspec.Raw]) -> Decoded:
    """The resources of all keys, and the state of every source: what no key answers was not supplied."""
    return join_answers(decode_answers(prefetch))


def decode_answers(prefetch: Mapping[str, msgspec.Raw]) -> Mapping[str, Decoded | None]:
    """What each key holds. A key that was sent in parts is whole when every part answers, and absent otherwise."""
    answers = {key: decode_answer(raw) for key, raw in prefetch.items()}
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


def decode_answer(raw: msgspec.Raw) -> Decoded | None:
    """What one key holds; None when it answers nothing: a failed search, or one that was not about this patient."""
    if raw == _NULL:
        return Decoded(())
    try:
        decoded = decode_value(raw)
    except UnreadableBody:
        return None
    if any(failed(r.resource) for r in decoded.received if type(r.resource) is OperationOutcome):
        return None
    if SourceState.NOT_SUPPLIED in (state for _, state in decoded.states):
        return None
    return None if _lost_the_patient(decoded.search) else decoded


def _lost_the_patient(search: str | None) -> bool:
    """Whether a searchset's own link shows that the server ignored whose data were asked for."""
    if search is None:
        return False
    terms = search.partition("?")[2].replace("%3A", ":").replace("%3a", ":").split("&")
    asked = {term.partition("=")[0].partition(":")[0].partition(".")[0] for term in terms}
    return not asked & WHOSE
