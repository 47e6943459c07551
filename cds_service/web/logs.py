"""Log lines of the service: counts, durations and trace ids, never anything of a patient."""

import json
import logging
from datetime import UTC, datetime
from typing import Any, Final

LOGGER: Final = logging.getLogger("cotsom-cds")


class JsonLines(logging.Formatter):
    """One JSON object a line: when, the fields that were given, and nothing of the request's content."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        fields: dict[str, Any] = {"time": time, "level": record.levelname.lower(), "event": record.getMessage()}
        fields |= getattr(record, "fields", {})
        return json.dumps(fields, ensure_ascii=False)


def log(event: str, **fields: object) -> None:
    """Writes one structured line."""
    LOGGER.info(event, extra={"fields": fields})


def log_warning(event: str, **fields: object) -> None:
    """Writes one structured line about something that the operator should look at."""
    LOGGER.warning(event, extra={"fields": fields})


def log_fault(event: str, **fields: object) -> None:
    """Writes one structured line about a fault of ours."""
    LOGGER.error(event, extra={"fields": fields})


def log_to_stderr() -> None:
    """Sends the lines to standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    LOGGER.handlers[:] = [handler]
    LOGGER.setLevel(logging.INFO)
    LOGGER.propagate = False
