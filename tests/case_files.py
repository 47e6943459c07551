"""The cases of each criterion: loads `tests/cases/*.yaml` and judges what a case records.

A case is one patient with the verdict that one criterion must give, written so that a clinician can check it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from cds_service.loading import Loaded, load
from cds_service.settings import Settings, read_clock, read_zone
from cds_service.trial.assessment import assess
from cds_service.trial.case import Moment
from cds_service.trial.findings import Finding, Verdict
from fhir_profiles.reading.decoding import decode_body
from fhir_profiles.reading.records import read_record
from fhir_profiles.record import Source, SourceState
from tests.case_records import KINDS, NOTHING, Item, Resource, build

CASES = Path(__file__).parent / "cases"
AS_OF = "2026-11-22T09:00:00+09:00"
ZONE = "Asia/Seoul"
PATIENT: Mapping[str, str] = {"sex": "male", "born": "1968-04-12"}

_FILE_KEYS = frozenset({"criterion", "title", "cases"})
_CASE_KEYS = frozenset({"why", "record", "verdict", "needs", "supplied", "in_part", "patient", "as_of", "zone"})


@dataclass(frozen=True, slots=True)
class ClinicalCase:
    """One patient, and the verdict that the criterion must give. `supplied` None: all sources were."""

    id: str
    why: str
    record: tuple[Item, ...]
    verdict: Verdict
    needs: tuple[str, ...] | None
    supplied: tuple[Source, ...] | None
    in_part: tuple[Source, ...]
    patient: Mapping[str, str]
    as_of: str
    zone: str


@dataclass(frozen=True, slots=True)
class CriterionCases:
    """All cases of one criterion."""

    criterion: str
    title: str
    cases: tuple[ClinicalCase, ...]


def load_cases() -> tuple[CriterionCases, ...]:
    """Every case file, in the order of the criteria. Raises ValueError naming file and case."""
    return tuple(
        _load(file) for file in sorted(CASES.glob("*.yaml"), key=lambda file: (file.stem[0] != "I", file.stem))
    )


def _load(file: Path) -> CriterionCases:
    # The plain loader keeps dates, numbers and words as they stand on the page.
    given = yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506 - makes nothing but texts
    _refuse_unknown(file.name, given, _FILE_KEYS)
    criterion = given["criterion"]
    if file.stem != file_stem(criterion):
        raise ValueError(f"{file.name}: holds {criterion}, whose file is {file_stem(criterion)}.yaml")
    cases = tuple(_read(f"{file.stem}-{at:02d}", case) for at, case in enumerate(given["cases"], start=1))
    return CriterionCases(criterion, given["title"], cases)


def file_stem(criterion: str) -> str:
    """The name of a criterion's file: I1 is I01, E5b is E05b."""
    number = criterion[1:].rstrip("abcdefgh")
    return f"{criterion[0]}{int(number):02d}{criterion[1 + len(number) :]}"


def _read(identity: str, given: Mapping[str, Any]) -> ClinicalCase:
    _refuse_unknown(identity, given, _CASE_KEYS)
    supplied, needs = given.get("supplied"), given.get("needs")
    try:
        return ClinicalCase(
            id=identity,
            why=given["why"],
            record=tuple(_item(one) for one in given.get("record") or ()),
            verdict=Verdict(given["verdict"]),
            needs=None if needs is None else tuple(needs),
            supplied=None if supplied is None else tuple(Source(name) for name in supplied),
            in_part=tuple(Source(name) for name in given.get("in_part") or ()),
            patient={**PATIENT, **(given.get("patient") or {})},
            as_of=given.get("as_of", AS_OF),
            zone=given.get("zone", ZONE),
        )
    except (KeyError, ValueError) as error:
        raise ValueError(f"{identity}: {error}") from error


def _refuse_unknown(place: str, given: Mapping[str, Any], known: frozenset[str]) -> None:
    unknown = sorted(set(given) - known)
    if unknown:
        raise ValueError(f"{place}: unknown key {unknown[0]!r}; known are {', '.join(sorted(known))}")


def _item(given: Mapping[str, Any]) -> Item:
    kinds = [key for key in given if key in KINDS]
    # A drug may say of what kind of record it is, so the first kind named is the one.
    if not kinds:
        raise ValueError(f"a line of a record begins with one of {', '.join(sorted(KINDS))}: {dict(given)}")
    kind = kinds[0]
    return Item(kind, given[kind], {key: value for key, value in given.items() if key != kind})


def bundle_of(case: ClinicalCase) -> Resource:
    """The FHIR Bundle that records what the case says."""
    built = [resource for at, item in enumerate(case.record, start=1) for resource in build(item, f"{item.kind}-{at}")]
    # Two parts in one study share the study.
    distinct = {(resource["resourceType"], resource["id"]): resource for resource in (_patient(case), *built)}
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"resource": resource} for resource in distinct.values()],
    }


def _patient(case: ClinicalCase) -> Resource:
    named = {"gender": "sex", "birthDate": "born", "deceasedDateTime": "died"}
    said = {element: case.patient[key] for element, key in named.items() if case.patient.get(key, "") not in NOTHING}
    return {"resourceType": "Patient", "id": "p1", **said}


@lru_cache(maxsize=1)
def loaded() -> Loaded:
    """The protocol and the vocabulary, as shipped."""
    return load(Settings())


def judge_case(criterion: str, case: ClinicalCase) -> Finding:
    """What the criterion says of the case."""
    zone = read_zone(case.zone)
    decoded = decode_body(json.dumps(bundle_of(case)).encode())
    partly = tuple((source, SourceState.IN_PART) for source in case.in_part)
    decoded = replace(decoded, states=decoded.states + partly)
    record = read_record(decoded, loaded().vocabulary, zone, case.supplied)
    assessment = assess(loaded().protocol, record, Moment(read_clock(case.as_of), zone))
    return next(finding for finding in assessment.findings if finding.id == criterion)
