"""Everything that a page or a picture shows of one patient, judged once."""

from dataclasses import dataclass
from datetime import date

from cds_service.loading import Loaded
from cds_service.trial.assessment import Assessment, assess_case, case_of
from cds_service.trial.case import Case, Moment
from cds_service.trial.guidance.timeline import Timeline, read_timeline
from cds_service.trial.guidance.trends import Trend, read_trends
from cds_service.trial.lapsing import Lapse, lapses
from cds_service.trial.protocol import TrialProtocol
from fhir_profiles.dates import add_days
from fhir_profiles.record import PatientRecord

# Results of the screening are worth seeing beside those of the treatment.
_SCREENED_FOR = 35


@dataclass(frozen=True, slots=True)
class View:
    """A patient on one day: without a timeline (not enrolled) there are no trends, with one nothing lapses."""

    record: PatientRecord
    assessment: Assessment
    timeline: Timeline | None
    trends: tuple[Trend, ...]
    lapses: tuple[Lapse, ...]


def view_of(loaded: Loaded, record: PatientRecord, moment: Moment, tace: date | None = None) -> View:
    """The assessment and, of an enrolled patient, the timeline; `tace`: the day for which a cycle is solved."""
    case = case_of(loaded.protocol, record, moment.day)
    assessment, care = assess_case(loaded.protocol, case, moment)
    if care is None:
        return View(record, assessment, None, (), lapses(loaded.protocol, record, assessment))
    timeline = read_timeline(care, assessment.findings, assessment.steps, tace)
    return View(record, assessment, timeline, _trends(loaded.protocol, case, timeline), ())


def _trends(protocol: TrialProtocol, case: Case, timeline: Timeline) -> tuple[Trend, ...]:
    began = min((e.days.first for e in timeline.events if not e.days.is_undated), default=timeline.day)
    return read_trends(protocol, case, add_days(began, -_SCREENED_FOR))
