"""Knowing less creates no pass (rulebook section 1.4), but for what the rulebook itself says."""

from collections.abc import Mapping
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_service.trial.assessment import Assessment
from tests.properties.blurs import BLURS, Blur, blurred, no_range, no_site, no_study
from tests.properties.charts import Chart, difference, judge, new_passes, share
from tests.properties.records import charts

CHILD_PUGH: Final = frozenset({"I3", "E2a"})
NONE: Final[frozenset[str]] = frozenset()
_PERMITTED: Final[Mapping[Blur, frozenset[str]]] = {
    # Section 3, "ULN": "else from the site's ULN table by analyte and sex".
    no_range: frozenset({"E5a", "E7"}),
    # Section 5, E4: "else presumed"; a metastasis of unstated site leaves I2 open, which asks for the site.
    no_site: frozenset({"E4"}),
    # Section 7: a subject of this study is one whose "study reference or identifier matches the configured study".
    no_study: frozenset({"I7"}),
}


def permitted(before: Assessment, blur: Blur) -> frozenset[str]:
    """The lines on which the rulebook lets a blur create a pass."""
    # Section 6: a document is "used when the calculation cannot decide"; "if both decide and the verdict differs":
    # unknown. Less of either ends the conflict.
    return (CHILD_PUGH if before.child_pugh.conflict else NONE) | _PERMITTED.get(blur, NONE)


@pytest.mark.parametrize("blur", BLURS, ids=lambda blur: blur.__name__)
@share(0.045)
@given(chart=charts(), last=st.integers(1, 6))
def test_a_blur_creates_no_pass(blur: Blur, chart: Chart, last: int) -> None:
    possible = blurred(chart, blur)[-6 * last :][:6]  # the last resources are those that disturb the eligible patient
    before = judge(chart)
    for less in possible:
        created = new_passes(before, judge(less)) - permitted(before, blur)
        assert not created, f"{sorted(created)} by {difference(chart, less)}"
