"""What a suggestion would change, in short: by comparing what it proposes with what was received."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from tests.case_codes import value_sets
from tests.guidance_records import SAFETY

Json = Mapping[str, Any]
Path = tuple[str | int, ...]
TESTS = (*SAFETY, "hcg", "imaging-liver-dynamic")


def changes(actions: Iterable[Json], received: Iterable[Json]) -> tuple[str, ...]:
    """Every change: `delete`, `date 2026-11-27`, `end 2026-11-23 of MedicationRequest/a`, `order INR ...`."""
    known = {(one["resourceType"], one.get("id")): one for one in received}
    said: list[str] = []
    ordered: dict[str, list[str]] = {}
    for action in actions:
        if action["type"] == "delete":
            said.append("delete")
        elif action["type"] == "create":
            when, what = _ordered(action["resource"])
            ordered.setdefault(when, []).append(what)
        else:
            resource = action["resource"]
            said += _updated(known[resource["resourceType"], resource.get("id")], resource)
    return (*said, *(f"order {', '.join(sorted(what))}{when}" for when, what in ordered.items()))


def _ordered(resource: Json) -> tuple[str, str]:
    coding = resource["code"]["coding"][0]
    period = resource.get("occurrencePeriod")
    when = f" from {period['start']} to {period['end']}" if period else ""
    return when, _name(coding["system"], coding["code"])


@cache
def _name(system: str, code: str) -> str:
    """Which of the tests that a suggestion may order it is."""
    for name in TESTS:
        if any((coding["system"], coding["code"]) == (system, code) for coding in value_sets()[name].listed):
            return name
    return f"{system}|{code}"


def _updated(before: Json, after: Json) -> list[str]:
    course = "" if before["status"] == "draft" else f" of {before['resourceType']}/{before['id']}"
    several = len(before.get("dosageInstruction", ())) > 1
    found = (f"{_change(path, value, several=several)}{course}" for path, value in different(before, after))
    return list(dict.fromkeys(found)) or ["nothing"]


_NAMED = {
    "occurrenceDateTime": "date",
    ("occurrencePeriod", "start"): "date",
    ("occurrencePeriod", "end"): "last date",
    ("boundsPeriod", "start"): "start",
    ("boundsPeriod", "end"): "end",
}


def _change(path: Path, value: object, *, several: bool) -> str:
    place = f" in dosage {int(path[1]) + 1}" if several and len(path) > 1 else ""
    if "boundsDuration" in path:
        return f"length gone{place}"
    if value is None and several and path[0] == "dosageInstruction" and path[1] != 0:
        return f"dosage {int(path[1]) + 1} gone"
    name = _NAMED.get(str(path[-1])) or _NAMED.get(tuple(map(str, path[-2:])))
    if name is not None:
        return f"{name} {value}{place}"
    return "dose 400 mg twice a day" if path[0] == "dosageInstruction" else f"{'.'.join(map(str, path))} {value}"


def different(before: object, after: object, path: Path = ()) -> Iterator[tuple[Path, object]]:
    """Every leaf that is not as it was, with what it became (None: gone)."""
    if isinstance(before, Mapping) or isinstance(after, Mapping):
        old, new = _mapping(before), _mapping(after)
        for key in dict.fromkeys((*old, *new)):
            yield from different(old.get(key), new.get(key), (*path, key))
    elif isinstance(before, list) or isinstance(after, list):
        old_list, new_list = _sequence(before), _sequence(after)
        for at in range(max(len(old_list), len(new_list))):
            was, now = (one[at] if at < len(one) else None for one in (old_list, new_list))
            yield from different(was, now, (*path, at))
    elif before != after:
        yield path, after


def _mapping(given: object) -> Mapping[str, object]:
    return given if isinstance(given, Mapping) else {}


def _sequence(given: object) -> list[object]:
    return given if isinstance(given, list) else []
