"""The kinds of values that a setting can have: what each accepts, and how it is written in a variable."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from ipaddress import ip_address
from math import isfinite
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from cds_service.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands: the key as an error names it, and the folder that relative paths start from."""

    name: str
    folder: Path

    def within(self, name: str) -> "Place":
        """A place inside this one."""
        return replace(self, name=f"{self.name}{name}")

    def expects(self, what: str) -> ConfigurationError:
        """The error of a value that does not fit here."""
        return ConfigurationError(f"{self.name}: {what} was expected")


@dataclass(frozen=True, slots=True)
class Kind:
    """What a setting may be. `check` returns the value or raises ConfigurationError; `from_text` reads a variable."""

    check: Callable[[Place, object], Any]
    from_text: Callable[[str], object] = str


_MOST: Final = 2**53
"""No limit, cost or count is larger."""

Section = Mapping[str, Kind]
"""The keys of a table and what each may be."""


def refuse_unknown(place: Place, given: Mapping[str, object], known: Mapping[str, object] | frozenset[str]) -> None:
    """Raises ConfigurationError for a key that no setting has."""
    unknown = sorted(set(given) - set(known))
    if unknown:
        name = place.within(unknown[0]).name
        raise ConfigurationError(f"unknown key {name}; known are: {', '.join(sorted(known))}")


def _list_of_text(text: str) -> object:
    """`a, b` or `["a", "b"]`."""
    return _document_of_text(text) if text.startswith("[") else [one.strip() for one in text.split(",")]


def _document_of_text(text: str) -> object:
    """A JSON document; what is none stays text, and does not fit where a table or list is expected."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _number_of_text(text: str) -> object:
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        return text


def _flag_of_text(text: str) -> object:
    return {"true": True, "false": False}.get(text, text)


def text(place: Place, value: object) -> str:
    """A text that is not empty."""
    if not isinstance(value, str) or not value.strip():
        raise place.expects("a text")
    return value


def texts(place: Place, value: object) -> tuple[str, ...]:
    """A list of texts."""
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise place.expects("a list of texts")
    return tuple(value)


def table(place: Place, value: object) -> Mapping[str, Any]:
    """A table, whatever its keys."""
    if not isinstance(value, Mapping):
        raise place.expects("a table")
    return value


def is_number(value: object) -> bool:
    """Whether this is a finite number, or a text that is one."""
    try:
        return not isinstance(value, bool) and isfinite(float(str(value)))
    except ValueError:
        return False


def _whole(place: Place, value: object, least: int, what: str, most: int = _MOST) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise place.expects(what)
    return value


_LONGEST_SECONDS: Final = 366 * 86_400
"""Beyond, what waits for so long, or believes something for so long, would do so for ever, if it can reckon with it."""


def _seconds(place: Place, value: object) -> float:
    if isinstance(value, str) or not is_number(value) or not 0 < float(str(value)) <= _LONGEST_SECONDS:
        raise place.expects("a number of seconds above 0, a year at most,")
    return float(str(value))


def _flag(place: Place, value: object) -> bool:
    if not isinstance(value, bool):
        raise place.expects("true or false")
    return value


def _file(place: Place, value: object) -> Path:
    return place.folder / text(place, value)


def address(place: Place, value: object) -> str:
    """An absolute web address of a host."""
    if not isinstance(value, str) or not value.startswith(("https://", "http://")) or not _host_of(value):
        raise place.expects("an absolute web address like https://cds.hospital.example")
    return value


def addresses(place: Place, value: object) -> tuple[str, ...]:
    """A list of absolute web addresses."""
    return tuple(address(place, one) for one in texts(place, value))


def origins(place: Place, value: object) -> tuple[str, ...]:
    """A list of origins: scheme, host and perhaps port, nothing after them."""
    return tuple(_origin(place, one) for one in texts(place, value))


def _origin(place: Place, value: str) -> str:
    scheme, _, host = value.partition("://")
    if scheme not in ("http", "https") or not host or any(sign in host for sign in "/*@?#") or not _host_of(value):
        raise place.expects(f"an origin like https://sandbox.example (not {value!r})")
    return value


def _host_of(value: str) -> str:
    """The host of an address; empty where it has none or cannot be read."""
    try:
        parts = urlsplit(value)
        no_port = parts.port == 0
    except ValueError:
        return ""
    return "" if no_port else parts.hostname or ""


def is_address(host: str) -> bool:
    """Whether the host is given by its IP address, and not by name."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the host."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def is_secure(value: str, *, http_on_loopback: bool) -> bool:
    """Whether an address is https, or http to this machine where that is allowed."""
    return value.startswith("https://") or (http_on_loopback and is_loopback(_host_of(value)))


def choice(*known: str) -> Kind:
    """One of these words."""

    def check(place: Place, value: object) -> str:
        if value not in known:
            raise place.expects(f"one of {', '.join(known)}")
        return str(value)

    return Kind(check)


TEXT = Kind(text)
TEXTS = Kind(texts, _list_of_text)
ADDRESS = Kind(address)
ADDRESSES = Kind(addresses, _list_of_text)
ORIGINS = Kind(origins, _list_of_text)
FILE = Kind(_file)
FLAG = Kind(_flag, _flag_of_text)
SECONDS = Kind(_seconds, _number_of_text)
COUNT = Kind(lambda place, value: _whole(place, value, 1, "a whole number above 0"), _number_of_text)
PORT = Kind(lambda place, value: _whole(place, value, 1, "a port from 1 to 65535", 65_535), _number_of_text)
DAYS = Kind(lambda place, value: _whole(place, value, 0, "a number of days"), _number_of_text)


def document(check: Callable[[Place, object], Any]) -> Kind:
    """A table or list with a shape of its own; as a variable it is written in JSON."""
    return Kind(check, _document_of_text)


def read_section(place: Place, given: Mapping[str, object], section: Section) -> Mapping[str, Any]:
    """The values of a table, each checked; a key left out is left out."""
    refuse_unknown(place, given, section)
    return {key: section[key].check(place.within(key), value) for key, value in given.items()}
