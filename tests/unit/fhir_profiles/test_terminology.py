"""Which value sets a coding is in: by system and code together, ICD by stem, the site's own codes added."""

import pytest

from cds_service.loading import load_vocabulary
from cds_service.settings import Settings
from fhir_profiles.elements import CodeableConcept, Coding
from fhir_profiles.terminology import NO_MEMBERSHIP
from tests.case_codes import SYSTEMS

LOCAL = "http://hospital.example/codes"
TERMS = load_vocabulary(Settings(local_codes={"ascites": {LOCAL: frozenset({"A1"})}})).terminology


def certain(system: str, code: str | None) -> frozenset[str]:
    return TERMS.membership(Coding(SYSTEMS.get(system, system), code)).certain


@pytest.mark.parametrize("code", ["C22.0", "C220", "c22.0", " C22.0 "])
def test_an_icd_code_is_read_with_and_without_the_dot(code: str) -> None:
    assert "hepatocellular-carcinoma" in certain("icd-10-cm", code)


@pytest.mark.parametrize("code", ["I21", "I21.9", "I21.02", "I2102"])
def test_an_icd_stem_includes_what_is_below_it(code: str) -> None:
    assert "myocardial-infarction" in certain("icd-10-cm", code)
    assert "myocardial-infarction" not in certain("snomed", code)


def test_bleeding_varices_have_their_code_in_each_icd() -> None:
    assert "varices-bleeding" in certain("icd-10", "I85.0")
    assert "varices-bleeding" not in certain("icd-10-cm", "I85.00")
    assert "varices-bleeding" in certain("icd-10-cm", "I85.01")


@pytest.mark.parametrize(
    ("system", "code"), [(None, "109841003"), (SYSTEMS["loinc"], "109841003"), (SYSTEMS["snomed"], None)]
)
def test_a_code_alone_or_a_system_alone_says_nothing(system: str | None, code: str | None) -> None:
    assert "hepatocellular-carcinoma" in certain("snomed", "109841003")
    assert TERMS.membership(Coding(system, code)) == NO_MEMBERSHIP


@pytest.mark.parametrize(
    ("named", "system", "code", "name"),
    [
        ("urn:oid:2.16.840.1.113883.6.96", "snomed", "109841003", "hepatocellular-carcinoma"),
        (
            "http://snomed.info/sct|http://snomed.info/sct/900000000000207008",
            "snomed",
            "109841003",
            "hepatocellular-carcinoma",
        ),
        ("http://snomed.info/sct/900000000000207008", "snomed", "109841003", "hepatocellular-carcinoma"),
        ("https://snomed.info/sct", "snomed", "109841003", "hepatocellular-carcinoma"),
        ("urn:oid:2.16.840.1.113883.6.90", "icd-10-cm", "C220", "hepatocellular-carcinoma"),
        ("http://hl7.org/fhir/sid/icd-10-cm|2026", "icd-10-cm", "C22.0", "hepatocellular-carcinoma"),
        ("urn:oid:2.16.840.1.113883.6.1", "loinc", "718-7", "haemoglobin"),
        ("http://loinc.org/", "loinc", "718-7", "haemoglobin"),
        ("urn:oid:2.16.840.1.113883.6.88", "rxnorm", "495881", "sorafenib"),
    ],
)
def test_a_code_system_is_known_by_its_other_names(named: str, system: str, code: str, name: str) -> None:
    assert name in certain(named, code)
    assert certain(named, code) == certain(system, code)


def test_a_code_system_that_the_site_mapped_keeps_its_name() -> None:
    assert certain(f"{LOCAL}/", "A1") == certain(LOCAL, "A1") == {"ascites"}
    assert certain(LOCAL.replace("http:", "https:"), "A1") == {"ascites"}


def test_enumerated_sets_hold_no_more_than_they_list() -> None:
    assert certain("snomed", "1098410031") == frozenset()


def test_a_code_of_the_site_counts_in_the_set_it_was_mapped_to() -> None:
    assert certain(LOCAL, "A1") == frozenset({"ascites"})
    assert certain(LOCAL, "A2") == frozenset()


def test_one_certain_coding_of_a_concept_is_enough() -> None:
    codings = (Coding(LOCAL, "zz"), Coding(SYSTEMS["snomed"], "109841003"), Coding(None, None))
    assert "hepatocellular-carcinoma" in TERMS.membership_of(CodeableConcept(codings)).certain
    assert TERMS.membership_of(CodeableConcept((), "hepatocellular carcinoma")) == NO_MEMBERSHIP
    assert TERMS.membership_of(None) == NO_MEMBERSHIP
