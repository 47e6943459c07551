"""Logs and metrics of the HTTP edge: counts, durations and trace ids, never anything of a patient."""

import json
import logging
import os
from dataclasses import dataclass
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

LOGGER = logging.getLogger("cotsom-cds")
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


@dataclass(frozen=True, slots=True)
class Metrics:
    """What an operator watches."""

    calls: Counter
    seconds: Histogram
    cards: Counter
    statuses: Counter
    registry: CollectorRegistry

    @classmethod
    def create(cls) -> "Metrics":
        """Metrics of this process; read over all workers where a directory for that is set."""
        registry = CollectorRegistry()
        return cls(
            calls=Counter(
                "cotsom_calls", "Requests by endpoint and HTTP status", ["endpoint", "status"], registry=registry
            ),
            seconds=Histogram("cotsom_seconds", "Time to answer", ["endpoint"], registry=registry, buckets=_BUCKETS),
            cards=Counter("cotsom_cards", "Cards by kind and indicator", ["kind", "indicator"], registry=registry),
            statuses=Counter("cotsom_statuses", "Judged patients by roll-up", ["status"], registry=registry),
            registry=registry,
        )

    def text(self) -> bytes:
        """The metrics of all workers, in the Prometheus text format."""
        if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
            return generate_latest(self.registry)
        together = CollectorRegistry()
        MultiProcessCollector(together)  # type: ignore[no-untyped-call]
        return generate_latest(together)


class JsonLines(logging.Formatter):
    """One JSON object a line: the fields that were given, and nothing of the request's content."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        fields: dict[str, Any] = {"level": record.levelname.lower(), "event": record.getMessage()}
        fields |= getattr(record, "fields", {})
        return json.dumps(fields, ensure_ascii=False)


def log(event: str, **fields: object) -> None:
    """Writes one structured line."""
    LOGGER.info(event, extra={"fields": fields})


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
