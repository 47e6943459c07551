"""cotsom-cds: judges FHIR patients against a trial protocol that is data, and answers with few, explained cards."""
