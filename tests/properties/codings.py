"""The codes of the value sets, for random charts to draw from: what a set lists, and the stems that it names."""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import fhir_profiles

_FOLDER: Final = Path(fhir_profiles.__file__).parent / "value_sets"
_OURS: Final = "http://cotsom-cds.org/fhir/StructureDefinition/"

Coding = Mapping[str, str]
Concept = Mapping[str, Any]


@cache
def _document(name: str) -> Mapping[str, Any]:
    read: Mapping[str, Any] = json.loads((_FOLDER / f"{name}.json").read_bytes())
    return read


@cache
def sets_of(kind: str) -> tuple[str, ...]:
    """The names of the value sets of a kind (`condition`, `medication`, ...), those of mere context left out."""
    names = tuple(sorted(file.stem for file in _FOLDER.glob("*.json")))
    return tuple(
        name for name in names if kind in (kinds := _extensions(name, "value-set-kind")) and "context" not in kinds
    )


def _extensions(name: str, what: str) -> tuple[str, ...]:
    given = (e for e in _document(name)["extension"] if e["url"] == _OURS + what)
    return tuple(e.get("valueCode") or e["valueString"] for e in given)


@cache
def codings(name: str) -> tuple[Coding, ...]:
    """Every coding that a set lists, with its display; where it lists none, its stems in the set's own words."""
    return tuple(_listed(name)) or tuple(_stems(name))


def _listed(name: str) -> Iterator[Coding]:
    for include in _document(name)["compose"]["include"]:
        for concept in include.get("concept", ()):
            yield {"system": include["system"], "code": concept["code"], "display": concept["display"]}


def _stems(name: str) -> Iterator[Coding]:
    words = _extensions(name, "mention")
    for include in _document(name)["compose"]["include"]:
        for stem in include.get("filter", ()):
            yield {"system": include["system"], "code": stem["value"], **({"display": words[0]} if words else {})}


def concept(coding: Coding) -> Concept:
    """A CodeableConcept of one coding."""
    return {"coding": [dict(coding)]}
