"""Ways to know less of a chart: each blur leaves everything possible that was so, and adds nothing that was known.

What is no blur is left out: forgetting the day of a plan makes it history ("future-dated events are plans"),
forgetting that a diagnosis is past makes it present ("clinicalStatus ... absent = active"), and a pure ratio needs no
unit, so a wrong one hides more than none.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from tests.properties.charts import AS_OF, Chart, Json

Blur = Callable[[Json], Iterator[Json]]

_TODAY: Final = AS_OF.date().isoformat()
_PRESENT: Final = frozenset({"active", "recurrence", "relapse"})
_VALUES: Final = ("valueQuantity", "valueCodeableConcept", "valueString", "valueBoolean", "valueInteger")
_WIDER: Final[Mapping[str | None, str]] = {"<": "<=", "<=": "<=", ">": ">=", ">=": ">="}


def without(element: Json, *names: str) -> Json:
    """The element without some of its children."""
    return {name: value for name, value in element.items() if name not in names}


def _comparators(quantity: Json) -> Iterator[Json]:
    value, given = quantity["value"], quantity.get("comparator")
    if given in (None, "<", "<="):
        yield {**quantity, "comparator": _WIDER.get(given, "<=")}
        yield {**quantity, "comparator": "<", "value": value * 3 + 1}
    if given in (None, ">", ">="):
        yield {**quantity, "comparator": _WIDER.get(given, ">=")}
        yield {**quantity, "comparator": ">=", "value": round(value / 3, 3)}


def _in_measurements(element: Json, blur: Blur) -> Iterator[Json]:
    """The blur of the value itself, or of one part of a panel."""
    yield from blur(element)
    parts = element.get("component", ())
    for number, part in enumerate(parts):
        for blurred in blur(part):
            yield {**element, "component": [*parts[:number], blurred, *parts[number + 1 :]]}


def wider_value(resource: Json) -> Iterator[Json]:
    """The value becomes "at most", "at least", or an interval further out."""

    def blur(element: Json) -> Iterator[Json]:
        if "valueQuantity" in element:
            yield from ({**element, "valueQuantity": wider} for wider in _comparators(element["valueQuantity"]))

    return _in_measurements(resource, blur)


def no_value(resource: Json) -> Iterator[Json]:
    """The value is absent, and why is said."""

    def blur(element: Json) -> Iterator[Json]:
        if any(name in element for name in _VALUES):
            reason = {"coding": [{"code": "unknown"}]}
            yield {**without(element, *_VALUES), "dataAbsentReason": reason}

    return _in_measurements(resource, blur)


def no_unit(resource: Json) -> Iterator[Json]:
    """The unit is lost."""

    def blur(element: Json) -> Iterator[Json]:
        given = element.get("valueQuantity", {})
        if given.get("code") and not _is_wrong_ratio(element):
            yield {**element, "valueQuantity": without(given, "unit", "code", "system")}

    return _in_measurements(resource, blur)


def _is_wrong_ratio(element: Json) -> bool:
    return bool(element["valueQuantity"]["code"] == "%" and "INR" in element["code"]["coding"][0]["display"])


def answer_in_words(resource: Json) -> Iterator[Json]:
    """A coded answer becomes its display."""
    answer = resource.get("valueCodeableConcept")
    if answer:
        yield {**resource, "valueCodeableConcept": {"text": answer["coding"][0]["display"]}}


def no_range(resource: Json) -> Iterator[Json]:
    """The reference ranges are lost."""
    if "referenceRange" in resource:
        yield without(resource, "referenceRange")


_DATED: Final[Mapping[str, tuple[tuple[str, ...], ...]]] = {
    "Condition": (("onsetDateTime", "onsetPeriod", "onsetAge", "recordedDate"),),
    "Observation": (("effectiveDateTime", "issued"),),
    "Procedure": (("performedDateTime", "performedPeriod"),),
    "MedicationRequest": (("authoredOn", "dosageInstruction"),),
    "MedicationStatement": (("effectiveDateTime", "effectivePeriod"),),
    "MedicationAdministration": (("effectiveDateTime", "effectivePeriod"),),
    "MedicationDispense": (("whenHandedOver",),),
    "ResearchSubject": (("period",),),
}


def no_date(resource: Json) -> Iterator[Json]:
    """No date is recorded any more."""
    for names in _DATED.get(resource["resourceType"], ()):
        if any(name in resource for name in names) and not _is_planned(resource):
            yield without(resource, *names)


def partial_date(resource: Json) -> Iterator[Json]:
    """One date is known to the day, to the month or to the year only.

    A period that ends before it begins is none: cut short, its days may fit again, and more is known than before.
    """
    if not _is_planned(resource) and not _runs_backwards(resource):
        yield from _cut(resource)


def _is_planned(resource: Json) -> bool:
    return any(text[:10] > _TODAY for text in _texts_of_dates(resource))


def _runs_backwards(element: object) -> bool:
    """Whether a period in it ends before it begins."""
    if isinstance(element, list):
        return any(map(_runs_backwards, element))
    if not isinstance(element, Mapping):
        return False
    start, end = element.get("start"), element.get("end")
    backwards = isinstance(start, str) and isinstance(end, str) and end < start
    return backwards or any(map(_runs_backwards, element.values()))


def _texts_of_dates(element: object) -> Iterator[str]:
    if isinstance(element, str) and element[:3] in ("202", "201", "200"):
        yield element
    elif isinstance(element, Mapping):
        for value in element.values():
            yield from _texts_of_dates(value)
    elif isinstance(element, list):
        for value in element:
            yield from _texts_of_dates(value)


def _cut(element: Any) -> Iterator[Any]:  # noqa: ANN401 - any part of a resource
    """The element with one date in it cut short."""
    if isinstance(element, Mapping):
        for name, value in element.items():
            yield from ({**element, name: shorter} for shorter in _cut(value))
    elif isinstance(element, list):
        for number, value in enumerate(element):
            yield from ([*element[:number], shorter, *element[number + 1 :]] for shorter in _cut(value))
    elif isinstance(element, str) and element in tuple(_texts_of_dates(element)):
        yield from (element[:length] for length in (10, 7, 4) if length < len(element))


def observation_in_words(resource: Json) -> Iterator[Json]:
    """The code of an observation becomes its display."""
    if resource["resourceType"] == "Observation":
        yield from _said(resource)


def in_words(resource: Json) -> Iterator[Json]:
    """The code of anything else becomes its display."""
    if resource["resourceType"] != "Observation":
        yield from _said(resource)


def _said(resource: Json) -> Iterator[Json]:
    for name in ("code", "medicationCodeableConcept"):
        coding = resource.get(name, {}).get("coding", ({},))[0]
        if coding.get("display"):
            yield {**resource, name: {"text": coding["display"]}}


def unresolved_drug(resource: Json) -> Iterator[Json]:
    """A drug becomes a reference to nothing supplied."""
    if "medicationCodeableConcept" in resource:
        yield {
            **without(resource, "medicationCodeableConcept"),
            "medicationReference": {"reference": "Medication/lost"},
        }


def less_certain(resource: Json) -> Iterator[Json]:
    """A diagnosis is provisional only."""
    if resource["resourceType"] == "Condition":
        yield {**resource, "verificationStatus": {"coding": [{"code": "provisional"}]}}


def no_activity(resource: Json) -> Iterator[Json]:
    """Whether a present diagnosis is still so is no longer said."""
    codings = resource.get("clinicalStatus", {}).get("coding", ())
    if resource["resourceType"] == "Condition" and any(c["code"] in _PRESENT for c in codings):
        yield without(resource, "clinicalStatus")


def no_subject(resource: Json) -> Iterator[Json]:
    """Nobody says whose it is."""
    for name in ("subject", "individual"):
        if name in resource:
            yield without(resource, name)
    if resource["resourceType"] == "AllergyIntolerance" and "patient" in resource:
        yield without(resource, "patient")


def no_site(resource: Json) -> Iterator[Json]:
    """Where the disease is, is told in words or not at all."""
    if "bodySite" in resource:
        yield without(resource, "bodySite")
        yield {**resource, "bodySite": [{"text": "see report"}]}


def no_study(resource: Json) -> Iterator[Json]:
    """Which study it is, is not said."""
    if "study" in resource:
        yield without(resource, "study")


def no_sex(resource: Json) -> Iterator[Json]:
    """The sex is forgotten."""
    if "gender" in resource:
        yield without(resource, "gender")
        yield {**resource, "gender": "unknown"}


def less_of_birth(resource: Json) -> Iterator[Json]:
    """The birth date is forgotten, or known to the month or the year."""
    born = resource.get("birthDate")
    if born is not None:
        yield without(resource, "birthDate")
        if born[0] != "0" and "." not in born:
            yield from ({**resource, "birthDate": born[:length]} for length in (7, 4) if length < len(born))


BLURS: Final[tuple[Blur, ...]] = (
    wider_value,
    no_value,
    no_unit,
    answer_in_words,
    no_range,
    no_date,
    partial_date,
    observation_in_words,
    in_words,
    unresolved_drug,
    less_certain,
    no_activity,
    no_subject,
    no_site,
    no_study,
    no_sex,
    less_of_birth,
)


def blurred(chart: Chart, blur: Blur) -> tuple[Chart, ...]:
    """Every chart that differs by one such blur of one resource."""
    return tuple(
        (*chart[:number], less, *chart[number + 1 :])
        for number, resource in enumerate(chart)
        for less in blur(resource)
    )
