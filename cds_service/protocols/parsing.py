"""Reads a protocol file: YAML without surprises, held against the schema, with errors that name the place."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from cds_service.errors import ConfigurationError

SCHEMA = Path(__file__).with_name("protocol.schema.json")


class _StrictLoader(yaml.CSafeLoader):
    """A loader that refuses a key given twice: YAML would keep the last one without a word."""


def _mapping(loader: _StrictLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: dict[Any, Any] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if key in seen:
            line = key_node.start_mark.line + 1
            raise ConfigurationError(f"line {line}: the key {key!r} is given twice")
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
    problems = tuple(schema_problems(given))
    if problems:
        raise ConfigurationError("\n".join(f"{file}: {problem}" for problem in problems))
    return given  # type: ignore[no-any-return] # the schema has made it a mapping


def _yaml_problem(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    place = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
    return f"{place}{getattr(error, 'problem', None) or 'malformed'}"


def schema_problems(given: object) -> Iterator[str]:
    """What the schema has against a parsed file, one line each, the place first."""
    from jsonschema import Draft202012Validator  # noqa: PLC0415 - slow to import, needed only here

    validator = Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))
    for error in sorted(validator.iter_errors(given), key=lambda e: [str(part) for part in e.absolute_path]):
        yield f"{_place(given, tuple(error.absolute_path))}: {error.message}"


def _place(given: object, path: tuple[str | int, ...]) -> str:
    """Where in the file, by criterion id and key rather than by position."""
    names: list[str] = []
    here: Any = given
    for step in path:
        here = here[step]
        named = isinstance(step, int) and isinstance(here, Mapping) and "id" in here
        names.append(str(here["id"]) if named else f"[{step + 1}]" if isinstance(step, int) else str(step))
    return " > ".join(names) or "top level"
