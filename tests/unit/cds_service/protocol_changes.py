"""COTSOM's protocol file with one thing changed, written as YAML the way an author would."""

from collections.abc import Mapping
from copy import deepcopy
from functools import cache
from typing import Any

import yaml

from cds_service.loading import COTSOM, load_units, load_vocabulary
from cds_service.protocols.building import build_protocol
from cds_service.protocols.checking import Problem, Severity, check, check_names
from cds_service.protocols.parsing import parse_protocol
from cds_service.settings import Settings
from fhir_profiles.terminology import CodeSet

Given = dict[str, Any]


@cache
def _cotsom() -> Mapping[str, Any]:
    return parse_protocol(COTSOM)


@cache
def _sets() -> Mapping[str, CodeSet]:
    return load_vocabulary(Settings()).terminology.sets


def cotsom() -> Given:
    """A copy to change."""
    return deepcopy(dict(_cotsom()))


def with_line(name: str, changes: str) -> Given:
    """COTSOM with some keys of one criterion changed."""
    given = cotsom()
    next(one for one in given["criteria"] if one["id"] == name).update(yaml.safe_load(changes))
    return given


def with_part(section: str, changes: str) -> Given:
    """COTSOM with some keys of one section changed or added."""
    given = cotsom()
    given[section] = {**given.get(section, {}), **yaml.safe_load(changes)}
    return given


def problems(given: Given, overrides: Mapping[str, str] | None = None) -> tuple[Problem, ...]:
    """What the checks say of a file that the schema passes; names that do not exist come first and alone."""
    names = check_names(given)
    if names:
        return names
    titles = {name: one.title for name, one in _sets().items()}
    return check(build_protocol(given, load_units(), titles, overrides or {}), given, _sets())


def lines(given: Given, severity: Severity, overrides: Mapping[str, str] | None = None) -> list[str]:
    """The problems of one severity as lines."""
    return [str(problem) for problem in problems(given, overrides) if problem.severity is severity]
