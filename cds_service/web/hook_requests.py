"""Reads the body of a hook call: tolerant of what EHRs add, exact about what is missing."""

import operator
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec
import orjson

from cds_service.web.problems import Problem, bad_request
from fhir_profiles.reading.prefetch import Given
from fhir_profiles.resources import AnyResource

_T = TypeVar("_T")
_LONGEST_INSTANCE = 200
_TYPES = {"str": "a text", "object": "an object", "array": "an array", "bool": "true or false"}
_EXPECTED = re.compile(r"Expected `(\w+)")
_MISSING = re.compile(r"required field `(\w+)`")
_BYTE = re.compile(r"\(byte (\d+)\)")
_PLACE = re.compile(r"at `\$\.?([^`]*)`")


class HookContext(msgspec.Struct, rename="camel"):
    """What the clinician is doing."""

    patient_id: str
    user_id: str | None = None
    encounter_id: str | None = None
    draft_orders: msgspec.Raw = msgspec.Raw()
    selections: tuple[str, ...] | None = None


class _Key:
    """The name of a prefetch value; equal to no other, so that a name that is given twice is kept twice."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


class _Call(msgspec.Struct, Generic[_T], rename="camel"):
    """A hook call whose prefetch holds values of one type."""

    hook: str
    hook_instance: str
    context: HookContext
    prefetch: dict[_Key, _T] | None = None
    fhir_server: msgspec.Raw = msgspec.Raw()
    fhir_authorization: msgspec.Raw = msgspec.Raw()


_WHOLE = msgspec.json.Decoder(_Call[AnyResource | None], dec_hook=operator.call)
_UNREAD = msgspec.json.Decoder(_Call[msgspec.Raw], dec_hook=operator.call)


@dataclass(frozen=True, slots=True)
class HookRequest:
    """A hook call. `prefetch`: decoded, where all of it fits; else each value unread."""

    body: bytes
    hook: str
    hook_instance: str
    context: HookContext
    prefetch: Mapping[str, Given]
    fhir_server: msgspec.Raw
    fhir_authorization: msgspec.Raw

    @property
    def patient(self) -> str:
        """The id of the patient."""
        return self.context.patient_id.removeprefix("Patient/")

    def unread(self) -> Mapping[str, msgspec.Raw]:
        """The JSON of each prefetch key, looked for anew."""
        return _by_name(_UNREAD.decode(self.body).prefetch or {})


def read_hook_request(body: bytes, hook: str) -> HookRequest:
    """The call, of the hook that this address serves. Raises Problem (400) naming the field."""
    call = _decode(body)
    request = HookRequest(
        body,
        call.hook,
        call.hook_instance,
        call.context,
        _by_name(call.prefetch or {}),
        call.fhir_server,
        call.fhir_authorization,
    )
    if request.hook != hook:
        raise bad_request("hook", f"this service serves the hook {hook}")
    if not request.hook_instance or len(request.hook_instance) > _LONGEST_INSTANCE:
        raise bad_request("hookInstance", f"a text of 1 to {_LONGEST_INSTANCE} characters was expected")
    if not request.context.patient_id:
        raise bad_request("context.patientId", "the id of the patient was expected")
    return request


def _by_name(prefetch: Mapping[_Key, _T]) -> Mapping[str, _T]:
    """The values by their names. Raises Problem (400) where one is given twice: each may hide what the other shows."""
    named = {key.name: value for key, value in prefetch.items()}
    if len(named) < len(prefetch):
        raise bad_request("prefetch", "a key is given twice; send each once, with all that its search found")
    return named


def _decode(body: bytes) -> _Call[AnyResource | None] | _Call[msgspec.Raw]:
    """The body in one typed go; where that fails, a walk over it says whether the call itself or a resource is bad."""
    try:
        return _WHOLE.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return decode_json(_UNREAD, body)


def read_draft_orders(request: HookRequest, most: int) -> tuple[Mapping[str, Any], ...]:
    """The resources among the draft orders; entries that are none are passed over.

    Raises Problem: 400 for what is no Bundle, 413 for more than `most` resources.
    """
    given = bytes(request.context.draft_orders)
    if not given:
        raise bad_request("context.draftOrders", "is required")
    bundle = _any_json(given)
    entries = bundle.get("entry", []) if isinstance(bundle, dict) else None
    if not isinstance(entries, list):
        raise bad_request("context.draftOrders", "a Bundle was expected")
    resources = (entry.get("resource") for entry in entries if isinstance(entry, dict))
    drafts = tuple(r for r in resources if isinstance(r, dict) and isinstance(r.get("resourceType"), str))
    if len(drafts) > most:
        raise Problem(413, "too-long", f"context.draftOrders: more than {most} resources", "context.draftOrders")
    return drafts


def received_bodies(request: HookRequest) -> Iterator[bytes]:
    """The JSON in which an order or a product may be looked up: what was prefetched, then the drafts."""
    yield from map(bytes, request.unread().values())
    yield bytes(request.context.draft_orders)


def _any_json(given: bytes) -> Any:  # noqa: ANN401 - what an EHR sends as drafts
    try:
        return orjson.loads(given)
    except orjson.JSONDecodeError:
        raise bad_request("context.draftOrders", "the JSON is nested too deeply or malformed") from None


def read_selections(request: HookRequest) -> tuple[str, ...]:
    """The drafts that the clinician has selected. Raises Problem (400) where they are missing."""
    if request.context.selections is None:
        raise bad_request("context.selections", "is required")
    return request.context.selections


def decode_json(decoder: msgspec.json.Decoder[_T], body: bytes) -> _T:
    """A typed body. Raises Problem (400) naming the field, and never echoing its value."""
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise _misfit(str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise bad_request("body", _malformed(str(error))) from None
    except RecursionError:
        raise bad_request("body", "the JSON is nested too deeply") from None


def _malformed(words: str) -> str:
    """What keeps a body from being JSON, and where, without what stands there."""
    at = _BYTE.search(words)
    if at:
        return f"JSON was expected; it is malformed at byte {at[1]}"
    return "JSON was expected; it ends too early" if "truncated" in words else "JSON in UTF-8 was expected"


def _misfit(words: str) -> Problem:
    place = _PLACE.search(words)
    field = re.sub(r"\[\.\.\.\]", "", place[1]) if place else ""
    missing = _MISSING.search(words)
    if missing:
        return bad_request(".".join(part for part in (field, missing[1]) if part), "is required")
    expected = _EXPECTED.search(words)
    kind = _TYPES.get(expected[1], "another type") if expected else "another value"
    return bad_request(field or "body", f"{kind} was expected")
