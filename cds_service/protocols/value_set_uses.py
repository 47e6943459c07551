"""The value sets that a protocol names: each must exist and list the right kind of codes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cds_service.protocols.complaints import did_you_mean
from cds_service.protocols.problems import Problem, error, note, warning
from cds_service.trial.protocol import TrialProtocol
from cds_service.trial.statements.base import Statement
from cds_service.trial.statements.facts import AllergyStatement, ConditionStatement, CourseStatement, ProcedureStatement
from cds_service.trial.statements.joined import AllOf, AnyOf, Not
from cds_service.trial.statements.observed import LabStatement, ResultStatement, ScoreStatement
from cds_service.trial.statements.person import CountStatement, FirstStatement
from cds_service.trial.statements.pressure import PressureStatement
from fhir_profiles.terminology import CodeSet

_KIND_OF: Mapping[type[Any], str] = {
    ConditionStatement: "condition",
    ProcedureStatement: "procedure",
    CourseStatement: "medication",
    AllergyStatement: "allergen",
    LabStatement: "observation",
    ScoreStatement: "observation",
    PressureStatement: "observation",
    FirstStatement: "condition",
    CountStatement: "procedure",
}
_FOR_OTHERS = frozenset({"context", "answer", "body-site"})


@dataclass(frozen=True, slots=True)
class _Use:
    """A value set named at a place, where its codes must be of a kind."""

    place: str
    name: str
    kind: str


def leaves(statement: Statement) -> Iterator[Statement]:
    """The statements that a statement is joined of; itself, if of none."""
    if isinstance(statement, AnyOf | AllOf):
        for part in statement.parts:
            yield from leaves(part)
    elif isinstance(statement, Not):
        yield from leaves(statement.part)
    else:
        yield statement


def _clause_places(protocol: TrialProtocol) -> Iterator[tuple[str, Statement]]:
    """Every statement of every line, with its place in the file."""
    for criterion in protocol.criteria:
        for n, clause in enumerate(criterion.clauses, start=1):
            yield f"criterion {criterion.id} > decide > [{n}] > {clause.verdict}", clause.statement


def check_value_sets(
    protocol: TrialProtocol, given: Mapping[str, Any], sets: Mapping[str, CodeSet]
) -> Iterator[Problem]:
    """Errors for sets that are missing or decide nothing, warnings for another kind, notes for those no line names."""
    uses = tuple(dict.fromkeys((*_of_lines(protocol), *_of_measures(protocol), *_of_answers(given))))
    for use in uses:
        yield from _wrong(use, sets)
    named = {use.name for use in uses}
    yield from _closing_nothing(given, named)
    yield from _not_named(named, sets)


def _wrong(use: _Use, sets: Mapping[str, CodeSet]) -> Iterator[Problem]:
    found = sets.get(use.name)
    if found is None:
        yield error(use.place, f"there is no value set {use.name!r}; {did_you_mean(use.name, sets)}")
    elif not found.decides:
        text = f"{use.name!r} is a context set, which decides nothing; name another, or take `context` from that set"
        yield error(use.place, text)
    elif use.kind not in found.kinds:
        kinds = " and ".join(sorted(found.kinds))
        text = (
            f"{use.name!r} is a set for {kinds}, so only words and a site's own codes match; name a set for {use.kind}"
        )
        yield warning(use.place, text)


def _closing_nothing(given: Mapping[str, Any], named: set[str]) -> Iterator[Problem]:
    for name in given["guidance"]["closes"]:
        if name not in named:
            text = f"no line names the value set {name!r}, so it closes nothing; {did_you_mean(name, named)}"
            yield error(f"guidance > closes > {name}", text)


def _not_named(named: set[str], sets: Mapping[str, CodeSet]) -> Iterator[Problem]:
    for name, one in sorted(sets.items()):
        if name not in named and not one.kinds & _FOR_OTHERS:
            yield note(f"value set {name}", "no line names it; well if steps or order rules do, else take the set away")


def _of_lines(protocol: TrialProtocol) -> Iterator[_Use]:
    definitions = ((f"definitions > {name}", one) for name, one in protocol.definitions.items())
    for place, statement in (*definitions, *_clause_places(protocol)):
        for leaf in leaves(statement):
            yield from (_Use(place, name, kind) for name, kind in sorted(_named_by(leaf)))


def _named_by(leaf: Statement) -> Iterator[tuple[str, str]]:
    if isinstance(leaf, ResultStatement):
        yield leaf.value_set, "observation"
    elif type(leaf) in _KIND_OF:
        yield from ((name, _KIND_OF[type(leaf)]) for name in leaf.value_sets)
    if isinstance(leaf, FirstStatement):
        yield from ((name, "condition") for name in leaf.possible_sets)
        yield from ((name, "body-site") for name in leaf.not_sites)
    if isinstance(leaf, ConditionStatement):
        yield from ((name, "body-site") for name in leaf.sites | leaf.not_sites)


def _of_measures(protocol: TrialProtocol) -> Iterator[_Use]:
    measures = protocol.measures
    yield from (_Use(f"analytes > {n}", a.value_set, "observation") for n, a in measures.analytes.items())
    yield from (_Use(f"scales > {n}", s.value_set, "observation") for n, s in measures.scales.items())
    yield from (_Use("child_pugh > signs", rule.condition, "condition") for rule in protocol.child_pugh.signs)
    yield _Use("trial > history", protocol.history_set, "procedure")


def _of_answers(given: Mapping[str, Any]) -> Iterator[_Use]:
    for name, answer in given["answers"].items():
        yield from (_Use(f"answers > {name}", one, "answer") for one in (*answer["sets"], *answer["against"]))
