"""The generated pages say what the product does today."""

from tests.generate_docs import PAGE, page


def test_the_page_of_criteria_is_fresh() -> None:
    assert PAGE.exists(), "write it with `make docs`"
    assert PAGE.read_text(encoding="utf-8") == page(), "write it anew with `make docs`"
