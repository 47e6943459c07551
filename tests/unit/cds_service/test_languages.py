"""Which language an answer is written in (RFC 9110, 12.5.4; RFC 4647, 3.4)."""

import pytest

from cds_service.languages import negotiated


@pytest.mark.parametrize(
    ("accept", "by_default_english", "by_default_korean"),
    [
        (None, "en", "ko"),
        ("", "en", "ko"),
        ("ko", "ko", "ko"),
        ("en", "en", "en"),
        ("ko-KR,ko;q=0.9,en-US;q=0.8,en;q=0.7", "ko", "ko"),
        ("ko-KR,en;q=0.8", "ko", "ko"),
        ("en;q=0.2, ko;q=0.9", "ko", "ko"),
        ("KO-kr", "ko", "ko"),
        ("ko-Kore-KR", "ko", "ko"),
        ("fr, de;q=0.5", "en", "ko"),
        ("fr, ko;q=0.1", "ko", "ko"),
        ("*", "en", "ko"),
        ("ko;q=0.5, *", "en", "en"),
        ("*, ko;q=0", "en", "en"),
        ("ko;q=0", "en", "ko"),
        ("ko;q=many,,;", "en", "ko"),
        ("\x00" * 9000, "en", "ko"),
    ],
)
def test_the_language_that_is_preferred(accept: str | None, by_default_english: str, by_default_korean: str) -> None:
    assert negotiated(accept, ("en", "ko"), "en") == by_default_english
    assert negotiated(accept, ("en", "ko"), "ko") == by_default_korean
