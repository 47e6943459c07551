"""Says what is wrong with a protocol file: short, with what was expected, and never more of the file than one value."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any


@dataclass(frozen=True, slots=True)
class Fault:
    """One place of a file that the schema does not pass, and the keyword of JSON Schema that says so."""

    path: tuple[str | int, ...]
    keyword: str
    wanted: Any
    instance: Any
    schema: Mapping[str, Any]

    @property
    def rank(self) -> int:
        """How basic it is: a value of the wrong type, or a key that is none, explains the others at its place."""
        return {"type": 0, "additionalProperties": 1}.get(self.keyword, 2)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A suggestion to follow a word that is not known: the nearest known one, else all of them."""
    names = sorted(known)
    near = get_close_matches(word, names, 1)
    return f"did you mean {near[0]!r}?" if near else f"known are: {', '.join(names) or 'none'}"


def complaints(fault: Fault) -> Iterator[str]:
    """A fault in words that never show more of the file than one short value."""
    speak = _COMPLAINTS.get(fault.keyword)
    if speak is None:
        yield f"expected {_expected(fault)}; found {_found(fault)}"
    else:
        yield from speak(fault)


def _unknown_keys(fault: Fault) -> Iterator[str]:
    schema = fault.schema
    known = schema["properties"].keys()
    for key in sorted(map(str, set(fault.instance) - known)):
        free = known - fault.instance.keys()
        yield f"{key!r} is no key of {schema['title']}; {did_you_mean(key, free or known)}"


def _missing_keys(fault: Fault) -> Iterator[str]:
    asked = fault.wanted
    needed = asked if isinstance(asked, list) else [one for key in asked if key in fault.instance for one in asked[key]]
    for key in needed:
        if key not in fault.instance:
            yield f"the key {key!r} is missing; add it"


def _one_key(fault: Fault) -> Iterator[str]:
    """One key out of several was wanted: none is there, or more than one."""
    wanted = fault.wanted
    keys = [option["required"][0] for option in wanted] if isinstance(wanted, list) else wanted["required"]
    present = [key for key in keys if key in fault.instance]
    if present:
        yield f"only one of the keys {', '.join(map(repr, present))} can stand here; take the others away"
        return
    near = [f"; {did_you_mean(str(key), keys)}" for key in fault.instance if get_close_matches(str(key), keys, 1)]
    yield f"expected one of the keys {', '.join(keys)}{near[0] if near else ''}"


def _no_such_value(fault: Fault) -> Iterator[str]:
    known = list(map(str, fault.wanted))
    near = get_close_matches(str(fault.instance), known, 1) if isinstance(fault.instance, str) else []
    hint = f"; did you mean {near[0]!r}?" if near else ""
    yield f"expected one of {', '.join(known)}; found {_shown(fault.instance)}{hint}"


def _same_twice(fault: Fault) -> Iterator[str]:
    twice = next(one for i, one in enumerate(fault.instance) if one in fault.instance[:i])
    yield f"{_shown(twice)} is given twice; keep one of the two"


_COMPLAINTS: Mapping[str, Callable[[Fault], Iterator[str]]] = {
    "additionalProperties": _unknown_keys,
    "required": _missing_keys,
    "dependentRequired": _missing_keys,
    "oneOf": _one_key,
    "not": _one_key,
    "enum": _no_such_value,
    "uniqueItems": _same_twice,
}


def _expected(fault: Fault) -> str:
    schema = fault.schema
    if "description" in schema:
        return str(schema["description"])
    if fault.keyword == "const":
        return json.dumps(fault.wanted)
    if fault.keyword == "minItems":
        return "a list of one or more"
    kinds = schema["type"]
    return " or ".join(_TYPES[kind] for kind in (kinds if isinstance(kinds, list) else [kinds]))


_TYPES = {
    "string": "a text",
    "number": "a number",
    "integer": "a whole number",
    "object": "a mapping of keys",
    "array": "a list",
    "boolean": "true or false",
}
_LONGEST_SHOWN = 40


def _found(fault: Fault) -> str:
    unquoted = isinstance(fault.instance, bool) and fault.schema.get("type") == "string"
    return f"{_shown(fault.instance)} (a text like yes or no needs quotes)" if unquoted else _shown(fault.instance)


def _shown(value: object) -> str:
    """A short value as written; of anything longer, what it is."""
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list):
        return f"a list of {len(value)}" if value else "an empty list"
    if value is None or isinstance(value, bool):
        return {None: "nothing", True: "true", False: "false"}[value]
    text = repr(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."
