"""Laws of whole assessments: sources, order, irrelevance, emptiness, determinism, time, what is asked."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Collection
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Final

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cds_service.trial.assessment import Assessment, Status, assess
from cds_service.trial.case import Moment
from cds_service.trial.findings import Verdict
from fhir_profiles.record import Source, SourceState
from tests.properties.charts import AS_OF, PRODUCT, ZONE, Chart, Json, States, judge, new_passes, read, share, verdicts
from tests.properties.lapsing import lapsing_charts
from tests.properties.records import charts
from tests.properties.times import EXACT

LOST: Final = (SourceState.IN_PART, SourceState.NOT_SUPPLIED)
ROWS: Final = {criterion.id: criterion.sources for criterion in PRODUCT.protocol.criteria}
CHILD_PUGH: Final = frozenset({"I3", "E2a"})
# Age, and the windows of months and years: how many days these are depends on the calendar.
OF_THE_CALENDAR: Final = frozenset({"I5", "I9", "E18", "E13b", "E13c", "E15", "E16", "E17"})
SOURCE_OF: Final = {
    "Condition": Source.CONDITIONS,
    "Observation": Source.OBSERVATIONS,
    "Procedure": Source.PROCEDURES,
    "MedicationRequest": Source.MEDICATIONS,
    "MedicationStatement": Source.MEDICATIONS,
    "MedicationAdministration": Source.MEDICATIONS,
    "MedicationDispense": Source.MEDICATIONS,
    "AllergyIntolerance": Source.ALLERGIES,
    "ResearchSubject": Source.RESEARCH_SUBJECTS,
}
WORKED_OUT_ANEW: Final = replace(
    PRODUCT.protocol, criteria=tuple(replace(criterion, unrecorded=None) for criterion in PRODUCT.protocol.criteria)
)
UNRELATED: Final[tuple[dict[str, Any], ...]] = (
    {"resourceType": "Immunization", "status": "completed", "vaccineCode": {"text": "influenza vaccine"}},
    {
        "resourceType": "Condition",
        "code": {"coding": [{"system": "http://snomed.info/sct", "code": "195967001"}], "text": "Asthma"},
    },
    {"resourceType": "Condition", "code": {"text": "Seasonal hay fever"}, "recordedDate": "2026-11"},
    {
        "resourceType": "Observation",
        "status": "final",
        "code": {
            "coding": [
                {
                    "system": "http://loinc.org",
                    "code": "2823-3",
                    "display": "Potassium [Moles/volume] in Serum or Plasma",
                }
            ]
        },
        "valueQuantity": {"value": 4.1, "unit": "mmol/L"},
    },
    {
        "resourceType": "MedicationRequest",
        "status": "active",
        "intent": "order",
        "medicationCodeableConcept": {
            "coding": [
                {"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "6809", "display": "metformin"}
            ]
        },
    },
    {
        "resourceType": "Procedure",
        "status": "completed",
        "code": {"text": "Cataract extraction"},
        "performedDateTime": "2026-11-20",
    },
    {
        "resourceType": "AllergyIntolerance",
        "code": {"coding": [{"system": "http://snomed.info/sct", "code": "91935009", "display": "Peanut"}]},
    },
)


def states() -> st.SearchStrategy[States]:
    """Some sources not supplied, or read in part."""
    return st.dictionaries(st.sampled_from(Source), st.sampled_from(LOST), max_size=4)


@share(0.15)
@given(chart=charts(), already=states(), source=st.sampled_from(tuple(ROWS["I9"] | ROWS["E10"] | ROWS["E22"])))
def test_a_source_taken_away_creates_no_pass(chart: Chart, already: States, source: Source) -> None:
    whole = judge(chart, already)
    # Section 6, as for blurring: a conflict is over as soon as one of the two no longer decides.
    permitted = CHILD_PUGH if whole.child_pugh.conflict else frozenset()
    for state in LOST:
        lost = {**already, source: state if already.get(source) is not SourceState.NOT_SUPPLIED else already[source]}
        assert new_passes(whole, judge(chart, lost)) <= permitted


@share(0.15)
@given(chart=charts(), source=st.sampled_from(tuple(set(SOURCE_OF.values()))))
def test_a_source_of_which_nothing_came_creates_no_pass(chart: Chart, source: Source) -> None:
    whole = judge(chart)
    rest = tuple(r for r in chart if SOURCE_OF.get(r["resourceType"]) is not source)
    created = new_passes(whole, judge(rest, {source: SourceState.NOT_SUPPLIED}))
    # Section 3: "A source beyond the row is used when it is there, and its absence opens nothing."
    beyond_the_row = {name for name, row in ROWS.items() if source not in row}
    assert created <= beyond_the_row | (CHILD_PUGH if whole.child_pugh.conflict else frozenset())


@share(0.12)
@given(chart=charts(), order=st.randoms(use_true_random=False))
def test_the_order_of_resources_changes_nothing(chart: Chart, order: Any) -> None:  # noqa: ANN401 - a random.Random
    shuffled = list(chart)
    order.shuffle(shuffled)
    assert repr(judge(shuffled)) == repr(judge(chart))


@share(0.12)
@given(chart=charts(), stranger=st.sampled_from(UNRELATED), at=st.integers(1, 5))
def test_an_unrelated_resource_changes_nothing(chart: Chart, stranger: Json, at: int) -> None:
    holder = "patient" if stranger["resourceType"] in ("AllergyIntolerance", "Immunization") else "subject"
    ours = {**stranger, "id": "stranger", holder: {"reference": "Patient/p1"}}
    assert judge((*chart[:at], ours, *chart[at:])) == judge(chart)


def test_a_record_of_which_nothing_is_known_passes_nothing() -> None:
    assessment = judge(({"resourceType": "Patient", "id": "p1"},), dict.fromkeys(Source, SourceState.NOT_SUPPLIED))
    found = verdicts(assessment)
    assert found["I8"] is Verdict.SATISFIED
    assert {verdict for name, verdict in found.items() if name != "I8"} == {Verdict.UNKNOWN, Verdict.ATTEST}
    assert all(verdict is Verdict.UNKNOWN for name, verdict in found.items() if ROWS[name])


@share(0.1)
@given(lost=st.dictionaries(st.sampled_from(Source), st.sampled_from(LOST)))
def test_nothing_recorded_passes_no_line_that_lacks_a_source(lost: States) -> None:
    found = verdicts(judge(({"resourceType": "Patient", "id": "p1"},), lost))
    assert not {name for name, verdict in found.items() if verdict.passes and ROWS[name] & lost.keys()}


@share(0.1)
@given(chart=charts(), lost=states())
def test_the_same_record_is_judged_the_same(chart: Chart, lost: States) -> None:
    first, second = judge(chart, lost), judge(json.loads(json.dumps(chart)), lost)
    assert first == second
    assert repr(first) == repr(second)


_PRINT: Final = (
    "import json, sys; from tests.properties.charts import judge; [print(judge(c)) for c in json.load(sys.stdin)]"
)


def printed(listed: Collection[Chart], seed: int) -> str:
    """The assessments as another process prints them, its sets and dictionaries hashed with another seed."""
    environment = {**os.environ, "PYTHONHASHSEED": str(seed)}
    command = (sys.executable, "-c", _PRINT)
    root = Path(__file__).parents[2]
    run = subprocess.run(  # noqa: S603 - our own interpreter
        command, input=json.dumps(listed), env=environment, cwd=root, text=True, capture_output=True, check=True
    )
    return run.stdout


@settings(max_examples=3)
@given(listed=st.lists(charts(), min_size=8, max_size=8))
def test_another_process_prints_the_same(listed: list[Chart]) -> None:
    assert printed(listed, 1) == printed(listed, 2) != ""


def moved(element: Any, days: int) -> Any:  # noqa: ANN401 - any JSON
    """The same JSON with every whole date in it moved."""
    if isinstance(element, dict):
        return {name: moved(value, days) for name, value in element.items()}
    if isinstance(element, (list, tuple)):
        return type(element)(moved(value, days) for value in element)
    if isinstance(element, str) and re.match(r"(19|20)\d\d-\d\d-\d\d", element):
        return (date.fromisoformat(element[:10]) + timedelta(days=days)).isoformat() + element[10:]
    return element


@share(0.12)
@given(chart=charts(EXACT), days=st.integers(-2000, 2000))
def test_windows_move_with_the_clock(chart: Chart, days: int) -> None:
    assume(
        len(chart[0].get("birthDate", "1968-04-12")) == len("1968-04-12") and "." not in chart[0].get("birthDate", "")
    )
    then, now = judge(moved(chart, days), as_of=AS_OF + timedelta(days=days)), judge(chart)
    assert [v for v in verdicts(then).items() if v[0] not in OF_THE_CALENDAR] == [
        v for v in verdicts(now).items() if v[0] not in OF_THE_CALENDAR
    ]


def violated(assessment: Assessment) -> frozenset[str]:
    """The lines that are violated."""
    return frozenset(name for name, verdict in verdicts(assessment).items() if verdict is Verdict.VIOLATED)


def judged_on(chart: Chart, day: date) -> Assessment:
    """The same chart, looked at on another day."""
    return judge(chart, as_of=AS_OF + (day - AS_OF.date()))


@share(0.15)
@given(chart=lapsing_charts(exact=False))
def test_on_the_earliest_day_nothing_is_violated_any_more(chart: Chart) -> None:
    today = judge(chart)
    assume(today.earliest_eligible is not None)
    assert today.earliest_eligible is not None
    assert today.status is Status.INELIGIBLE
    assert today.earliest_eligible > AS_OF.date()
    assert not violated(today) & violated(judged_on(chart, today.earliest_eligible))


@share(0.15)
@given(chart=lapsing_charts(exact=True))
def test_on_the_day_before_the_earliest_something_still_is_violated(chart: Chart) -> None:
    today = judge(chart)
    assume(today.earliest_eligible is not None)
    assert today.earliest_eligible is not None
    assert violated(today) & violated(judged_on(chart, today.earliest_eligible - timedelta(days=1)))


@share(0.12)
@given(chart=charts(), lost=states())
def test_every_open_line_asks_and_the_missing_list_names_just_these(chart: Chart, lost: States) -> None:
    assessment = judge(chart, lost)
    unknown = {f.id for f in assessment.findings if f.verdict is Verdict.UNKNOWN}
    assert all(f.asks for f in assessment.findings if f.id in unknown)
    named = {line for missing in assessment.missing for line in missing.criteria}
    assert named == (set() if assessment.status in (Status.ENROLLED, Status.FOLLOW_UP) else unknown)
    assert len({missing.ask.id for missing in assessment.missing}) == len(assessment.missing)


@share(0.15)
@given(chart=charts())
def test_what_another_patient_has_changes_no_verdict(chart: Chart) -> None:
    anothers = tuple(
        r for r in chart if r.get("subject", r.get("patient", r.get("individual"))) == {"reference": "Patient/p2"}
    )
    rest = tuple(r for r in chart if r not in anothers)
    assert verdicts(judge(rest)) == verdicts(judge(chart))


@share(0.15)
@given(chart=charts(), already=st.just({}) | states(), day=st.dates(date(2016, 1, 1), date(2036, 1, 1)))
def test_what_a_line_says_where_nothing_is_recorded_is_what_judging_says(
    chart: Chart, already: States, day: date
) -> None:
    record, moment = read(chart, already), Moment(datetime.combine(day, time(9), ZONE), ZONE)
    assert assess(PRODUCT.protocol, record, moment) == assess(WORKED_OUT_ANEW, record, moment)


def test_a_line_that_rests_on_more_than_facts_is_always_judged() -> None:
    judged = {c.id for c in PRODUCT.protocol.criteria if c.unrecorded is None}
    assert judged >= {"I2", "I3", "I5", "I7", "I9", "E2a", "E5a", "E5b", "E7", "E10", "E18"}
    assert "E14" not in judged
