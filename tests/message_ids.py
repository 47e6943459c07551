"""Which message ids code and templates ask for, written out or by a prefix; and what the catalogues say of them."""

import ast
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from string import Formatter
from typing import NamedTuple

from jinja2 import Environment, nodes


class Asked(NamedTuple):
    """One use of a message; `whole`: the id itself, else the beginning of every id that may be meant."""

    id: str
    whole: bool
    place: str

    def finds(self, catalogue: Iterable[str]) -> set[str]:
        """The messages of a catalogue that this use may show."""
        return {name for name in catalogue if name == self.id or (not self.whole and name.startswith(self.id))}


def asked_in_python(file: Path, shows: Callable[[ast.AST], ast.expr | None]) -> Iterator[Asked]:
    """Every use in a module; `shows` gives the id of an expression that shows a message."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        name = shows(node)
        if name is not None:
            yield from _of_python(name, f"{file.name}:{node.lineno}")  # type: ignore[attr-defined] # expressions have lines


def _of_python(name: ast.expr, place: str) -> Iterator[Asked]:
    match name:
        case ast.Constant(value=str(text)):
            yield Asked(text, whole=True, place=place)
        case ast.JoinedStr(values=[ast.Constant(value=str(text)), *_]):
            yield Asked(text, whole=False, place=place)
        case ast.IfExp(body=body, orelse=orelse):
            yield from _of_python(body, place)
            yield from _of_python(orelse, place)
        case _:
            yield Asked("", whole=True, place=place)


def called_say(node: ast.AST) -> ast.expr | None:
    """The id in `say(id)`."""
    match node:
        case ast.Call(func=ast.Name(id="say"), args=[name, *_]):
            return name
    return None


def asked_in_template(text: str, place: str) -> Iterator[Asked]:
    """Every `_(id)` of a template."""
    for call in Environment(autoescape=True).parse(text).find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name == "_":
            yield from _of_template(call.args[0], f"{place}:{call.lineno}")


def _of_template(name: nodes.Expr, place: str) -> Iterator[Asked]:
    match name:
        case nodes.Const(value=str(text)):
            yield Asked(text, whole=True, place=place)
        case nodes.Concat(nodes=[nodes.Const(value=str(text)), *_]):
            yield Asked(text, whole=False, place=place)
        case nodes.CondExpr(expr1=first, expr2=nodes.Expr() as second):
            yield from _of_template(first, place)
            yield from _of_template(second, place)
        case _:
            yield Asked("", whole=True, place=place)


def written_in_template(text: str) -> list[str]:
    """The words that stand in a template itself, between its tags or in what a tag says to a reader."""
    tree = Environment(autoescape=True).parse(text)
    parts = (part for output in tree.find_all(nodes.Output) for part in output.nodes)
    html = "".join(part.data if isinstance(part, nodes.TemplateData) else "\0" for part in parts)
    said = " ".join(re.findall(r'\b(?:aria-label|title|alt|placeholder)="([^"]*)"', html))
    return re.findall(r"[^\W\d_]{2,}", f"{said} {re.sub(r'<[^>]*>', ' ', html)}")


def parameters(text: str) -> set[str]:
    """The names in braces."""
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def disagreements(catalogues: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Where the catalogues of the languages are not of one mind about ids, parameters, or whether there are words."""
    english = catalogues["en"]
    found = []
    for language, words in catalogues.items():
        found += [f"{language}: {name}: in one of the languages only" for name in sorted(english.keys() ^ words.keys())]
        for name in sorted(english.keys() & words.keys()):
            if parameters(words[name]) != parameters(english[name]):
                found.append(f"{language}: {name}: other parameters than in English")
            if bool(words[name]) != bool(english[name]):
                found.append(f"{language}: {name}: no words")
    return found


def unanswered(asked: Iterable[Asked], catalogue: Mapping[str, str]) -> list[str]:
    """Uses whose id the catalogue lacks, or that do not say in writing how it begins."""
    return [f"{one.place}: {one.id or 'an id that is not written out'}" for one in asked if not one.finds(catalogue)]


def unused(asked: Iterable[Asked], catalogue: Mapping[str, str]) -> set[str]:
    """Messages that nothing shows."""
    return set(catalogue).difference(*(one.finds(catalogue) for one in asked))
