"""How the service is started for a production server."""

import subprocess
import sys

import pytest

_STARTED = "import gc; from cds_service.app import app_from_environment; app_from_environment(); "
_TOLD = "print(gc.get_freeze_count() > 10_000, gc.get_threshold()[0] > 10_000)"


@pytest.mark.slow
def test_a_worker_keeps_what_was_loaded_out_of_the_garbage_collectors_sight() -> None:
    told = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", _STARTED + _TOLD], check=True, capture_output=True, text=True
    )
    assert told.stdout.split() == ["True", "True"]
