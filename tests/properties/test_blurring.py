"""Knowing less creates no pass (rulebook section 1.4), but for what the rulebook itself says."""

from typing import Final

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cds_service.trial.assessment import Assessment
from tests.properties.blurs import BLURS, Blur, blurred, no_range
from tests.properties.charts import Chart, difference, judge, new_passes, share
from tests.properties.records import charts

CHILD_PUGH: Final = frozenset({"I3", "E2a"})
UPPER_LIMITS: Final = frozenset({"E5a", "E7"})
NONE: Final[frozenset[str]] = frozenset()


def permitted(before: Assessment, blur: Blur) -> frozenset[str]:
    """The lines on which the rulebook lets a blur create a pass."""
    # Section 6: "if both decide and the verdict differs -> unknown (conflict)"; "used when the calculation cannot decide".
    conflict = CHILD_PUGH if before.child_pugh.conflict else NONE
    # Section 3, "ULN": "else from the site's ULN table by analyte and sex".
    return conflict | (UPPER_LIMITS if blur is no_range else NONE)


@pytest.mark.parametrize("blur", BLURS, ids=lambda blur: blur.__name__)
@share(0.075)
@given(chart=charts(), last=st.integers(1, 6))
def test_a_blur_creates_no_pass(blur: Blur, chart: Chart, last: int) -> None:
    possible = blurred(chart, blur)[-6 * last :][:6]  # the last resources are those that disturb the eligible patient
    assume(possible)
    before = judge(chart)
    for less in possible:
        created = new_passes(before, judge(less)) - permitted(before, blur)
        assert not created, f"{sorted(created)} by {difference(chart, less)}"
