"""The demo EHR with the real service, on a clock that tests move."""

from collections.abc import Iterator
from datetime import datetime

import pytest

from cds_service.app import create_app
from cds_service.demo.clock import DemoClock
from cds_service.demo.ehr import EhrSettings, create_ehr
from cds_service.demo.server import listening, port_of, served
from cds_service.loading import load
from cds_service.settings import Settings, read_zone
from tests.acceptance.demo_ehr import HERE, Ehr

SETTINGS = Settings(zone=read_zone("Asia/Seoul"), worksheet=f"{HERE.url}assessment")


@pytest.fixture(scope="module")
def clock() -> DemoClock:
    return DemoClock(datetime.fromisoformat("2026-11-22T09:00:00+09:00"))


@pytest.fixture(scope="module")
def app(clock: DemoClock) -> Iterator[object]:
    with listening(0) as bound, served(bound, lambda: create_app(SETTINGS, clock)):
        base = f"http://127.0.0.1:{port_of(bound)}"
        yield create_ehr(EhrSettings(HERE, (base,)), clock, load(SETTINGS))


@pytest.fixture
def ehr(app: object, clock: DemoClock) -> Ehr:
    clock.begin_anew()
    return Ehr(app.test_client())  # type: ignore[attr-defined]
