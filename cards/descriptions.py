"""The sentence that a statement of the protocol is, generated back from the data."""

from collections.abc import Iterable

from cards.wording import Words
from cds_service.trial.results import plain
from cds_service.trial.statements.base import Statement
from cds_service.trial.statements.facts import AllergyStatement, ConditionStatement, CourseStatement, ProcedureStatement
from cds_service.trial.statements.joined import AllOf, AnyOf, Not
from cds_service.trial.statements.observed import LabStatement, Limit, ResultStatement, ScoreStatement
from cds_service.trial.statements.person import (
    AgeStatement,
    ChildPughStatement,
    CountStatement,
    EnrolledStatement,
    FirstStatement,
    OtherStudyStatement,
    SexStatement,
)
from cds_service.trial.statements.pressure import PressureStatement
from fhir_profiles.dates import Lookback


def describe(statement: Statement, words: Words, units: dict[str, str]) -> str:  # noqa: PLR0911 - one return a kind
    """What a statement says, as a clinician reads it; `units` by analyte."""
    match statement:
        case ConditionStatement():
            return _condition(statement, words)
        case ProcedureStatement() | AllergyStatement() | CourseStatement() | CountStatement() | FirstStatement():
            return _event(statement, words)
        case LabStatement():
            return _lab(statement, words, units)
        case ScoreStatement() | ResultStatement() | PressureStatement():
            return _finding(statement, words)
        case AnyOf(parts=parts):
            return _joined("or", [describe(part, words, units) for part in parts], words)
        case AllOf(parts=parts):
            return _joined("and", [describe(part, words, units) for part in parts], words)
        case Not(part=part):
            return words.catalogue["describe.not"].format(part=describe(part, words, units))
    return _person(statement, words)


def _sets(names: Iterable[str], words: Words) -> str:
    return _joined("or", [words.title(name) for name in sorted(names)], words)


def _joined(how: str, parts: list[str], words: Words) -> str:
    if len(parts) == 1:
        return parts[0]
    return words.catalogue[f"describe.{how}"].format(rest=", ".join(parts[:-1]), last=parts[-1])


def _window(window: Lookback | None, words: Words) -> str:
    if window is None:
        return ""
    name = "at-most" if window.includes_far_day else "less-than"
    return words.catalogue[f"describe.window.{name}"].format(length=words.duration(window.length))


def _age(window: Lookback | None, words: Words) -> str:
    return words.catalogue["describe.age"].format(length=words.duration(window.length)) if window else ""


def _condition(statement: ConditionStatement, words: Words) -> str:
    say = words.catalogue
    sites = say["describe.site"].format(sites=_sets(statement.sites, words)) if statement.sites else ""
    away = say["describe.not-site"].format(sites=_sets(statement.not_sites, words)) if statement.not_sites else ""
    dated = say.get(f"describe.dated.{statement.dated_by}", "") if statement.window else ""
    head = say[f"describe.condition.{statement.activity}"].format(sets=_sets(statement.value_sets, words))
    return f"{head}{sites}{away}{_window(statement.window, words)}{dated}"


_Event = ProcedureStatement | AllergyStatement | CourseStatement | CountStatement | FirstStatement


def _event(statement: _Event, words: Words) -> str:
    sets = _sets(statement.value_sets, words)
    match statement:
        case CourseStatement(window=Lookback(length=length)):
            return words.catalogue["describe.course-window"].format(sets=sets, length=words.duration(length))
        case CourseStatement():
            return words.catalogue["describe.course"].format(sets=sets)
        case CountStatement():
            return words.catalogue["describe.count"].format(sets=sets)
        case FirstStatement(window=Lookback(length=length)):
            return words.catalogue["describe.first"].format(sets=sets, length=words.duration(length))
        case ProcedureStatement(window=window):
            return words.catalogue["describe.procedure"].format(sets=sets) + _window(window, words)
    return words.catalogue["describe.allergy"].format(sets=sets)


def _lab(statement: LabStatement, words: Words, units: dict[str, str]) -> str:
    analyte, unit = words.title(statement.analyte), units[statement.analyte]
    side = (
        "above" if statement.above else "below" if statement.below else "positive" if statement.positive else "negative"
    )
    limit = statement.above or statement.below
    text = words.catalogue[f"describe.lab.{side}"].format(
        analyte=analyte, limit=_limit(limit, unit, words) if limit else ""
    )
    return text + _age(statement.window, words)


def _limit(limit: Limit, unit: str, words: Words) -> str:
    if limit.times_upper_limit:
        return words.times_upper_limit(limit)
    return plain(limit.value) + ("" if unit == "{INR}" else f" {unit}")


def _finding(statement: ScoreStatement | ResultStatement | PressureStatement, words: Words) -> str:
    say = words.catalogue
    match statement:
        case ScoreStatement(scale=scale, between=(low, high)):
            name = "one" if low == high else "range"
            text = say[f"describe.score.{name}"].format(scale=words.title(scale), low=low, high=high)
        case ResultStatement(value_set=kind, wanted=(wanted, _)):
            text = say["describe.result.yes"].format(kind=words.title(kind), answer=words.title(min(wanted)))
        case PressureStatement():
            limits = {"systolic": plain(statement.systolic_above), "diastolic": plain(statement.diastolic_above)}
            text = say["describe.pressure"].format(**limits)
    return text + _age(statement.window, words)


def _person(statement: Statement, words: Words) -> str:
    say = words.catalogue
    match statement:
        case AgeStatement(at_least=int(years)):
            return say["describe.age-at-least"].format(years=years)
        case AgeStatement(below=years):
            return say["describe.age-below"].format(years=years)
        case SexStatement(sex=sex):
            return say[f"describe.sex.{sex}"]
        case ChildPughStatement(wanted=wanted, basis=basis):
            return say[f"describe.child-pugh.{wanted}.{basis}"]
        case EnrolledStatement():
            return say["describe.enrolled"]
        case OtherStudyStatement():
            return say["describe.other-study"]
    raise TypeError(type(statement).__name__)
