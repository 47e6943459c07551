"""Settings: a site's TOML file and the environment, checked at start, unknown keys refused."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any, Final

from cds_service.catalogues import languages
from cds_service.errors import ConfigurationError
from cds_service.settings import clinical
from cds_service.settings.clients import DIALECTS, EHR, TRUST, Client, Trust, check_trust, clients
from cds_service.settings.clinical import read_clock, read_zone
from cds_service.settings.fetching import FETCH, Fetching, check_fetching
from cds_service.settings.limits import LIMITS, Limits
from cds_service.settings.reading import (
    ADDRESS,
    DAYS,
    ORIGINS,
    TEXTS,
    Kind,
    Place,
    Section,
    choice,
    document,
    read_section,
    refuse_unknown,
    table,
)
from cds_service.settings.serving import SERVE, Serving

__all__ = ["SECTIONS", "Client", "Fetching", "Serving", "Settings", "Trust", "read_clock", "read_settings", "read_zone"]


@dataclass(frozen=True, slots=True)
class Settings:
    """What a site decides. `parameters`: named values of the protocol; `local_codes`: set -> system -> codes.

    `language`: in which a reader is answered who asks for none of ours. `ehr`: for whose EHR cards are written where no
    client says so.
    """

    zone: tzinfo = UTC
    language: str = "en"
    parameters: Mapping[str, str] = field(default_factory=dict)
    upper_limits: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    plausible: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    local_codes: Mapping[str, Mapping[str, frozenset[str]]] = field(default_factory=dict)
    studies: tuple[str, ...] = ()
    clock: datetime | None = None
    show_ahead_days: int = 60
    remind_ahead_days: int = 7
    worksheet: str | None = None
    ehr: str = "generic"
    cors_origins: tuple[str, ...] = ()
    trust: Trust = field(default_factory=Trust)
    fetching: Fetching = field(default_factory=Fetching)
    limits: Limits = field(default_factory=Limits)
    serving: Serving = field(default_factory=Serving)
    file: str = ""

    @property
    def fetches(self) -> bool:
        """Whether there is any server from which data may be fetched."""
        if self.trust.clients:
            return any(client.fhir_origins for client in self.trust.clients)
        return bool(self.fetching.fhir_origins)


SECTIONS: Final[Mapping[str, Section]] = {
    "": {
        "time_zone": Kind(lambda _, value: read_zone(value)),
        "language": choice(*languages()),
        "parameters": document(clinical.parameters),
        "upper_limits": document(clinical.upper_limits),
        "plausible": document(clinical.plausible),
        "local_codes": document(clinical.local_codes),
        "clients": document(clients),
    },
    "study": {"references": TEXTS},
    "cards": {"show_ahead_days": DAYS, "remind_ahead_days": DAYS, "worksheet": ADDRESS, "ehr": EHR},
    "cors": {"origins": ORIGINS},
    "trust": TRUST,
    "fetch": FETCH,
    "limits": LIMITS,
    "serve": SERVE,
}
"""Every key, by its table; those under "" stand outside any."""

_NO_SETTING: Final = frozenset({"COTSOM_SITE", "COTSOM_CLOCK"})
# Kubernetes tells every container of the services beside it, so also of one that is named as this product.
_OF_THE_CLUSTER: Final = re.compile(r"COTSOM(_\w+)?_(SERVICE_(HOST|PORT\w*)|PORT(_\d+_\w+)?)")


def variable(table_name: str, key: str) -> str:
    """The environment variable of a key: trust.audience is COTSOM_TRUST_AUDIENCE."""
    return "_".join(part.upper() for part in ("COTSOM", table_name, key) if part)


def read_settings(environment: Mapping[str, str], site: Path | None = None) -> Settings:
    """The settings of a site file, each replaced by its variable where that is set and not empty.

    COTSOM_SITE names the file, COTSOM_CLOCK stops the clock. Raises ConfigurationError naming file or variable, the
    key, and what was expected.
    """
    environment = {name: text for name, text in environment.items() if name.startswith("COTSOM_") and text}
    given = environment.get("COTSOM_SITE")
    file = site or (Path(given) if given else None)
    _refuse_unknown_variables(environment)
    values = (_of_file(file) if file else {}) | dict(_of_environment(environment))
    clock = environment.get("COTSOM_CLOCK")
    settings = _settings(values, read_clock(clock) if clock else None, str(file or ""))
    try:
        check_trust(settings.trust, http_on_loopback=settings.fetching.allow_http)
        check_fetching(settings.fetching)
    except ConfigurationError as error:
        raise _at(file, error) from None
    return settings


def _at(file: Path | None, error: ConfigurationError) -> ConfigurationError:
    return ConfigurationError(f"{file}: {error}") if file else error


def _of_file(file: Path) -> dict[tuple[str, str], Any]:
    given = _parse(file)
    try:
        return dict(_read_tables(given, file.parent))
    except ConfigurationError as error:
        raise _at(file, error) from None


def _parse(file: Path) -> Mapping[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{file}: cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{file}: not TOML: {error}") from None


def _read_tables(given: Mapping[str, Any], folder: Path) -> Iterator[tuple[tuple[str, str], Any]]:
    """The values of a file by table and key."""
    outside = {key: value for key, value in given.items() if key not in SECTIONS}
    refuse_unknown(Place("", folder), outside, {**SECTIONS[""], **{name: None for name in SECTIONS if name}})
    for name, section in SECTIONS.items():
        place = Place(name, folder)
        found = table(place, given.get(name, {})) if name else outside
        for key, value in read_section(place.within("." if name else ""), found, section).items():
            yield (name, key), value


def _refuse_unknown_variables(environment: Mapping[str, str]) -> None:
    """A misspelt variable would leave a limit open without a word."""
    known = {variable(name, key) for name, section in SECTIONS.items() for key in section} | _NO_SETTING
    for name in sorted(set(environment) - known):
        if not _OF_THE_CLUSTER.fullmatch(name):
            raise ConfigurationError(f"unknown variable {name}; known are: {', '.join(sorted(known))}")


def _of_environment(environment: Mapping[str, str]) -> Iterator[tuple[tuple[str, str], Any]]:
    for name, section in SECTIONS.items():
        for key, kind in section.items():
            where = variable(name, key)
            if where in environment:
                yield (name, key), kind.check(Place(where, Path.cwd()), kind.from_text(environment[where]))


def _settings(values: Mapping[tuple[str, str], Any], clock: datetime | None, file: str) -> Settings:
    def section(name: str) -> dict[str, Any]:
        return {key: value for (table_name, key), value in values.items() if table_name == name}

    outside, cards = section(""), section("cards")
    ehr = cards.get("ehr", DIALECTS[0])
    named = tuple(Client(**{"ehr": ehr, **one}) for one in outside.pop("clients", ()))
    study, cors = section("study"), section("cors")
    return replace(
        Settings(**cards, clock=clock, file=file),
        zone=outside.pop("time_zone", None) or read_zone("UTC"),
        studies=study.get("references", ()),
        cors_origins=cors.get("origins", ()),
        trust=Trust(clients=named, **section("trust")),
        fetching=Fetching(**section("fetch")),
        limits=Limits(**section("limits")),
        serving=Serving(**section("serve")),
        **outside,
    )
