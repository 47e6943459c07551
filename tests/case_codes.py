"""The codes of cases: by the name of a value set, or given explicitly with a short name of the code system."""

import difflib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import fhir_profiles

_VALUE_SETS = Path(fhir_profiles.__file__).parent / "value_sets"
_CERTAINTY = "http://cotsom-cds.org/fhir/StructureDefinition/code-certainty"

SYSTEMS: Mapping[str, str] = {
    "snomed": "http://snomed.info/sct",
    "loinc": "http://loinc.org",
    "rxnorm": "http://www.nlm.nih.gov/research/umls/rxnorm",
    "icd-10-cm": "http://hl7.org/fhir/sid/icd-10-cm",
    "icd-10": "http://hl7.org/fhir/sid/icd-10",
    "kcd-8": "http://www.hl7korea.or.kr/CodeSystem/kostat-kcd-8",
    "kcd-9": "http://www.hl7korea.or.kr/CodeSystem/kostat-kcd-9",
    "icd-10-pcs": "http://www.cms.gov/Medicare/Coding/ICD10",
    "icd-o-3": "http://terminology.hl7.org/CodeSystem/icd-o-3",
    "atc": "http://www.whocc.no/atc",
    "ndc": "http://hl7.org/fhir/sid/ndc",
    "cpt": "http://www.ama-assn.org/go/cpt",
    "edi": "http://www.hl7korea.or.kr/CodeSystem/hira-edi-medication",
    "trial": "http://cotsom-cds.org/fhir/CodeSystem/trial-findings",
    "local": "http://hospital.example/codes",
}
_PREFERRED = frozenset({SYSTEMS["snomed"], SYSTEMS["loinc"], SYSTEMS["rxnorm"], SYSTEMS["trial"]})


@dataclass(frozen=True, slots=True)
class CodeChoices:
    """One value set as a case picks from it: its title, its verified codes, and stems where it lists no code."""

    title: str
    listed: tuple[Mapping[str, str], ...]
    stems: tuple[Mapping[str, str], ...]

    def first(self) -> Mapping[str, str]:
        """The first verified SNOMED, LOINC, RxNorm or trial code, else the first verified code, else the first stem."""
        preferred = [coding for coding in self.listed if coding["system"] in _PREFERRED]
        return (*preferred, *self.listed, *self.stems)[0]

    def of_code(self, code: str) -> Mapping[str, str]:
        """The listed coding with this code. Raises KeyError when the set does not list it."""
        for coding in self.listed:
            if coding["code"] == code:
                return coding
        raise KeyError(f"{self.title!r} lists no code {code!r}")


@lru_cache(maxsize=1)
def value_sets() -> Mapping[str, CodeChoices]:
    """All value sets by name."""
    files = sorted(_VALUE_SETS.glob("*.json"))
    return {file.stem: _choices(json.loads(file.read_text(encoding="utf-8"))) for file in files}


def _choices(document: Mapping[str, Any]) -> CodeChoices:
    included = document["compose"]["include"]
    return CodeChoices(document["title"], tuple(_listed(included)), tuple(_stems(included)))


def _listed(included: list[dict[str, Any]]) -> Iterator[Mapping[str, str]]:
    for part in included:
        for concept in part.get("concept", ()):
            if _is_verified(concept):
                display = {"display": concept["display"]} if "display" in concept else {}
                yield {"system": part["system"], "code": concept["code"], **display}


def _is_verified(concept: Mapping[str, Any]) -> bool:
    said = [e.get("valueCode") for e in concept.get("extension", ()) if e["url"] == _CERTAINTY]
    return said in ([], ["verified"])


def _stems(included: list[dict[str, Any]]) -> Iterator[Mapping[str, str]]:
    for part in included:
        for stem in part.get("filter", ()):
            yield {"system": part["system"], "code": stem["value"]}


def choices(name: str) -> CodeChoices:
    """The value set of this name. Raises KeyError naming the nearest one there is."""
    known = value_sets()
    if name not in known:
        near = difflib.get_close_matches(name, known, n=3) or sorted(known)
        raise KeyError(f"there is no value set {name!r}; nearest: {', '.join(near)}")
    return known[name]


def coding(given: Mapping[str, str]) -> Mapping[str, str]:
    """A coding given as {system, code, display}; the system by its short name or its address."""
    system = given["system"]
    if system not in SYSTEMS and "://" not in system:
        raise KeyError(f"there is no code system {system!r}; known are {', '.join(sorted(SYSTEMS))}")
    display = {"display": given["display"]} if "display" in given else {}
    return {"system": SYSTEMS.get(system, system), "code": given["code"], **display}


def concept(given: str | Mapping[str, str]) -> dict[str, Any]:
    """A concept: `name-of-set`, `name-of-set code`, {set, code}, {system, code, display}, each perhaps with text."""
    if isinstance(given, str):
        name, _, code = given.partition(" ")
        given = {"set": name, **({"code": code} if code else {})}
    text = {"text": given["text"]} if "text" in given else {}
    if "set" in given:
        choice = choices(given["set"])
        found = choice.of_code(given["code"]) if "code" in given else choice.first()
        return {"coding": [dict(found)], **text}
    return {"coding": [dict(coding(given))], **text} if "code" in given else text
