"""Which language an answer is written in: what was asked for, as far as there are words of it."""

from collections.abc import Sequence

from babel.core import negotiate_locale
from werkzeug.datastructures import Accept
from werkzeug.http import parse_accept_header


def negotiated(accept: str | None, offered: Sequence[str], default: str) -> str:
    """The language of `offered` that an `Accept-Language` header prefers (RFC 9110, 12.5.4; lookup of RFC 4647).

    `ko-KR` is served by `ko`. Without the header, or where nothing in it is offered, the default.
    """
    ranges = [(language.lower(), quality) for language, quality in parse_accept_header(accept, Accept)]
    named = {language.partition("-")[0] for language, _ in ranges}
    others = [language for language in (default, *offered) if language not in named]
    preferred: list[str] = []
    for language, quality in sorted(ranges, key=lambda one: -one[1]):
        if quality > 0:
            preferred += others if language == "*" else [language]
    return negotiate_locale(preferred, offered, sep="-") or default
