"""Checks a protocol while it is written: what the schema cannot see, and what no patient would show in time.

Each check is a function from the built protocol (or its parsed file) to problems; the rulebook's section 5 says how a
line is read, which is what most of them guard.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from cds_service.protocols.complaints import did_you_mean
from cds_service.protocols.implied import taken_by
from cds_service.protocols.problems import Problem, Severity, error, refuse, warning
from cds_service.protocols.references import check_names, check_unused
from cds_service.protocols.value_set_uses import check_value_sets, leaves
from cds_service.trial.findings import Verdict
from cds_service.trial.protocol import Clause, Criterion, Measures, TrialProtocol
from cds_service.trial.statements.base import Statement
from cds_service.trial.statements.facts import ConditionStatement, CourseStatement, ProcedureStatement
from cds_service.trial.statements.joined import AllOf, AnyOf
from cds_service.trial.statements.observed import LabStatement, ResultStatement, ScoreStatement
from cds_service.trial.statements.person import CountStatement, FirstStatement, SexStatement
from cds_service.trial.statements.pressure import PressureStatement
from fhir_profiles.dates import Lookback
from fhir_profiles.record import Sex
from fhir_profiles.terminology import CodeSet

__all__ = ["Problem", "Severity", "check", "check_names", "refuse"]


def check(protocol: TrialProtocol, given: Mapping[str, Any], sets: Mapping[str, CodeSet]) -> tuple[Problem, ...]:
    """Everything to say of a protocol, its parsed file and the value sets of the folder; lines in their order."""
    return (
        *_ids(protocol),
        *_lines_of_guidance(protocol),
        *(problem for criterion in protocol.criteria for problem in _check_line(criterion, protocol, sets)),
        *_child_pugh(protocol),
        *check_unused(given),
        *check_value_sets(protocol, given, sets),
    )


def _check_line(criterion: Criterion, protocol: TrialProtocol, sets: Mapping[str, CodeSet]) -> Iterator[Problem]:
    yield from _never_decides(criterion)
    yield from _passes_by_silence(criterion)
    yield from _leaves_open_without_ask(criterion)
    yield from _asks_for_unknown_test(criterion, sets)
    yield from _existence(criterion)
    yield from _unused_sources(criterion, protocol)
    yield from _grades_left_out(criterion, protocol.measures)
    for place, clause in _clauses(criterion):
        yield from _check_leaves(f"{place} > {clause.verdict}", clause.statement, protocol.measures)


def _clauses(criterion: Criterion) -> Iterator[tuple[str, Clause]]:
    for n, clause in enumerate(criterion.clauses, start=1):
        yield f"criterion {criterion.id} > decide > [{n}]", clause


def _ids(protocol: TrialProtocol) -> Iterator[Problem]:
    """Ids stand once; a line repeats only one that was judged before it; the population line exists."""
    counts = Counter(criterion.id for criterion in protocol.criteria)
    yield from (
        error(f"criterion {one}", f"the id stands {n} times; give each line its own")
        for one, n in counts.items()
        if n > 1
    )
    if protocol.population not in counts:
        text = f"there is no criterion {protocol.population!r}; name the line that says who the trial is for"
        yield error("trial > population", text)
    above: set[str] = set()
    for criterion in protocol.criteria:
        if criterion.verdict_of is not None and criterion.verdict_of not in above:
            text = f"no criterion {criterion.verdict_of!r} stands above this one; name one that does, or move it up"
            yield error(f"criterion {criterion.id} > otherwise > verdict_of", text)
        above.add(criterion.id)


def _lines_of_guidance(protocol: TrialProtocol) -> Iterator[Problem]:
    """An order rule that looks at a line that there is not would never speak."""
    known = [criterion.id for criterion in protocol.criteria]
    named = {"ends_tace": sorted(protocol.guidance.ends_tace), "forbids_tace": protocol.guidance.forbids_tace}
    for key, ids in named.items():
        for one in ids:
            if one not in known:
                yield error(f"guidance > {key}", f"there is no criterion {one!r}; {did_you_mean(one, known)}")


def _never_decides(criterion: Criterion) -> Iterator[Problem]:
    earlier: list[Statement] = []
    for place, clause in _clauses(criterion):
        taken = taken_by(clause.statement, earlier)
        if _answers_everyone(earlier):
            yield error(place, "it is never reached: the clauses above answer for every patient; take it away")
        elif taken:
            above = " or ".join(f"[{n + 1}]" for n in sorted(taken))
            text = f"it never decides: whenever it holds, {above} already does; take it away, or move it above"
            yield error(f"{place} > {clause.verdict}", text)
        earlier.append(clause.statement)


def _answers_everyone(statements: list[Statement]) -> bool:
    """Whether one of them always holds: a count does, and so does every sex taken together, unknown among them."""
    if any(isinstance(statement, CountStatement) for statement in statements):
        return True
    return {sex for statement in statements for sex in _sexes(statement)} == set(Sex)


def _sexes(statement: Statement) -> Iterator[Sex]:
    if isinstance(statement, SexStatement):
        yield statement.sex
    elif isinstance(statement, AnyOf):
        for part in statement.parts:
            yield from _sexes(part)


def _passes_by_silence(criterion: Criterion) -> Iterator[Problem]:
    """Silence in a record is not a "yes" (rulebook section 1)."""
    silent = [place for place, clause in _clauses(criterion) if clause.statement.may_be_silent]
    if criterion.otherwise is Verdict.SATISFIED and silent:
        numbers = ", ".join(place.rpartition(" ")[2] for place in silent)
        text = f"satisfied cannot follow {numbers}, which may find nothing recorded; write presumed"
        yield error(f"criterion {criterion.id} > otherwise", text)


def _leaves_open_without_ask(criterion: Criterion) -> Iterator[Problem]:
    """`unknown` says what would decide it (rulebook section 1)."""
    for place, clause in _clauses(criterion):
        if clause.verdict is Verdict.UNKNOWN and clause.ask is None and not _asks_by_itself(clause.statement):
            yield error(place, "unknown needs an ask; add what would settle it, like ask: confirm:sex")
    if criterion.otherwise is Verdict.UNKNOWN and criterion.ask is None and not _tests_both_ways(criterion):
        text = "otherwise: unknown needs an ask; add what would settle it, like ask: test:ecog"
        yield error(f"criterion {criterion.id}", text)


def _asks_by_itself(statement: Statement) -> bool:
    """Whether it names what would settle the line when it holds."""
    if isinstance(statement, AnyOf):
        return all(map(_asks_by_itself, statement.parts))
    if isinstance(statement, AllOf):
        return any(map(_asks_by_itself, statement.parts))
    return isinstance(statement, SexStatement | PressureStatement | FirstStatement)


def _tests_both_ways(criterion: Criterion) -> bool:
    """Whether the end is reached only while a test is open, which then asks for it."""
    tests = [clause.statement for clause in criterion.clauses if isinstance(clause.statement, LabStatement)]
    signs = [{t.positive for t in tests if t.analyte == name} for name in {t.analyte for t in tests}]
    return any({True, False} <= one for one in signs)


def _asks_for_unknown_test(criterion: Criterion, sets: Mapping[str, CodeSet]) -> Iterator[Problem]:
    asked = [(place, clause.ask) for place, clause in _clauses(criterion)]
    for place, ask in (*asked, (f"criterion {criterion.id}", criterion.ask)):
        kind, _, what = ask.id.partition(":") if ask else ("", "", "")
        if kind == "test" and what not in sets:
            yield error(
                f"{place} > ask", f"there is no value set {what!r} to ask a test of; name one, or confirm:{what}"
            )


def _existence(criterion: Criterion) -> Iterator[Problem]:
    for place, clause in _clauses(criterion):
        fits = clause.verdict is Verdict.SATISFIED and isinstance(clause.statement, ConditionStatement)
        if clause.existence and not fits:
            text = (
                "it is for a condition that passes by being recorded (satisfied: {condition: ...}); take it away here"
            )
            yield error(f"{place} > existence", text)


def _unused_sources(criterion: Criterion, protocol: TrialProtocol) -> Iterator[Problem]:
    used = {source for clause in criterion.clauses for source in clause.statement.sources}
    used |= {s for other in protocol.criteria if other.id == criterion.verdict_of for s in other.sources}
    for source in sorted(criterion.sources - used):
        text = f"no clause looks into {source.value!r}; take it away, or add the clause that does"
        yield warning(f"criterion {criterion.id} > sources", text)


def _grades_left_out(criterion: Criterion, measures: Measures) -> Iterator[Problem]:
    asked = [one for c in criterion.clauses for one in leaves(c.statement) if isinstance(one, ScoreStatement)]
    for name in dict.fromkeys(one.scale for one in asked):
        scale = measures.scales[name]
        named = {grade for one in asked if one.scale == name for grade in range(one.between[0], one.between[1] + 1)}
        left = [grade for grade in range(scale.least, scale.greatest + 1) if grade not in named]
        if left:
            text = f"no clause speaks of {name} {_spans(left)}; add one, unless `otherwise` is meant for them"
            yield warning(f"criterion {criterion.id} > decide", text)


def _spans(grades: list[int]) -> str:
    """Grades as ranges: 0 to 3, 5."""
    starts = [grade for grade in grades if grade - 1 not in grades]
    ends = [grade for grade in grades if grade + 1 not in grades]
    return ", ".join(str(a) if a == b else f"{a} to {b}" for a, b in zip(starts, ends, strict=True))


def _check_leaves(place: str, statement: Statement, measures: Measures) -> Iterator[Problem]:
    for leaf in leaves(statement):
        window = _window(leaf)
        if window is not None and not window.length.amount:
            yield error(place, "a window of length 0 holds no earlier day; give it a length")
        if isinstance(leaf, ConditionStatement) and leaf.dated_by != "date" and window is None:
            yield error(
                f"{place} > dated_by", "it does nothing without a window; add less_than or at_most, or take it away"
            )
        if isinstance(leaf, ScoreStatement):
            yield from _grades(place, leaf, measures)
        if isinstance(leaf, LabStatement):
            yield from _limits(place, leaf, measures)


def _window(leaf: Statement) -> Lookback | None:
    facts = ConditionStatement | ProcedureStatement | CourseStatement
    observed = LabStatement | ScoreStatement | ResultStatement | PressureStatement
    return leaf.window if isinstance(leaf, facts | observed | FirstStatement) else None


def _grades(place: str, leaf: ScoreStatement, measures: Measures) -> Iterator[Problem]:
    (low, high), scale = leaf.between, measures.scales[leaf.scale]
    if low > high:
        yield error(f"{place} > between", f"{low} is above {high}; write the lesser grade first")
    elif low < scale.least or high > scale.greatest:
        text = f"{leaf.scale} goes from {scale.least} to {scale.greatest}; keep {low} to {high} inside that"
        yield error(f"{place} > between", text)


def _limits(place: str, leaf: LabStatement, measures: Measures) -> Iterator[Problem]:
    """A test needs limits to be read by; a multiple of the upper limit should have one to fall back on."""
    analyte = measures.analytes[leaf.analyte]
    if leaf.positive is not None and analyte.negative_below is None:
        text = f"analyte {analyte.name!r} has no limits of a test; give it negative_below and positive_from"
        yield error(f"{place} > is", text)
    limit = leaf.above or leaf.below
    if limit is not None and limit.times_upper_limit and not {Sex.MALE, Sex.FEMALE} <= analyte.upper_limits.keys():
        text = f"analyte {analyte.name!r} has no upper_limit for each sex; add it for results that bring none"
        yield warning(place, text)


def _child_pugh(protocol: TrialProtocol) -> Iterator[Problem]:
    rules = protocol.child_pugh
    if not rules.maximum_age.length.amount:
        yield error("child_pugh > maximum_age", "a window of length 0 holds no earlier day; give it a length")
    for rule in rules.signs:
        scale = protocol.measures.scales[rule.scale]
        if set(rule.points) != set(range(scale.least, scale.greatest + 1)):
            text = (
                f"{rule.scale} goes from {scale.least} to {scale.greatest}; give each of these whole grades its points"
            )
            yield error(f"child_pugh > signs > {rule.condition} > points", text)
    for name, one in protocol.measures.scales.items():
        if one.least >= one.greatest:
            yield error(
                f"scales > {name} > range", f"{one.least} is not below {one.greatest}; write the lesser grade first"
            )
