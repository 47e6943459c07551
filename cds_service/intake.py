"""Reads what `assess` is given: Bundles, folders, NDJSON, standard input; one patient at a time (contract 4.3)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, NamedTuple

import msgspec

from cds_service.errors import BadInputError
from fhir_profiles.addresses import without_version
from fhir_profiles.elements import Subject
from fhir_profiles.reading.decoding import Decoded, UnreadableBody, decode_body, held_to_its_count
from fhir_profiles.reading.prefetch import decode_prefetch
from fhir_profiles.reading.sources import SOURCES_OF_TYPE
from fhir_profiles.record import QualityIssue, Source, SourceState
from fhir_profiles.resources import Entry, Medication, Patient, ResearchStudy


class Chart(NamedTuple):
    """One patient's data, or why it cannot be read; `name` says where it came from."""

    name: str
    decoded: Decoded | None
    problem: str = ""


class _Probe(msgspec.Struct):
    """What of an unreadable line still says whose and of what kind it is."""

    resourceType: str | None = None
    id: str | None = None
    subject: Subject | None = None
    patient: Subject | None = None


class _HookRequest(msgspec.Struct):
    """A CDS Hooks request, as an EHR posts it."""

    hook: str
    context: msgspec.Raw = msgspec.Raw()
    prefetch: dict[str, msgspec.Raw] | None = None


class _HookContext(msgspec.Struct):
    """Whose chart is open."""

    patientId: str


@dataclass(slots=True)
class _Export:
    """The lines of an export, sorted to patients."""

    patients: dict[str, Entry] = field(default_factory=dict)
    by_patient: dict[str, list[Entry]] = field(default_factory=dict)
    shared: list[Entry] = field(default_factory=list)
    unreadable_patients: list[str] = field(default_factory=list)
    issues: dict[str | None, list[QualityIssue]] = field(default_factory=dict)
    states: dict[str | None, list[tuple[Source, SourceState]]] = field(default_factory=dict)


def read_charts(inputs: Iterable[str], standard_input: BinaryIO) -> Iterator[Chart]:
    """The patients of files, folders and `-`, in the order given. Raises BadInputError for a path that is not there."""
    for name in inputs:
        if name == "-":
            yield from _read_bytes("-", standard_input.read())
        elif not Path(name).exists():
            raise BadInputError(f"{name}: there is no such file or folder")
        elif Path(name).is_dir():
            yield from _read_folder(Path(name))
        else:
            yield from _read_bytes(name, bytes_of(Path(name)))


def bytes_of(file: Path) -> bytes:
    """What a file holds. Raises BadInputError where it cannot be read."""
    try:
        return file.read_bytes()
    except OSError as error:
        raise BadInputError(f"{file}: cannot be read: {error.strerror}") from None


def _read_bytes(name: str, body: bytes) -> Iterator[Chart]:
    if name.endswith(".ndjson") or _has_several_documents(body):
        yield from _sorted_to_patients(name, [(name, body.splitlines())])
        return
    try:
        request = _hook_request(body)
        yield Chart(name, held_to_its_count(decode_body(body))) if request is None else _called_for(name, request)
    except UnreadableBody as error:
        yield Chart(name, None, str(error))


def _hook_request(body: bytes) -> _HookRequest | None:
    """The CDS Hooks request that a body is; None for anything else."""
    try:
        return msgspec.json.decode(body, type=_HookRequest)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _called_for(name: str, request: _HookRequest) -> Chart:
    """What a hook request brings of the patient whose chart is open."""
    prefetch, patient = request.prefetch or {}, _open_chart(request)
    given = decode_prefetch({key: raw for key, raw in prefetch.items() if key == "patient"}, None)
    patients = {r.resource.id for r in given.received if isinstance(r.resource, Patient)}
    if patient is not None and patients - {patient}:
        return Chart(name, None, "prefetch.patient: its id differs from context.patientId")
    return Chart(name, decode_prefetch(prefetch, patient or next(iter(patients), None)))


def _open_chart(request: _HookRequest) -> str | None:
    try:
        return msgspec.json.decode(request.context, type=_HookContext).patientId.removeprefix("Patient/")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _has_several_documents(body: bytes) -> bool:
    """Whether a body is one JSON document a line."""
    lines = [line for line in body.split(b"\n", 2)[:2] if line.strip()]
    return len(lines) > 1 and all(_is_document(line) for line in lines)


def _is_document(line: bytes) -> bool:
    try:
        msgspec.json.decode(line, type=_Probe)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True


def files_of(folder: Path) -> list[Path]:
    """The files of a folder that hold records, by name."""
    return sorted(file for file in folder.iterdir() if file.suffix in (".json", ".ndjson") and file.is_file())


def _read_folder(folder: Path) -> Iterator[Chart]:
    """Bundles one by one; single resources and NDJSON together, sorted to their patients."""
    files = files_of(folder)
    if not files:
        raise BadInputError(f"{folder}: the folder holds no .json and no .ndjson file")
    lines: list[tuple[str, list[bytes]]] = []
    for file in files:
        body = bytes_of(file)
        if file.suffix == ".ndjson":
            lines.append((file.name, body.splitlines()))
        elif _kind(body) == "Bundle" or (_kind(body) is None and _type_in(file.name) is None):
            yield from _read_bytes(str(file), body)
        else:
            lines.append((file.name, [body]))
    if lines:
        yield from _sorted_to_patients(str(folder), lines)


def _kind(body: bytes) -> str | None:
    try:
        return msgspec.json.decode(body, type=_Probe).resourceType
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _sorted_to_patients(name: str, files: Iterable[tuple[str, list[bytes]]]) -> Iterator[Chart]:
    export = _Export()
    for file, lines in files:
        # a file of readable lines of which none is FHIR is no part of the export (its log, say)
        if any(_kind(line) for line in lines) or not all(_is_document(line) for line in lines if line.strip()):
            for number, line in enumerate(lines, 1):
                if line.strip():
                    _take(export, f"{file}:{number}", line)
    for place in export.unreadable_patients:
        yield Chart(place, None, "a Patient that cannot be read")
    if not export.patients and not export.unreadable_patients:
        yield Chart(name, None, "no Patient: records of patients were expected")
    for patient in sorted(export.patients):
        yield Chart(f"{name}#{patient}", _of_patient(export, patient))


def _take(export: _Export, place: str, line: bytes) -> None:
    try:
        decoded = held_to_its_count(decode_body(line))
    except UnreadableBody:
        _take_unreadable(export, place, line)
        return
    for received in decoded.received:
        _put(export, received)
    if decoded.issues or decoded.states:
        whose = _whose(line)
        if _kind(line) == "Patient":
            export.unreadable_patients.append(place)
        export.issues.setdefault(whose, []).extend(decoded.issues)
        export.states.setdefault(whose, []).extend(decoded.states)


def _take_unreadable(export: _Export, place: str, line: bytes) -> None:
    """A line that cannot be read may be anything of anybody, unless it or its file says what kind it is."""
    kind = _kind(line)
    if kind is not None and kind not in SOURCES_OF_TYPE:
        export.issues.setdefault(None, []).append(QualityIssue(place, "unknown-type"))
        return
    named = kind or _type_in(place)
    sources = SOURCES_OF_TYPE[named] if named else frozenset(Source)
    export.issues.setdefault(None, []).append(QualityIssue(place, "unreadable-entry"))
    export.states.setdefault(None, []).extend((source, SourceState.IN_PART) for source in sorted(sources))


def _type_in(file: str) -> str | None:
    """The resource type that an export's file is named after."""
    stem = Path(file).name.partition(".")[0].lower()
    return next((name for name in SOURCES_OF_TYPE if name.lower() == stem), None)


def _put(export: _Export, received: Entry) -> None:
    resource = received.resource
    if isinstance(resource, Patient):
        export.patients[str(resource.id)] = received
    elif isinstance(resource, (Medication, ResearchStudy)):
        export.shared.append(received)
    else:
        owner = next((r for name in ("subject", "patient", "individual") if (r := getattr(resource, name, None))), None)
        whose = _id_in(owner)
        if whose is not None:
            export.by_patient.setdefault(whose, []).append(received)
        elif type(resource).__name__ in SOURCES_OF_TYPE:
            export.shared.append(received)


def _id_in(reference: object) -> str | None:
    """The id of the patient that a reference names; "" for something else, None where it tells nothing."""
    if not isinstance(reference, Subject) or not reference.reference or reference.reference.startswith("#"):
        return None
    kind, _, name = without_version(reference.reference).rpartition("/")
    if not kind:
        return name.removeprefix("urn:uuid:")
    return name if kind.endswith("Patient") else ""


def _whose(line: bytes) -> str | None:
    try:
        probe = msgspec.json.decode(line, type=_Probe)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return probe.id if probe.resourceType == "Patient" else _id_in(probe.subject or probe.patient)


def _of_patient(export: _Export, patient: str) -> Decoded:
    received = (export.patients[patient], *export.shared, *export.by_patient.get(patient, ()))
    issues = (*export.issues.get(None, ()), *export.issues.get(patient, ()))
    states = (*export.states.get(None, ()), *export.states.get(patient, ()))
    return Decoded(received, issues, states)
