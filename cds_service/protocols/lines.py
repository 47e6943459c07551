"""Finds the lines of a protocol file at which problems stand."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import yaml

_LISTED = {"criterion": "criteria", "definition": "definitions", "analyte": "analytes"}


def located(file: Path, problems: Iterable[object]) -> str:
    """Problems, each `place: what is wrong`, one a line, each after the file and the line at which its place stands."""
    top = yaml.compose(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return "\n".join(f"{file}:{_line(top, str(problem))}: {problem}" for problem in problems)


def _line(top: yaml.Node | None, problem: str) -> int:
    """The line, counted from 1, of the innermost part of a problem's place that is there."""
    line, node = 1, top
    for step in _steps(problem.partition(": ")[0]):
        found = next((both for both in _children(node) if step in both[0]), None)
        if found is None:
            break
        _, line, node = found
    return line


def _steps(place: str) -> Iterator[str]:
    """`criterion E7 > decide > [2]` as criteria, E7, decide, [2]."""
    for name in place.split(" > "):
        kind, _, rest = name.partition(" ")
        yield from (_LISTED[kind], rest) if rest and kind in _LISTED else (name,)


def _children(node: yaml.Node | None) -> Iterator[tuple[tuple[str, ...], int, yaml.Node]]:
    """What stands in a node: the names by which a place may call it, its line, itself."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield (str(key.value),), key.start_mark.line + 1, value
    elif isinstance(node, yaml.SequenceNode):
        for n, item in enumerate(node.value, start=1):
            ids = [value for (name,), _, value in _children(item) if name == "id"]
            yield (f"[{n}]", *(str(one.value) for one in ids)), item.start_mark.line + 1, item
