"""A real FHIR R4 server of a make of its own, for a test session: `sekmet`, in the environment that `make test` makes.

It listens on a free port of this machine, asks for a token, and holds what is put into it. It knows no search by
`individual`, as real servers have gaps too.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
import requests

from tests.loopback import free_port

PROGRAM: Final = Path(__file__).resolve().parents[1] / ".venv-fhir" / "bin" / "sekmet"
TOKEN: Final = "token-of-the-test-server"  # noqa: S105 - good for this server alone
_TRIES: Final = 600
_SECONDS: Final = 30

Json = dict[str, Any]


@dataclass(slots=True)
class FhirServer:
    """A server that can be killed and started, its data kept: its base address, and the folder of all it writes."""

    base: str
    folder: Path
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        """Starts it and waits until it answers."""
        with (self.folder / "log").open("ab") as written:
            self.process = subprocess.Popen(  # noqa: S603 - the program of our own environment
                [PROGRAM, "serve", "--config", self.folder / "settings.yaml"],
                cwd=self.folder,
                stdout=written,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        _wait_until_ready(self, self.process)

    def kill(self) -> None:
        """Ends it in the middle of whatever it does."""
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(_SECONDS)
            self.process = None

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return self.base.removesuffix("/fhir")

    @property
    def authorization(self) -> Json:
        """The `fhirAuthorization` of an EHR that lets a service read everything."""
        return {
            "access_token": TOKEN,
            "token_type": "Bearer",
            "expires_in": 300,
            "scope": "patient/*.read",
            "subject": "cotsom",
        }

    def put(self, chart: Mapping[str, Any]) -> None:
        """Puts the resources of a Bundle in, each under its own id."""
        resources = [entry["resource"] for entry in chart["entry"]]
        entries = [
            {"resource": one, "request": {"method": "PUT", "url": f"{one['resourceType']}/{one['id']}"}}
            for one in resources
        ]
        body = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/fhir+json"}
        answer = requests.post(self.base, json=body, headers=headers, timeout=_SECONDS)
        assert answer.status_code == 200, answer.text[:2000]


def under_ids_of(patient: str, chart: Mapping[str, Any]) -> Json:
    """The same chart with ids that no other chart has: each with a name for the patient before it, references too."""
    resources = [entry["resource"] for entry in chart["entry"]]
    names = {f"{one['resourceType']}/{one['id']}": f"{one['resourceType']}/{patient}-{one['id']}" for one in resources}
    entries = [{"resource": {**_renamed(one, names), "id": f"{patient}-{one['id']}"}} for one in resources]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


def _renamed(node: Any, names: Mapping[str, str]) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(node, dict):
        return {
            key: names.get(inner, inner) if key == "reference" else _renamed(inner, names)
            for key, inner in node.items()
        }
    return [_renamed(one, names) for one in node] if isinstance(node, list) else node


@contextmanager
def running_fhir_server() -> Iterator[FhirServer]:
    """The server, for as long as it is needed; without it the test is left out, but fails on CI."""
    if not PROGRAM.exists():
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"no FHIR server at {PROGRAM}: `make test` installs it")
    folder = Path(tempfile.mkdtemp(prefix="fhir-server-"))
    port = free_port()
    (folder / "settings.yaml").write_text(_SETTINGS.format(port=port, folder=folder, token=TOKEN), encoding="utf-8")
    server = FhirServer(f"http://127.0.0.1:{port}/fhir", folder)
    try:
        server.start()
        yield server
    finally:
        server.kill()
        shutil.rmtree(folder, ignore_errors=True)


_SETTINGS: Final = """\
base_url: http://127.0.0.1:{port}/fhir
host: 127.0.0.1
port: {port}
data_dir: {folder}
server_auth: {{types: [bearer], tokens: [{token}]}}
validation: {{inbound: "off"}}
simulator: {{enabled: false}}
log_inbound: false
"""


def _wait_until_ready(server: FhirServer, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(_TRIES):
        try:
            if requests.get(f"{server.base}/metadata", timeout=_SECONDS).ok:
                return
        except requests.RequestException:
            time.sleep(0.1)
        if process.poll() is not None:
            break
    pytest.fail(f"the FHIR server did not start: {(server.folder / 'log').read_text(errors='replace')[-2000:]}")
