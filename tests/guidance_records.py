"""What the cases of guidance record beside the cases of the criteria: visits, imaging, plans, responses, doses."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tests.case_codes import concept
from tests.case_records import KINDS as PLAIN_KINDS
from tests.case_records import NOTHING, Item, Resource, build, quantity

SAFETY: Mapping[str, str] = {
    "bilirubin-total": "0.9 mg/dL",
    "albumin": "3.9 g/dL",
    "ast": "30 U/L",
    "alt": "30 U/L",
    "inr": "1.1",
    "neutrophil-count": "3.2 10*3/uL",
    "haemoglobin": "12.4 g/dL",
    "platelets": "142 10*3/uL",
    "creatinine": "0.9 mg/dL",
}
_CLASSES = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
_PERIODIC = re.compile(r"(?P<frequency>\d+)(?:-(?P<most>\d+))? per (?P<period>[\d.]+) (?P<unit>h|d|wk)")
_STATUSES: Mapping[str, str] = {
    "worsened": "disease-status-worsened",
    "stable": "disease-status-stable",
    "remission": "disease-status-full-remission",
}


def resources_of(items: tuple[Item, ...], prefix: str = "") -> tuple[Resource, ...]:
    """The resources of a record's lines, each of the lines numbered. Raises ValueError for a line nobody can read."""
    return tuple(
        resource for at, item in enumerate(items, start=1) for resource in _built(item, f"{prefix}{item.kind}-{at}")
    )


def _built(item: Item, identity: str) -> Iterator[Resource]:
    if item.kind in PLAIN_KINDS:
        yield from build(item, identity)
        return
    make, keys = _KINDS[item.kind]
    unknown = sorted(set(item.rest) - keys - {"id", "subject"})
    if unknown:
        raise ValueError(f"a {item.kind} has no key {unknown[0]!r}; it has {', '.join(sorted(keys))}")
    for resource in make(item, item.get("id") or identity):
        yield {key: value for key, value in resource.items() if value not in (None, [], {})}


def _subject(item: Item) -> Mapping[str, str] | None:
    who = item.rest.get("subject", "patient")
    return None if who == "none" else {"reference": "Patient/someone-else" if who == "other" else "Patient/p1"}


def _period(item: Item) -> Resource | None:
    return {key: item.get(key) for key in ("start", "end") if item.get(key)} or None


def _visit(item: Item, identity: str) -> Iterator[Resource]:
    kind = None if item.of in NOTHING else {"system": _CLASSES, "code": item.of}
    yield {
        "resourceType": "Encounter",
        "id": identity,
        "status": item.get("status", "finished"),
        "class": kind,
        "subject": _subject(item),
        "period": _period(Item("visit", item.of, {"start": item.get("on"), **item.rest})),
    }


def _imaging(item: Item, identity: str) -> Iterator[Resource]:
    yield {
        "resourceType": "DiagnosticReport",
        "id": identity,
        "status": item.get("status", "final"),
        "code": concept(item.of),
        "subject": _subject(item),
        "effectiveDateTime": item.get("on"),
        "issued": item.get("issued"),
    }


def _safety(item: Item, identity: str) -> Iterator[Resource]:
    """The nine results before a TACE, all normal, but for those left out."""
    left_out = item.get("without") or ()
    for name, value in SAFETY.items():
        if name not in left_out:
            yield from build(Item("lab", name, {"value": value, "on": item.of}), f"{identity}-{name}")


def _response(item: Item, identity: str) -> Iterator[Resource]:
    """A response by mRECIST (`PD`), a disease status (`worsened`), or one that is told in words only."""
    name = "cancer-disease-status" if item.of in _STATUSES else "response-mrecist"
    answer = _STATUSES.get(item.of, f"response-mrecist-answer {item.of}")
    said = {"text": item.get("text")} if item.get("text") else {"answer": answer}
    kept = {key: item.rest[key] for key in ("on", "site", "status", "subject", "issued") if key in item.rest}
    [observation] = build(Item("finding", name, {**kept, **said}), identity)
    focus = item.get("focus")
    yield {**observation, "focus": [{"reference": f"Condition/{focus}"}] if focus else []}


def _service(item: Item, identity: str, status: str) -> Resource:
    return {
        "resourceType": "ServiceRequest",
        "id": identity,
        "status": item.get("status", status),
        "intent": item.get("intent", "order"),
        "doNotPerform": True if item.get("do_not_perform") == "true" else None,
        "asNeededBoolean": True if item.get("as_needed") == "true" else None,
        "code": _what(item),
        "subject": _subject(item),
        "occurrenceDateTime": item.get("on"),
        "occurrencePeriod": _period(item),
    }


def _what(item: Item) -> Resource:
    named = {} if item.of in NOTHING else concept(item.get("code") or item.of)
    return {**named, **({"text": item.get("text")} if item.get("text") else {})}


def _plan(item: Item, identity: str) -> Iterator[Resource]:
    yield _service(item, identity, "active")


def _medication(item: Item, identity: str, status: str) -> Resource:
    reference = item.get("reference")
    return {
        "resourceType": "MedicationRequest",
        "id": identity,
        "status": item.get("status", status),
        "intent": item.get("intent", "order"),
        "medicationCodeableConcept": None if reference else _what(item),
        "medicationReference": {"reference": reference} if reference else None,
        "subject": _subject(item),
        "authoredOn": item.get("authored"),
        "doNotPerform": True if item.get("do_not_perform") == "true" else None,
        "dosageInstruction": _dosages(item),
    }


def _dosages(item: Item) -> list[Resource]:
    """Each entry of `dosage`; without it one entry of the line's own dose, 400 mg twice a day if none is given."""
    given = item.get("dosage")
    if given is None and item.rest.get("dose") == "none" and _period(item) is None:
        return []
    entries = given if given is not None else [item.rest]
    return [dosage(Item("dosage", "", entry), _period(item)) for entry in entries]


def dosage(item: Item, bounds: Resource | None) -> Resource:
    """One dosage entry: how much, how often, from when until when."""
    own = _period(item) or bounds
    timing = _timing(item.get("timing", "none" if item.rest.get("dose") == "none" else "2 per 1 d"))
    bounds_of_entry = {**({"boundsPeriod": own} if own else {}), **_lasting(item.get("for_days"))}
    if bounds_of_entry:
        timing = {**timing, "repeat": {**timing.get("repeat", {}), **bounds_of_entry}}
    amount = _amount(item.get("dose", "400 mg"))
    return {
        **({"text": item.get("says")} if item.get("says") else {}),
        **({"timing": timing} if timing else {}),
        **({"asNeededBoolean": True} if item.get("as_needed") == "true" else {}),
        **({"doseAndRate": [amount]} if amount else {}),
    }


def _lasting(days: str | None) -> Resource:
    """How long an entry lasts, where no days are given."""
    if days is None:
        return {}
    length = {"value": int(days), "unit": "d", "system": "http://unitsofmeasure.org", "code": "d"}
    return {"boundsDuration": length}


def _amount(text: str | None) -> Resource | None:
    if text is None:
        return None
    low, dash, high = text.partition(" to ")
    if dash:
        return {"doseRange": {"low": quantity(low), "high": quantity(high)}}
    return {"doseQuantity": quantity(text)}


def _timing(text: str | None) -> Resource:
    """`2 per 1 d`, `at 08:00, 20:00`, `when MORN, EVE`, a timing code (`BID`), or nothing."""
    if text is None:
        return {}
    for word, element in (("at ", "timeOfDay"), ("when ", "when")):
        if text.startswith(word):
            times = text.removeprefix(word).split(", ")
            full = [f"{time}:00" if element == "timeOfDay" else time for time in times]
            return {"repeat": {element: full}}
    found = _PERIODIC.fullmatch(text)
    if found is None:
        system = "http://terminology.hl7.org/CodeSystem/v3-GTSAbbreviation"
        return {"code": {"coding": [{"system": system, "code": text}]}}
    period: float = float(found["period"])
    most = {"frequencyMax": int(found["most"])} if found["most"] else {}
    shown = int(period) if period.is_integer() else period
    repeat = {"frequency": int(found["frequency"]), **most, "period": shown, "periodUnit": found["unit"]}
    return {"repeat": repeat}


def _course(item: Item, identity: str) -> Iterator[Resource]:
    yield _medication(item, identity, "active")


def _draft(item: Item, identity: str) -> Iterator[Resource]:
    procedure = item.of in ("tace", "hepatic-local-therapy") or item.get("kind") == "procedure"
    yield (_service if procedure else _medication)(item, identity, "draft")


def _product(item: Item, identity: str) -> Iterator[Resource]:
    """A product that a prescription refers to."""
    mass, _, per = (item.get("strength") or "").partition(" per ")
    strength = {"numerator": quantity(mass), **({"denominator": quantity(per)} if per else {})} if mass else None
    parts = [{"itemCodeableConcept": concept(item.of), "strength": strength}] if mass else []
    yield {"resourceType": "Medication", "id": identity, "code": _what(item), "ingredient": parts}


Make = Callable[[Item, str], Iterator[Resource]]
_DATED = frozenset({"on", "start", "end", "status", "intent", "do_not_perform", "code", "text"})
_DOSED = frozenset({"dose", "timing", "as_needed", "says", "dosage", "for_days", "reference", "authored", "kind"})
_KINDS: Mapping[str, tuple[Make, frozenset[str]]] = {
    "visit": (_visit, frozenset({"on", "start", "end", "status"})),
    "imaging": (_imaging, frozenset({"on", "issued", "status"})),
    "safety": (_safety, frozenset({"without"})),
    "response": (_response, frozenset({"on", "site", "status", "issued", "focus", "text"})),
    "plan": (_plan, _DATED | {"as_needed"}),
    "course": (_course, _DATED | _DOSED),
    "draft": (_draft, _DATED | _DOSED),
    "product": (_product, frozenset({"code", "text", "strength"})),
}
KINDS = PLAIN_KINDS | _KINDS.keys()


def item_of(given: Mapping[str, Any]) -> Item:
    """A line of a record. Raises ValueError when it begins with no kind that there is."""
    kind = next((key for key in given if key in KINDS), None)
    if kind is None:
        raise ValueError(f"a line of a record begins with one of {', '.join(sorted(KINDS))}: {dict(given)}")
    return Item(kind, given[kind], {key: value for key, value in given.items() if key != kind})
