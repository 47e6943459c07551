"""Tests of cds_service.pages."""
