"""The actions of a suggestion: what is created is valid R4; an update is the received order with dates or dose set."""

from collections.abc import Iterator, Mapping
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from cards.dosages import entries_of, in_one_dose, left_out, on_day, with_days
from cards.escaping import one_line, shortened
from cards.model import Action
from cards.wording import Words
from cds_service.trial.guidance.corrections import Checked, Correction
from fhir_profiles.elements import Coding
from fhir_profiles.pruning import pruned
from fhir_profiles.reading.products import LookUp, Raw
from fhir_profiles.terminology import Terminology

_QUOTED = 100
_MG = {"value": 400, "unit": "mg", "system": "http://unitsofmeasure.org", "code": "mg"}


class Proposed(NamedTuple):
    """What a suggestion does, each with a sentence a clinician can act on; `by_hand`: what no click can do."""

    actions: tuple[Action, ...]
    by_hand: tuple[str, ...]


def proposed(checked: Checked, words: Words, terminology: Terminology, look_up: LookUp, patient: str) -> Proposed:
    """Everything that the correction of a draft does; a draft without id can be changed by hand alone."""
    own = tuple(_own(checked, words))
    if checked.correction.delete:
        others: tuple[Action, ...] = ()
    else:
        others = (*_end_courses(checked, words, look_up), *_create(checked, words, terminology, patient))
    if checked.draft.updatable:
        return Proposed(own + others, ())
    return Proposed(others, tuple(action.description for action in own))


def _own(checked: Checked, words: Words) -> Iterator[Action]:
    """What happens to the draft itself."""
    correction, draft, say = checked.correction, checked.draft, words.catalogue
    order, changes = one_line(draft.label), tuple(_changes(correction, draft.raw, say))
    if correction.delete:
        yield Action("delete", say["action.delete"].format(order=order), None, draft.reference)
    elif changes:
        what = say["action.update"].format(order=order, changes=", ".join(changes))
        yield Action("update", what, _changed(draft.raw, correction, say))


def _changed(order: Raw, correction: Correction, say: Mapping[str, str]) -> Raw:
    """The draft as received, with the corrected day, dose and dates."""
    if correction.day is not None:
        return on_day(order, correction.day)
    changed = in_one_dose(order, say["change.dose"], _MG, joined=correction.joined) if correction.full_dose else order
    return with_days(changed, correction.doses) if correction.doses else changed


def _changes(correction: Correction, order: Raw, say: Mapping[str, str]) -> Iterator[str]:
    """The new day, start, end and dose in words, and the instructions that go with the old dose."""
    starts = [days.start for days in correction.doses if days.start is not None]
    ends = [days.end for days in correction.doses if days.end is not None]
    if correction.day is not None:
        yield say["change.date"].format(day=correction.day.isoformat())
    if starts:
        yield say["change.start"].format(day=min(starts).isoformat())
    if ends:
        yield say["change.end"].format(day=max(ends).isoformat())
    if correction.full_dose:
        yield say["change.dose"]
        yield from (say["change.without"].format(text=shortened(one_line(text), _QUOTED)) for text in left_out(order))


def _end_courses(checked: Checked, words: Words, look_up: LookUp) -> Iterator[Action]:
    endings = {ending.course.reference: ending for ending in checked.correction.endings}
    for reference, ending in endings.items():
        found = look_up(reference)
        # of two versions of one order in a chart the other may be found
        if found is not None and entries_of(found) == len(ending.doses):
            order = one_line(ending.course.label)
            what = words.catalogue["action.end-course"].format(order=order, day=ending.day)
            yield Action("update", what, pruned(with_days(found, ending.doses)))


def _create(checked: Checked, words: Words, terminology: Terminology, patient: str) -> Iterator[Action]:
    correction, say = checked.correction, words.catalogue
    for name in correction.tests:
        coding = terminology.sets[name].example
        if coding is None:
            continue
        days = (correction.tests_from, correction.tests_until) if name != "imaging-liver-dynamic" else (None, None)
        first, last = days
        text = say["action.create-now" if first is None else "action.create-on" if first == last else "action.create"]
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
