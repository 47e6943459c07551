"""The timeline and the cycle: every date that hangs on a TACE, and every conflict at the first day that has it."""

from datetime import date

import pytest

from cds_service.catalogues import load_words
from cds_service.trial.guidance.cycle import Conflict, Cycle, Part
from cds_service.trial.guidance.orders import Severity
from cds_service.trial.guidance.timeline import Kind, Timeline
from fhir_profiles.record import Source
from tests.acceptance import Json, bilirubin, condition
from tests.unit.cds_service.timeline_charts import (
    ENROLLED,
    imaging,
    laboratory,
    plan,
    product,
    response,
    sorafenib,
    tace,
    told,
    visit,
)


def timeline(*resources: object) -> Timeline:
    return told(*resources).timeline


def cycle(day: str, *resources: object, supplied: frozenset[Source] | None = None) -> Cycle:
    solved = told(*resources, day=day, supplied=supplied).timeline.cycle
    assert solved is not None
    return solved


def window(first: str, last: str) -> tuple[date, date]:
    return date.fromisoformat(first), date.fromisoformat(last)


def rules(solved: Cycle) -> set[str | None]:
    return {conflict.rule for conflict in solved.conflicts}


def of_rule(solved: Cycle, rule: str | None) -> Conflict:
    (found,) = [conflict for conflict in solved.conflicts if conflict.rule == rule]
    return found


# L is 26 October, so [L+28, L+56] is 23 November to 21 December.
DONE = (tace("2026-10-26"), imaging("2026-11-20"))


def test_the_cycle_counts_from_the_day_of_tace() -> None:
    solved = cycle("2026-12-03", *DONE)
    assert solved.last_dose == date(2026, 12, 2)
    assert solved.safety == window("2026-11-30", "2026-12-03")
    assert solved.restart == window("2026-12-06", "2026-12-10")
    assert solved.imaging == window("2026-12-31", "2027-01-28")


def test_the_examination_window_is_the_one_open_by_then() -> None:
    first = cycle("2026-12-03", *DONE, sorafenib("2026-10-30"))
    assert (first.examination, first.expected) == (window("2026-11-20", "2026-12-04"), False)
    seen = cycle("2026-12-03", *DONE, sorafenib("2026-10-30"), visit("2026-11-20"))
    assert seen.examination == window("2026-12-18", "2027-01-15")


def test_without_a_course_the_examination_is_counted_from_when_the_first_is_to_start() -> None:
    never_treated = cycle("2026-12-03")
    assert (never_treated.examination, never_treated.expected) == (window("2026-12-27", "2027-01-14"), True)
    after_the_latest = cycle("2026-12-20", tace("2026-11-16"))
    assert after_the_latest.examination == window("2026-12-10", "2026-12-28")
    ordered = cycle("2026-12-20", tace("2026-11-16"), sorafenib("2026-11-23"))
    assert (ordered.examination, ordered.expected) == (window("2026-12-14", "2026-12-28"), False)


def test_an_examination_that_cannot_be_told_has_no_window() -> None:
    everything = frozenset(Source)
    assert cycle("2026-12-03", *DONE, supplied=everything - {Source.ENCOUNTERS}).examination is None
    assert cycle("2026-12-03", *DONE, sorafenib("2026-10")).examination is None


@pytest.mark.parametrize(
    ("day", "severity"),
    [
        ("2026-11-22", Severity.WARNING),
        ("2026-11-23", None),
        ("2026-12-21", None),
        ("2026-12-22", Severity.INFO),
    ],
)
def test_the_distance_to_the_latest_session(day: str, severity: Severity | None) -> None:
    solved = cycle(day, *DONE)
    if severity is None:
        assert "TACE-04" not in rules(solved)
    else:
        found = of_rule(solved, "TACE-04")
        assert (found.part, found.severity, found.against) == (Part.TACE, severity, ("Procedure/tace-2026-10-26",))


@pytest.mark.parametrize(("end", "conflicts"), [(None, True), ("2026-12-02", False), ("2026-12-03", True)])
def test_a_course_beyond_the_last_dose(end: str | None, conflicts: bool) -> None:
    solved = cycle("2026-12-03", *DONE, sorafenib("2026-10-30", end))
    assert ("TACE-01" in rules(solved)) is conflicts
    if conflicts:
        found = of_rule(solved, "TACE-01")
        assert (found.part, found.against) == (Part.LAST_DOSE, ("MedicationRequest/course-2026-10-30",))


def test_a_course_on_hold_is_no_conflict() -> None:
    assert "TACE-01" not in rules(cycle("2026-12-03", *DONE, sorafenib("2026-10-30", status="on-hold")))


@pytest.mark.parametrize(("end", "conflicts"), [(None, True), ("2026-12-02", False), ("2026-12-03", True)])
def test_a_course_ordered_for_before_the_session(end: str | None, conflicts: bool) -> None:
    assert ("SOR-06" in rules(cycle("2026-12-03", *DONE, sorafenib("2026-11-24", end)))) is conflicts


@pytest.mark.parametrize(
    ("start", "severity"),
    [
        ("2026-12-03", Severity.WARNING),
        ("2026-12-05", Severity.WARNING),
        ("2026-12-06", None),
        ("2026-12-10", None),
        ("2026-12-11", Severity.INFO),
    ],
)
def test_a_restart_out_of_time(start: str, severity: Severity | None) -> None:
    solved = cycle("2026-12-03", *DONE, sorafenib(start))
    found = [conflict for conflict in solved.conflicts if conflict.part is Part.RESTART]
    assert [(one.rule, one.severity) for one in found] == ([("SOR-01", severity)] if severity else [])


def test_a_restart_after_yet_another_session_is_not_measured_from_this_one() -> None:
    solved = cycle("2026-12-03", *DONE, plan("2026-12-31"), sorafenib("2027-01-04"))
    assert rules(solved) == {"TACE-02"}


def test_a_course_that_may_count_may_go_on() -> None:
    words_only = {"text": "sorafenib 400 mg"}
    solved = cycle("2026-12-03", *DONE, sorafenib("2026-10-30", medicationCodeableConcept=words_only))
    found = of_rule(solved, None)
    assert (found.part, found.severity) == (Part.LAST_DOSE, Severity.INFO)


@pytest.mark.parametrize(("day", "severity"), [("2026-11-25", Severity.WARNING), ("2026-11-26", Severity.INFO)])
def test_missing_safety_results_weigh_more_when_the_day_is_near(day: str, severity: Severity) -> None:
    found = of_rule(cycle(day, *DONE, *laboratory("2026-11-21")), "TACE-02")
    assert (found.part, found.severity, len(found.against)) == (Part.SAFETY, severity, 9)


def test_safety_results_in_the_window_are_enough() -> None:
    assert cycle("2026-11-24", *DONE, *laboratory("2026-11-21")).conflicts == ()


def test_imaging_since_the_latest_session() -> None:
    missing = cycle("2026-12-03", tace("2026-10-26"), imaging("2026-10-26"))
    assert of_rule(missing, "TACE-05").severity is Severity.WARNING
    unstated = imaging("2026-11-20", "imaging-liver-protocol-unstated")
    assert of_rule(cycle("2026-12-03", tace("2026-10-26"), unstated), "TACE-05").severity is Severity.INFO


@pytest.mark.parametrize(
    ("other", "conflicts"),
    [
        ("2026-12-03", False),
        ("2026-12-04", True),
        ("2026-12-30", True),
        ("2026-12-31", False),
        ("2026-11-25", True),
    ],
)
def test_another_session_inside_the_cycle(other: str, conflicts: bool) -> None:
    solved = cycle("2026-12-03", *DONE, plan(other))
    found = [conflict for conflict in solved.conflicts if conflict.rule is None]
    assert [one.against for one in found] == ([(f"ServiceRequest/plan-{other}",)] if conflicts else [])


def test_liver_function_speaks_against_it_line_by_line() -> None:
    too_high = bilirubin(2.4, effectiveDateTime="2026-11-21")
    found = of_rule(cycle("2026-12-03", *DONE, too_high), "TACE-03")
    assert (found.severity, found.against) == (Severity.CRITICAL, ("E5b",))
    assert len(found.reasons) == 1


def test_a_complete_response_names_the_observation() -> None:
    found = of_rule(cycle("2026-12-03", *DONE, response("CR", "2026-11-20", "site-liver")), "TACE-06")
    assert found.against == ("Observation/response-site-liver",)


def test_an_occluded_portal_vein_ends_tace_and_with_progression_elsewhere_sorafenib() -> None:
    occluded = condition("main-portal-vein-occlusion")
    solved = cycle("2026-12-03", *DONE, occluded, response("PD", "2026-11-20", "site-lung"))
    assert of_rule(solved, "TACE-07").against == ("E3",)
    assert of_rule(solved, "SOR-07").against == ("Observation/response-site-lung",)
    assert (of_rule(solved, "SOR-07").part, solved.conflicts[0].severity) == (Part.RESTART, Severity.CRITICAL)


def test_a_weekend_is_no_conflict() -> None:
    assert date(2026, 11, 28).isoweekday() == 6
    assert rules(cycle("2026-11-28", *DONE)) == {"TACE-02"}


def test_a_day_that_is_past_is_all_that_is_said() -> None:
    (only,) = cycle("2026-11-21", *DONE, sorafenib("2026-10-30")).conflicts
    assert (only.part, only.rule) == (Part.TACE, None)


def test_follow_up_plans_no_tace() -> None:
    left = {**ENROLLED, "id": "later", "status": "follow-up", "period": {"start": "2026-10-01"}}
    solved = cycle("2026-12-03", *DONE, left)
    assert [conflict.reasons[0].id for conflict in solved.conflicts] == ["timeline.follow-up"]
    assert solved.examination is None


def test_what_was_not_read_is_an_open_question_and_no_conflict() -> None:
    few = frozenset({Source.PATIENT, Source.CONDITIONS, Source.RESEARCH_SUBJECTS})
    solved = cycle("2026-12-03", supplied=few)
    assert solved.conflicts == ()
    assert len(solved.open) == 6
    assert cycle("2026-12-03", *DONE).open == ()
    assert [m.id for m in cycle("2026-12-03", tace("2026-11")).open] == ["step.tace-date-open"]


@pytest.mark.parametrize(
    ("recorded", "question"),
    [
        (plan("2026-12"), "TACE is ordered for 2026-12, on a day that is not known"),
        (plan(""), "TACE is ordered without a date"),
        (response("PD", "2026-11", "site-lung"), None),
        (response("PD", "", "site-lung"), "The latest response outside the liver, or its day, is not certain"),
        (response("CR", "2026-10", "site-liver"), "The latest response in the liver, or its day, is not certain"),
    ],
)
def test_what_has_no_certain_day_is_an_open_question(recorded: Json, question: str | None) -> None:
    dated = {name: value for name, value in recorded.items() if value}
    words = load_words("en", product().protocol.titles)
    assert [words.say(one) for one in cycle("2026-12-03", *DONE, dated).open] == [question] * bool(question)


@pytest.mark.parametrize(("language", "said"), [("en", "Ascites on record"), ("ko", "복수 기록 있음")])
def test_a_bare_code_is_called_what_it_means(language: str, said: str) -> None:
    ascites = condition("ascites")
    bare = {**ascites, "code": {"coding": [{key: ascites["code"]["coding"][0][key] for key in ("system", "code")}]}}
    (conflict,) = [c for c in cycle("2026-12-03", *DONE, bare).conflicts if c.rule == "TACE-03"]
    words = load_words(language, product().protocol.titles)
    assert words.say(conflict.reasons[0]).startswith(said)


def test_events_stand_in_the_order_of_their_days() -> None:
    found = timeline(*DONE, sorafenib("2026-10-30", "2026-11-18"), visit("2026-11-19"), plan("2026-12-03"))
    assert [event.kind for event in found.events] == [
        *(Kind.ENROLMENT, Kind.TACE, Kind.SORAFENIB, Kind.EXAMINATION, Kind.IMAGING, Kind.TACE_PLANNED),
    ]
    assert (found.latest, found.latest_open, found.cycle) == (date(2026, 10, 26), False, None)


@pytest.mark.parametrize(
    ("course", "text"),
    [
        (sorafenib("2026-10-30"), "timeline.sorafenib-taken"),
        (sorafenib("2026-10-30", "2026-11-22"), "timeline.sorafenib-ended"),
        (sorafenib("2026-10-30", "2026-11-23"), "timeline.sorafenib-taken"),
        (sorafenib("2026-10-30", status="on-hold"), "timeline.sorafenib-paused"),
        (sorafenib("2026-10-30", status="stopped"), "timeline.sorafenib-ended"),
        (sorafenib("2026-11-23"), "timeline.sorafenib-planned"),
    ],
)
def test_a_course_says_where_it_stands(course: Json, text: str) -> None:
    (found,) = [event for event in timeline(*DONE, course).events if event.kind is Kind.SORAFENIB]
    assert found.text.id == text


def test_what_may_count_is_shown_as_not_certain_and_what_was_before_enrolment_not_at_all() -> None:
    found = timeline(tace("2026-11"), tace("2026-08-20"), visit("2026-08-20"))
    assert [(event.kind, event.certain) for event in found.events] == [(Kind.ENROLMENT, True), (Kind.TACE, False)]
    assert (found.latest, found.latest_open) == (None, True)
