"""The generated pages say what the product does today."""

import pytest

from tests.generate_docs import PAGE, page
from tests.generate_tables import DOCS, TABLES, written
from tests.terminal_picture import PICTURE, terminal_picture


def test_the_page_of_criteria_is_fresh() -> None:
    assert PAGE.exists(), "write it with `make docs`"
    assert PAGE.read_text(encoding="utf-8") == page(), "write it anew with `make docs`"


def test_the_picture_of_the_terminal_is_fresh() -> None:
    assert PICTURE.read_text(encoding="utf-8") == terminal_picture(), "write it anew with `make docs`"


def test_the_picture_asks_no_other_server() -> None:
    assert "http" not in PICTURE.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")


@pytest.mark.parametrize("name", TABLES)
def test_the_tables_inside_a_page_are_fresh(name: str) -> None:
    text = (DOCS / name).read_text(encoding="utf-8")
    assert text == written(name, text), "write it anew with `make docs`"
