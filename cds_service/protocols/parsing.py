"""Reads a protocol file: YAML without surprises, held against the schema, with errors that name the place."""

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from cds_service.errors import ConfigurationError
from cds_service.protocols.complaints import Fault, complaints
from cds_service.protocols.lines import located

if TYPE_CHECKING:
    from jsonschema import ValidationError


# An id longer than this is cut in a message.
_LONGEST_ID = 20
SCHEMA = Path(__file__).with_name("protocol.schema.json")


class _StrictLoader(yaml.CSafeLoader):
    """A loader that refuses a key given twice: YAML would keep the last one without a word."""


def _mapping(loader: _StrictLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: dict[Any, Any] = {}
    for key_node, value_node in node.value:
        key, line = loader.construct_object(key_node, deep=True), key_node.start_mark.line + 1
        if isinstance(key, bool) or not isinstance(key, str | int):
            raise ConfigurationError(f"line {line}: a key must be a text; put {key_node.value!s:.40} in quotes")
        if key in seen:
            raise ConfigurationError(f"line {line}: the key {key!r} is given twice; keep one of the two")
        seen[key] = loader.construct_object(value_node, deep=True)
    return seen


_StrictLoader.add_constructor("tag:yaml.org,2002:map", _mapping)


def parse_protocol(file: Path) -> Mapping[str, Any]:
    """The mapping of a protocol file that the schema passes. Raises ConfigurationError naming file, place and key."""
    try:
        given = yaml.load(file.read_text(encoding="utf-8"), Loader=_StrictLoader)  # noqa: S506 - a SafeLoader underneath
    except OSError as error:
        raise ConfigurationError(f"{file}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"{file}: not UTF-8 text") from None
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{file}: not YAML: {_yaml_problem(error)}") from None
    except ConfigurationError as error:
        raise ConfigurationError(f"{file}: {error}") from None
    except ValueError as error:  # a date that is none
        raise ConfigurationError(f"{file}: not YAML: {error}") from None
    problems = tuple(schema_problems(given))
    if problems:
        raise ConfigurationError(located(file, problems))
    return given  # type: ignore[no-any-return] # the schema has made it a mapping


def _yaml_problem(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    place = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
    return f"{place}{getattr(error, 'problem', None) or 'malformed'}"


def schema_problems(given: object) -> Iterator[str]:
    """What the schema has against a parsed file, one line each, the place first, most basic first at each place."""
    from jsonschema import Draft202012Validator  # noqa: PLC0415 - slow to import, needed only here

    validator = Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))
    faults = sorted(
        (_fault(error) for error in validator.iter_errors(given)), key=lambda f: (_sortable(f.path), f.rank)
    )
    lines: list[str] = []
    for _, here in groupby(faults, key=lambda fault: _sortable(fault.path)):
        _, basic = next(groupby(here, key=lambda fault: fault.rank))
        lines += [f"{place(given, fault.path)}: {text}" for fault in basic for text in complaints(fault)]
    yield from dict.fromkeys(lines)


def _fault(error: "ValidationError") -> Fault:
    schema = error.schema if isinstance(error.schema, Mapping) else {}
    return Fault(tuple(error.absolute_path), str(error.validator), error.validator_value, error.instance, schema)


def _sortable(path: Iterable[str | int]) -> tuple[str, ...]:
    return tuple(f"{step:06}" if isinstance(step, int) else step for step in path)


def place(given: object, path: tuple[str | int, ...]) -> str:
    """Where in the file, by criterion id and key rather than by position."""
    names: list[str] = []
    passed: list[Any] = [given]
    for step in path:
        names.append(f"[{step + 1}]" if isinstance(step, int) and isinstance(passed[-1], list) else str(step))
        passed.append(passed[-1][step])
    if len(names) > 1 and names[0] == "criteria":
        names[:2] = [f"criterion {_id_of(passed[2]) or names[1]}"]
    return " > ".join(names) or "top level"


def _id_of(criterion: object) -> str | None:
    name = criterion.get("id") if isinstance(criterion, Mapping) else None
    return name[:_LONGEST_ID] if isinstance(name, str) else None
