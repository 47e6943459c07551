"""What has been done since enrolment, and what is planned (rulebook section 7)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from cds_service.trial.phase import Enrolment
from fhir_profiles.dates import DateInterval
from fhir_profiles.record import Course, Fact, ImagingFact, PatientRecord, PlannedOrder, ProcedureFact, StudyPart, Visit

TACE = "tace"
SORAFENIB = "sorafenib"
DYNAMIC = "imaging-liver-dynamic"
UNSTATED = "imaging-liver-protocol-unstated"


Imaging = ImagingFact | ProcedureFact


@dataclass(frozen=True, slots=True)
class Sessions:
    """The TACE sessions since enrolment. `latest` is None without one; `doubtful` when which is the latest is open.

    `last_possible`: the last day on which the latest can have been; None where perhaps there was no session at all.
    """

    certain: tuple[ProcedureFact, ...]
    doubtful: bool
    last_possible: date | None

    @property
    def latest(self) -> date | None:
        """L: the day of the latest completed TACE."""
        return max((fact.dated.last for fact in self.certain), default=None)


@dataclass(frozen=True, slots=True)
class Plan:
    """TACE planned on a day. `open`: it may not be the next, but over, or later than one ordered for some month."""

    day: date
    order: PlannedOrder
    open: bool = False


@dataclass(frozen=True, slots=True)
class History:
    """The treatment of an enrolled patient, as far as it counts."""

    sessions: Sessions
    courses: tuple[Course, ...]
    courses_in_doubt: tuple[Course, ...]
    plans: tuple[Plan, ...]
    plans_of_some_day: tuple[DateInterval, ...]
    dynamic: tuple[Imaging, ...]
    dynamic_in_doubt: tuple[Imaging, ...]
    visits: tuple[Visit, ...]
    part: StudyPart | None

    @property
    def latest(self) -> date | None:
        """L: the day of the latest completed TACE."""
        return self.sessions.latest

    @property
    def planned_for_some_month(self) -> bool:
        """Whether a TACE is ordered for a month or a year, of which no day is told."""
        return any(not days.is_undated for days in self.plans_of_some_day)

    def next_plan(self, day: date) -> Plan | None:
        """The nearest TACE planned from this day on."""
        return min((plan for plan in self.plans if plan.day >= day), key=lambda plan: plan.day, default=None)

    def first_course(self) -> Course | None:
        """The first sorafenib course since enrolment."""
        return min(self.courses, key=lambda course: course.start, default=None)

    def latest_course(self) -> Course | None:
        """The latest sorafenib course since enrolment."""
        return max(self.courses, key=lambda course: (course.start.first, course.reference), default=None)

    def taken(self, day: date) -> tuple[Course, ...]:
        """The courses that are taken on this day: begun, not ended, and not on hold."""
        return tuple(course for course in self.courses if is_taken(course, day))


def is_taken(course: Course, day: date) -> bool:
    """Whether the patient is on this course ("on sorafenib")."""
    begun = course.start.first <= day
    return begun and course.active and (course.end is None or course.end.last > day)


def ended_by(course: Course, day: date) -> bool:
    """Whether the course certainly has an end on or before this day."""
    return course.end is not None and course.end.last <= day


def read_history(record: PatientRecord, enrolment: Enrolment, day: date) -> History:
    """The history on this day: only what happened on or after the start of enrolment counts."""
    start = enrolment.part.start if enrolment.part else None
    courses = tuple(c for c in record.courses.get(SORAFENIB, ()) if _is_course(c, day))
    some_day = _plans_of_some_day(record, day)
    return History(
        sessions=_sessions(record, start, day),
        courses=tuple(c for c in courses if SORAFENIB in c.sets and _since(c.start, start)),
        courses_in_doubt=tuple(c for c in courses if _in_doubt(c, c.start, start, SORAFENIB)),
        plans=_plans(record, day, some_day),
        plans_of_some_day=some_day,
        dynamic=tuple(f for f in _imaging(record, DYNAMIC, day) if DYNAMIC in f.sets and _since(f.dated, start)),
        dynamic_in_doubt=_imaging_in_doubt(record, start, day),
        visits=tuple(v for v in record.visits if v.start.first <= day and v.subject_known),
        part=enrolment.part,
    )


def _is_course(course: Course, day: date) -> bool:
    """Whether it began, or is ordered to begin: what was stopped or held before its first day never was one.

    A statement, an administration or a dispense of a day to come is no history, and orders nothing.
    """
    return course.start.first <= day or (course.active and course.ordered)


def _since(days: DateInterval, start: DateInterval | None) -> bool:
    """Whether something certainly happened on or after the start."""
    return start is None or days.first >= start.last


def _in_doubt(fact: Fact, days: DateInterval, start: DateInterval | None, name: str) -> bool:
    """Whether a fact may count: of a kind or on a day that is not certain."""
    possible = start is None or days.last >= start.first
    certain = name in fact.sets and fact.subject_known and _since(days, start)
    return possible and not certain


def _sessions(record: PatientRecord, start: DateInterval | None, day: date) -> Sessions:
    """Completed TACE; another that may be later than the latest makes which one is the latest doubtful."""
    facts = [f for f in record.procedures.get(TACE, ()) if f.dated.first <= day]
    certain = tuple(f for f in facts if _is_session(f) and f.dated.is_day and _since(f.dated, start))
    latest = max((f.dated.last for f in certain), default=date.min)
    others = [f for f in facts if f not in certain and (start is None or f.dated.last >= start.first)]
    ends = [f.dated.cut_at(day).last for f in others]
    some = bool(certain) or any(_is_session(f) and _since(f.dated, start) for f in others)
    return Sessions(certain, any(end > latest for end in ends), max([latest, *ends]) if some else None)


def _is_session(fact: ProcedureFact) -> bool:
    return TACE in fact.sets and fact.completed and fact.subject_known


def _plans(record: PatientRecord, day: date, some_day: tuple[DateInterval, ...]) -> tuple[Plan, ...]:
    """Active orders for TACE on a known day from now on, unless it was done that day."""
    sessions = [f.dated for f in record.procedures.get(TACE, ()) if _is_session(f)]
    done = {days.last for days in sessions if days.is_day}
    vague = any(not days.is_day and days.first <= day <= days.last for days in sessions)
    orders = [o for o in record.orders.get(TACE, ()) if TACE in o.sets and o.subject_known and o.dated.is_day]
    planned = [o for o in orders if o.dated.first >= day and o.dated.first not in done]
    sooner = min((days.first for days in some_day if not days.is_undated), default=date.max)
    return tuple(Plan(o.dated.first, o, (vague and o.dated.first == day) or sooner < o.dated.first) for o in planned)


def _plans_of_some_day(record: PatientRecord, day: date) -> tuple[DateInterval, ...]:
    """When TACE is ordered for a month or a year that is not over: planned, on a day that nobody knows."""
    orders = (o for o in record.orders.get(TACE, ()) if TACE in o.sets and o.subject_known)
    return tuple(o.dated for o in orders if not o.dated.is_day and o.dated.last >= day)


def _imaging(record: PatientRecord, name: str, day: date) -> tuple[Imaging, ...]:
    facts: Iterable[Imaging] = (*record.imaging.get(name, ()), *record.procedures.get(name, ()))
    return tuple(fact for fact in facts if fact.dated.first <= day)


def _imaging_in_doubt(record: PatientRecord, start: DateInterval | None, day: date) -> tuple[Imaging, ...]:
    """Liver imaging of unstated protocol, and dynamic imaging of which something is not certain."""
    unstated = tuple(f for f in _imaging(record, UNSTATED, day) if start is None or f.dated.last >= start.first)
    return unstated + tuple(f for f in _imaging(record, DYNAMIC, day) if _in_doubt(f, f.dated, start, DYNAMIC))
