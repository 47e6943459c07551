"""Reads the product's files once, at start: value sets, units, words, the protocol. What it returns is frozen."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import fhir_profiles
from cds_service.catalogues import read_texts
from cds_service.errors import ConfigurationError
from cds_service.protocols.building import build_protocol
from cds_service.protocols.checking import check, check_names, refuse
from cds_service.protocols.lines import located
from cds_service.protocols.parsing import parse_protocol
from cds_service.protocols.problems import Problem, Severity
from cds_service.protocols.references import translation_problem
from cds_service.settings import Settings
from cds_service.trial.protocol import TrialProtocol
from fhir_profiles.mentions import MentionIndex
from fhir_profiles.reading.context import Vocabulary
from fhir_profiles.terminology import Terminology
from fhir_profiles.units import UnitTable
from fhir_profiles.value_set_documents import code_set, read_mention_rules, read_value_set

_PROFILES = Path(fhir_profiles.__file__).parent
COTSOM = Path(__file__).parent / "protocols" / "cotsom.yaml"


@dataclass(frozen=True, slots=True)
class Loaded:
    """Everything that judging needs beside a record and a moment."""

    protocol: TrialProtocol
    vocabulary: Vocabulary
    settings: Settings


def load(settings: Settings, protocol: Path = COTSOM) -> Loaded:
    """The protocol with the value sets it names. Raises ConfigurationError naming the file at fault and the place."""
    vocabulary = load_vocabulary(settings)
    given = parse_protocol(protocol)
    plain = replace(settings, parameters={}, upper_limits={}, plausible={})
    try:
        built = _build(given, vocabulary, settings)
    except ConfigurationError as error:
        _blame_protocol(given, vocabulary, plain, protocol)
        raise ConfigurationError(f"{settings.file}: {_culprit(given, vocabulary, settings, plain)}{error}") from None
    return Loaded(replace(built, texts=_texts(protocol, given)), vocabulary, settings)


def likely_slips(loaded: Loaded, protocol: Path) -> tuple[Problem, ...]:
    """What its author should look at in a protocol file from which this was loaded, although it can be used."""
    given = with_site(parse_protocol(protocol), loaded.settings)
    problems = check(loaded.protocol, given, loaded.vocabulary.terminology.sets)
    return tuple(problem for problem in problems if problem.severity is Severity.WARNING)


def _texts(protocol: Path, given: Mapping[str, Any]) -> Mapping[str, Mapping[str, str]]:
    """The texts of the protocol in other languages, each of which names what the text itself names."""
    texts = read_texts(protocol)
    for language, told in texts.items():
        for text, translation in told.items():
            problem = translation_problem(text, translation, given["parameters"])
            if problem is not None:
                file = protocol.with_name(f"{protocol.stem}.{language}.po")
                raise ConfigurationError(f"{file}: {text!r}: {problem}")
    return texts


def _build(given: Mapping[str, Any], vocabulary: Vocabulary, settings: Settings) -> TrialProtocol:
    given = with_site(given, settings)
    sets = vocabulary.terminology.sets
    refuse(check_names(given))
    titles = {name: code_set.title for name, code_set in sets.items()}
    built = build_protocol(given, load_units(), titles, settings.parameters, settings.studies)
    refuse(check(built, given, sets))
    return built


def _blame_protocol(given: Mapping[str, Any], vocabulary: Vocabulary, plain: Settings, protocol: Path) -> None:
    """Raises ConfigurationError naming the protocol file, if it is at fault without what the site sets."""
    try:
        _build(given, vocabulary, plain)
    except ConfigurationError as error:
        raise ConfigurationError(located(protocol, str(error).splitlines())) from None


def _culprit(given: Mapping[str, Any], vocabulary: Vocabulary, settings: Settings, plain: Settings) -> str:
    """Which of the site's named values does not fit by itself."""
    for name, value in settings.parameters.items():
        try:
            _build(given, vocabulary, replace(plain, parameters={name: value}))
        except ConfigurationError:
            return f"parameters.{name}: "
    return ""


def load_vocabulary(settings: Settings) -> Vocabulary:
    """The value sets, with the site's own codes, and the words that mention them."""
    files = sorted((_PROFILES / "value_sets").glob("*.json"))
    documents = [read_value_set(file.read_bytes()) for file in files]
    unknown = sorted(set(settings.local_codes) - {d.id for d in documents})
    if unknown:
        raise ConfigurationError(f"{settings.file}: local_codes.{unknown[0]}: there is no such value set")
    sets = [code_set(d, settings.local_codes.get(d.id)) for d in documents]
    rules = read_mention_rules((_PROFILES / "mention_rules.json").read_bytes())
    displays = {document.id: document.displays for document in documents}
    return Vocabulary(Terminology(sets), MentionIndex(sets, displays, rules))


def load_units() -> UnitTable:
    """The table of units."""
    return UnitTable.from_json(json.loads((_PROFILES / "unit_factors.json").read_bytes()))


def with_site(given: Mapping[str, Any], settings: Settings) -> Mapping[str, Any]:
    """The protocol's analytes with the site's upper limits and plausible ranges."""
    analytes = dict(given["analytes"])
    for key, changes in (("upper_limit", settings.upper_limits), ("plausible", settings.plausible)):
        for name, change in changes.items():
            if name not in analytes:
                raise ConfigurationError(f"{key} of {name!r}: no such analyte; there are {', '.join(sorted(analytes))}")
            analytes[name] = {**analytes[name], key: change}
    return {**given, "analytes": analytes}
