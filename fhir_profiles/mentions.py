"""Words that mention a concept (rulebook section 3 "Codes"): they raise a question, and never answer one."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from unicodedata import normalize

from ahocorasick_rs import AhoCorasick, MatchKind

from fhir_profiles.terminology import CodeSet

_SEMANTIC_TAG = re.compile(r"\s*[({][^(){}]*[)}]\s*$")
_LATIN = re.compile(r"[0-9A-Za-z\u00c0-\u024f]")
# A shorter display would be found inside other words.
_SHORTEST_DISPLAY = 4
_TEXT_KINDS = frozenset({"condition", "procedure", "medication", "allergen", "imaging", "observation"})


@dataclass(frozen=True, slots=True)
class MentionRules:
    """How words are read: negations directly before them, traps around them, words that yield to longer ones."""

    negation_before: tuple[str, ...]
    not_within: Mapping[str, tuple[str, ...]]
    yields: Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class _Word:
    """One word and the set it mentions."""

    concept: str
    whole: bool
    latin: bool


class MentionIndex:
    """Finds in a text every concept that it mentions, in one pass."""

    def __init__(self, sets: Iterable[CodeSet], displays: Mapping[str, tuple[str, ...]], rules: MentionRules) -> None:
        words: dict[str, set[_Word]] = {}
        for code_set in sets:
            if code_set.decides:
                shown = displays.get(code_set.name, ()) if code_set.kinds & _TEXT_KINDS else ()
                for text, word in _words_of(code_set, shown):
                    words.setdefault(text, set()).add(word)
        self._patterns = tuple(words)
        self._words = tuple(tuple(sorted(words[p], key=lambda w: w.concept)) for p in self._patterns)
        self._automaton = AhoCorasick(list(self._patterns), matchkind=MatchKind.Standard)
        self._rules = rules

    def find(self, text: str) -> frozenset[str]:
        """The names of the value sets whose concept the text mentions."""
        lowered = (text if text.isascii() else normalize("NFKC", text)).lower()
        found: set[tuple[str, int, int]] = set()
        denied: list[tuple[int, int]] = []
        for index, start, end in self._automaton.find_matches_as_indexes(lowered, overlapping=True):
            words = [word for word in self._words[index] if self._stands(word, lowered, start, end)]
            if words and words[0].latin and self._negated(lowered, start):
                denied.append((start, end))
            else:
                found.update((word.concept, start, end) for word in words)
        if not found:
            return frozenset()
        kept = {f for f in found if not any(first <= f[1] and f[2] <= last for first, last in denied)}
        return frozenset(concept for concept, start, end in kept if not self._yields(concept, start, end, kept))

    def _stands(self, word: _Word, text: str, start: int, end: int) -> bool:
        """Whether the word stands there as a word, and not inside another that means something else."""
        if word.latin and start and _LATIN.match(text[start - 1]):
            return False
        if word.whole and end < len(text) and _LATIN.match(text[end]):
            return False
        return not any(_lies_within(text, start, end, trap) for trap in self._rules.not_within.get(text[start:end], ()))

    def _negated(self, text: str, start: int) -> bool:
        before = text[:start]
        for negation in self._rules.negation_before:
            if before.endswith(negation):
                at = start - len(negation)
                return at == 0 or not _LATIN.match(text[at - 1])
        return False

    def _yields(self, concept: str, start: int, end: int, found: set[tuple[str, int, int]]) -> bool:
        stronger = self._rules.yields.get(concept)
        return stronger is not None and any(
            other in stronger and first <= start and end <= last and (first, last) != (start, end)
            for other, first, last in found
        )


def _words_of(code_set: CodeSet, displays: tuple[str, ...]) -> Iterable[tuple[str, _Word]]:
    for text in code_set.mentions:
        latin = bool(_LATIN.match(text))
        yield normalize("NFKC", text).lower(), _Word(code_set.name, whole=latin and text.isupper(), latin=latin)
    for display in displays:
        text = _SEMANTIC_TAG.sub("", display).strip()
        if len(text) >= _SHORTEST_DISPLAY:
            yield normalize("NFKC", text).lower(), _Word(code_set.name, whole=False, latin=bool(_LATIN.match(text)))


def _lies_within(text: str, start: int, end: int, trap: str) -> bool:
    offset = trap.find(text[start:end])
    first = start - offset
    return first >= 0 and text.startswith(trap, first)
