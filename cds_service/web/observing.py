"""Metrics of the HTTP edge: counts and durations, never anything of a patient."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest, values
from prometheus_client.multiprocess import MultiProcessCollector

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class Definition(NamedTuple):
    """A metric: its kind, its name, what it counts, its labels (each of few values), further choices of its kind."""

    kind: type[Counter | Gauge | Histogram]
    name: str
    meaning: str
    labels: tuple[str, ...]
    choices: Mapping[str, Any] = {}


DEFINITIONS: Final[Mapping[str, Definition]] = {
    "build": Definition(
        Gauge,
        "cotsom_build_info",
        "The version of the product, and the trial and version of its protocol; always 1",
        ("version", "trial", "protocol"),
        {"multiprocess_mode": "max"},
    ),
    "calls": Definition(Counter, "cotsom_calls", "Requests by endpoint and HTTP status", ("endpoint", "status")),
    "seconds": Definition(Histogram, "cotsom_seconds", "Time to answer", ("endpoint",), {"buckets": _BUCKETS}),
    "refusals": Definition(Counter, "cotsom_refusals", "Callers not admitted, by reason", ("reason",)),
    "fetches": Definition(
        Counter, "cotsom_fetches", "Searches of FHIR servers by prefetch key and what came of them", ("key", "outcome")
    ),
    "cards": Definition(Counter, "cotsom_cards", "Cards by kind and indicator", ("kind", "indicator")),
    "rules": Definition(Counter, "cotsom_rules", "Order rules on cards by severity", ("rule", "severity")),
    "steps": Definition(Counter, "cotsom_steps", "Next steps on cards by state", ("step", "state")),
    "statuses": Definition(Counter, "cotsom_statuses", "Judged patients by roll-up", ("status",)),
    "verdicts": Definition(Counter, "cotsom_verdicts", "Judged lines of the protocol by verdict", ("verdict",)),
    "gaps": Definition(
        Counter, "cotsom_gaps", "Sources not supplied, or read in part, when a chart was opened", ("source", "state")
    ),
    "quality": Definition(Counter, "cotsom_quality", "Data problems met in opened charts, by kind", ("issue",)),
    "feedback": Definition(
        Counter,
        "cotsom_feedback",
        "What became of cards, by service, outcome and reason (`other`: a reason not of ours, `none`: without one)",
        ("service", "outcome", "reason"),
    ),
}
"""Every metric by the name that the code knows it by."""


@dataclass(frozen=True, slots=True)
class Metrics:
    """What an operator watches, as `DEFINITIONS` says."""

    build: Gauge
    calls: Counter
    seconds: Histogram
    refusals: Counter
    fetches: Counter
    cards: Counter
    rules: Counter
    steps: Counter
    statuses: Counter
    verdicts: Counter
    gaps: Counter
    quality: Counter
    feedback: Counter
    registry: CollectorRegistry

    @classmethod
    def create(cls) -> "Metrics":
        """Metrics of this process; read over all workers where a directory for that is set."""
        # Whoever imports the library first, before the server says where its workers write, decides otherwise for all.
        values.ValueClass = values.get_value_class()  # type: ignore[no-untyped-call]
        registry = CollectorRegistry()
        made: dict[str, Any] = {
            name: one.kind(one.name, one.meaning, one.labels, registry=registry, **one.choices)
            for name, one in DEFINITIONS.items()
        }
        return cls(**made, registry=registry)

    def text(self) -> bytes:
        """The metrics of all workers, in the Prometheus text format."""
        if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
            return generate_latest(self.registry)
        together = CollectorRegistry()
        MultiProcessCollector(together)  # type: ignore[no-untyped-call]
        return generate_latest(together)
