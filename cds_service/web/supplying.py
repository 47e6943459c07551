"""What a call brings or lets us fetch about its patient: enough to judge, or the error that says what lacks."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from cds_service.web.authorization import read_authorization
from cds_service.web.discovery import KEY_OF_SOURCE, REQUIRED
from cds_service.web.fetching import Fetcher, Wanted
from cds_service.web.hook_requests import HookRequest
from cds_service.web.problems import Problem, bad_request, missing_prefetch
from fhir_profiles.reading.decoding import Decoded
from fhir_profiles.reading.prefetch import decode_answers, join_answers
from fhir_profiles.record import Source, SourceState
from fhir_profiles.resources import Patient

Answers = Mapping[str, Decoded | None]


class Caller(NamedTuple):
    """Who calls and when: the origins that may be fetched from for it, the instant of arrival, the trace id."""

    origins: tuple[str, ...]
    begun: float
    trace: str


class Supplied(NamedTuple):
    """The data of one patient, and the JSON of what was fetched of them."""

    decoded: Decoded
    fetched: tuple[bytes, ...]


def supply(request: HookRequest, caller: Caller, fetcher: Fetcher, entries: int) -> Supplied:
    """The prefetch, and from the EHR's server what it lacks.

    Raises Problem: 400 for another patient's record or token, 412 without the needed sources, 413 for more than
    `entries` resources.
    """
    authorization = read_authorization(request.fhir_authorization)
    if authorization.patient not in (None, request.patient):
        raise bad_request("fhirAuthorization.patient", "differs from context.patientId")
    answers = _read(request, entries)
    wanted = Wanted(request.patient, request.fhir_server, authorization.access, *caller)
    fetched = fetcher.fetch(wanted, request.unread, answers)
    answers = {**answers, **fetched.answers}
    decoded = join_answers(answers, fetched.in_part)
    absent = tuple(_absent(answers, decoded))
    if absent:
        raise missing_prefetch(absent)
    return Supplied(decoded, fetched.bodies)


def _read(request: HookRequest, entries: int) -> Answers:
    """The prefetched answers, all of them about the patient of the call."""
    try:
        answers = decode_answers(request.prefetch, request.patient)
    except RecursionError:
        raise bad_request("prefetch", "the JSON is nested too deeply") from None
    if sum(len(answer.received) for answer in answers.values() if answer) > entries:
        raise Problem(413, "too-long", f"prefetch: more than {entries} resources", "prefetch")
    if any(patient.id != request.patient for patient in _patients(answers)):
        raise bad_request("prefetch.patient", "its id differs from context.patientId")
    return answers


def _patients(answers: Answers) -> Iterator[Patient]:
    return (patient for answer in answers.values() if answer for patient in answer.of_kind(Patient))


def _absent(answers: Answers, decoded: Decoded) -> Iterator[str]:
    """The needed keys that were neither sent nor fetched."""
    states = dict(decoded.states)
    for source in REQUIRED:
        key = KEY_OF_SOURCE[source]
        nobody = source is Source.PATIENT and not any(_patients(answers))
        if key not in answers or states[source] is SourceState.NOT_SUPPLIED or nobody:
            yield key
