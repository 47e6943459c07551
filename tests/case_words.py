"""A case's record and a criterion's decision list in words that a clinician reads."""

from collections.abc import Iterable, Mapping
from typing import Any

from tests.case_codes import choices, value_sets
from tests.case_files import PATIENT, ClinicalCase
from tests.case_records import NOTHING, Item

_KIND_WORDS = {
    "condition": "diagnosis",
    "procedure": "procedure",
    "drug": "drug",
    "lab": "result",
    "score": "score",
    "finding": "finding",
    "pressure": "blood pressure",
    "allergy": "allergy",
    "study": "part in a study",
}
_STUDIES = {"ours": "this one", "other": "another one"}
_SUBJECTS = {"none": "of nobody named", "other": "of another patient"}
_SAID_FIRST = ("value", "answer", "answer_set", "answer_text")
_NOT_SHOWN = frozenset({"code", "subject", "id", *_SAID_FIRST})
_KEY_WORDS = {
    "on": "on",
    "onset": "since",
    "recorded": "recorded on",
    "ended": "ended",
    "start": "from",
    "end": "until",
    "authored": "ordered on",
    "kind": "as",
    "status": "",
    "verified": "",
    "absent": "value absent:",
    "range_high": "upper limit",
    "reference_display": "shown as",
}
_ABSENT = {"verified": "verification status", "on": "date"}


def record_in_words(case: ClinicalCase) -> str:
    """What the case records, and what is unusual about how it was asked for."""
    lines = [item_in_words(item) for item in case.record] or ["nothing"]
    return "; ".join([*lines, *_circumstances(case)])


def _circumstances(case: ClinicalCase) -> list[str]:
    said = [f"{key} {value}" for key, value in case.patient.items() if PATIENT.get(key) != value]
    words = [f"patient: {', '.join(said)}"] if said else []
    if case.supplied is not None:
        words.append(f"asked for only: {', '.join(case.supplied) or 'nothing'}")
    if case.in_part:
        words.append(f"read only in part: {', '.join(case.in_part)}")
    if case.as_of.partition("T")[0] != "2026-11-22":
        words.append(f"as of {case.as_of}, {case.zone}")
    return words


def item_in_words(item: Item) -> str:
    """One line of a record."""
    values = [_value(item.rest[key]) for key in _SAID_FIRST if key in item.rest]
    subject = _SUBJECTS.get(str(item.rest.get("subject", "")), "")
    rest = [_pair(key, value) for key, value in item.rest.items() if key not in _NOT_SHOWN]
    head = f"{_KIND_WORDS[item.kind]} {_what(item)} {' '.join(values)}".strip()
    return ", ".join(part for part in (head, *rest, subject) if part)


def _pair(key: str, value: object) -> str:
    if key == "text":
        return f"in words “{value}”"
    if isinstance(value, str) and value in NOTHING:
        return f"no {_ABSENT.get(key, key)}"
    if key == "site" and isinstance(value, str) and not value.startswith("site-"):
        return f"site in words “{value}”"
    if key == "onset_age":
        return f"since the age of {str(value).removesuffix(' a')}"
    return f"{_KEY_WORDS.get(key, key.replace('_', ' '))} {_value(value)}".strip()


def _what(item: Item) -> str:
    code = item.rest.get("code") or (item.of if isinstance(item.of, Mapping) else None)
    if code:
        return _value(code)
    if item.kind == "study":
        return f"({_STUDIES[item.of]})"
    if item.of in NOTHING:
        return "(not coded)"
    return str(item.of) if item.kind == "pressure" else title(item.of)


def title(name: str) -> str:
    """A value set by the title that clinicians read; any other name with spaces for its hyphens."""
    return value_sets()[name].title if name in value_sets() else name.replace("-", " ")


def _value(given: object) -> str:
    """A value, a code or a site as it is written, in words."""
    if isinstance(given, Mapping):
        return _code_in_words(given)
    if isinstance(given, list):
        return ", ".join(map(_value, given))
    name, _, code = str(given).partition(" ")
    if name not in value_sets():
        return str(given)
    found = choices(name).of_code(code) if code else None
    return f"“{found.get('display', code)}”" if found else title(name)


def _code_in_words(given: Mapping[str, Any]) -> str:
    system = str(given["system"]).upper() if "system" in given else title(given.get("set", ""))
    words = [f"“{given[key]}”" for key in ("display", "text") if key in given]
    return " ".join(part for part in (system, given.get("code", ""), *words) if part) or "(not coded)"


_PHRASES = {
    "condition": "diagnosis: {}",
    "procedure": "procedure: {}",
    "course": "drug: {}",
    "allergy": "allergy: {}",
    "lab": "{}",
    "score": "{}",
    "result": "finding: {}",
    "vital": "{}",
    "first": "the earliest of: {}",
    "sex": "sex: {}",
    "child_pugh": "Child-Pugh class {}",
    "definition": "{}",
}
_SENTENCES = {"enrolled": "enrolled in this study", "on_another_study": "on another study"}
_MODIFIERS = {
    "less_than": "less than {} ago",
    "at_most": "at most {} ago",
    "above": "above {}",
    "below": "below {}",
    "is": "{}",
    "at_least": "at least {}",
    "activity": "activity: {}",
    "dated_by": "dated by its {}",
    "site": "of {}",
    "not_site": "not of {}",
    "possibly": "and possibly: {}",
    "systolic_above": "systolic above {}",
    "diastolic_above": "or diastolic above {}",
    "basis": "every part {}",
}


class Wording:
    """Says a protocol's clauses in words, with the values that its parameters name."""

    def __init__(self, protocol: Mapping[str, Any]) -> None:
        self._parameters: Mapping[str, Any] = protocol["parameters"]

    def clause(self, given: Mapping[str, Any]) -> str:
        """One clause: the verdict it gives, and when."""
        verdict = next(key for key in given if key not in ("ask", "existence"))
        return f"**{verdict}**: {self.statement(given[verdict])}"

    def text(self, given: str) -> str:
        """A text of the protocol, with the values that it names."""
        values = {name: self._named(name) for name in self._parameters}
        told = given.format(**values).replace("x ULN", "times the upper limit of normal")
        return told.replace("10*3/uL", "×10³/µL")

    def statement(self, given: Mapping[str, Any]) -> str:
        """One statement with its modifiers."""
        return "; ".join(part for part in (self._part(key, value) for key, value in given.items()) if part)

    def _part(self, key: str, value: Any) -> str:  # noqa: ANN401 - whatever stands in the protocol file
        if key in ("any_of", "all_of"):
            joint = " or " if key == "any_of" else " and "
            return joint.join(f"({self.statement(one)})" for one in value)
        if key == "not":
            return f"not ({self.statement(value)})"
        if key == "age":
            return f"age {self.statement(value)}"
        if key in _SENTENCES:
            return _SENTENCES[key]
        if key == "between":
            return f"from {value[0]} to {value[1]}"
        pattern = _PHRASES.get(key) or _MODIFIERS.get(key) or f"{key.replace('_', ' ')}: {{}}"
        return pattern.format(self._named(value))

    def _named(self, value: Any) -> str:  # noqa: ANN401 - as above
        if isinstance(value, Iterable) and not isinstance(value, str | Mapping):
            return ", ".join(map(self._named, value))
        text = str(value)
        return str(self._parameters[text]["value"]) if text in self._parameters else title(text)
