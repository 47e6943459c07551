"""The forms of the EHR as FHIR resources: what can be ordered and recorded, read once from `pad.json`.

Each entry is a whole resource under its own name; patient, day and value are filled in when it is used.
"""

import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from cds_service.demo.elements import Json, codings_of, text_at
from cds_service.demo.orders import resources_of
from cds_service.pages.typesetting import with_unit

_FILE = Path(__file__).with_name("pad.json")
LABORATORY = (
    "bilirubin-total", "albumin", "inr", "ast", "alt", "neutrophil-count", "haemoglobin", "platelets", "creatinine",
)  # fmt: skip
RESULTS = (*LABORATORY, "ecog")
TESTS = (*LABORATORY, "hcg")
RESPONSES = {"CR": "Complete response", "PR": "Partial response", "SD": "Stable disease", "PD": "Progressive disease"}


@dataclass(frozen=True, slots=True)
class Dose:
    """A way to take sorafenib: tablets of 200 mg each time, and times a day."""

    tablets: int
    times: int

    @property
    def words(self) -> str:
        """As an order says it."""
        often = {1: "once a day", 2: "twice a day"}[self.times]
        return f"{self.tablets * 200} mg ({self.tablets} tablet{'s' * (self.tablets > 1)}) {often}"


DOSES = {"400-twice": Dose(2, 2), "400-once": Dose(2, 1), "200-twice": Dose(1, 2)}


@dataclass(frozen=True, slots=True)
class Pad:
    """The forms by name."""

    forms: Mapping[str, Json]

    def form(self, name: str, patient: str, **filled_in: object) -> dict[str, Any]:
        """A resource of this name about a patient (a reference), without an id, with elements filled in."""
        made = copy.deepcopy(dict(self.forms[name]))
        del made["id"]
        whose: dict[str, Any] = {key: {"reference": patient} for key in ("subject", "individual") if key in made}
        return {**made, **whose, **filled_in}

    def is_a(self, name: str, resource: Json) -> bool:
        """Whether a resource is coded as the form of this name."""
        wanted = _concept(self.forms[name])
        return bool(codings_of(wanted) & codings_of(_concept(resource)))

    def unit(self, name: str) -> str:
        """The unit in which a result is entered; empty for one without."""
        return with_unit(text_at(self.forms[name], "valueQuantity", "unit"))


def _concept(resource: Json) -> object:
    return resource.get("code") or resource.get("medicationCodeableConcept")


def load_pad() -> Pad:
    """The forms, as shipped."""
    return Pad({form["id"]: form for form in resources_of(json.loads(_FILE.read_bytes()))})


def ordered(pad: Pad, name: str, patient: str, day: str) -> dict[str, Any]:
    """A procedure or an imaging ordered for a day."""
    return pad.form(name, patient, occurrenceDateTime=day)


def laboratory_order(pad: Pad, test: str, patient: str, day: str) -> dict[str, Any]:
    """A laboratory test ordered for a day."""
    return pad.form("order-imaging", patient, occurrenceDateTime=day, code=pad.forms[test]["code"])


@dataclass(frozen=True, slots=True)
class Course:
    """How long a drug is to be taken, and how; `last`: empty while no end is set; `dose`: None for the form's own."""

    first: str
    last: str = ""
    dose: Dose | None = None


def prescribed(pad: Pad, name: str, patient: str, course: Course) -> dict[str, Any]:
    """A drug prescribed."""
    made = pad.form(name, patient, authoredOn=course.first)
    dosage, dose = made["dosageInstruction"][0], course.dose
    bounds = {"start": course.first, **({"end": course.last} if course.last else {})}
    dosage["timing"]["repeat"]["boundsPeriod"] = bounds
    if dose is not None:
        dosage["text"] = dose.words
        dosage["timing"]["repeat"]["frequency"] = dose.times
        dosage["doseAndRate"][0]["doseQuantity"]["value"] = dose.tablets
    return made


def resulted(pad: Pad, name: str, patient: str, instant: str, value: Decimal | None = None) -> dict[str, Any]:
    """A result of an instant; without a value, the ordinary one of the form."""
    made = pad.form(name, patient, effectiveDateTime=instant)
    if value is None:
        return made
    if "valueInteger" in made:
        return {**made, "valueInteger": int(value)}
    number = int(value) if value == value.to_integral_value() else float(value)
    return {**made, "valueQuantity": {**made["valueQuantity"], "value": number}}
