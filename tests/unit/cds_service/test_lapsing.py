"""What lapses when: the last day on which results count, and what the lines say after it."""

import json
from datetime import date

import pytest

from cds_service.trial.assessment import Assessment, assess
from cds_service.trial.case import Moment
from cds_service.trial.findings import Verdict
from cds_service.trial.lapsing import Lapse, lapses
from fhir_profiles.dates import add_days
from fhir_profiles.reading.decoding import decode_body
from fhir_profiles.reading.records import read_record
from tests.acceptance import CANCER, PATIENT, Json, bilirubin, bundle, condition
from tests.case_codes import concept
from tests.timeline_scenes import ZONE, product
from tests.unit.cds_service.timeline_charts import ENROLLED, VALUES, at

TRIAL_FINDINGS = "http://cotsom-cds.org/fhir/CodeSystem/trial-findings"
LABORATORY = ("E5a", "E5b", "E5c", "E6a", "E6b", "E6c", "E7")


def lab(name: str, day: str, value: float | None = None) -> Json:
    number, unit = VALUES[name]
    quantity = {"value": number if value is None else value, "unit": unit, "code": unit}
    quantity["system"] = "http://unitsofmeasure.org"
    return bilirubin("@", f"{name}-{day}", code=concept(name), valueQuantity=quantity, effectiveDateTime=day)


def score(name: str, value: int, day: str) -> Json:
    return {
        **bilirubin("@", f"{name}-{day}", code=concept(name), effectiveDateTime=day),
        "valueQuantity": None,
        "valueInteger": value,
    }


def no_ascites(day: str) -> Json:
    coded = {"coding": [{"system": TRIAL_FINDINGS, "code": "none"}]}
    given = bilirubin("@", f"ascites-{day}", code=concept("ascites-grade"), effectiveDateTime=day)
    return {**given, "valueQuantity": None, "valueCodeableConcept": coded}


def judged(*resources: Json, day: str = "2026-11-22") -> tuple[Assessment, tuple[Lapse, ...]]:
    given = [{name: value for name, value in one.items() if value is not None} for one in resources]
    body = json.dumps(bundle(PATIENT, condition(CANCER), *given)).encode()
    record = read_record(decode_body(body), product().vocabulary, ZONE)
    assessment = assess(product().protocol, record, Moment(at(day), ZONE))
    return assessment, lapses(product().protocol, record, assessment)


def found(*resources: Json) -> tuple[Lapse, ...]:
    return judged(*resources)[1]


def test_a_laboratory_result_counts_for_28_days() -> None:
    (lapse,) = found(lab("inr", "2026-11-20"))
    assert (lapse.last_day, lapse.then, lapse.criteria) == (date(2026, 12, 18), Verdict.UNKNOWN, ("E5c",))
    assert [(one.name, one.evidence.reference) for one in lapse.results] == [("inr", "Observation/inr-2026-11-20")]


def test_results_of_one_day_lapse_together_and_name_each_line_once() -> None:
    (lapse,) = found(*(lab(name, "2026-11-20") for name in VALUES))
    assert lapse.last_day == date(2026, 12, 18)
    assert set(lapse.criteria) == {*LABORATORY, "I3", "E2a"}
    assert len(lapse.results) == len(VALUES) == len({one.evidence for one in lapse.results})


def test_a_line_lapses_with_the_oldest_result_that_it_rests_on() -> None:
    newer = (lab(name, "2026-11-20") for name in ("inr", "bilirubin-total"))
    by_line = {line: lapse for lapse in found(lab("albumin", "2026-11-01"), *newer) for line in lapse.criteria}
    assert by_line["I3"].last_day == by_line["E2a"].last_day == date(2026, 11, 29)
    assert [one.name for one in by_line["I3"].results] == ["albumin"]
    assert by_line["E5c"].last_day == date(2026, 12, 18)


def test_a_grade_that_lapses_leaves_the_line_presumed() -> None:
    results = [lab(name, "2026-11-20") for name in ("inr", "bilirubin-total", "albumin")]
    lapse = next(one for one in found(*results, no_ascites("2026-11-10")) if "E2c" in one.criteria)
    assert (lapse.last_day, lapse.then) == (date(2026, 12, 8), Verdict.PRESUMED)


def test_performance_status_and_the_first_metastasis_lapse() -> None:
    lung = condition("lung-metastasis", onsetDateTime="2026-10-20")
    by_line = {line: one.last_day for one in found(score("ecog", 1, "2026-11-10"), lung) for line in one.criteria}
    assert by_line["I4"] == date(2026, 12, 8)
    # diagnosed less than 90 days ago: the far day is outside (rulebook section 2)
    assert by_line["I2"] == date(2027, 1, 17)


def test_of_a_partial_date_the_earliest_day_counts() -> None:
    (lapse,) = found(lab("inr", "2026-11"))
    assert lapse.last_day == date(2026, 11, 29)


@pytest.mark.parametrize(
    "resources",
    [
        (lab("inr", "2026-10-01"),),
        (lab("inr", "2026-11-20", 2.4),),
        (),
    ],
    ids=["stale", "violated", "nothing"],
)
def test_what_does_not_pass_does_not_lapse(resources: tuple[Json, ...]) -> None:
    assert found(*resources) == ()


def test_of_enrolled_patients_and_others_whom_it_does_not_concern_nothing_lapses() -> None:
    assert found(ENROLLED, lab("inr", "2026-11-20")) == ()
    body = json.dumps(
        bundle({**PATIENT, "deceasedBoolean": True}, condition(CANCER), lab("inr", "2026-11-20"))
    ).encode()
    record = read_record(decode_body(body), product().vocabulary, ZONE)
    dead = assess(product().protocol, record, Moment(at("2026-11-22"), ZONE))
    assert lapses(product().protocol, record, dead) == ()


def test_judged_on_its_last_day_a_line_still_passes_and_the_day_after_as_foretold() -> None:
    """The law behind the table, on a chart in which every result has a day of its own."""
    days = (add_days(date(2026, 11, 20), -number).isoformat() for number in range(len(VALUES)))
    chart = [lab(name, day) for name, day in zip(VALUES, days, strict=True)]
    chart += [
        score("ecog", 0, "2026-11-09"),
        no_ascites("2026-11-19"),
        condition("lung-metastasis", onsetDateTime="2026-10-20"),
    ]
    today, told = judged(*chart)
    assert len(told) > len(VALUES)
    for lapse in told:
        last, after = (judged(*chart, day=str(add_days(lapse.last_day, more)))[0] for more in (0, 1))
        for line in lapse.criteria:
            assert last.finding(line).verdict.passes
            assert after.finding(line).verdict is lapse.then is not last.finding(line).verdict
    last_of_all = max(lapse.last_day for lapse in told)
    named = {line for lapse in told if not lapse.then.passes for line in lapse.criteria}
    later = judged(*chart, day=str(add_days(last_of_all, 1)))[0]
    for finding in today.findings:
        if finding.verdict.passes and finding.id not in named:
            assert later.finding(finding.id).verdict.passes
