"""Random dates around the edges of every window of the protocol, as exact as a chart writes them."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from hypothesis import strategies as st

from tests.properties.charts import AS_OF

_EDGES: Final = (
    1,
    0,
    1,
    0,
    2,
    13,
    14,
    15,
    26,
    27,
    28,
    29,
    60,
    89,
    90,
    91,
    92,
    93,
    183,
    184,
    185,
    400,
    1095,
    1096,
    1097,
    5000,
)
_PLANS: Final = (-1, -8, -40)
_LENGTHS: Final = {"year": 4, "month": 7, "day": 10}


@dataclass(frozen=True, slots=True)
class Times:
    """How many days ago, and how exactly written (`day`, `time`, `month`, `year`, `none`)."""

    days_ago: tuple[int, ...]
    precisions: tuple[str, ...]

    @property
    def exact(self) -> bool:
        """Whether every date is a whole day."""
        return set(self.precisions) <= {"day", "time"}


ANY: Final = Times(_EDGES + _PLANS, ("day",) * 5 + ("time", "time", "month", "year", "none"))
EXACT: Final = Times(_EDGES + _PLANS, ("day", "day", "time"))
PAST: Final = Times(_EDGES, ANY.precisions)
PAST_EXACT: Final = Times(_EDGES, EXACT.precisions)


def dates(times: Times) -> st.SearchStrategy[str | None]:
    """A date as FHIR writes it; None where none is recorded."""
    return st.builds(_written, st.sampled_from(times.days_ago), st.sampled_from(times.precisions))


def _written(days_ago: int, precision: str) -> str | None:
    moment = AS_OF - timedelta(days=days_ago, hours=1)
    if precision == "none":
        return None
    return moment.isoformat() if precision == "time" else moment.date().isoformat()[: _LENGTHS[precision]]
