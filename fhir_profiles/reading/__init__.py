"""From received JSON to a PatientRecord: tolerant in what is read, exact about what was not."""
