"""What every test may ask for: how hard to search for counterexamples, and where the reference material lies."""

import os
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from cds_service import app
from cds_service.loading import Loaded, load
from cds_service.settings import Settings
from tests.fhir_server import FhirServer, running_fhir_server
from tests.postgres import Postgres, running_postgres
from tests.security.attacks import Stage, staged

ON_CI = os.environ.get("CI", "").lower() in {"1", "true", "yes"}
REFERENCE = Path(__file__).resolve().parents[2] / "shared"

# No deadline and no check for slow examples: with tests running side by side, the wall clock says nothing about them.
_UNTIMED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("quick", _UNTIMED, max_examples=50)
settings.register_profile("ci", _UNTIMED, max_examples=2000, derandomize=True)
settings.load_profile("ci" if ON_CI else "quick")  # --hypothesis-profile, read later, wins


def pytest_addoption(parser: pytest.Parser) -> None:
    """How long the clients of a load test call."""
    parser.addoption("--load-seconds", type=float, default=6.0, help="seconds of each load test (default: 6)")


@pytest.fixture(scope="session")
def load_seconds(pytestconfig: pytest.Config) -> float:
    """The seconds of a load test."""
    return float(pytestconfig.getoption("--load-seconds"))


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of reference material (vignettes, examples) beside the repository.

    Without it a test is skipped, but fails on CI, where leaving it out would hide a gap.
    """
    if REFERENCE.is_dir():
        return REFERENCE
    if ON_CI:
        pytest.fail(f"no reference material at {REFERENCE}")
    pytest.skip("the reference material does not lie beside the repository")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL of this test process."""
    with running_postgres() as cluster:
        yield cluster


@pytest.fixture(scope="session")
def fhir_server() -> Iterator[FhirServer]:
    """A FHIR server of this test process."""
    with running_fhir_server() as server:
        yield server


@cache
def product() -> Loaded:
    """The protocol, read once a process: each attack gets a service of its own."""
    return load(Settings())


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """The service with two clients, their key servers, and a server that nobody trusts."""
    monkeypatch.setattr(app, "load", lambda settings: replace(product(), settings=settings))
    with staged(tmp_path) as one:
        yield one
