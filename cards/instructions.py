"""Which instructions of a dosage stay true when its dose is corrected (rulebook 8.2, SOR-02)."""

import re
import unicodedata
from collections.abc import Mapping

_FIGURES = re.compile(
    r"""\d
    | \b(a|an)?(half|quarter|double|single|one|two|three|four|five|six|seven|eight|nine|ten|hundred)\b
    | tab(let)?s?\b | tabl | pills?\b | capsul | \bcaps?\b | \bdos(e|es|age|ing)\b | gram | \bm?gs?\b
    | \b(once|twice|thrice|times?|daily|days?|weekly|weeks?|hours?|hourly|minutes?|months?)\b
    | \b(each|every|alternate|other|per|qd|od|bid|bd|tid|tds|qid|qod|prn|hs|am|pm)\b
    | morning | noon | evening | night | bedtime | breakfast | lunch | dinner | supper
    | \b(needed|required|necessary|until|till|stop|pause|hold|skip|amount|maximum|max|minimum|more|less|fewer|extra)\b
    | \b(as|same|again)\b | \b(previous|usual|current|continu|direct|instruct|prescrib|einmal|zweimal|comprim)
    | \b(increas|decreas|reduc|rais|lower|taper|titrat|split|divid)
    | (한|두|세|네|반|다섯|여섯|몇)\s*(정|알|캡슐|번|차례|개|봉|회) | [정알회번]\s*씩
    | 캡슐 | 정제 | 알약 | 용량 | 밀리그램 | 하루 | 매일 | 일일 | 격일 | 마다 | 매\s*(식|끼)
    | 아침 | 점심 | 저녁 | 오전 | 오후 | 정오 | 취침 | 자기\s*전 | 밤에 | 필요 | 까지 | 시간 | 동안
    | 중단 | 중지 | 증량 | 감량 | 절반 | 나누 | 나눠 | 이상 | 이하 | 최대 | 최소 | 더\s | 덜\s
    """,
    re.VERBOSE,
)
_SCRIPTS = ("LATIN", "HANGUL")


def tells_no_amount(text: str) -> bool:
    """Whether nothing in the text can be how much or how often to take, in English or Korean.

    A text in letters of another script may say anything.
    """
    plain = unicodedata.normalize("NFKC", text).casefold().replace(".", "")
    letters = (character for character in plain if character.isalpha())
    known = all(unicodedata.name(letter, "").startswith(_SCRIPTS) for letter in letters)
    return known and bool(plain.strip()) and _FIGURES.search(plain) is None


def name_of(instruction: object) -> str | None:
    """What an instruction is called: by its first words, else by its first code; None for what says nothing."""
    if said := words_of(instruction):
        return said[0]
    return next(iter(_of_codings(instruction, "code")), None)


def words_of(instruction: object) -> tuple[str, ...]:
    """What an instruction says: free text, or the text and the displays of a concept."""
    if isinstance(instruction, str):
        return (instruction,)
    text = instruction.get("text") if isinstance(instruction, Mapping) else None
    return ((text,) if isinstance(text, str) else ()) + _of_codings(instruction, "display")


def _of_codings(instruction: object, name: str) -> tuple[str, ...]:
    """An element of each coding of a concept that has it."""
    codings = instruction.get("coding") if isinstance(instruction, Mapping) else None
    given = [c.get(name) for c in codings if isinstance(c, Mapping)] if isinstance(codings, list) else []
    return tuple(value for value in given if isinstance(value, str))


def stays_true(instruction: object) -> bool:
    """Whether an instruction holds beside any dose: one that says something, and nowhere how much or how often."""
    said = words_of(instruction)
    return bool(said) and all(map(tells_no_amount, said))
