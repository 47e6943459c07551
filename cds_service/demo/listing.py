"""The patient list: who is on it, and what each invented chart is there to show."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from cds_service.demo.chart_views import ChartView, PatientView, view_chart
from cds_service.demo.sessions import OpenChart

_ENROLLED = frozenset({"on-study", "on-study-intervention", "on-study-observation"})
_SHOWN = 2


@dataclass(frozen=True, slots=True)
class Row:
    """A patient on the list. `scenario`: of a bundled patient; empty for a chart that was brought."""

    chart: str
    scenario: str
    patient: PatientView
    conditions: tuple[str, ...]
    drafts: int


@dataclass(frozen=True, slots=True)
class Group:
    """Patients under one heading: brought, enrolled, follow-up or others."""

    name: str
    rows: tuple[Row, ...]


def list_charts(charts: Iterable[OpenChart], now: datetime) -> tuple[Group, ...]:
    """The patients by how they stand to the study; what was brought comes first, an empty group is left out."""
    found: dict[str, list[Row]] = {"brought": [], "others": [], "enrolled": [], "follow-up": []}
    for chart in charts:
        view = view_chart(chart.orders.chart, now)
        found[_group(chart, view)].append(_row(chart, view))
    return tuple(Group(name, tuple(rows)) for name, rows in found.items() if rows)


def _group(chart: OpenChart, view: ChartView) -> str:
    if not chart.scenario:
        return "brought"
    status = view.study.status if view.study else ""
    return "enrolled" if status in _ENROLLED else "follow-up" if status in ("follow-up", "off-study") else "others"


def _row(chart: OpenChart, view: ChartView) -> Row:
    names = dict.fromkeys(line.text for line in reversed(view.conditions) if line.text)
    number = chart.scenario.partition("-")[0]
    return Row(chart.id, number, view.patient, tuple(names)[:_SHOWN], len(chart.orders.drafts))
