"""The statements of the protocol language: each answers YES, NO, SILENT, MAYBE or HIDDEN about a case."""

from cds_service.trial.statements.base import Statement

__all__ = ["Statement"]
