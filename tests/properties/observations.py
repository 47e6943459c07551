"""Random results: laboratory values around every limit, scores, findings, blood pressure."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from hypothesis import strategies as st

from tests.properties.charts import Json
from tests.properties.codings import codings, concept
from tests.properties.times import Times, dates

Draw = Callable[[st.SearchStrategy[Any]], Any]
Subjects = tuple[Json | None, ...]

HCG_PRESENCE: Final = next(c for c in codings("hcg") if "[Presence]" in c["display"])
# Values about the limits, by unit; a last unit that cannot be read, or none at all.
_VALUES: Final[Mapping[str, tuple[tuple[float, str], ...]]] = {
    "bilirubin-total": (
        (0.9, "mg/dL"),
        (1.9, "mg/dL"),
        (2.0, "mg/dL"),
        (2.1, "mg/dL"),
        (3.1, "mg/dL"),
        (30, "umol/L"),
        (36, "umol/L"),
        (1.0, "mgdl"),
    ),
    "albumin": ((3.9, "g/dL"), (3.5, "g/dL"), (2.8, "g/dL"), (2.7, "g/dL"), (38, "g/L"), (25, "g/L"), (4, "mg")),
    "inr": ((1.1, "{INR}"), (1.7, "{INR}"), (1.71, "1"), (2.4, "{INR}"), (1.2, ""), (1.1, "%")),
    "ast": ((48, "U/L"), (200, "U/L"), (201, "U/L"), (900, "U/L"), (1, "ukat/L"), (40, "")),
    "alt": ((41, "U/L"), (200, "U/L"), (201, "U/L"), (900, "U/L"), (40, "mg/dL")),
    "neutrophil-count": ((3.2, "10*3/uL"), (1.5, "10*3/uL"), (1.4, "10*3/uL"), (1499, "/uL"), (2000, "/uL"), (2, "")),
    "leukocyte-count": ((5.0, "10*3/uL"), (2.0, "10*3/uL"), (4, "")),
    "neutrophil-percent": ((60, "%"), (25, "%"), (0.6, "%"), (55, "")),
    "haemoglobin": ((12.4, "g/dL"), (8, "g/dL"), (7.9, "g/dL"), (85, "g/L"), (12, "")),
    "platelets": ((142, "10*3/uL"), (50, "10*3/uL"), (49.9, "K/uL"), (60000, "/uL"), (150, "")),
    "creatinine": (
        (0.9, "mg/dL"),
        (1.8, "mg/dL"),
        (1.81, "mg/dL"),
        (2.5, "mg/dL"),
        (80, "umol/L"),
        (200, "umol/L"),
        (1, ""),
    ),
    "hcg": ((2, "[IU]/L"), (5, "[IU]/L"), (24.9, "[IU]/L"), (25, "[IU]/L"), (1000, "m[IU]/mL"), (3, "")),
    "systolic-blood-pressure": ((128, "mm[Hg]"), (150, "mm[Hg]"), (151, "mm[Hg]"), (120, "")),
    "diastolic-blood-pressure": ((78, "mm[Hg]"), (90, "mm[Hg]"), (91, "mm[Hg]"), (80, "")),
}
_SCORES: Final[Mapping[str, tuple[int, ...]]] = {
    "ecog": (0, 1, 2, 4, 5),
    "karnofsky": (100, 80, 70, 60, 50),
    "child-pugh": (5, 6, 7, 10),
    "nyha-class": (1, 2, 3, 4),
    "encephalopathy-grade": (0, 1, 2, 3),
}
_ANSWERS: Final[Mapping[str, tuple[str, ...]]] = {
    "ecog": ("ecog-answer",),
    "karnofsky": ("karnofsky-answer",),
    "child-pugh": ("child-pugh-class-answer",),
    "nyha-class": ("nyha-answer",),
    "ascites-grade": ("ascites-grade-answer",),
    "hcg": ("result-positive", "result-negative", "result-unknown"),
    "hiv-test-screening": ("result-positive", "result-negative", "result-unknown"),
    "hiv-test-confirmatory": ("result-positive", "result-negative", "result-unknown"),
    "pregnancy-status": ("pregnancy-positive-answer", "pregnancy-negative-answer", "pregnancy-uncertain-answer"),
    "distant-metastasis-category": ("distant-metastasis-answer", "no-distant-metastasis-answer"),
    "main-portal-vein-occlusion": ("result-positive", "result-negative"),
    "tace-failure": ("result-positive", "result-negative"),
}
_STATUSES: Final = ("final",) * 7 + ("amended", "preliminary", "cancelled")
_COMPARATORS: Final = (None,) * 6 + ("<", "<=", ">", ">=")
_MALE: Final = {"appliesTo": [concept(codings("sex-male")[0])]}
_OF_CHILDREN: Final = {"age": {"high": {"value": 17, "code": "a"}}}
_OF_ELDERS: Final = {"age": {"low": {"value": 56, "code": "a"}}}


def quantity(value: float, unit: str, comparator: str | None = None) -> dict[str, Any]:
    """A Quantity as a laboratory sends it."""
    coded = {"unit": unit, "system": "http://unitsofmeasure.org", "code": unit} if unit else {}
    return {"value": value, **({"comparator": comparator} if comparator else {}), **coded}


def lab_result(name: str, value: float, unit: str, high: float | None, subject: Json) -> Json:
    """A final result of two days ago; `high` ends its reference range."""
    ranges = {} if high is None else {"referenceRange": [{"high": quantity(high, unit)}]}
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": concept(codings(name)[0]),
        "subject": subject,
        "effectiveDateTime": "2026-11-20T08:10:00+09:00",
        **({"valueQuantity": quantity(value, unit)} if unit else {}),
        **ranges,
    }


@st.composite
def _quantities(draw: Draw, name: str) -> dict[str, Any]:
    value, unit = draw(st.sampled_from(_VALUES[name]))
    return {"valueQuantity": quantity(value, unit, draw(st.sampled_from(_COMPARATORS)))}


@st.composite
def _measured(draw: Draw) -> dict[str, Any]:
    name = draw(st.sampled_from(tuple(_VALUES)))
    value = draw(_quantities(name))
    ranges = (
        draw(st.lists(_ranges(value["valueQuantity"].get("code")), max_size=2))
        if name in ("ast", "alt", "creatinine")
        else []
    )
    return {
        "code": concept(draw(st.sampled_from(codings(name)))),
        **value,
        **({"referenceRange": ranges} if ranges else {}),
    }


@st.composite
def _ranges(draw: Draw, unit: str | None) -> dict[str, Any]:
    high = draw(st.sampled_from((40, 20, 60, 1.2, 1.0, 2.0)))
    return {"high": quantity(high, unit or ""), **draw(st.sampled_from(({}, {}, _MALE, _OF_CHILDREN, _OF_ELDERS)))}


@st.composite
def _graded(draw: Draw) -> dict[str, Any]:
    name = draw(st.sampled_from(tuple(_SCORES)))
    grade = draw(st.sampled_from(_SCORES[name]))
    forms = ({"valueInteger": grade}, {"valueString": str(grade)}, {"valueQuantity": quantity(grade, "{score}")})
    return {"code": concept(draw(st.sampled_from(codings(name)))), **draw(st.sampled_from(forms))}


@st.composite
def _answered(draw: Draw) -> dict[str, Any]:
    name = draw(st.sampled_from(tuple(_ANSWERS)))
    coding = draw(st.sampled_from(codings(draw(st.sampled_from(_ANSWERS[name])))))
    return {
        "code": concept(HCG_PRESENCE if name == "hcg" else draw(st.sampled_from(codings(name)))),
        **draw(
            st.sampled_from(({"valueCodeableConcept": concept(coding)},) * 4 + ({"valueString": coding["display"]},))
        ),
    }


@st.composite
def _observed(draw: Draw) -> dict[str, Any]:
    name = draw(st.sampled_from(("main-portal-vein-occlusion", "tace-failure")))
    return {"code": concept(codings(name)[0]), "valueBoolean": draw(st.booleans())}


@st.composite
def _pressure(draw: Draw) -> dict[str, Any]:
    names = draw(
        st.sampled_from(
            (("systolic-blood-pressure", "diastolic-blood-pressure"),) * 4 + (("systolic-blood-pressure",),)
        )
    )
    parts = [{"code": concept(codings(name)[0]), **draw(_quantities(name))} for name in names]
    return {"code": concept(codings("blood-pressure")[0]), "component": parts}


@st.composite
def observations(draw: Draw, times: Times, subjects: Subjects) -> Json:
    """An observation of any kind that a line looks at."""
    when, issued = draw(dates(times)), draw(st.one_of(st.none(), st.none(), dates(times)))
    subject = draw(st.sampled_from(subjects))
    return {
        "resourceType": "Observation",
        "status": draw(st.sampled_from(_STATUSES)),
        **draw(st.one_of(_measured(), _graded(), _answered(), _observed(), _pressure(), _measured())),
        **({"subject": subject} if subject else {}),
        **({"effectiveDateTime": when} if when else {}),
        **({"issued": issued} if issued else {}),
    }
