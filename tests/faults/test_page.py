"""The page about faults tells what the tests show, and names no test that there is not."""

import pytest

from tests.faults.page import PAGE, Fault, faults, page
from tests.security.test_page import is_a_test


def test_the_page_of_faults_is_fresh() -> None:
    assert PAGE.exists(), "write it with `make docs`"
    assert PAGE.read_text(encoding="utf-8") == page(), "write it anew with `make docs`"


@pytest.mark.parametrize("fault", faults(), ids=lambda fault: fault.breaks[:40])
def test_a_fault_names_tests_that_exist(fault: Fault) -> None:
    assert fault.tests
    assert all(map(is_a_test, fault.tests))
