"""The actions of a suggestion: what is created is valid R4; an update is the received order with dates or dose set."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from functools import lru_cache
from typing import Any

from cards.dosages import in_one_dose, on_day, with_days
from cards.escaping import one_line
from cards.model import Action
from cards.wording import Words
from cds_service.trial.guidance.corrections import Checked
from cds_service.trial.guidance.rewriting import Days
from fhir_profiles.elements import Coding
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
    if not draft.updatable:
        return
    resource, changes = dict(draft.raw), []
    if correction.day is not None:
        changes.append(say["change.date"].format(day=correction.day.isoformat()))
        resource = on_day(resource, correction.day)
    if correction.full_dose:
        resource = in_one_dose(resource, say["change.dose"], _MG)
    if correction.doses:
        changes += _dates(correction.doses, say)
        resource = with_days(resource, correction.doses)
    if correction.full_dose:
        changes.append(say["change.dose"])
    if changes:
        what = say["action.update"].format(order=one_line(draft.label), changes=", ".join(changes))
        yield Action("update", what, resource)


def _dates(doses: tuple[Days, ...], say: Mapping[str, str]) -> Iterator[str]:
    """The new start and the new end, as far as there are any."""
    starts = [days.start for days in doses if days.start is not None]
    ends = [days.end for days in doses if days.end is not None]
    if starts:
        yield say["change.start"].format(day=min(starts).isoformat())
    if ends:
        yield say["change.end"].format(day=max(ends).isoformat())


def _end_courses(checked: Checked, words: Words, look_up: LookUp) -> Iterator[Action]:
    for ending in checked.correction.endings:
        found = look_up(ending.course.reference)
        if found is not None:
            order = one_line(ending.course.label)
            what = words.catalogue["action.end-course"].format(order=order, day=ending.day)
            yield Action("update", what, with_days(found, ending.doses))


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
        yield Action("create", what, _service_request(coding, patient, days))


def _service_request(coding: Coding, patient: str, days: tuple[date | None, date | None]) -> Raw:
    """A proposal for an order of that code, for this patient and these days."""
    request = {**_draft(coding), "subject": {"reference": patient}}
    if days[0] is not None and days[1] is not None:
        request["occurrencePeriod"] = {"start": days[0].isoformat(), "end": days[1].isoformat()}
    return request


@lru_cache(maxsize=64)
def _draft(coding: Coding) -> Raw:
    """A draft order of a code, valid R4 by construction: made once a code, as only the patient and the days differ."""
    from fhir.resources.R4B.servicerequest import ServiceRequest  # noqa: PLC0415 - slow, and only needed here

    code = {"system": coding.system, "code": coding.code, "display": coding.display}
    given = {
        "resourceType": "ServiceRequest",
        "status": "draft",
        "intent": "order",
        "code": {"coding": [code], "text": coding.display},
        "subject": {"reference": "Patient/anybody"},
    }
    built: Raw = ServiceRequest.model_validate(given).model_dump(mode="json", exclude_none=True)
    return {"resourceType": "ServiceRequest", **built}
