"""What the address of a search says: whose records were asked for, and of what kind (contract 4.1, the self link)."""

import re

from fhir_profiles.resources import KNOWN_TYPES

_WHOSE = frozenset({"patient", "subject", "individual"})
"""Search parameters that say whose records are asked for."""
_ESCAPED = re.compile("%([0-9A-Fa-f]{2})")


def asks_for(patient: str | None, address: str) -> bool:
    """Whether a search is about this patient and nobody else; None: about whom is not known, but about somebody."""
    named = _named(address)
    return bool(named) and (patient is None or set(named) == {patient})


def asks_for_another(patient: str | None, address: str) -> bool:
    """Whether a search names anybody else. The address of a further page may name nobody."""
    return any(name != patient for name in _named(address))


def kind_asked_for(address: str) -> str | None:
    """The resource type that a search goes to, where its address names one."""
    steps = address.partition("?")[0].split("/")
    return next((step for step in reversed(steps) if step in KNOWN_TYPES), None)


def _named(address: str) -> list[str]:
    """Whom the address names: ids, or what else is written in their place."""
    terms = (_plain(term).partition("=") for term in address.partition("?")[2].split("&"))
    return [value.rpartition("/")[2] for name, _, value in terms if _parameter(name) in _WHOSE]


def _plain(term: str) -> str:
    """A part of a query without its escapes: names and ids are ASCII, and nothing else is looked for."""
    return _ESCAPED.sub(lambda escaped: chr(int(escaped[1], 16)), term)


def _parameter(name: str) -> str:
    """The name of a search parameter without its modifier and chain."""
    return name.partition(":")[0].partition(".")[0]
