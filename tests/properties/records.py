"""Random charts: an eligible patient to start from, so that many lines pass, and whatever disturbs that."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from hypothesis import strategies as st

from tests.properties.charts import Chart, Json
from tests.properties.codings import codings, concept, sets_of
from tests.properties.observations import HCG_PRESENCE, lab_result, observations
from tests.properties.times import ANY, Times, dates

Draw = Callable[[st.SearchStrategy[Any]], Any]

OURS: Final = {"reference": "Patient/p1"}
SUBJECTS: Final = (*(OURS,) * 8, None, {"reference": "Patient/p2"})
_UNSPECIFIC: Final = ("unspecific-metastasis", "hepatocellular-carcinoma-metastasis")
_SITES: Final = (*(concept(codings(name)[0]) for name in sets_of("body-site")), {"text": "lung"}, None)
_ACTIVITIES: Final = ("active",) * 5 + ("recurrence", "resolved", "inactive", "remission", None)
_CERTAINTIES: Final = ("confirmed",) * 5 + (None, "provisional", "unconfirmed", "refuted", "entered-in-error")
_INTENTS: Final = ("order",) * 6 + ("original-order", "plan", "proposal")
_PART_STATUSES: Final = ("on-study", "off-study", "screening", "withdrawn", "candidate", "on-study-intervention")


def present(**elements: object) -> dict[str, Any]:
    """The elements that are there."""
    return {name: value for name, value in elements.items() if value is not None}


def _of(kind: str, draw: Draw) -> Json:
    """A concept of a random set of a kind; sometimes only its words."""
    coding = draw(st.sampled_from(codings(draw(st.sampled_from(sets_of(kind))))))
    in_words = "display" in coding and draw(st.sampled_from((False,) * 7 + (True,)))
    return {"text": coding["display"]} if in_words else concept(coding)


@st.composite
def patients(draw: Draw) -> Json:
    """The patient: of any sex and age, known more or less exactly."""
    born = ("1968-04-12",) * 4 + ("1968-04", "1968", "2006-11-22", "2006-11-23", "2006-11", "1971-11-23", "1971-11")
    return {
        "resourceType": "Patient",
        "id": "p1",
        **present(
            gender=draw(st.sampled_from(("male", "female") * 4 + ("other", "unknown", None))),
            birthDate=draw(st.sampled_from((*born, "1971", "1990-05-05", "12.04.1968", None))),
        ),
    }


@st.composite
def conditions(draw: Draw, times: Times) -> Json:
    """A diagnosis of any set, status and date; metastases of unstated place with a body site."""
    name = draw(st.sampled_from(sets_of("condition") + _UNSPECIFIC * 3 + ("ascites", "encephalopathy") * 2))
    coding = draw(st.sampled_from(codings(name)))
    in_words = "display" in coding and draw(st.sampled_from((False,) * 7 + (True,)))
    site = draw(st.sampled_from(_SITES)) if name in _UNSPECIFIC else None
    onset, recorded = draw(dates(times)), draw(st.one_of(st.none(), dates(times)))
    return {
        "resourceType": "Condition",
        "code": {"text": coding["display"]} if in_words else concept(coding),
        **present(
            subject=draw(st.sampled_from(SUBJECTS)),
            clinicalStatus=_status("condition-clinical", draw(st.sampled_from(_ACTIVITIES))),
            verificationStatus=_status("condition-ver-status", draw(st.sampled_from(_CERTAINTIES))),
            bodySite=[site] if site else None,
            recordedDate=recorded,
            abatementDateTime=draw(st.one_of(st.none(), st.none(), dates(times))),
        ),
        **draw(st.sampled_from((present(onsetDateTime=onset),) * 3 + (_since(onset), _at_age(times)))),
    }


def _status(system: str, code: str | None) -> Json | None:
    url = f"http://terminology.hl7.org/CodeSystem/{system}"
    return None if code is None else {"coding": [{"system": url, "code": code}]}


def _since(start: str | None) -> Json:
    return {"onsetPeriod": {"start": start}} if start else {}


def _at_age(times: Times) -> Json:
    return {} if times.exact else {"onsetAge": {"value": 57, "code": "a", "system": "http://unitsofmeasure.org"}}


@st.composite
def procedures(draw: Draw, times: Times) -> Json:
    """A procedure of any set."""
    when, end = draw(dates(times)), draw(dates(times))
    period = {"performedPeriod": present(start=when, end=end)}
    return {
        "resourceType": "Procedure",
        "status": draw(st.sampled_from(("completed",) * 6 + ("in-progress", "not-done", "unknown"))),
        "code": _of("procedure", draw),
        **present(subject=draw(st.sampled_from(SUBJECTS))),
        **draw(st.sampled_from((present(performedDateTime=when),) * 2 + (period,))),
    }


_DRUG_STATUSES: Final = ("active", "completed", "stopped", "on-hold", "draft", "not-taken", "in-progress")


@st.composite
def drugs(draw: Draw, times: Times) -> Json:
    """A drug prescribed, reported, given or handed over; sometimes one that nobody can resolve."""
    start, end = draw(dates(times)), draw(st.one_of(st.none(), dates(times)))
    unresolved = draw(st.sampled_from((False,) * 6 + (True,)))
    kind, taken = draw(st.sampled_from(_kinds_of_drug(start, end)))
    drug = {"medicationReference": {"reference": "Medication/nowhere"}}
    return {
        "resourceType": kind,
        "status": draw(st.sampled_from(_DRUG_STATUSES)),
        **present(subject=draw(st.sampled_from(SUBJECTS))),
        **(drug if unresolved else {"medicationCodeableConcept": _of("medication", draw)}),
        **({"intent": draw(st.sampled_from(_INTENTS))} if kind == "MedicationRequest" else {}),
        **taken,
    }


def _kinds_of_drug(start: str | None, end: str | None) -> tuple[tuple[str, Json], ...]:
    period = present(start=start, end=end)
    bounded = [{"timing": {"repeat": {"boundsPeriod": period}}}]
    return (
        ("MedicationRequest", present(authoredOn=start)),
        ("MedicationRequest", {"dosageInstruction": bounded}),
        ("MedicationStatement", {"effectivePeriod": period}),
        ("MedicationStatement", present(effectiveDateTime=start)),
        ("MedicationAdministration", present(effectiveDateTime=start)),
        ("MedicationAdministration", {"effectivePeriod": period}),
        ("MedicationDispense", present(whenHandedOver=start)),
    )


@st.composite
def allergies(draw: Draw, times: Times) -> Json:
    """An allergy to something that may matter; it has no date that counts."""
    del times
    return {
        "resourceType": "AllergyIntolerance",
        "code": _of("allergen", draw),
        **present(
            patient=draw(st.sampled_from(SUBJECTS)),
            clinicalStatus=_status("allergyintolerance-clinical", draw(st.sampled_from(("active", "resolved", None)))),
            verificationStatus=_status(
                "allergyintolerance-verification", draw(st.sampled_from(("confirmed", "unconfirmed", "refuted", None)))
            ),
        ),
    }


@st.composite
def study_parts(draw: Draw, times: Times) -> Json:
    """A part in our study or in another."""
    study = draw(st.sampled_from(("NCT02311205", "NCT00000000")))
    start = draw(dates(times))
    return {
        "resourceType": "ResearchSubject",
        "status": draw(st.sampled_from(_PART_STATUSES)),
        "study": {"identifier": {"system": "https://clinicaltrials.gov", "value": study}},
        **present(individual=draw(st.sampled_from(SUBJECTS)), period={"start": start} if start else None),
    }


def resources(times: Times) -> st.SearchStrategy[Json]:
    """Any resource that may matter."""
    return st.one_of(
        conditions(times),
        observations(times, SUBJECTS),
        procedures(times),
        drugs(times),
        conditions(times),
        observations(times, SUBJECTS),
        allergies(times),
        study_parts(times),
    )


def _diagnosed(name: str, on: str) -> Json:
    active = _status("condition-clinical", "active")
    elements = present(
        subject=OURS, clinicalStatus=active, verificationStatus=_status("condition-ver-status", "confirmed")
    )
    return {"resourceType": "Condition", "code": concept(codings(name)[0]), "onsetDateTime": on, **elements}


_MEASURED: Final[Mapping[str, tuple[float, str, float | None]]] = {
    "bilirubin-total": (0.9, "mg/dL", None),
    "albumin": (3.9, "g/dL", None),
    "inr": (1.1, "{INR}", None),
    "ast": (48, "U/L", 40),
    "alt": (41, "U/L", 40),
    "neutrophil-count": (3.2, "10*3/uL", None),
    "haemoglobin": (12.4, "g/dL", None),
    "platelets": (142, "10*3/uL", None),
    "creatinine": (0.9, "mg/dL", 1.2),
}
ELIGIBLE: Final[Chart] = (
    _diagnosed("hepatocellular-carcinoma", "2026-02-10"),
    _diagnosed("lung-metastasis", "2026-10-23"),
    *(lab_result(name, value, unit, high, OURS) for name, (value, unit, high) in _MEASURED.items()),
    {**lab_result("ecog", 0, "", None, OURS), "valueInteger": 1},
    {
        **lab_result("hcg", 0, "", None, OURS),
        "code": concept(HCG_PRESENCE),
        "valueCodeableConcept": concept(codings("result-negative")[0]),
    },
)


def numbered(chart: Chart) -> Chart:
    """The chart with an id for every resource but the patient."""
    return (chart[0], *({**resource, "id": f"r{number}"} for number, resource in enumerate(chart[1:])))


@st.composite
def charts(draw: Draw, times: Times = ANY) -> Chart:
    """An eligible patient with up to three things missing and up to six more on record; the patient comes first."""
    missing = draw(st.lists(st.integers(0, len(ELIGIBLE) - 1), max_size=3))
    kept = tuple(resource for number, resource in enumerate(ELIGIBLE) if number not in missing)
    return numbered((draw(patients()), *kept, *draw(st.lists(resources(times), min_size=2, max_size=6))))
