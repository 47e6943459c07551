"""Other names under which a code system is sent (HL7 terminology, "External code systems": URI and OID).

Some interfaces name a system by its OID, with its version or edition behind it, or with a slash at the end. It is the
same system: its codes mean what they mean under the URI that FHIR R4 gives it, and must not be taken for unknown ones.
"""

from typing import Final

_SNOMED: Final = "http://snomed.info/sct"
_OID: Final = "urn:oid:2.16.840.1.113883"
_OTHERWISE: Final = {
    f"{_OID}.6.96": _SNOMED,
    f"{_OID}.6.1": "http://loinc.org",
    f"{_OID}.6.88": "http://www.nlm.nih.gov/research/umls/rxnorm",
    f"{_OID}.6.90": "http://hl7.org/fhir/sid/icd-10-cm",
    f"{_OID}.6.3": "http://hl7.org/fhir/sid/icd-10",
    f"{_OID}.6.4": "http://www.cms.gov/Medicare/Coding/ICD10",
    f"{_OID}.6.12": "http://www.ama-assn.org/go/cpt",
    f"{_OID}.6.285": "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets",
    f"{_OID}.6.73": "http://www.whocc.no/atc",
    f"{_OID}.6.69": "http://hl7.org/fhir/sid/ndc",
    f"{_OID}.3.26.1.1": "http://ncicb.nci.nih.gov/xml/owl/EVS/Thesaurus.owl",
}


def usual_name(system: str) -> str:
    """The URI of a code system in FHIR R4, whichever way it was named; any other name as it is, without its version."""
    name = system.strip().partition("|")[0].rstrip("/")
    if name.startswith("https://"):
        name = f"http://{name.removeprefix('https://')}"
    if name.startswith(f"{_SNOMED}/"):
        return _SNOMED
    return _OTHERWISE.get(name, name)
