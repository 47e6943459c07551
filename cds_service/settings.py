"""Settings: a site's TOML file and the environment, checked at start, unknown keys refused."""

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo
from math import isfinite
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cds_service.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Settings:
    """What a site decides. `parameters`: named values of the protocol; `local_codes`: set -> system -> codes."""

    zone: tzinfo = UTC
    parameters: Mapping[str, str] = field(default_factory=dict)
    upper_limits: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    plausible: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    local_codes: Mapping[str, Mapping[str, frozenset[str]]] = field(default_factory=dict)
    studies: tuple[str, ...] = ()
    clock: datetime | None = None
    show_ahead_days: int = 60
    remind_ahead_days: int = 7
    worksheet: str | None = None
    cors_origins: tuple[str, ...] = ()
    file: str = ""


# Days before and after which no patient is judged, and calendars end.
_YEARS = (1900, 2200)
_KEYS = frozenset({"time_zone", "parameters", "upper_limits", "plausible", "local_codes", "study", "cards", "cors"})


def read_settings(environment: Mapping[str, str], site: Path | None = None) -> Settings:
    """The settings of a site file, with the environment over it (COTSOM_SITE, COTSOM_TIME_ZONE, COTSOM_CLOCK).

    Raises ConfigurationError naming file and key.
    """
    file = site or (Path(environment["COTSOM_SITE"]) if environment.get("COTSOM_SITE") else None)
    given = _parse(file) if file else {}
    try:
        return replace(_settings(given, environment), file=str(file or ""))
    except ConfigurationError as error:
        raise ConfigurationError(f"{file}: {error}" if file else str(error)) from None


def _parse(file: Path) -> Mapping[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{file}: cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{file}: not TOML: {error}") from None


def _settings(given: Mapping[str, Any], environment: Mapping[str, str]) -> Settings:
    _refuse_unknown("", given, _KEYS)
    study = _table(given, "study")
    _refuse_unknown("study.", study, {"references"})
    clock = environment.get("COTSOM_CLOCK")
    cards, cors = _table(given, "cards"), _table(given, "cors")
    _refuse_unknown("cards.", cards, {"show_ahead_days", "remind_ahead_days", "worksheet"})
    _refuse_unknown("cors.", cors, {"origins"})
    return Settings(
        zone=read_zone(environment.get("COTSOM_TIME_ZONE") or given.get("time_zone", "UTC")),
        parameters={name: str(value) for name, value in _table(given, "parameters").items()},
        upper_limits={n: _limits(n, t) for n, t in _table(given, "upper_limits").items()},
        plausible={n: _range(n, r) for n, r in _table(given, "plausible").items()},
        local_codes={n: _codes(n, t) for n, t in _table(given, "local_codes").items()},
        studies=tuple(_texts("study.references", study.get("references", []))),
        clock=read_clock(clock) if clock else None,
        show_ahead_days=_days("cards.show_ahead_days", cards.get("show_ahead_days", 60)),
        remind_ahead_days=_days("cards.remind_ahead_days", cards.get("remind_ahead_days", 7)),
        worksheet=_address("cards.worksheet", cards.get("worksheet")),
        cors_origins=_origins(environment.get("COTSOM_CORS_ORIGINS"), cors.get("origins", [])),
    )


def _refuse_unknown(place: str, given: Mapping[str, object], known: Collection[str]) -> None:
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise ConfigurationError(f"unknown key {place}{unknown[0]}; known are: {', '.join(sorted(known))}")


def _table(given: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    table = given.get(name, {})
    if not isinstance(table, Mapping):
        raise ConfigurationError(f"{name}: a table was expected, as in [{name}]")
    return table


def _limits(name: str, given: object) -> Mapping[str, str]:
    if not isinstance(given, Mapping):
        raise ConfigurationError(f"upper_limits.{name}: a table with male and female was expected")
    _refuse_unknown(f"upper_limits.{name}.", given, {"male", "female"})
    if any(not _is_number(value) or float(value) <= 0 for value in given.values()):
        raise ConfigurationError(f"upper_limits.{name}: a number above 0 was expected for each sex")
    return {sex: str(value) for sex, value in given.items()}


def _is_number(value: object) -> bool:
    try:
        return not isinstance(value, bool) and isfinite(float(str(value)))
    except ValueError:
        return False


_ENDS = 2


def _range(name: str, given: object) -> tuple[str, str]:
    if not isinstance(given, list) or len(given) != _ENDS:
        raise ConfigurationError(f"plausible.{name}: a list of the least and the greatest value was expected")
    if not all(map(_is_number, given)) or float(given[0]) >= float(given[1]):
        raise ConfigurationError(f"plausible.{name}: two numbers, the least first, were expected")
    return str(given[0]), str(given[1])


def _codes(name: str, given: object) -> Mapping[str, frozenset[str]]:
    if not isinstance(given, Mapping):
        raise ConfigurationError(f"local_codes.{name}: a table of code system = [codes] was expected")
    return {system: frozenset(_texts(f"local_codes.{name}.{system}", codes)) for system, codes in given.items()}


def _texts(place: str, given: object) -> list[str]:
    if not isinstance(given, list) or not all(isinstance(one, str) for one in given):
        raise ConfigurationError(f"{place}: a list of texts was expected")
    return given


def _days(place: str, given: object) -> int:
    if not isinstance(given, int) or isinstance(given, bool) or given < 0:
        raise ConfigurationError(f"{place}: a number of days was expected")
    return given


def _address(place: str, given: object) -> str | None:
    if given is None:
        return None
    if not isinstance(given, str) or not given.startswith(("https://", "http://")):
        raise ConfigurationError(f"{place}: an absolute web address was expected")
    return given


def _origins(environment: str | None, given: object) -> tuple[str, ...]:
    origins = environment.split(",") if environment else _texts("cors.origins", given)
    for origin in origins:
        scheme, _, host = origin.partition("://")
        if scheme not in ("http", "https") or not host or "/" in host or "*" in host:
            raise ConfigurationError(f"cors.origins: {origin!r}: an origin like https://sandbox.example was expected")
    return tuple(origins)


def read_zone(name: object) -> tzinfo:
    """A time zone by its IANA name."""
    try:
        return ZoneInfo(str(name))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ConfigurationError(f"time_zone {str(name)!r}: an IANA name like 'Asia/Seoul' was expected") from None


def read_clock(text: str) -> datetime:
    """An instant with its offset, like 2026-11-22T09:00:00+09:00."""
    moment: datetime | None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None or not _YEARS[0] <= moment.year <= _YEARS[1]:
        raise ConfigurationError(f"{text!r}: an instant with offset like 2026-11-22T09:00:00+09:00 was expected")
    return moment
