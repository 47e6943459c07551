"""A case of guidance in words that a study nurse reads: what is recorded, what is ordered, what must be said."""

from tests.case_codes import value_sets
from tests.case_files import PATIENT
from tests.case_records import KINDS as PLAIN_KINDS
from tests.case_records import NOTHING, Item
from tests.case_words import item_in_words as plain_item_in_words
from tests.case_words import title as title_of_set
from tests.guidance_cases import GuidanceCase

_KINDS = {
    "visit": "visit",
    "imaging": "imaging",
    "safety": "all nine safety results",
    "response": "response",
    "plan": "planned:",
    "course": "prescribed:",
    "draft": "",
    "product": "product",
}
_NOT_SHOWN = frozenset({"id", "subject", "dosage", "focus", "code", "kind"})
_CLASSES = {
    "AMB": "as outpatient",
    "VR": "by video",
    "HH": "at home",
    "IMP": "in hospital",
    "EMER": "as emergency",
    "ACUTE": "as acute admission",
    "OBSENC": "for observation",
}
_SUBJECTS = {"none": "of nobody named", "other": "of another patient"}
_KEYS = {
    "on": "on",
    "start": "from",
    "end": "until",
    "authored": "written on",
    "status": "",
    "intent": "",
    "dose": "",
    "timing": "",
    "text": "in words",
    "says": "in words",
    "issued": "issued",
    "site": "of",
    "reference": "as",
    "do_not_perform": "not to be done:",
    "as_needed": "as needed:",
    "without": "but for",
    "for_days": "for days:",
    "strength": "of",
}
_OURS = "part in this study"
_RESPONSES = {"worsened": "“worsened”", "stable": "“stable”", "remission": "“full remission”"}


def record_in_words(case: GuidanceCase, given: tuple[Item, ...]) -> str:
    """What the case records beyond what stands in every case of its table."""
    own = case.record if case.alone else case.record[len(given) :]
    alone = ["only this:"] if case.alone else []
    lines = "; ".join(map(item_in_words, own)) or ("nothing else" if given else "nothing")
    return "; ".join([" ".join([*alone, lines]), *_circumstances(case)])


def _circumstances(case: GuidanceCase) -> list[str]:
    said = [f"{key} {value}" for key, value in case.patient.items() if PATIENT.get(key) != value]
    words = [f"patient: {', '.join(said)}"] if said else []
    if case.lost:
        words.append(f"not asked for: {', '.join(case.lost)}")
    if case.in_part:
        words.append(f"read only in part: {', '.join(case.in_part)}")
    if case.as_of.partition("T")[0] != "2026-11-22":
        words.append(f"as of {case.as_of}, {case.zone}")
    return words


def orders_in_words(case: GuidanceCase) -> str:
    """The drafts of the request, and which of them were chosen."""
    lines = [item_in_words(item) for item in case.drafts]
    if case.selected is not None:
        chosen = ", ".join(name.removeprefix("draft-") for name in case.selected)
        lines.append(f"just chosen: number {chosen}")
    if case.about != "draft-1":
        lines.append(f"the answer is about number {case.about.removeprefix('draft-')}")
    return "; ".join(lines)


def answer_in_words(case: GuidanceCase) -> str:
    """What must be said, with the window, the degree, what else fires and what is suggested."""
    expected = case.expected
    words = [f"`{expected.answer}`"]
    if expected.degree:
        words.append(f"({expected.degree})")
    if expected.window is not None:
        words.append("no window" if not expected.window else " to ".join(expected.window))
    own = case.id.rpartition("-")[0]
    others = {rule: severity for rule, severity in (expected.rules or {}).items() if rule != own}
    if others:
        words.append("beside " + ", ".join(f"{rule} {severity}" for rule, severity in sorted(others.items())))
    if expected.suggests is not None:
        words.append("suggests " + ("; ".join(map(_suggested, expected.suggests)) or "nothing"))
    return ", ".join(words).replace(", (", " (")


def _suggested(change: str) -> str:
    kind, _, rest = change.partition(" ")
    if kind == "delete":
        return "to remove the order"
    if kind == "order":
        what, _, when = rest.partition(" from ")
        names = ", ".join(title(name) for name in what.split(", "))
        return f"to order {names}" + (f" from {when}" if when else "")
    return change.replace("MedicationRequest/", "the prescription ").replace("in dosage", "of dosage")


def title(name: str) -> str:
    """A value set by its title, TACE by its short name; a site without the word; anything else as it stands."""
    if name == "tace" or name not in value_sets():
        return name.upper() if name == "tace" else name
    return name.removeprefix("site-").replace("-", " ") if name.startswith("site-") else title_of_set(name)


def item_in_words(item: Item) -> str:
    """One line of a record or of a request."""
    if item.kind in PLAIN_KINDS:
        said = plain_item_in_words(item)
        for long, short in ((f"procedure {title_of_set('tace')}", "TACE"), ("part in a study (this one)", _OURS)):
            said = said.replace(long, short)
        return said
    head = f"{_KINDS[item.kind]} {_what(item)}".strip()
    rest = [_pair(key, value) for key, value in item.rest.items() if key not in _NOT_SHOWN]
    parts = [_part(number, entry) for number, entry in enumerate(item.rest.get("dosage", ()), start=1)]
    focus = [f"about the {item.rest['focus']} tumour"] if "focus" in item.rest else []
    subject = _SUBJECTS.get(str(item.rest.get("subject", "")), "")
    return ", ".join(part for part in (head, *rest, *parts, *focus, subject) if part)


def _part(number: int, entry: dict[str, str]) -> str:
    return f"part {number}: {' '.join(_pair(key, value) for key, value in entry.items())}"


def _what(item: Item) -> str:
    if item.kind == "visit":
        return _CLASSES.get(item.of, "of no stated class")
    if item.kind == "safety":
        return f"on {item.of}"
    if item.kind == "response":
        return _RESPONSES.get(item.of, item.of) if "text" not in item.rest else ""
    if "code" in item.rest:
        return f"{title(item.of)} (product {item.rest['code']['code']})"
    return "(not coded)" if item.of in NOTHING else title(item.of)


def _pair(key: str, value: object) -> str:
    if isinstance(value, list):
        return f"{_KEYS[key]} {', '.join(title(str(one)) for one in value)}"
    if key in ("text", "says"):
        return f"in words “{value}”"
    if key in ("do_not_perform", "as_needed"):
        return {"do_not_perform": "not to be done", "as_needed": "as needed"}[key]
    if value in NOTHING:
        return f"no {key}"
    return f"{_KEYS[key]} {title(str(value))}".strip()
