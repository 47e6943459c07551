"""What an EHR lets this service read: the token of `fhirAuthorization`, how long it lasts, and the scopes it grants."""

import re
from dataclasses import dataclass, field
from enum import StrEnum
from math import inf
from typing import Final, NamedTuple

import msgspec

_TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/-]{1,16384}=*")
_SCOPE: Final = re.compile(r"(?:patient|user|system)/(\*|[A-Za-z]+)\.(read|write|\*|[cruds]+)(\?\S+)?")
_RIGHTS: Final = {"read": "rs", "write": "cud", "*": "cruds"}


class Reach(StrEnum):
    """How much of what a search asks for its token lets through."""

    WHOLE = "whole"
    IN_PART = "in-part"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Access:
    """Leave to read. `seconds`: how long from the arrival of the call; the token itself is shown nowhere."""

    token: str = field(repr=False)
    seconds: float
    scopes: tuple[str, ...]

    def reach(self, kind: str, right: str) -> Reach:
        """What of a resource type may be read (right `r`) or searched (`s`), by the scopes of SMART 1 and 2.

        A scope with a query is narrower than any search here: what comes back may lack something.
        """
        found = [scope for one in self.scopes if (scope := _SCOPE.fullmatch(one))]
        granted = [s[3] for s in found if s[1] in ("*", kind) and right in _RIGHTS.get(s[2], s[2])]
        if not granted:
            return Reach.NONE
        return Reach.WHOLE if None in granted else Reach.IN_PART


class Authorization(NamedTuple):
    """What a call says of its token: whose records it is for, where it is for one patient's, and the leave it gives."""

    patient: str | None
    access: Access | None


class _Given(msgspec.Struct):
    access_token: str = ""
    token_type: str = ""
    expires_in: float | str | None = None
    scope: str | None = None
    patient: str | None = None


NOTHING: Final = Authorization(None, None)


def read_authorization(given: msgspec.Raw) -> Authorization:
    """The authorization of a call; of another shape, expired or not a bearer's, it gives no leave."""
    try:
        read = msgspec.json.decode(given, type=_Given) if bytes(given) else None
    except (msgspec.DecodeError, RecursionError):
        return NOTHING
    if read is None:
        return NOTHING
    patient = read.patient.removeprefix("Patient/") if read.patient else None
    return Authorization(patient, _access(read))


def _access(given: _Given) -> Access | None:
    seconds = _seconds(given.expires_in)
    is_bearer = given.token_type.lower() == "bearer" and _TOKEN.fullmatch(given.access_token)
    if not is_bearer or not seconds > 0:
        return None
    return Access(given.access_token, seconds, tuple((given.scope or "").split()))


def _seconds(given: float | str | None) -> float:
    """How long a token lasts; without end where nothing is said, which the server will know better."""
    try:
        return inf if given is None else float(given)
    except ValueError:
        return 0.0
