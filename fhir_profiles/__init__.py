"""How we read FHIR R4: lean resource structs, and readers that turn them into one frozen PatientRecord. Pure."""
