"""What each browser has open, in memory and bounded: nothing is stored, and nothing is left when the process ends."""

import secrets
from collections import OrderedDict, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from threading import Lock, RLock

from cds_service.demo.bundles import BrokenBundle
from cds_service.demo.client import Exchange, Service
from cds_service.demo.elements import Json
from cds_service.demo.guidance import Guidance
from cds_service.demo.orders import Orders

_SESSIONS, _BROUGHT, _CALLS = 24, 4, 40


@dataclass(frozen=True, slots=True)
class Settled:
    """What the clinician did with a card."""

    outcome: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """What the last step did, told once: a message id's last part, its parameters, and whether it went wrong."""

    message: str
    values: Mapping[str, object] = field(default_factory=dict)
    wrong: bool = False


@dataclass(frozen=True, slots=True)
class Broken:
    """A chart that could not be opened: why, and its text as far as it was pasted, to be mended."""

    problem: BrokenBundle
    text: str


@dataclass(frozen=True, slots=True)
class Answered:
    """What decision support said at a hook, and about what: chart, drafts, day, language."""

    about: tuple[object, ...]
    guidance: Guidance


@dataclass(slots=True)
class OpenChart:
    """One chart of a session.

    `scenario`: the name of a bundled patient, empty for a chart that was brought. `guidance` by hook, `settled` by hook
    and card; `pad`: the form of the order pad that is open.
    """

    id: str
    scenario: str
    orders: Orders
    guidance: dict[str, Answered] = field(default_factory=dict)
    settled: dict[tuple[str, str], Settled] = field(default_factory=dict)
    pad: str = "tace"


@dataclass(frozen=True, slots=True)
class Recorded:
    """An exchange with a service, numbered, and what it was for."""

    number: int
    hook: str
    exchange: Exchange


@dataclass(slots=True)
class Session:
    """One browser's charts, its calls, and what is to be told next."""

    charts: dict[str, OpenChart]
    calls: deque[Recorded] = field(default_factory=lambda: deque(maxlen=_CALLS))
    services: tuple[Service, ...] = ()
    opened: str = ""
    told: Told | None = None
    broken: Broken | None = None
    lock: RLock = field(default_factory=RLock)
    made: int = 0

    def bring(self, resources: tuple[Json, ...]) -> OpenChart:
        """Another chart; beyond a few the oldest that was brought goes."""
        brought = [chart.id for chart in self.charts.values() if not chart.scenario]
        for gone in brought[: max(0, len(brought) + 1 - _BROUGHT)]:
            del self.charts[gone]
        chart = _fresh("", resources)
        self.charts[chart.id] = chart
        return chart

    def record(self, hook: str, exchanges: Iterable[Exchange]) -> None:
        """Keeps the exchanges for the inspector; beyond some, the oldest go."""
        for exchange in exchanges:
            self.made += 1
            self.calls.append(Recorded(self.made, hook, exchange))

    def take_told(self) -> Told | None:
        """What is to be told, once."""
        told, self.told = self.told, None
        return told

    def take_broken(self) -> Broken | None:
        """The chart that could not be opened, once."""
        broken, self.broken = self.broken, None
        return broken


def _fresh(scenario: str, resources: tuple[Json, ...]) -> OpenChart:
    return OpenChart(secrets.token_urlsafe(9), scenario, Orders(resources, ()))


class Sessions:
    """The sessions by the random id in a browser's cookie; the one not used for longest goes first."""

    def __init__(self, bundled: Mapping[str, tuple[Json, ...]]) -> None:
        self._bundled = bundled
        self._open: OrderedDict[str, Session] = OrderedDict()
        self._lock = Lock()

    def of(self, cookie: str | None) -> tuple[str, Session]:
        """The session of a cookie; a new one where the cookie names none."""
        with self._lock:
            if cookie is not None and cookie in self._open:
                self._open.move_to_end(cookie)
                return cookie, self._open[cookie]
            name = secrets.token_urlsafe(24)
            self._open[name] = self.begin()
            while len(self._open) > _SESSIONS:
                self._open.popitem(last=False)
            return name, self._open[name]

    def begin(self) -> Session:
        """A session in which nothing has happened: the bundled charts, each under a random id."""
        charts = [_fresh(name, resources) for name, resources in self._bundled.items()]
        return Session({chart.id: chart for chart in charts})
