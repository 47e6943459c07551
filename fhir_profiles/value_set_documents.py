"""Turns FHIR ValueSet documents into code sets (the only place where clinical codes are written is those documents)."""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from itertools import chain

import msgspec

from fhir_profiles.elements import Coding, Quantity
from fhir_profiles.mentions import MentionRules
from fhir_profiles.terminology import CodeSet

_OURS = "http://cotsom-cds.org/fhir/StructureDefinition/"
_KIND, _MENTION, _CERTAINTY = f"{_OURS}value-set-kind", f"{_OURS}mention", f"{_OURS}code-certainty"
_STRENGTH = f"{_OURS}strength"
_ORDINAL = "http://hl7.org/fhir/StructureDefinition/ordinalValue"


class _Extension(msgspec.Struct):
    url: str
    valueCode: str | None = None
    valueString: str | None = None
    valueDecimal: Decimal | None = None
    valueQuantity: Quantity | None = None


class _Concept(msgspec.Struct):
    code: str
    display: str | None = None
    extension: tuple[_Extension, ...] = ()


class _Filter(msgspec.Struct):
    property: str
    op: str
    value: str


class _Include(msgspec.Struct):
    system: str
    concept: tuple[_Concept, ...] = ()
    filter: tuple[_Filter, ...] = ()


class _Compose(msgspec.Struct):
    include: tuple[_Include, ...]
    exclude: tuple[_Include, ...] = ()


class ValueSetDocument(msgspec.Struct):
    """A FHIR R4 ValueSet, as far as it says which codes belong."""

    id: str
    title: str
    compose: _Compose
    extension: tuple[_Extension, ...] = ()

    @property
    def displays(self) -> tuple[str, ...]:
        """Every display of a listed code: words that mention the concept."""
        return tuple(c.display for include in self.compose.include for c in include.concept if c.display)


_DOCUMENT = msgspec.json.Decoder(ValueSetDocument)


def read_value_set(document: bytes) -> ValueSetDocument:
    """The ValueSet of a file. Raises ValueError naming the element that does not fit."""
    return _DOCUMENT.decode(document)


def code_set(document: ValueSetDocument, local: Mapping[str, frozenset[str]] | None = None) -> CodeSet:
    """The set that a ValueSet describes; `local`: a site's own codes by system, certain by the site's word."""
    compose, local = document.compose, local or {}
    listed = tuple((i.system, c) for i in compose.include for c in i.concept)
    own = frozenset((system, code) for system, codes in local.items() for code in codes)
    verified = frozenset((s, c.code) for s, c in listed if _certainty(c) == "verified")
    return CodeSet(
        name=document.id,
        title=document.title,
        kinds=frozenset(e.valueCode for e in document.extension if e.url == _KIND and e.valueCode),
        certain=verified | own,
        doubtful=frozenset((s, c.code) for s, c in listed) - verified,
        stems=frozenset(_stems(compose.include)),
        left_out_stems=frozenset(_stems(compose.exclude)),
        left_out_patterns=tuple(_patterns(compose.exclude)),
        mentions=tuple(e.valueString for e in document.extension if e.url == _MENTION and e.valueString),
        example=next((Coding(s, c.code, c.display) for s, c in listed if _certainty(c) == "verified"), None),
        strengths={(s, c.code): mg for s, c in listed for mg in _strength(c)},
        ordinals={(s, c.code): o for s, c in listed for o in _ordinal(c)},
    )


def _certainty(concept: _Concept) -> str:
    return next((e.valueCode for e in concept.extension if e.url == _CERTAINTY and e.valueCode), "verified")


def _ordinal(concept: _Concept) -> Iterator[Decimal]:
    return (e.valueDecimal for e in concept.extension if e.url == _ORDINAL and e.valueDecimal is not None)


def _strength(concept: _Concept) -> Iterator[Decimal]:
    given = (e.valueQuantity for e in concept.extension if e.url == _STRENGTH and e.valueQuantity is not None)
    return (quantity.value for quantity in given if quantity.value is not None and quantity.code == "mg")


def _stems(includes: tuple[_Include, ...]) -> Iterator[tuple[str, str]]:
    filters = chain.from_iterable(((i.system, f) for f in i.filter) for i in includes)
    return ((system, f.value.replace(".", "")) for system, f in filters if f.op == "is-a")


def _patterns(includes: tuple[_Include, ...]) -> Iterator[tuple[str, re.Pattern[str]]]:
    filters = chain.from_iterable(((i.system, f) for f in i.filter) for i in includes)
    return ((system, re.compile(f.value)) for system, f in filters if f.op == "regex")


class _RulesDocument(msgspec.Struct, forbid_unknown_fields=True):
    negation_before: tuple[str, ...]
    not_within: dict[str, tuple[str, ...]]
    yields: dict[str, frozenset[str]]


def read_mention_rules(document: bytes) -> MentionRules:
    """How words are read, of a file. Raises ValueError naming the element that does not fit."""
    read = msgspec.json.decode(document, type=_RulesDocument)
    return MentionRules(read.negation_before, read.not_within, read.yields)
