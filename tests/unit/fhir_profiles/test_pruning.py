"""Nothing null and nothing empty is sent; all else stays as it was received."""

from typing import Any

import pytest

from fhir_profiles.pruning import pruned


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"a": None, "b": 1}, {"b": 1}),
        ({"a": [], "b": {}, "c": "", "d": [{}], "e": {"f": {"g": None}}}, {}),
        ({"a": [None, {"b": None}, {"c": 0}]}, {"a": [{"c": 0}]}),
        ({"a": False, "b": 0, "c": 0.0, "d": " "}, {"a": False, "b": 0, "c": 0.0, "d": " "}),
        ({"given": ["A", None], "_given": [None, {"id": "x"}]}, {"given": ["A", None], "_given": [None, {"id": "x"}]}),
        ({"_given": [{}, {"id": "x", "extension": []}]}, {"_given": [None, {"id": "x"}]}),
    ],
)
def test_what_is_empty_goes_and_all_else_stays(given: dict[str, Any], expected: dict[str, Any]) -> None:
    assert pruned(given) == expected


@pytest.mark.parametrize(("levels", "stays"), [(20, True), (900, False)])
def test_what_is_nested_beyond_any_resource_is_left_out(levels: int, stays: bool) -> None:
    deep: Any = 1
    for level in range(levels):
        deep = {"a": [deep]} if level % 2 else [[deep]]
    assert pruned({"x": deep, "y": 0}) == ({"x": deep, "y": 0} if stays else {"y": 0})
