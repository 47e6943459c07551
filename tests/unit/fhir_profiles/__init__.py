"""Tests of fhir_profiles."""
