"""The body of a request, whole or not at all."""

from codecs import BOM_UTF8
from typing import IO, Final

from flask import request
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType

from cds_service.web.problems import Problem, bad_request

JSON: Final = "application/json"
_AS_IT_IS: Final = "identity"
_PIECE: Final = 1 << 16
"""Bytes that are asked for at once: asked for whole, large charts leave a worker some 15 MB larger."""


def json_body() -> bytes:
    """The body of a JSON request, without a mark of its byte order.

    Raises UnsupportedMediaType for any other, Problem for half a body (400) and for one that is packed (415).
    """
    if request.mimetype != JSON:
        raise UnsupportedMediaType
    if request.environ.get("HTTP_CONTENT_ENCODING", _AS_IT_IS).lower() != _AS_IT_IS:
        words = "the body must be sent as it is, without Content-Encoding"
        raise Problem(415, "not-supported", words, headers={"Accept-Encoding": _AS_IT_IS})
    return _whole_body().removeprefix(BOM_UTF8)


def _whole_body() -> bytes:
    """One of known length is taken from the server itself: the framework's stream would copy a chart four times."""
    length, limit = request.content_length, request.max_content_length
    if length is None:
        body = request.get_data(cache=False)
        if limit is not None and len(body) >= limit:
            raise RequestEntityTooLarge  # a body sent in chunks is cut at the limit
        return body
    if limit is not None and length > limit:
        raise RequestEntityTooLarge
    return _read_all(request.environ["wsgi.input"], length)


def _read_all(stream: IO[bytes], length: int) -> bytes:
    pieces: list[bytes] = []
    while length > 0:
        piece = stream.read(min(length, _PIECE))
        if not piece:
            raise bad_request("body", "it ended before the length that Content-Length tells")
        pieces.append(piece)
        length -= len(piece)
    return b"".join(pieces)
