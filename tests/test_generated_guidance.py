"""The page of guidance says what the cases of guidance say."""

from tests.generate_guidance import PAGE, guidance_page


def test_the_page_of_guidance_is_fresh() -> None:
    assert PAGE.exists(), "write it with `make docs`"
    assert PAGE.read_text(encoding="utf-8") == guidance_page(), "write it anew with `make docs`"
