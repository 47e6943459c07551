"""The body of a request, whole or not at all."""

from typing import IO, Final

from flask import request
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType

from cds_service.web.problems import bad_request

JSON: Final = "application/json"


def json_body() -> bytes:
    """The body of a JSON request. Raises UnsupportedMediaType for any other, Problem (400) for half a body.

    One of known length is read in one piece: the stream of the framework would copy a chart four times.
    """
    if request.mimetype != JSON:
        raise UnsupportedMediaType
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
    body = stream.read(length)
    while len(body) < length:
        more = stream.read(length - len(body))
        if not more:
            raise bad_request("body", "it ended before the length that Content-Length tells")
        body += more
    return body
