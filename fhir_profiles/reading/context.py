"""What every reader needs: the value sets, the words, the zone, whose record it is, and where problems are noted."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from enum import Enum, auto

from fhir_profiles.addresses import type_and_id, without_version
from fhir_profiles.dates import NEVER_DATED, UNDATED, DateInterval, When, read_when
from fhir_profiles.elements import CodeableConcept, Period, Reference, Subject
from fhir_profiles.mentions import MentionIndex
from fhir_profiles.reading.sources import SOURCES_OF_TYPE
from fhir_profiles.record import BareCode, Doubt, QualityIssue, Source
from fhir_profiles.resources import Observation, Patient
from fhir_profiles.terminology import Terminology

NO_SETS: frozenset[str] = frozenset()
_NO_DOUBTS: Mapping[str, Doubt] = {}


Classified = tuple[frozenset[str], Mapping[str, Doubt]]
NOTHING: Classified = (NO_SETS, _NO_DOUBTS)


class Belongs(Enum):
    """Whose a resource is."""

    OURS = auto()
    ANOTHERS = auto()
    UNKNOWN = auto()


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The value sets and the words that mention them, built once."""

    terminology: Terminology
    mentions: MentionIndex


@dataclass(slots=True)
class Reading:
    """One reading of one record. Collects issues; remembers words and references already looked at."""

    vocabulary: Vocabulary
    zone: tzinfo
    patient: Patient
    patient_url: str | None
    issues: list[QualityIssue] = field(default_factory=list)
    observations: dict[str, Observation] = field(default_factory=dict)
    in_part: set[Source] = field(default_factory=set)
    _mentioned: dict[str, frozenset[str]] = field(default_factory=dict)
    _belongs: dict[str, Belongs] = field(default_factory=dict)
    _classified: dict[CodeableConcept, Classified] = field(default_factory=dict)
    _dates: dict[str, When] = field(default_factory=dict)

    def member(self, reference: Reference) -> Observation | None:
        """The Observation that a panel names as its member, if it was received."""
        address = without_version(reference.reference or "")
        return self.observations.get(address) or self.observations.get(type_and_id(address))

    def note(self, reference: str, issue: str, detail: str = "") -> None:
        """Notes a data-quality issue."""
        self.issues.append(QualityIssue(reference, issue, detail))

    def require_name(self, kind: type, name: str | None, *concepts: CodeableConcept | None) -> None:
        """Notes a resource that is named neither by a code nor in words: it may be anything, its source is in part."""
        if not any(map(_names_something, concepts)):
            self.note(f"{kind.__name__}/{name}", "nameless")
            self.in_part |= SOURCES_OF_TYPE[kind.__name__]

    def belongs(self, subject: Subject | None) -> Belongs:
        """Whether a resource is this patient's; without a readable subject nobody knows."""
        if subject is None:
            return Belongs.UNKNOWN
        if subject.reference is None:
            return (
                self._identified(subject.identifier.system, subject.identifier.value)
                if subject.identifier
                else Belongs.UNKNOWN
            )
        known_as = self._belongs.get(subject.reference)
        if known_as is None:
            known_as = self._belongs[subject.reference] = self._compare(subject.reference)
        return known_as

    def _identified(self, system: str | None, value: str | None) -> Belongs:
        """Whose an identifier is: ours, another's of the same kind, or of a kind that this patient has none of."""
        same_kind = [own.value for own in self.patient.identifier if own.system == system and own.value]
        if value is None or not same_kind:
            return Belongs.UNKNOWN
        return Belongs.OURS if value in same_kind else Belongs.ANOTHERS

    def _compare(self, reference: str) -> Belongs:
        if "?" in reference:
            system, _, value = reference.partition("identifier=")[2].partition("&")[0].partition("|")
            return Belongs.OURS if self._identified(system, value) is Belongs.OURS else Belongs.UNKNOWN
        address = without_version(reference)
        own = (f"Patient/{self.patient.id}", f"urn:uuid:{self.patient.id}", self.patient_url)
        if address in own or address.endswith(f"/Patient/{self.patient.id}"):
            return Belongs.OURS
        return Belongs.UNKNOWN if address.startswith("#") or not address else Belongs.ANOTHERS

    def mentioned(self, text: str) -> frozenset[str]:
        """The concepts that a text mentions."""
        known = self._mentioned.get(text)
        if known is None:
            known = self._mentioned[text] = self.vocabulary.mentions.find(text)
        return known

    def mentions_in(self, concept: CodeableConcept | None) -> frozenset[str]:
        """The concepts that a concept's text or any of its displays mention."""
        if concept is None:
            return NO_SETS
        found = self.mentioned(concept.text) if concept.text else NO_SETS
        for coding in concept.coding:
            if coding.display and coding.display != concept.text:
                found |= self.mentioned(coding.display)
        return found

    def classify_one(self, concept: CodeableConcept | None) -> Classified:
        """The sets of a resource with one concept; a chart repeats its codes, so each is looked at once."""
        if concept is None:
            return NOTHING
        known = self._classified.get(concept)
        if known is None:
            known = self._classified[concept] = self.classify((concept,))
        return known

    def classify(self, concepts: Iterable[CodeableConcept | None]) -> Classified:
        """Sets that a resource is certainly in, and sets it may be in, by unverified codes or by words alone.

        NOTHING itself where there are none.
        """
        terminology = self.vocabulary.terminology
        certain, doubtful, left_out, words = NO_SETS, NO_SETS, NO_SETS, NO_SETS
        for concept in concepts:
            membership = terminology.membership_of(concept)
            certain |= membership.certain
            doubtful |= membership.doubtful
            left_out |= membership.left_out
            if not terminology.names_it(membership.certain):
                words |= self.mentions_in(concept)
        if not (doubtful or words):
            return (certain, _NO_DOUBTS) if certain else NOTHING
        if terminology.names_it(certain):
            words = NO_SETS
        doubts = dict.fromkeys(sorted(words - left_out - certain), Doubt.WORDS_ONLY)
        doubts.update(dict.fromkeys(sorted(doubtful - certain), Doubt.UNVERIFIED_CODE))
        return (certain, doubts) if certain or doubts else NOTHING

    def when(self, reference: str, *texts: str | None) -> When:
        """When by the first of the texts that is there; undated, and noted, when it cannot be read."""
        for text in texts:
            if text is not None:
                break
        else:
            return NEVER_DATED
        read = self._dates.get(text)
        if read is None:
            read = self._dates[text] = read_when(text, self.zone) or NEVER_DATED
        if read is NEVER_DATED:
            self.note(reference, "unreadable-date")
        return read

    def days(self, reference: str, *texts: str | None) -> DateInterval:
        """The days by the first of the texts that is there."""
        for text in texts:
            if text:
                return self.when(reference, *texts).days
        return UNDATED


def _names_something(concept: CodeableConcept | None) -> bool:
    return concept is not None and bool(concept.text or any(c.code or c.display for c in concept.coding))


def in_doubt(classified: Classified, doubt: Doubt) -> Classified:
    """The same sets, none of them for certain."""
    if classified is NOTHING:
        return NOTHING
    sets, maybe = classified
    return NO_SETS, {**maybe, **dict.fromkeys(sorted(sets), doubt)}


def start_of(period: Period | None) -> str | None:
    """The start of a period, if it has one."""
    return period.start if period else None


def end_of(period: Period | None) -> str | None:
    """The end of a period, if it has one."""
    return period.end if period else None


def label_of(*concepts: CodeableConcept | None) -> str:
    """What a clinician called it: the text, else the first display, else the first code."""
    for concept in concepts:
        if concept is None:
            continue
        if concept.text:
            return concept.text
        for coding in concept.coding:
            if coding.display:
                return coding.display
    codes = (coding.code for concept in concepts if concept is not None for coding in concept.coding if coding.code)
    return BareCode(next(codes, ""))
