"""Looks into FHIR resources of any sender: what is absent or misshapen is empty, never an error."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, tzinfo
from typing import Any

from fhir_profiles.dates import NEVER_DATED, read_when, span_of

Json = Mapping[str, Any]
_DAY = len("2026-11-22")


def at(node: object, *path: str | int) -> Any:  # noqa: ANN401 - what a sender put there
    """What stands at a path of names and positions; None where the path leads nowhere."""
    for step in path:
        if isinstance(step, str) and isinstance(node, Mapping):
            node = node.get(step)
        elif isinstance(step, int) and isinstance(node, list) and step < len(node):
            node = node[step]
        else:
            return None
    return node


def text_at(node: object, *path: str | int) -> str:
    """The text at a path; empty where there is none."""
    found = at(node, *path)
    return found if isinstance(found, str) else ""


def each(node: object, *path: str | int) -> Iterator[Json]:
    """The objects of the list at a path."""
    found = at(node, *path)
    yield from (one for one in found if isinstance(one, Mapping)) if isinstance(found, list) else ()


def concept_text(concept: object) -> str:
    """How a CodeableConcept reads: its text, else the first display, else the first code."""
    codings = tuple(each(concept, "coding"))
    shown = [text_at(concept, "text")]
    shown += [text_at(coding, name) for name in ("display", "code") for coding in codings]
    return next((text for text in shown if text), "")


def code_text(concept: object) -> str:
    """How a CodeableConcept of codes that FHIR fixes, a status say, reads: its first code, else as any other."""
    return next(
        (code for coding in each(concept, "coding") if (code := text_at(coding, "code"))), concept_text(concept)
    )


def codings_of(concept: object) -> frozenset[tuple[str, str]]:
    """System and code of each coding."""
    return frozenset((text_at(c, "system"), text_at(c, "code")) for c in each(concept, "coding"))


def first_text(resource: Json, *paths: tuple[str | int, ...]) -> str:
    """The text at the first of these paths that holds one."""
    return next((text for path in paths if (text := text_at(resource, *path))), "")


def day_of(text: str) -> date | None:
    """The day of a date; None for a partial or unreadable one, and for an instant, whose day depends on the zone."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def zone_of(instant: datetime) -> tzinfo:
    """The zone in which an instant is told."""
    return instant.tzinfo or UTC


def local_day(text: str, zone: tzinfo) -> str:
    """The day of an instant in a zone; a date, partial or not, as it is written."""
    when = read_when(text, zone)
    return when.instant.date().isoformat() if when and when.instant else text[:_DAY]


def beginning(text: str, zone: tzinfo) -> datetime:
    """The earliest instant that a date or an instant may mean; of one that cannot be read the first there is."""
    return span_of(read_when(text, zone) or NEVER_DATED, zone)[0]


def reference(resource: Json) -> str:
    """How FHIR refers to a resource: type and id."""
    return f"{resource['resourceType']}/{resource['id']}"


def subject_of(resource: Json) -> str:
    """Whom a resource is about, as it says itself."""
    return first_text(resource, ("subject", "reference"), ("patient", "reference"), ("individual", "reference"))
