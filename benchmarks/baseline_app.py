"""The least that a service on the same server can do: parse the JSON of the body and answer with a fixed card."""

import encodings.idna  # noqa: F401 - a thread that imports it while the workers are forked leaves them its import lock
import sys

import orjson
from flask import Flask, Response, request

from cds_service.commands.serving import Service, run_server
from cds_service.settings import Serving
from cds_service.settings.limits import Limits

_CARD = {"summary": "May qualify for a trial", "indicator": "info", "source": {"label": "Baseline"}}


def create_app() -> Flask:
    """The baseline: every call is parsed by `orjson.loads`, and nothing of it is looked at."""
    app = Flask("baseline", static_folder=None)

    @app.post("/cds-services/<service>")
    def call(service: str) -> Response:  # noqa: ARG001 - part of the address
        orjson.loads(request.get_data(cache=False))
        return _answer({"cards": [_CARD]})

    @app.get("/readyz")
    def ready() -> Response:
        return _answer({"status": "ready"})

    return app


def _answer(document: object) -> Response:
    return Response(orjson.dumps(document), content_type="application/json")


if __name__ == "__main__":
    serving = Serving(port=int(sys.argv[1]), workers=int(sys.argv[2]))
    run_server(serving, Limits(), Service(create_app))
