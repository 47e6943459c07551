"""Feedback on cards (CDS Hooks "Feedback"), in the shapes that EHRs really send."""

from typing import Literal

import msgspec

from cds_service.web.hook_requests import decode_json
from cds_service.web.problems import bad_request

_MOST = 1000


class _Accepted(msgspec.Struct):
    id: str | None = None


class _Coding(msgspec.Struct):
    code: str | None = None
    system: str | None = None
    display: str | None = None


class OverrideReason(msgspec.Struct, rename="camel"):
    """Why a card was set aside: a code, words, or both; some EHRs wrap both in one object."""

    reason: _Coding | None = None
    user_comment: str | None = None
    code: str | None = None


class FeedbackItem(msgspec.Struct, rename="camel"):
    """What became of one card."""

    card: str
    outcome: Literal["accepted", "overridden"]
    outcome_timestamp: str | None = None
    accepted_suggestions: tuple[_Accepted, ...] = ()
    override_reason: OverrideReason | None = None
    override_reasons: OverrideReason | tuple[OverrideReason, ...] = ()


class Feedback(msgspec.Struct):
    """A batch of feedback."""

    feedback: tuple[FeedbackItem, ...]


_DECODER = msgspec.json.Decoder(Feedback)


def read_feedback(body: bytes) -> Feedback:
    """The batch. Raises Problem (400) naming the field."""
    batch = decode_json(_DECODER, body)
    if not batch.feedback:
        raise bad_request("feedback", "at least one item was expected")
    if any(not item.card for item in batch.feedback):
        raise bad_request("feedback.card", "the uuid of a card was expected")
    if len(batch.feedback) > _MOST:
        raise bad_request("feedback", f"at most {_MOST} items were expected")
    return batch
