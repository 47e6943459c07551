"""Tests of single modules, mirroring the packages."""
