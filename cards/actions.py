"""The actions of a suggestion: what is created is valid R4; an update is the received order with dates or dose set."""

import copy
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any

from cards.escaping import one_line
from cards.model import Action
from cards.wording import Words
from cds_service.trial.guidance.corrections import Checked
from fhir_profiles.terminology import Terminology

Raw = Mapping[str, Any]
LookUp = Callable[[str], Raw | None]
_MG = {"value": 400, "unit": "mg", "system": "http://unitsofmeasure.org", "code": "mg"}


def actions_of(
    checked: Checked, words: Words, terminology: Terminology, look_up: LookUp, patient: str
) -> tuple[Action, ...]:
    """Everything that the correction of a draft does, each with a sentence a clinician can act on."""
    if checked.correction.delete and not checked.draft.updatable:
        return ()
    if checked.correction.delete:
        order = one_line(checked.draft.label)
        return (Action("delete", words.catalogue["action.delete"].format(order=order), None, checked.draft.reference),)
    return (
        *_update(checked, words),
        *_end_courses(checked, words, look_up),
        *_create(checked, words, terminology, patient),
    )


def _update(checked: Checked, words: Words) -> Iterator[Action]:
    correction, draft, say = checked.correction, checked.draft, words.catalogue
    end = correction.end if correction.end is not None and _can_end(draft.raw, correction.end) else None
    changes_it = correction.start is not None or end is not None or correction.full_dose
    if not (changes_it and draft.updatable):
        return
    resource = copy.deepcopy(dict(draft.raw))
    changes = []
    if correction.start is not None:
        name = "change.date" if resource["resourceType"] == "ServiceRequest" else "change.start"
        changes.append(say[name].format(day=correction.start.isoformat()))
        _set_start(resource, correction.start)
    if end is not None:
        changes.append(say["change.end"].format(day=end.isoformat()))
        _set_end(resource, end)
    if correction.full_dose:
        changes.append(say["change.dose"])
        _set_dose(resource, say["change.dose"])
    what = say["action.update"].format(order=one_line(draft.label), changes=", ".join(changes))
    yield Action("update", what, resource)


def _set_start(resource: dict[str, Any], day: date) -> None:
    if resource["resourceType"] == "ServiceRequest":
        if resource.get("occurrencePeriod"):
            resource["occurrencePeriod"] = _moved(_object(resource["occurrencePeriod"]), day)
        else:
            resource["occurrenceDateTime"] = day.isoformat()
        return
    dosages = _dosages(resource)
    first = min(_start_of(dosage) for dosage in dosages)
    resource["dosageInstruction"] = [
        _bounded(dosage, "start", day) if _start_of(dosage) == first or _start_of(dosage) < day.isoformat() else dosage
        for dosage in dosages
    ]


def _bounds_of(dosage: Raw) -> Raw:
    """The first and last day of a part of a course, as written; empty where none is."""
    return _object(_object(_object(dosage.get("timing")).get("repeat")).get("boundsPeriod"))


def _start_of(dosage: Raw) -> str:
    return str(_bounds_of(dosage).get("start") or "")


def _moved(period: Raw, day: date) -> Raw:
    """The period from that day on; a last day that would lie before it is moved with it."""
    start, end = day.isoformat(), str(period.get("end") or "")
    return {**period, "start": start, **({"end": start} if end and end < start else {})}


def _set_end(resource: dict[str, Any], day: date) -> None:
    """Ends every part of a course on that day, save those that end by then."""
    resource["dosageInstruction"] = [
        dosage if _ends_by(dosage, day) else _bounded(dosage, "end", day) for dosage in _dosages(resource)
    ]


def _can_end(resource: Raw, day: date) -> bool:
    """Whether no part of the course begins after that day: such a part would end before it begins."""
    return all(_start_of(dosage) <= day.isoformat() for dosage in _dosages(resource))


def _bounded(dosage: Raw, which: str, day: date) -> Raw:
    timing = _object(dosage.get("timing"))
    repeat = _object(timing.get("repeat"))
    bounds = {**_bounds_of(dosage), which: day.isoformat()}
    kept = {name: value for name, value in repeat.items() if name not in ("boundsDuration", "boundsRange")}
    return {**dosage, "timing": {**timing, "repeat": {**kept, "boundsPeriod": bounds}}}


def _ends_by(dosage: Raw, day: date) -> bool:
    """Whether a part of a course has an exact last day, on or before that day."""
    end = _bounds_of(dosage).get("end")
    whole = isinstance(end, str) and len(end) == len("2026-11-22")
    return whole and str(end) <= day.isoformat()


def _set_dose(resource: dict[str, Any], text: str) -> None:
    """400 mg twice a day, in one dosage that keeps its dates."""
    first = _dosages(resource)[0]
    bounds = _bounds_of(first)
    repeat = {"frequency": 2, "period": 1, "periodUnit": "d", **({"boundsPeriod": bounds} if bounds else {})}
    kept = {name: value for name, value in first.items() if name in ("route", "method", "site", "sequence")}
    resource["dosageInstruction"] = [
        {**kept, "text": text, "timing": {"repeat": repeat}, "doseAndRate": [{"doseQuantity": dict(_MG)}]}
    ]


def _dosages(resource: Raw) -> list[Raw]:
    """The dosages of an order, at least one to write on."""
    given = resource.get("dosageInstruction")
    return [_object(dosage) for dosage in given] if given and isinstance(given, list) else [{}]


def _object(value: object) -> Raw:
    """An element as received; null, or of a shape that no element has, counts as empty."""
    return value if isinstance(value, dict) else {}


def _end_courses(checked: Checked, words: Words, look_up: LookUp) -> Iterator[Action]:
    day = checked.correction.courses_end
    for course in checked.correction.courses:
        found = look_up(course.reference)
        if found is not None and day is not None and _can_end(found, day):
            resource = copy.deepcopy(dict(found))
            _set_end(resource, day)
            order = one_line(course.label)
            yield Action("update", words.catalogue["action.end-course"].format(order=order, day=day), resource)


def _create(checked: Checked, words: Words, terminology: Terminology, patient: str) -> Iterator[Action]:
    correction, say = checked.correction, words.catalogue
    for name in correction.tests:
        coding = terminology.sets[name].example
        if coding is None:
            continue
        days = (correction.tests_from, correction.tests_until) if name != "imaging-liver-dynamic" else (None, None)
        first, last = days
        text = say["action.create" if first else "action.create-now"]
        what = text.format(what=words.title(name), first=first, last=last)
        yield Action("create", what, _service_request(coding.system, coding.code, coding.display, patient, days))


def _service_request(
    system: str | None, code: str | None, display: str | None, patient: str, days: tuple[date | None, date | None]
) -> Raw:
    """A proposal for an order, as a draft; valid R4 by construction."""
    from fhir.resources.R4B.servicerequest import ServiceRequest  # noqa: PLC0415 - slow, and only needed here

    given = {
        "resourceType": "ServiceRequest",
        "status": "draft",
        "intent": "order",
        "code": {"coding": [{"system": system, "code": code, "display": display}], "text": display},
        "subject": {"reference": patient},
    }
    if days[0] is not None and days[1] is not None:
        given["occurrencePeriod"] = {"start": days[0].isoformat(), "end": days[1].isoformat()}
    built: Raw = ServiceRequest.model_validate(given).model_dump(mode="json", exclude_none=True)
    return {"resourceType": "ServiceRequest", **built}
