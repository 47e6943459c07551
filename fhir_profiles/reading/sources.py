"""Which sources of the record a resource of each type belongs to (rulebook section 3, 'Sources')."""

from fhir_profiles.record import Source

SOURCES_OF_TYPE: dict[str, frozenset[Source]] = {
    "Patient": frozenset({Source.PATIENT}),
    "Condition": frozenset({Source.CONDITIONS}),
    "Observation": frozenset({Source.OBSERVATIONS}),
    "Procedure": frozenset({Source.PROCEDURES, Source.IMAGING}),
    "Medication": frozenset({Source.MEDICATIONS}),
    "MedicationRequest": frozenset({Source.MEDICATIONS}),
    "MedicationStatement": frozenset({Source.MEDICATIONS}),
    "MedicationAdministration": frozenset({Source.MEDICATIONS}),
    "MedicationDispense": frozenset({Source.MEDICATIONS}),
    "AllergyIntolerance": frozenset({Source.ALLERGIES}),
    "ResearchSubject": frozenset({Source.RESEARCH_SUBJECTS}),
    "ResearchStudy": frozenset({Source.RESEARCH_SUBJECTS}),
    "Encounter": frozenset({Source.ENCOUNTERS}),
    "DiagnosticReport": frozenset({Source.IMAGING}),
    "ServiceRequest": frozenset({Source.ORDERS}),
}
