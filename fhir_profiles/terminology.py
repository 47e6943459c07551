"""Which of our value sets a coding belongs to (rulebook section 3 "Codes").

Codes match by system and code together, never by code alone. ICD sets name stems and include what is below them,
with or without the dot; all other sets are enumerated. What a site maps of its own codes is added to these sets.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from fhir_profiles.code_system_names import usual_name
from fhir_profiles.elements import CodeableConcept, Coding

# Distinct codings remembered at most: senders choose the codes, so the memory for them is bounded.
_REMEMBERED = 50_000
# Characters of an ICD category; the dot follows them.
_CATEGORY = 3


class Membership(NamedTuple):
    """What one coding says: sets it is in, sets it may be in (unverified code), sets that name it to leave it out."""

    certain: frozenset[str]
    doubtful: frozenset[str]
    left_out: frozenset[str]


_NONE: frozenset[str] = frozenset()
NO_MEMBERSHIP = Membership(_NONE, _NONE, _NONE)


@dataclass(frozen=True, slots=True)
class CodeSet:
    """One value set, as the files hold it: codes, stems and what they leave out."""

    name: str
    title: str
    kinds: frozenset[str]
    certain: frozenset[tuple[str, str]]
    doubtful: frozenset[tuple[str, str]]
    stems: frozenset[tuple[str, str]]
    left_out_stems: frozenset[tuple[str, str]]
    left_out_patterns: tuple[tuple[str, re.Pattern[str]], ...]
    mentions: tuple[str, ...]
    ordinals: Mapping[tuple[str, str], Decimal] = field(default_factory=dict)
    strengths: Mapping[tuple[str, str], Decimal] = field(default_factory=dict)
    example: Coding | None = None

    @property
    def decides(self) -> bool:
        """Whether membership alone can decide anything (a `context` set is known and decides nothing)."""
        return "context" not in self.kinds

    @property
    def names_it(self) -> bool:
        """Whether a code of the set says what is meant, so that words beside it raise no question.

        A known diagnosis or drug does; a general procedure, panel or allergy code leaves the words to be read.
        """
        return self.decides or bool(self.kinds & {"condition", "medication"})


class Terminology:
    """All value sets, indexed for look-up by (system, code). Look-ups are remembered; nothing else changes."""

    def __init__(self, sets: Iterable[CodeSet]) -> None:
        self.sets: Mapping[str, CodeSet] = {code_set.name: code_set for code_set in sets}
        self._naming = frozenset(code_set.name for code_set in self.sets.values() if code_set.names_it)
        self._known: dict[tuple[str | None, str | None], Membership] = {}
        self._ordinals = {key: value for s in self.sets.values() for key, value in s.ordinals.items()}
        self._strengths = {key: value for s in self.sets.values() for key, value in s.strengths.items()}
        self._certain = _invert((s.name, s.certain) for s in self.sets.values())
        self._doubtful = _invert((s.name, s.doubtful) for s in self.sets.values())
        self._stems = _invert((s.name, s.stems) for s in self.sets.values())
        self._left_out = _invert((s.name, s.left_out_stems) for s in self.sets.values())
        self._patterns = tuple((s.name, *pattern) for s in self.sets.values() for pattern in s.left_out_patterns)
        self._stem_systems = frozenset(system for s in self.sets.values() for system, _ in s.stems)
        listed = (*self._certain, *self._doubtful, *self._ordinals, *self._strengths)
        self._systems = self._stem_systems | {system for system, _ in listed}

    def title(self, name: str) -> str:
        """The set in a clinician's words."""
        return self.sets[name].title

    def ordinal(self, coding: Coding) -> Decimal | None:
        """The number that a coded answer stands for (an ECOG grade, a class)."""
        return self._ordinals.get(self._key(coding.system or "", coding.code or ""))

    def strength(self, coding: Coding) -> Decimal | None:
        """Milligrams of one tablet of a product, where its code says so."""
        return self._strengths.get(self._key(coding.system or "", coding.code or ""))

    def membership(self, coding: Coding) -> Membership:
        """The sets of one coding."""
        key = (coding.system, coding.code)
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            known = self._known[key] = self._look_up(coding.system, coding.code)
        return known

    def membership_of(self, concept: CodeableConcept | None) -> Membership:
        """The sets of a concept, coding by coding: one certain coding is enough."""
        found = NO_MEMBERSHIP
        for coding in concept.coding if concept is not None else ():
            one = self.membership(coding)
            if found is NO_MEMBERSHIP:
                found = one
            elif one is not NO_MEMBERSHIP:
                found = _joined(found, one)
        return found

    def names_it(self, certain: frozenset[str]) -> bool:
        """Whether a code of one of the sets says what is meant."""
        return not self._naming.isdisjoint(certain)

    def _look_up(self, system: str | None, code: str | None) -> Membership:
        if not system or not code:
            return NO_MEMBERSHIP
        key = self._key(system, code)
        if key[0] in self._stem_systems:
            return self._look_up_icd(key[0], key[1].upper())
        certain, doubtful = self._certain.get(key, _NONE), self._doubtful.get(key, _NONE)
        return Membership(certain, doubtful - certain, _NONE) if certain or doubtful else NO_MEMBERSHIP

    def _key(self, system: str, code: str) -> tuple[str, str]:
        """What a code is listed under: a system of a value set or of the site as it is, another by its usual name."""
        return system if system in self._systems else usual_name(system), code.strip()

    def _look_up_icd(self, system: str, code: str) -> Membership:
        bare = code.replace(".", "")
        dotted = f"{bare[:_CATEGORY]}.{bare[_CATEGORY:]}" if len(bare) > _CATEGORY else bare
        stems = [(system, bare[:length]) for length in range(_CATEGORY, len(bare) + 1)]
        left_out = {name for stem in stems for name in self._left_out.get(stem, _NONE)}
        left_out |= {name for name, of, pattern in self._patterns if of == system and pattern.fullmatch(dotted)}
        certain = {name for stem in stems for name in self._stems.get(stem, _NONE)}
        certain |= self._certain.get((system, dotted), _NONE)
        doubtful = self._doubtful.get((system, dotted), _NONE)
        kept = frozenset(certain - left_out)
        return Membership(kept, doubtful - kept - left_out, frozenset(left_out))


def _joined(one: Membership, other: Membership) -> Membership:
    certain = one.certain | other.certain
    return Membership(certain, (one.doubtful | other.doubtful) - certain, one.left_out | other.left_out)


def _invert(
    named: Iterable[tuple[str, frozenset[tuple[str, str]]]],
) -> dict[tuple[str, str], frozenset[str]]:
    found: dict[tuple[str, str], set[str]] = {}
    for name, keys in named:
        for key in keys:
            found.setdefault(key, set()).add(name)
    return {key: frozenset(names) for key, names in found.items()}
