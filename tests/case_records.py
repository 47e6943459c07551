"""Builds the FHIR resources of a case: each line of its record becomes one resource."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.case_codes import concept

Resource = dict[str, Any]

_TERMINOLOGY = "http://terminology.hl7.org/CodeSystem"
_QUANTITY = re.compile(r"(?P<comparator><=|>=|<|>)?\s*(?P<value>-?\d+(?:\.\d+)?)\s*(?P<unit>.*)")
_ON_EVERY_ITEM = frozenset({"id", "subject", "code", "text"})
NOTHING = frozenset({"", "none"})


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a record: its kind (`lab`), what it is of (a value set, or nothing), and the rest by key."""

    kind: str
    of: Any
    rest: Mapping[str, Any]

    def get(self, key: str, default: str | None = None) -> Any:  # noqa: ANN401 - a YAML scalar, list or mapping
        """What the line says under a key; None where it says nothing, or `none`."""
        given = self.rest.get(key, default)
        return None if isinstance(given, str) and given in NOTHING else given


def build(item: Item, identity: str) -> tuple[Resource, ...]:
    """The resources of one line. Raises ValueError for a key that its kind does not know."""
    make, keys = _KINDS[item.kind]
    unknown = sorted(set(item.rest) - keys - _ON_EVERY_ITEM)
    if unknown:
        raise ValueError(f"a {item.kind} has no key {unknown[0]!r}; it has {', '.join(sorted(keys | _ON_EVERY_ITEM))}")
    resource, *beside = make(item)
    return _present({"id": item.get("id") or identity, **resource}), *beside


def _present(given: Mapping[str, Any]) -> Resource:
    return {key: value for key, value in given.items() if value not in (None, [], {})}


def _code(item: Item) -> Resource | None:
    if item.get("code"):
        return concept({**item.get("code"), **({"text": item.get("text")} if item.get("text") else {})})
    if isinstance(item.of, Mapping):
        return concept(item.of)
    text = {"text": item.get("text")} if item.get("text") else {}
    found = {} if item.of in NOTHING else concept(item.of)
    return {**found, **text} or None


def _subject(item: Item) -> Mapping[str, str] | None:
    who = item.rest.get("subject", "patient")
    return None if who == "none" else {"reference": "Patient/someone-else" if who == "other" else "Patient/p1"}


def _status(system: str, code: str | None) -> Resource | None:
    return {"coding": [{"system": f"{_TERMINOLOGY}/{system}", "code": code}]} if code else None


def _period(item: Item) -> Resource | None:
    return _present({"start": item.get("start"), "end": item.get("end")}) or None


def quantity(text: str) -> Resource:
    """A quantity as a laboratory prints it: `<0.3 mg/dL`, `2.0`."""
    found = _QUANTITY.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no quantity like '2.0 mg/dL'")
    number = found["value"]
    value = float(number) if "." in number else int(number)
    return {"value": value, **_present({"comparator": found["comparator"], "unit": found["unit"] or None})}


def _age(text: str | None) -> Resource | None:
    if text is None:
        return None
    age = quantity(text)
    return {"value": age["value"], "system": "http://unitsofmeasure.org", "code": age.get("unit", "a")}


def _sites(item: Item) -> list[Resource]:
    given = item.get("site")
    if given is None:
        return []
    return [_site(one) for one in (given if isinstance(given, list) else [given])]


def _site(given: str | Mapping[str, str]) -> Resource:
    named = isinstance(given, Mapping) or given.startswith("site-")
    return concept(given) if named else {"text": given}


def _condition(item: Item) -> tuple[Resource, ...]:
    onset = item.get("onset")
    return (
        {
            "resourceType": "Condition",
            "subject": _subject(item),
            "code": _code(item),
            "clinicalStatus": _status("condition-clinical", item.get("status", "active")),
            "verificationStatus": _status("condition-ver-status", item.get("verified", "confirmed")),
            "bodySite": _sites(item),
            "onsetDateTime": onset,
            "onsetAge": _age(item.get("onset_age")),
            "abatementDateTime": item.get("ended"),
            "recordedDate": item.get("recorded"),
        },
    )


def _procedure(item: Item) -> tuple[Resource, ...]:
    return (
        {
            "resourceType": "Procedure",
            "status": item.get("status", "completed"),
            "subject": _subject(item),
            "code": _code(item),
            "performedDateTime": item.get("on"),
            "performedPeriod": _period(item),
        },
    )


def _allergy(item: Item) -> tuple[Resource, ...]:
    return (
        {
            "resourceType": "AllergyIntolerance",
            "patient": _subject(item),
            "code": _code(item),
            "clinicalStatus": _status("allergyintolerance-clinical", item.get("status", "active")),
            "verificationStatus": _status("allergyintolerance-verification", item.get("verified", "confirmed")),
            "recordedDate": item.get("recorded"),
        },
    )


_DRUGS = {
    "request": "MedicationRequest",
    "statement": "MedicationStatement",
    "administration": "MedicationAdministration",
    "dispense": "MedicationDispense",
}
_GIVEN_AT_ONCE = ("administration", "dispense")


def _drug(item: Item) -> tuple[Resource, ...]:
    kind = item.get("kind", "request")
    default = "completed" if kind in _GIVEN_AT_ONCE else "active"
    product = {"reference": item.get("reference"), "display": item.get("reference_display")}
    return (
        {
            "resourceType": _DRUGS[kind],
            "status": item.get("status", default),
            "subject": _subject(item),
            "medicationCodeableConcept": None if _present(product) else _code(item),
            "medicationReference": _present(product),
            **_taken(item, kind),
        },
    )


def _taken(item: Item, kind: str) -> Resource:
    if kind == "request":
        bounds = _period(item)
        return {
            "intent": item.get("intent", "order"),
            "doNotPerform": True if item.get("do_not_perform") == "true" else None,
            "authoredOn": item.get("authored") or item.get("on"),
            "dosageInstruction": [{"timing": {"repeat": {"boundsPeriod": bounds}}}] if bounds else [],
        }
    if kind == "dispense":
        return {"whenHandedOver": item.get("on") or item.get("start")}
    return {"effectiveDateTime": item.get("on"), "effectivePeriod": _period(item), "dateAsserted": item.get("authored")}


def _observation(item: Item, value: Resource) -> tuple[Resource, ...]:
    return (
        {
            "resourceType": "Observation",
            "status": item.get("status", "final"),
            "subject": _subject(item),
            "code": _code(item),
            "effectiveDateTime": item.get("on"),
            "issued": item.get("issued"),
            "bodySite": next(iter(_sites(item)), None),
            "dataAbsentReason": _status("data-absent-reason", item.get("absent")),
            **value,
        },
    )


def _answered(item: Item) -> Resource:
    """A value that is no number: a coded answer, or words where the line is coded otherwise."""
    answer = item.get("answer") or item.get("answer_set")
    return {
        "valueCodeableConcept": concept(answer) if answer else None,
        "valueString": item.get("answer_text"),
    }


def _lab(item: Item) -> tuple[Resource, ...]:
    value = item.get("value")
    return _observation(
        item, {"valueQuantity": quantity(value) if value else None, "referenceRange": _range(item), **_answered(item)}
    )


def _range(item: Item) -> list[Resource]:
    if item.get("range_high") is None:
        return []
    kind, applies = item.get("range_type"), item.get("range_for")
    return [
        _present(
            {
                "high": quantity(item.get("range_high")),
                "type": _status("referencerange-meaning", kind),
                "appliesTo": [concept(applies)] if applies else [],
            }
        )
    ]


def _graded(item: Item) -> tuple[Resource, ...]:
    """A score or a finding: a whole number, true or false, a quantity, a coded answer, or the words of `text`."""
    value, of_what = item.get("value"), Item(item.kind, item.of, {k: v for k, v in item.rest.items() if k != "text"})
    said = {"valueString": item.get("text")} if _code(of_what) else {}
    coded = of_what if said else item
    return _observation(coded, {**_answered(item), **_present(said), **(_plain_value(value) if value else {})})


def _plain_value(value: str) -> Resource:
    if value in ("true", "false"):
        return {"valueBoolean": value == "true"}
    if re.fullmatch(r"-?\d+", value):
        return {"valueInteger": int(value)}
    return {"valueQuantity": quantity(value)}


def _pressure(item: Item) -> tuple[Resource, ...]:
    systolic, _, diastolic = item.of.partition("/")
    parts = (("systolic-blood-pressure", systolic), ("diastolic-blood-pressure", diastolic))
    components = [
        {"code": concept(name), "valueQuantity": quantity(f"{value} mm[Hg]")}
        for name, value in parts
        if value.strip() not in ("", "-", "none")
    ]
    return _observation(Item("pressure", "blood-pressure", item.rest), {"component": components})


_STUDIES = {"ours": "NCT02311205", "other": "NCT00000000"}


def _study(item: Item) -> tuple[Resource, ...]:
    study = f"study-{item.of}"
    subject = {
        "resourceType": "ResearchSubject",
        "status": item.get("status", "on-study"),
        "individual": _subject(item),
        "study": {"reference": f"ResearchStudy/{study}"},
        "period": _period(item),
    }
    identifier = [{"system": "https://clinicaltrials.gov", "value": _STUDIES[item.of]}]
    return subject, {"resourceType": "ResearchStudy", "id": study, "status": "active", "identifier": identifier}


_DATED = frozenset({"on", "start", "end", "status"})
_OBSERVED = frozenset({"on", "issued", "status", "value", "answer", "answer_set", "answer_text", "absent", "site"})
_KINDS: Mapping[str, tuple[Callable[[Item], tuple[Resource, ...]], frozenset[str]]] = {
    "condition": (
        _condition,
        frozenset({"onset", "onset_age", "recorded", "ended", "status", "verified", "site"}),
    ),
    "procedure": (_procedure, _DATED),
    "drug": (_drug, _DATED | {"kind", "authored", "intent", "do_not_perform", "reference", "reference_display"}),
    "lab": (_lab, _OBSERVED | {"range_high", "range_type", "range_for"}),
    "score": (_graded, _OBSERVED),
    "finding": (_graded, _OBSERVED),
    "pressure": (_pressure, frozenset({"on", "issued", "status"})),
    "allergy": (_allergy, frozenset({"recorded", "status", "verified"})),
    "study": (_study, frozenset({"status", "start", "end"})),
}
KINDS = frozenset(_KINDS)
