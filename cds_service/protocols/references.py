"""Names that one part of a protocol file uses of another: each must exist, and none should stand there unused."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import takewhile
from string import Formatter
from typing import Any

from cards.particles import Shown
from cds_service.protocols.complaints import did_you_mean
from cds_service.protocols.parsing import place
from cds_service.protocols.problems import Problem, error, warning

_Path = tuple[str | int, ...]
_NAMED_BY = {
    "lab": "analytes",
    "score": "scales",
    "scale": "scales",
    "documented": "scales",
    "definition": "definitions",
}
_LIMITS = frozenset(
    {"above", "below", "systolic_above", "diastolic_above", "negative_below", "positive_from"}
    | {"less_than", "at_most", "at_least", "maximum_age"}
    | {"start_sorafenib", "response_imaging", "next_tace", "first_examination", "next_examination", "survival"}
    | {"safety", "stop_sorafenib"}
)
_NAME = re.compile(r"[a-z][a-z0-9-]*")
_SINGULAR = {"analytes": "analyte", "scales": "scale", "definitions": "definition", "answers": "answer"}


@dataclass(frozen=True, slots=True)
class _Reference:
    """A name used at a path, and the section that must define it."""

    path: _Path
    section: str
    name: str


def check_names(given: Mapping[str, Any]) -> tuple[Problem, ...]:
    """An error for each name that a parsed file (passed by the schema) uses and does not define."""
    return (*_undefined(given), *_defined_later(given), *_untold(given))


def check_unused(given: Mapping[str, Any]) -> tuple[Problem, ...]:
    """A warning for each name that a parsed file defines and does not use."""
    used = {(reference.section, reference.name) for reference in _references(given)}
    return tuple(
        warning(f"{section} > {name}", "nothing uses it; take it away, or name it where it belongs")
        for section in ("parameters", *_SINGULAR)
        for name in given.get(section, {})
        if (section, name) not in used
    )


def _undefined(given: Mapping[str, Any]) -> Iterator[Problem]:
    for reference in _references(given):
        known = given.get(reference.section, {})
        if reference.name not in known:
            what = _SINGULAR.get(reference.section, "parameter")
            text = f"there is no {what} {reference.name!r}; {did_you_mean(reference.name, known)}"
            yield error(place(given, reference.path), text)


def _defined_later(given: Mapping[str, Any]) -> Iterator[Problem]:
    """Definitions are read top to bottom: one may only name those above it."""
    definitions = given.get("definitions", {})
    for name, statement in definitions.items():
        above = set(takewhile(lambda other, name=name: other != name, definitions))  # type: ignore[misc]
        for reference in _references({"definitions": {name: statement}}):
            if reference.section == "definitions" and reference.name in definitions.keys() - above:
                text = f"the definition {reference.name!r} does not stand above this one; move it up"
                yield error(place(given, reference.path), text)


def _untold(given: Mapping[str, Any]) -> Iterator[Problem]:
    """Texts whose braces name no parameter."""
    parameters = given["parameters"]
    texts: list[tuple[_Path, str]] = [(("trial", "title"), given["trial"]["title"])]
    texts += [(("parameters", name, "meaning"), one["meaning"]) for name, one in parameters.items()]
    for n, line in enumerate(given["criteria"]):
        texts += [(("criteria", n, key), line[key]) for key in ("text", "question") if key in line]
    for path, text in texts:
        problem = text_problem(text, parameters)
        if problem:
            yield error(place(given, path), problem)


def translation_problem(text: str, told: str, parameters: Iterable[str]) -> str | None:
    """What keeps a translation from being told: braces that name no parameter, or others than the text has."""
    problem = text_problem(told, parameters)
    if problem is None and _named_in(told) != _named_in(text):
        return f"it names other parameters than the text, which names {', '.join(sorted(_named_in(text))) or 'none'}"
    return problem


def _named_in(text: str) -> frozenset[str]:
    return frozenset(field.partition(".")[0] for _, field, _, _ in Formatter().parse(text) if field is not None)


def text_problem(text: str, parameters: Iterable[str]) -> str | None:
    """What keeps a text from being told: braces that do not name a parameter."""
    try:
        text.format(**dict.fromkeys(parameters, Shown("1")))
    except KeyError as unknown:
        return f"there is no parameter {unknown.args[0]!r}; {did_you_mean(str(unknown.args[0]), parameters)}"
    except (ValueError, IndexError, AttributeError):
        return "braces hold the name of a parameter, like {laboratory-age}; mend them, or double those that are text"
    return None


def _references(given: Mapping[str, Any]) -> Iterator[_Reference]:
    for section, content in given.items():
        if section != "parameters":
            yield from _within(content, (section,))
    for analyte in given.get("child_pugh", {}).get("laboratory", {}):
        yield _Reference(("child_pugh", "laboratory"), "analytes", analyte)


def _within(content: object, path: _Path) -> Iterator[_Reference]:
    if isinstance(content, Mapping):
        yield from _of_keys(content, path)
    steps = content.items() if isinstance(content, Mapping) else enumerate(content) if isinstance(content, list) else ()
    for step, below in steps:
        yield from _within(below, (*path, step))


def _of_keys(content: Mapping[str, Any], path: _Path) -> Iterator[_Reference]:
    for key, value in content.items():
        for section, name in _of_key(content, key, value):
            yield _Reference((*path, key), section, name)


def _of_key(content: Mapping[str, Any], key: str, value: object) -> Iterator[tuple[str, str]]:
    if key in ("derived_from", "safety_analytes") and isinstance(value, list):
        yield from (("analytes", name) for name in value)
    if not isinstance(value, str):
        return
    if key in _NAMED_BY:
        yield _NAMED_BY[key], value
    elif key == "is" and "result" in content:
        yield "answers", value
    elif key == "vital":
        yield from (("analytes", f"{part}-{value}") for part in ("systolic", "diastolic"))
    elif key in _LIMITS and _NAME.fullmatch(value):
        yield "parameters", value
