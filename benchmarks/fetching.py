"""Measures a call for which ten searches must be made beside the same call for which only the slowest of them is.

The FHIR server is a stub in a process of its own that answers each search from the chart after a delay of its own. Both
calls take turns; they differ in how many keys were prefetched. Wall time: the searches wait, they do not compute.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import get_context
from multiprocessing.connection import Connection
from statistics import median
from time import perf_counter, sleep
from typing import Any, Final

import orjson
from flask.testing import FlaskClient

from benchmarks.charts import AS_OF, SIZES, chart
from cds_service.app import create_app
from cds_service.demo.client import Service, hook_request
from cds_service.demo.orders import resources_of
from cds_service.settings import Fetching, Settings
from cds_service.web.discovery import PREFETCH

_ROUNDS: Final = 15
_TARGET: Final = 1.3
_SLOWEST: Final = "observations"
# Milliseconds; the sum is 2,600. The slowest is also the largest.
_DELAYS: Final[Mapping[str, int]] = {
    _SLOWEST: 500,
    "procedures": 450,
    "medicationRequests": 400,
    "medicationStatements": 350,
    "medicationAdministrations": 300,
    "allergies": 200,
    "diagnosticReports": 150,
    "serviceRequests": 100,
    "researchSubjects": 100,
    "encounters": 50,
}
_NEEDED: Final = ("patient", "conditions")
_TYPES: Final = {PREFETCH[key].partition("?")[0]: key for key in _DELAYS}


def main() -> None:
    """Prints how long the calls take, and their ratio."""
    request = _request()
    with _stub(request["prefetch"]) as base:
        fetching = Fetching(fhir_origins=(base.removesuffix("/fhir"),), allow_http=True, budget_seconds=20.0)
        client = create_app(Settings(fetching=fetching), lambda: AS_OF).test_client()
        one, ten = (_body(request, base, fetched) for fetched in ((_SLOWEST,), tuple(_DELAYS)))
        _call(client, one)
        _call(client, ten)
        rounds = [(_call(client, one), _call(client, ten)) for _ in range(_ROUNDS)]
    alone, together = (median(spent) * 1000 for spent in zip(*rounds, strict=True))
    ratio = median(b / a for a, b in rounds)
    print("fetched         wait of the stub, ms  call ms   ratio target")
    print(f"the slowest     {_DELAYS[_SLOWEST]:20} {alone:8.0f}")
    print(f"ten searches    {sum(_DELAYS.values()):20} {together:8.0f} {ratio:7.2f} {_TARGET:6.1f}")


def _request() -> Mapping[str, Any]:
    """The call of chart M with all of its prefetch."""
    service = Service("", "cotsom-patient-view", "patient-view", "", PREFETCH)
    return hook_request(service, resources_of(orjson.loads(chart(SIZES[1]))))


def _body(request: Mapping[str, Any], base: str, fetched: Sequence[str]) -> bytes:
    """The call without these keys, and with leave to fetch them."""
    prefetch = {key: value for key, value in request["prefetch"].items() if key not in fetched}
    authorization = {"access_token": "t", "token_type": "Bearer", "expires_in": 300, "scope": "patient/*.read"}
    return orjson.dumps({**request, "prefetch": prefetch, "fhirServer": base, "fhirAuthorization": authorization})


def _call(client: FlaskClient, body: bytes) -> float:
    """The seconds that a call takes. Raises ConnectionError unless its card rests on everything."""
    begun = perf_counter()
    answer = client.post("/cds-services/cotsom-patient-view", data=body, content_type="application/json")
    spent = perf_counter() - begun
    if answer.status_code != HTTPStatus.OK or b'"not-supplied"' in answer.data or b'"in-part"' in answer.data:
        raise ConnectionError("the chart was not fetched in full")
    return spent


@contextmanager
def _stub(answers: Mapping[str, object]) -> Iterator[str]:
    """The base address of the stub."""
    spawn = get_context("spawn")
    ours, theirs = spawn.Pipe()
    prepared = {key: orjson.dumps(answers[key]) for key in _DELAYS}
    process = spawn.Process(target=serve, args=(prepared, theirs), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{ours.recv()}/fhir"
    finally:
        process.terminate()
        process.join()


def serve(answers: Mapping[str, bytes], told: Connection) -> None:
    """Answers searches until it is ended; tells its port."""

    class Searches(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            key = _TYPES[self.path.removeprefix("/fhir/").partition("?")[0]]
            sleep(_DELAYS[key] / 1000)
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Type", "application/fhir+json")
            self.send_header("Content-Length", str(len(answers[key])))
            self.end_headers()
            self.wfile.write(answers[key])

        def log_message(self, *_: object) -> None:
            """Nothing."""

    class Server(ThreadingHTTPServer):
        request_queue_size = 64  # ten connect at once; with the five of the library some would be turned away

    server = Server(("127.0.0.1", 0), Searches)
    told.send(server.server_port)
    server.serve_forever()


if __name__ == "__main__":
    main()
