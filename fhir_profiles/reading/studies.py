"""Reads the patient's parts in studies (rulebook section 7)."""

from collections.abc import Iterable, Iterator, Mapping

from fhir_profiles.addresses import type_and_id, without_version
from fhir_profiles.elements import ContainedStudy
from fhir_profiles.reading.context import Belongs, Reading, end_of, start_of
from fhir_profiles.record import StudyPart
from fhir_profiles.resources import ResearchStudy, ResearchSubject


def read_study_parts(
    reading: Reading, subjects: Iterable[ResearchSubject], studies: Mapping[str, ResearchStudy]
) -> tuple[StudyPart, ...]:
    """Every part in a study, with all names by which that study may be configured."""
    parts = (_part(reading, subject, studies) for subject in subjects)
    return tuple(sorted(parts, key=lambda part: part.reference))


def _part(reading: Reading, subject: ResearchSubject, studies: Mapping[str, ResearchStudy]) -> StudyPart:
    reference = f"ResearchSubject/{subject.id}"
    start, end = start_of(subject.period), end_of(subject.period)
    return StudyPart(
        reference=reference,
        studies=frozenset(_names(subject, studies)),
        status=subject.status or "",
        start=reading.days(reference, start) if start else None,
        end=reading.days(reference, end) if end else None,
        subject_known=reading.belongs(subject.individual) is Belongs.OURS,
    )


def _names(subject: ResearchSubject, studies: Mapping[str, ResearchStudy]) -> Iterator[str]:
    study = subject.study
    if study is None:
        return
    if study.identifier is not None and study.identifier.value:
        yield study.identifier.value
    if study.reference is not None:
        short = type_and_id(without_version(study.reference))
        yield from (study.reference, short, short.rpartition("/")[2])
        known: ResearchStudy | ContainedStudy | None = studies.get(study.reference) or studies.get(short)
        known = known or next((c for c in subject.contained if f"#{c.id}" == study.reference), None)
        yield from (i.value for i in (known.identifier if known else ()) if i.value)
