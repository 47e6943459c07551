"""The page about security tells what the tests show, and names no test that there is not."""

import importlib
import inspect

import pytest

from cds_service.web.tokens import Reason
from tests.security.attacks import ATTACKS
from tests.security.page import PAGE, SOURCES, Threat, page, threats


def is_a_test(named: str) -> bool:
    """Whether there is a test where `path::name` says."""
    place, _, name = named.partition("::")
    return callable(getattr(importlib.import_module(f"tests.{place.replace('/', '.')}"), name, None))


def test_the_page_of_security_is_fresh() -> None:
    assert PAGE.exists(), "write it with `make docs`"
    assert PAGE.read_text(encoding="utf-8") == page(), "write it anew with `make docs`"


@pytest.mark.parametrize("threat", threats(), ids=lambda threat: threat.what[:40])
def test_a_threat_names_tests_that_exist(threat: Threat) -> None:
    assert threat.tests
    assert all(map(is_a_test, threat.tests))


def test_every_attack_is_a_test_of_its_own() -> None:
    names = [name for source in SOURCES for name, _ in inspect.getmembers(source, inspect.isfunction)]
    assert set(ATTACKS) <= {name for name in names if name.startswith("test_")}


def test_every_reason_has_an_attack_that_shows_it() -> None:
    assert {one.reason for one in ATTACKS.values()} == set(Reason)
