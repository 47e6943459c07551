"""Measures what the assessment page costs beside the bare assessment of the same chart, and prints the table.

Both begin at the body of the chart: the one ends with the assessment, the other with the bytes of the page, from which
alone a browser paints. In turns, in one process, in processor time, like the table of charts.
"""

import gc
from collections.abc import Callable, Iterator
from statistics import median
from time import perf_counter, process_time
from typing import NamedTuple

from flask import Flask

from benchmarks.calls import enrolled
from benchmarks.charts import AS_OF, SIZES, chart
from cds_service.intake import Chart
from cds_service.loading import Loaded, load
from cds_service.pages.assessment.routes import assessment_pages
from cds_service.pages.site import create_site
from cds_service.settings import Settings
from cds_service.trial.assessment import assess
from cds_service.trial.case import Moment
from fhir_profiles.reading.decoding import decode_body
from fhir_profiles.reading.records import read_record

_SECONDS, _LEAST_ROUNDS = 2.0, 15
_TARGETS = {"L": "3.0", "L enrolled": "3.0"}


class _Round(NamedTuple):
    """Seconds of one round."""

    bare: float
    page: float


def main() -> None:
    """Prints a line for each chart, screened and enrolled."""
    loaded = load(Settings())
    print("page         html bytes  bare ms  page ms   ratio  target rounds")
    for size in SIZES:
        body = chart(size)
        for name, given in ((size.name, body), (f"{size.name} enrolled", enrolled(body))):
            _measure(loaded, name, given)


def _measure(loaded: Loaded, name: str, body: bytes) -> None:
    app = _app(loaded, body)
    client, moment = app.test_client(), Moment(AS_OF, loaded.settings.zone)
    length = len(client.get("/assessment").data)

    def bare() -> None:
        assess(loaded.protocol, read_record(decode_body(body), loaded.vocabulary, moment.zone), moment)

    def page() -> None:
        client.get("/assessment")

    rounds = tuple(_rounds(bare, page))
    ratio = median(one.page / one.bare for one in rounds)
    times = " ".join(f"{median(spent) * 1000:8.2f}" for spent in zip(*rounds, strict=True))
    print(f"{name:11} {length:11,} {times} {ratio:7.2f} {_TARGETS.get(name, '-'):>7} {len(rounds):6}")


def _app(loaded: Loaded, body: bytes) -> Flask:
    app = Flask("pages")
    app.register_blueprint(create_site())
    moment = Moment(AS_OF, loaded.settings.zone)
    app.register_blueprint(assessment_pages(lambda: Chart("chart", decode_body(body)), lambda: moment, loaded))
    return app


def _rounds(bare: Callable[[], None], page: Callable[[], None]) -> Iterator[_Round]:
    end, done = perf_counter() + _SECONDS, 0
    while done < _LEAST_ROUNDS or perf_counter() < end:
        yield _Round(_timed(bare), _timed(page))
        done += 1


def _timed(action: Callable[[], None]) -> float:
    gc.disable()
    try:
        begun = process_time()
        action()
        return process_time() - begun
    finally:
        gc.enable()


if __name__ == "__main__":
    main()
