"""Measures what one chart costs (decode, read, assess) beside `orjson.loads` of the same body, and prints the table.

Ratios, not milliseconds, are compared between machines: both sides are timed in turns, in one process, and the ratio is
the median over the rounds. The garbage collector is off while the clock runs, which spares orjson's dicts more than us.
"""

import gc
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import NamedTuple, TypeVar

import orjson

from benchmarks import fetching, pages, service, trust
from benchmarks.charts import AS_OF, SIZES, Size, chart
from cds_service.loading import Loaded, load
from cds_service.settings import Settings
from cds_service.trial.assessment import assess
from cds_service.trial.case import Moment
from fhir_profiles.reading.decoding import decode_body
from fhir_profiles.reading.records import read_record

_TARGETS = {"M": 2.0, "L": 1.5}
_SECONDS_A_CHART = 2.5
_LEAST_ROUNDS = 15
_STARTS = 5
_COMMAND = Path(sys.executable).with_name("cotsom-cds")
_START = "from cds_service.loading import load; from cds_service.settings import Settings; load(Settings())"
_T = TypeVar("_T")


class Round(NamedTuple):
    """Seconds of one round."""

    plain: float
    decode: float
    read: float
    assess: float

    @property
    def total(self) -> float:
        """From the body to the assessment."""
        return self.decode + self.read + self.assess

    @property
    def ratio(self) -> float:
        """The total in units of `orjson.loads` of the same round."""
        return self.total / self.plain


@dataclass(frozen=True, slots=True)
class Measured:
    """One chart with its rounds."""

    name: str
    length: int
    resources: int
    rounds: tuple[Round, ...]

    def middle(self, of: Callable[[Round], float]) -> float:
        """The median over the rounds."""
        return median(map(of, self.rounds))


def main() -> None:
    """Prints the tables of charts, growth and start; then pages, fetching, the running service, and trust."""
    loaded = load(Settings())
    measured = tuple(measure(loaded, size) for size in SIZES)
    _print_table(measured)
    _print_growth(measured)
    _print_starts()
    pages.main()
    fetching.main()
    service.main()
    trust.main()


def measure(loaded: Loaded, size: Size) -> Measured:
    """Rounds over one chart, after two that warm caches up and are not counted."""
    body = chart(size)
    one_round(loaded, body)
    one_round(loaded, body)
    resources = len(orjson.loads(body)["entry"])
    return Measured(size.name, len(body), resources, tuple(_rounds(loaded, body)))


def _rounds(loaded: Loaded, body: bytes) -> Iterator[Round]:
    end, done = perf_counter() + _SECONDS_A_CHART, 0
    while done < _LEAST_ROUNDS or perf_counter() < end:
        yield one_round(loaded, body)
        done += 1


def one_round(loaded: Loaded, body: bytes) -> Round:
    """Both sides once, each result thrown away outside its measurement."""
    with _no_collection():
        plain = _timed(lambda: orjson.loads(body))[0]
    with _no_collection():
        decode, decoded = _timed(lambda: decode_body(body))
        read, record = _timed(lambda: read_record(decoded, loaded.vocabulary, loaded.settings.zone))
        judge = _timed(lambda: assess(loaded.protocol, record, Moment(AS_OF, loaded.settings.zone)))[0]
    return Round(plain, decode, read, judge)


def _timed(action: Callable[[], _T], clock: Callable[[], float] = process_time) -> tuple[float, _T]:
    """Seconds of processor time: other programs on the machine lengthen the wait, not the work."""
    start = clock()
    result = action()
    return clock() - start, result


@contextmanager
def _no_collection() -> Iterator[None]:
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _print_table(measured: Sequence[Measured]) -> None:
    print("chart     bytes resources  orjson ms decode ms   read ms assess ms  total ms   ratio  target rounds")
    for one in measured:
        spans = map(attrgetter, ("plain", "decode", "read", "assess", "total"))
        times = " ".join(f"{one.middle(of) * 1000:9.2f}" for of in spans)
        target = f"{_TARGETS[one.name]:.1f}" if one.name in _TARGETS else "-"
        ratio = one.middle(attrgetter("ratio"))
        chart_size = f"{one.name:5} {one.length:9,} {one.resources:9,}"
        print(f"{chart_size}  {times} {ratio:7.2f} {target:>7} {len(one.rounds):6}")


def _print_growth(measured: Sequence[Measured]) -> None:
    """Time per resource, in which a linear reading shows as the same number for every size."""
    each = {one.name: one.middle(attrgetter("total")) / one.resources * 1e6 for one in measured}
    shown = ", ".join(f"{name} {spent:.1f}" for name, spent in each.items())
    print(f"microseconds per resource: {shown}; L to M {each['L'] / each['M']:.2f} (1.00 is linear)")


def _print_starts() -> None:
    print(f"start (import and load): {_wall([sys.executable, '-c', _START])}")
    with tempfile.TemporaryDirectory() as folder:
        for size in SIZES:
            file = Path(folder) / f"{size.name}.json"
            file.write_bytes(chart(size))
            command = [str(_COMMAND), "assess", str(file), "--as-of", AS_OF.isoformat(), "--format", "json"]
            print(f"cotsom-cds assess {size.name}: {_wall(command)}")


def _wall(command: Sequence[str]) -> str:
    """The median wall time of a command, in seconds; "-" where it is not installed or fails."""
    try:
        spent = [_timed(lambda: _run(command), perf_counter) for _ in range(_STARTS)]
    except (OSError, subprocess.CalledProcessError):
        return "-"
    return f"{median(seconds for seconds, _ in spent):.2f} s"


def _run(command: Sequence[str]) -> None:
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - our own command, no shell


if __name__ == "__main__":
    main()
