"""Korean particles after a parameter: which form stands follows the last sound of the word before it.

In a message the pair is written as the format of the parameter: `{drug:을/를}` gives `소라페닙을`, `복수를`, `CT를`.
Words of a record whose sound the spelling does not tell get the form that leaves it open: `Sorafenib을(를)`.
"""

import re
from enum import Enum
from typing import Final

_FIRST_SYLLABLE, _LAST_SYLLABLE, _FINALS, _RIEUL = ord("가"), ord("힣"), 28, 8
# A parenthesis is not read aloud, and neither are quotation marks and full stops.
_UNREAD = re.compile(r"(\s*\([^()]*\)|[\s\"'”’.,)\]])+$")
_DATE = re.compile(r"\d{4}-\d\d(-\d\d)?$")  # read as ...월 or ...일
_FIGURE = re.compile(r"[\d.,]*")
_SPELLED_OUT = re.compile(r"((?<![a-z])[A-Z]|(?<![A-Za-z])[a-z])$")


class _Sound(Enum):
    VOWEL = 0
    CONSONANT = 1
    RIEUL = 2
    UNTOLD = 3


# Read aloud one by one, 0 to 9 and L, M, N, R as 영 일 이 삼 사 오 육 칠 팔 구, 엘 엠 엔 알; all others end in a vowel.
_READ = {
    **dict.fromkeys("036MN", _Sound.CONSONANT),
    **dict.fromkeys("178LR", _Sound.RIEUL),
}
_OPEN: Final = {"은/는": "은(는)", "이/가": "이(가)", "을/를": "을(를)", "과/와": "과(와)", "으로/로": "(으)로"}


class Shown(str):
    """A parameter as text, whose format may be a pair of particles."""

    __slots__ = ()

    @property
    def figure(self) -> str:
        """Its number alone, for a language that counts this thing with a word of its own: 20 of 20 years."""
        return _FIGURE.match(self)[0]  # type: ignore[index] # the pattern matches any text

    def __format__(self, pair: str) -> str:
        """The text, with the particle of the pair that fits it; any other format is that of a text."""
        return f"{self!s}{particle(self, pair)}" if pair in _OPEN else super().__format__(pair)


def particle(text: str, pair: str) -> str:
    """Which of two particles follows the text: `pair` is one of 은/는, 이/가, 을/를, 과/와, 으로/로."""
    after_consonant, _, after_vowel = pair.partition("/")
    sound = _last_sound(_UNREAD.sub("", text))
    if sound is _Sound.UNTOLD:
        return _OPEN[pair]
    closed = sound is _Sound.CONSONANT or (sound is _Sound.RIEUL and pair != "으로/로")
    return after_consonant if closed else after_vowel


def _last_sound(text: str) -> _Sound:
    last = text[-1:]
    if last and _FIRST_SYLLABLE <= ord(last) <= _LAST_SYLLABLE:
        final = (ord(last) - _FIRST_SYLLABLE) % _FINALS
        return _Sound.RIEUL if final == _RIEUL else _Sound.CONSONANT if final else _Sound.VOWEL
    if _DATE.search(text):
        return _Sound.RIEUL
    if last.isdigit() or last == "%" or _SPELLED_OUT.search(text):
        return _READ.get(last.upper(), _Sound.VOWEL)
    return _Sound.UNTOLD


class Template(str):
    """The words of a message, whose gaps may ask for particles."""

    __slots__ = ()

    def format(self, *values: object, **named: object) -> str:
        """The message with its parameters. KeyError for a parameter that is not given."""
        return super().format(*map(Shown, values), **{name: Shown(value) for name, value in named.items()})


def template(text: str) -> str:
    """The words of a message: a Template where a gap asks for a particle, else the text as it is."""
    return Template(text) if any(f":{pair}}}" in text for pair in _OPEN) else text
