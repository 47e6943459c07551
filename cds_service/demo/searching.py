"""What an EHR's FHIR server answers to a prefetch template, from one patient's chart.

Only what the template asks and this small server understands is answered; a template that asks more is not answered at
all, as the specification wants it (CDS Hooks, "Prefetch Template"): a wrong answer would pass for a search.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import tzinfo
from typing import Any
from urllib.parse import parse_qsl

from cds_service.demo.elements import Json, at, codings_of, each, subject_of, text_at
from cds_service.demo.search_dates import Dates, NotAnswered

_TOKEN = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
_WHOSE = frozenset({"patient", "subject", "individual"})
_TOKENS = frozenset({"category", "code", "status", "_id"})
_INCLUDED = {
    "MedicationRequest:medication": "Medication",
    "MedicationStatement:medication": "Medication",
    "MedicationAdministration:medication": "Medication",
    "ResearchSubject:study": "ResearchStudy",
}


def prefetched(templates: Mapping[str, str], context: Json, resources: Sequence[Json], zone: tzinfo) -> dict[str, Any]:
    """The answers to the templates, by key; a key that cannot be answered is left out.

    `zone`: in which the days of this server begin and end.
    """
    found: dict[str, Any] = {}
    for key, template in templates.items():
        try:
            found[key] = answered(filled(template, context), resources, zone)
        except NotAnswered:
            continue
    return found


def filled(template: str, context: Json) -> str:
    """The template with its tokens replaced. Raises NotAnswered for a token that the context does not hold."""

    def value(match: re.Match[str]) -> str:
        place, _, name = match[1].partition(".")
        found = context.get(name) if place == "context" else None
        if not isinstance(found, str):
            raise NotAnswered
        return found

    return _TOKEN.sub(value, template)


def answered(query: str, resources: Sequence[Json], zone: tzinfo) -> Json | None:
    """The resource that is read (None: there is none), or the searchset. Raises NotAnswered."""
    path, _, terms = query.partition("?")
    kind, _, name = path.strip("/").partition("/")
    if not kind or not kind[0].isupper() or "/" in name:
        raise NotAnswered
    of_kind = [resource for resource in resources if resource["resourceType"] == kind]
    if name:
        return next((resource for resource in of_kind if resource["id"] == name), None)
    return _searchset(of_kind, parse_qsl(terms, keep_blank_values=True), resources, Dates(kind, zone))


def _searchset(found: list[Json], terms: Sequence[tuple[str, str]], resources: Sequence[Json], dates: Dates) -> Json:
    most, included = len(found), set()
    for name, value in terms:
        if name == "_include" and value in _INCLUDED:
            included.add(_INCLUDED[value])
        elif name == "_count" and value.isdecimal():
            most = int(value)
        elif name == "_sort":
            found = dates.in_order(found, value)
        else:
            found = [resource for resource in found if _fits(resource, name, value, dates)]
    beside = [resource for resource in resources if resource["resourceType"] in included]
    modes = [("match", found[:most]), ("include", beside)]
    entries = [{"resource": one, "search": {"mode": mode}} for mode, several in modes for one in several]
    return {"resourceType": "Bundle", "type": "searchset", "entry": entries}


def _fits(resource: Json, name: str, value: str, dates: Dates) -> bool:
    """Whether a resource meets a search parameter; several values of one parameter are alternatives."""
    if name in _WHOSE:
        return subject_of(resource).removeprefix("Patient/") in ("", value.removeprefix("Patient/"))
    if name not in _TOKENS:
        return dates.fits(resource, name, value)
    return any(_has_token(resource, name, one) for one in value.split(","))


def _has_token(resource: Json, name: str, token: str) -> bool:
    if name in ("status", "_id"):
        return text_at(resource, name.lstrip("_")) == token
    concepts = list(each(resource, name)) or [at(resource, name) or at(resource, "medicationCodeableConcept")]
    codings = frozenset(pair for concept in concepts for pair in codings_of(concept))
    if name == "category" and not codings:
        return True  # a chart brought from elsewhere may have no categories; a server gives them when it stores it
    system, bar, code = token.rpartition("|")
    return any(code == one and (not bar or system == where) for where, one in codings)
