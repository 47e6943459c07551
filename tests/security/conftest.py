"""The stage on which attackers call."""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from cds_service import app
from cds_service.loading import Loaded, load
from cds_service.settings import Settings
from tests.security.attacks import Stage, staged


@cache
def product() -> Loaded:
    """The protocol, read once a process: each attack gets a service of its own."""
    return load(Settings())


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """The service with two clients."""
    monkeypatch.setattr(app, "load", lambda settings: replace(product(), settings=settings))
    with staged(tmp_path) as one:
        yield one
