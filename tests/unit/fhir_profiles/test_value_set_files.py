"""The published value sets and code system: valid FHIR R4, codes without slips of the pen, code systems kept apart.

The rules come from rulebook section 3 ("Codes"). Membership is worked out here a second time, and simply, so that
the traps do not rest on the reader of the program.
"""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fhirkit
import pytest
from fhir.resources.R4B.codesystem import CodeSystem
from fhir.resources.R4B.valueset import ValueSet

ROOT = Path(__file__).parents[3]
PROFILES = ROOT / "fhir_profiles"
VALUE_SETS = tuple(sorted((PROFILES / "value_sets").glob("*.json")))
CODE_SYSTEMS = tuple(sorted((PROFILES / "code_systems").glob("*.json")))
FILES = VALUE_SETS + CODE_SYSTEMS

CM = "http://hl7.org/fhir/sid/icd-10-cm"
WHO = "http://hl7.org/fhir/sid/icd-10"
KCD_8 = "http://www.hl7korea.or.kr/CodeSystem/kostat-kcd-8"
KCD_9 = "http://www.hl7korea.or.kr/CodeSystem/kostat-kcd-9"
SNOMED = "http://snomed.info/sct"
LOINC = "http://loinc.org"
TRIAL_FINDINGS = "http://cotsom-cds.org/fhir/CodeSystem/trial-findings"
MENTION = "http://cotsom-cds.org/fhir/StructureDefinition/mention"
KIND = "http://cotsom-cds.org/fhir/StructureDefinition/value-set-kind"
KINDS = frozenset(
    ("condition", "procedure", "medication", "allergen", "observation", "answer", "body-site", "imaging", "context")
)

# A WHO ICD-10 code ends after its fourth character in every set of ours; longer ones are American.
WHO_LENGTH = 4

# Verhoeff: where each digit moves with every place to the left.
VERHOEFF_SHIFT = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)

# A code standing alone in a string of the program: SNOMED CT, LOINC (answers too) or a dotted ICD-10 code.
CODE_LITERAL = re.compile(
    r"(?<![\w.+-])(?:(?P<number>\d{6,18})|(?:LA)?\d{3,6}-\d|[A-Z]\d[0-9A-Z]\.[0-9A-Z]{1,4})(?![\w.-])"
)
ROUND_NUMBER = re.compile(r"[1-9]0+")


def _read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


SETS = {path.stem: _read(path) for path in VALUE_SETS}
COMPOSED = tuple((name, part, i) for name, s in SETS.items() for part in s["compose"] for i in s["compose"][part])
LISTED = tuple(
    (name, part["system"], concept["code"]) for name, _, part in COMPOSED for concept in part.get("concept", ())
)


def _codes(system: str) -> tuple[str, ...]:
    return tuple(sorted({code for _, of, code in LISTED if of == system}))


def _bare(code: str) -> str:
    return code.replace(".", "")


def _holds_code(part: dict[str, Any], system: str, code: str) -> bool:
    """Whether one include or exclude names the code, as a concept, below a stem or by a pattern."""
    if part["system"] != system:
        return False
    if any(concept["code"] == code for concept in part.get("concept", ())):
        return True
    filters = part.get("filter", ())
    return bool(filters) and all(_passes(condition, code) for condition in filters)


def _passes(condition: dict[str, str], code: str) -> bool:
    if condition["op"] == "is-a":
        return _bare(code).startswith(_bare(condition["value"]))
    return re.fullmatch(condition["value"], code) is not None


def _contains(name: str, system: str, code: str) -> bool:
    compose = SETS[name]["compose"]
    included = any(_holds_code(part, system, code) for part in compose["include"])
    return included and not any(_holds_code(part, system, code) for part in compose.get("exclude", ()))


def _turned(a: int, b: int) -> int:
    """Product in the symmetries of the pentagon: 0 to 4 turn, 5 to 9 turn and flip."""
    flips = (a > 4) != (b > 4)
    return (a - b if a > 4 else a + b) % 5 + 5 * flips


def _verhoeff_holds(code: str) -> bool:
    check = 0
    for place, digit in enumerate(map(int, reversed(code))):
        moved = digit
        for _ in range(place % 8):
            moved = VERHOEFF_SHIFT[moved]
        check = _turned(check, moved)
    return check == 0


def _mod_10_holds(code: str) -> bool:
    number, check = code.split("-")
    doubled = (int(d) * 2 if i % 2 == 0 else int(d) for i, d in enumerate(reversed(number)))
    return (sum(d // 10 + d % 10 for d in doubled) + int(check)) % 10 == 0


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_file_is_valid_r4(path: Path) -> None:
    """Two judges that share no code: structure by one, types and required elements by the other."""
    assert [str(issue) for issue in fhirkit.validate(path.read_bytes())] == []
    model = CodeSystem if path in CODE_SYSTEMS else ValueSet
    model.model_validate(_read(path))


def test_the_judge_of_r4_finds_faults() -> None:
    """A judge that accepted everything would prove nothing."""
    faulty = {"resourceType": "ValueSet", "colour": "red", "compose": {"exclude": []}}
    paths = {issue.path for issue in fhirkit.validate(faulty)}
    assert {"ValueSet.colour", "ValueSet.status", "ValueSet.compose.include"} <= paths


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_id_is_the_file_name_and_the_end_of_the_url(path: Path) -> None:
    """A set is found by one name, wherever it is named."""
    content = _read(path)
    assert content["id"] == path.stem == content["url"].rsplit("/", 1)[1]
    assert path.read_text(encoding="utf-8") == json.dumps(content, indent=2, ensure_ascii=False) + "\n"


@pytest.mark.parametrize("name", SETS)
def test_every_set_says_where_its_codes_are_met(name: str) -> None:
    """At least one known kind, and nothing but `is-a` and `regex` to widen or narrow an ICD set."""
    kinds = [e["valueCode"] for e in SETS[name]["extension"] if e["url"] == KIND]
    assert kinds
    assert set(kinds) <= KINDS
    operators = {f["op"] for of, _, part in COMPOSED if of == name for f in part.get("filter", ())}
    assert operators <= {"is-a", "regex"}


@pytest.mark.parametrize("name", SETS)
def test_no_code_stands_twice_in_a_set(name: str) -> None:
    """Neither twice as included nor both included and left out."""
    codes = [(system, code) for of, system, code in LISTED if of == name]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize("code", _codes(SNOMED))
def test_snomed_check_digit(code: str) -> None:
    """Verhoeff: catches a mistyped digit, not a wrong meaning."""
    assert _verhoeff_holds(code)


@pytest.mark.parametrize("code", [code for code in _codes(LOINC) if not code.startswith("LA")])
def test_loinc_check_digit(code: str) -> None:
    """Modulus 10 of LOINC numbers; answer codes (LA...) are numbered otherwise."""
    assert _mod_10_holds(code)


def test_check_digits_catch_a_slip() -> None:
    """One digit changed, two exchanged."""
    assert not _verhoeff_holds("109841004")
    assert not _verhoeff_holds("109814003")
    assert not _mod_10_holds("5964-0")


def test_trial_findings_are_those_of_the_code_system() -> None:
    """Each code of ours is defined, and each defined code is used."""
    defined = {concept["code"] for concept in _read(CODE_SYSTEMS[0])["concept"]}
    assert set(_codes(TRIAL_FINDINGS)) == defined


@pytest.mark.parametrize("name", SETS)
def test_korean_stems_are_those_of_the_who(name: str) -> None:
    """KCD is read like WHO ICD-10, whichever edition the sender names."""
    parts = [part for of, _, part in COMPOSED if of == name and "filter" in part]
    who, kcd_8, kcd_9 = ([p["filter"] for p in parts if p["system"] == system] for system in (WHO, KCD_8, KCD_9))
    assert who == kcd_8 == kcd_9


@pytest.mark.parametrize("system", [WHO, KCD_8, KCD_9])
def test_no_american_code_under_a_who_system(system: str) -> None:
    """Five characters and more are ICD-10-CM, and so are categories that end in a letter."""
    stems = {f["value"] for _, _, part in COMPOSED if part["system"] == system for f in part.get("filter", ())}
    for code in (*_codes(system), *stems):
        assert len(_bare(code)) <= WHO_LENGTH
        assert code[:3][1:].isdigit()


@pytest.mark.parametrize(
    ("name", "system", "code", "member"),
    [
        pytest.param("varices-bleeding", WHO, "I85.0", True, id="I85.0 bleeds in WHO"),
        pytest.param("varices-bleeding", KCD_8, "I85.0", True, id="I85.0 bleeds in KCD"),
        pytest.param("varices-bleeding", CM, "I85.0", False, id="I85.0 does not say so in CM"),
        pytest.param("varices-bleeding", CM, "I85.00", False, id="I85.00 does not bleed"),
        pytest.param("varices-bleeding", CM, "I85.01", True, id="I85.01 bleeds"),
        pytest.param("varices", CM, "I85.0", True, id="I85.0 is varices in CM"),
        pytest.param("varices", CM, "I85.01", False, id="I85.01 is not below I85.0 here"),
        pytest.param("varices", WHO, "I85.0", False, id="I85.0 is no quiet varix in WHO"),
        pytest.param("gi-bleeding", WHO, "I85.0", True, id="I85.0 is a bleeding in WHO"),
        pytest.param("gi-bleeding", CM, "I85.0", False, id="I85.0 is no bleeding in CM"),
        pytest.param("pacemaker", CM, "Z95.0", True, id="Z95.0 is a pacemaker in CM"),
        pytest.param("pacemaker", WHO, "Z95.0", False, id="Z95.0 is no certain pacemaker in WHO"),
        pytest.param("cardiac-device-other", WHO, "Z95.0", True, id="Z95.0 is any device in WHO"),
        pytest.param("cardiac-device-other", KCD_9, "Z95.0", True, id="Z95.0 is any device in KCD"),
        pytest.param("cardiac-device-other", CM, "Z95.0", False, id="Z95.0 is no other device in CM"),
        pytest.param("ascites", WHO, "R18", True, id="R18 is ascites in WHO"),
        pytest.param("ascites", KCD_8, "R18", True, id="R18 is ascites in KCD"),
        pytest.param("ascites", CM, "R18", False, id="R18 is no leaf in CM"),
        pytest.param("ascites", CM, "R18.8", True, id="R18.8 is ascites"),
        pytest.param("encephalopathy", CM, "K72.90", False, id="K72.90 is without coma"),
        pytest.param("encephalopathy", CM, "K72.91", True, id="K72.91 is with coma"),
        pytest.param("encephalopathy", WHO, "K72.9", False, id="K72.9 does not tell in WHO"),
        pytest.param("encephalopathy", KCD_9, "K72.9", False, id="K72.9 does not tell in KCD"),
        pytest.param("extrahepatic-metastasis", WHO, "C78.7", False, id="the liver is not extrahepatic"),
        pytest.param("liver-metastasis", KCD_8, "C78.7", True, id="C78.7 is known in KCD"),
        pytest.param("extrahepatic-metastasis", CM, "C79.31", False, id="the brain is E4's"),
        pytest.param("other-primary-malignancy", CM, "C22.0", False, id="HCC is not another cancer"),
        pytest.param("other-primary-malignancy", WHO, "C22.1", True, id="cholangiocarcinoma is"),
        pytest.param("other-primary-malignancy", CM, "C7A.00", True, id="a lettered category is reached"),
        pytest.param("fracture", CM, "S72.90XA", True, id="a fresh fracture"),
        pytest.param("fracture", CM, "S72.90XK", True, id="a nonunion"),
        pytest.param("fracture", CM, "S72.90XD", False, id="a fracture that heals"),
        pytest.param("trauma", CM, "T14.90XS", False, id="a sequela is no new injury"),
    ],
)
def test_traps_stay_where_they_belong(name: str, system: str, code: str, *, member: bool) -> None:
    """One code, several meanings: the code system decides."""
    assert _contains(name, system, code) is member


def test_mention_rules_name_sets_that_exist() -> None:
    """A set that gives way, or that is given way to, is one of ours; the gap words end where the word begins."""
    rules = _read(PROFILES / "mention_rules.json")
    named = {name for loser, winners in rules["yields"].items() for name in (loser, *winners)}
    assert named <= set(SETS)
    assert all(words.endswith(" ") for words in rules["negation_before"])
    mentions = {e["valueString"] for s in SETS.values() for e in s["extension"] if e["url"] == MENTION}
    assert set(rules["not_within"]) <= mentions


def _sources() -> Iterator[Path]:
    for package in ("fhir_profiles", "cds_service", "cards"):
        for pattern in ("*.py", "*.yaml", "*.yml"):
            yield from sorted((ROOT / package).rglob(pattern))


def _strings(path: Path) -> Iterator[str]:
    """Give what the file says to the program: comments and docstrings speak to people and may name codes."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        yield from (re.sub(r"(^|\s)#.*", "", line) for line in text.splitlines())
        return
    tree = ast.parse(text)
    spoken = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in spoken:
            yield node.value


def _code_literals(text: str) -> tuple[str, ...]:
    return tuple(m[0] for m in CODE_LITERAL.finditer(text) if not ROUND_NUMBER.fullmatch(m["number"] or ""))


def test_clinical_codes_are_written_in_the_value_sets_only() -> None:
    """The program knows names of sets, never codes."""
    found = [
        (str(path.relative_to(ROOT)), code)
        for path in _sources()
        for text in _strings(path)
        for code in _code_literals(text)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("109841003", ("109841003",)),
        ("http://loinc.org|751-8", ("751-8",)),
        ("code in LA15173-0, C22.0", ("LA15173-0", "C22.0")),
        ("2026-11-22T09:00:00+09:00 NCT02311205", ()),
        ("1000000", ()),
        ("0.000001 {INR} 10*9/L", ()),
        ("NEXT-01 TACE-04 I3 E13a R4 5.0", ()),
    ],
)
def test_what_looks_like_a_code(text: str, codes: tuple[str, ...]) -> None:
    """Dates, round numbers, units and names of criteria are none."""
    assert _code_literals(text) == codes
