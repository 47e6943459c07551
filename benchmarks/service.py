"""Measures the running service over HTTP beside a view of the same server that only parses JSON.

Eight clients that keep their connections call two workers. The rounds of both sides take turns, so that what else the
machine does falls on both. The clients live in processes of their own, but on the same processors as the servers:
"cpu ms", the processor time that the workers themselves spend on a call, is free of that.
"""

import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection
from multiprocessing import get_context
from operator import attrgetter
from statistics import median, quantiles
from time import perf_counter, sleep
from typing import Final, NamedTuple

from benchmarks.calls import bodies
from benchmarks.servers import Served, started

_HOST: Final = "127.0.0.1"
_WORKERS: Final = 2
PROCESSES: Final = 2
_CLIENTS_A_PROCESS: Final = 4
_CLIENTS: Final = PROCESSES * _CLIENTS_A_PROCESS
_WARM_SECONDS: Final = 0.5
_ROUND_SECONDS: Final = 1.5
_HALF_LOAD_SECONDS: Final = 6.0
_ROUNDS: Final = 3
_STARTS: Final = 3
_LEAST_RATIO: Final = {"M": 0.8, "M sign": 0.8}
_P99_MS, _READY_SECONDS, _WORKER_MB = 50, 1.0, 120
OURS: Final = ("-m", "cds_service", "serve", "--port", "{port}", "--workers", str(_WORKERS))
_PLAIN: Final = ("-m", "benchmarks.baseline_app", "{port}", str(_WORKERS))


class Load(NamedTuple):
    """What the clients of one process send; `pace` is the calls a second of one client, None for as fast as it can.

    `tokens`: one for each call, where the service asks who calls.
    """

    port: int
    path: str
    body: bytes
    seconds: float
    pace: float | None = None
    tokens: tuple[str, ...] = ()


class Round(NamedTuple):
    """The seconds that each call took, how long the round lasted, and what the workers spent meanwhile."""

    spans: tuple[float, ...]
    seconds: float
    processor: float

    @property
    def rate(self) -> float:
        """Calls a second."""
        return len(self.spans) / self.seconds

    @property
    def processor_ms(self) -> float:
        """Processor time of the workers a call, in milliseconds."""
        return self.processor / len(self.spans) * 1000


@dataclass(frozen=True, slots=True)
class Compared:
    """The rounds of one chart, ours beside the plain ones that took turns with them."""

    name: str
    length: int
    ours: tuple[Round, ...]
    plain: tuple[Round, ...]

    @property
    def ratio(self) -> float:
        """Our calls a second in units of the plain ones, the median over the turns."""
        return median(a.rate / b.rate for a, b in zip(self.ours, self.plain, strict=True))


def main() -> None:
    """Prints the table of calls, the waits at half load, the start and the memory."""
    with ProcessPoolExecutor(PROCESSES, get_context("spawn")) as clients, started(OURS) as ours:
        with started(_PLAIN) as plain:
            loads = tuple(loads_for(ours))
            compared = [one for name, load in loads for one in _compare(clients, (ours, plain), name, load)]
            _print_table(compared)
            print(
                f"a worker after L: {ours.megabytes():.0f} MB, plain {plain.megabytes():.0f} MB (target {_WORKER_MB})"
            )
        for name in _LEAST_RATIO:
            _print_half_load(clients, dict(loads)[name], next(c for c in compared if c.name == name))
    print(f"ready after: {_start(OURS):.2f} s, plain {_start(_PLAIN):.2f} s (target {_READY_SECONDS:.2f})")


def compare(commands: Sequence[str]) -> None:
    """Prints a line on chart M for each way to serve: what follows `python`, with {port} where its port belongs."""
    with ProcessPoolExecutor(PROCESSES, get_context("spawn")) as clients, ExitStack() as running:
        served = [running.enter_context(started(shlex.split(command))) for command in commands]
        load = dict(loads_for(served[0]))["M"]
        _print_table(tuple(_compare(clients, [*served, running.enter_context(started(_PLAIN))], "M", load)))


def loads_for(ours: Served) -> Iterator[tuple[str, Load]]:
    """Name and load of each call that is measured."""
    for name, path, body in bodies(f"http://{_HOST}:{ours.port}"):
        yield name, Load(ours.port, path, body, _ROUND_SECONDS)


def _compare(clients: Executor, sides: Sequence[Served], name: str, load: Load) -> Iterator[Compared]:
    """Every side but the last, each beside the last."""
    sent = [(side, [load._replace(port=side.port)] * PROCESSES) for side in sides]
    for side, loads in sent:
        round_of(clients, side, *(one._replace(seconds=_WARM_SECONDS) for one in loads))
    turns = [[round_of(clients, side, *loads) for side, loads in sent] for _ in range(_ROUNDS)]
    *compared, plain = zip(*turns, strict=True)
    return (Compared(name, len(load.body), ours, plain) for ours in compared)


def round_of(clients: Executor, side: Served, *sent: Load) -> Round:
    """All clients at once, each process its load. Raises ConnectionError for an answer that is not a 200."""
    before = side.processor_seconds()
    answered = tuple(clients.map(drive, sent))
    spent = side.processor_seconds() - before
    return Round(tuple(span for spans, _ in answered for span in spans), max(s for _, s in answered), spent)


def drive(load: Load) -> tuple[tuple[float, ...], float]:
    """The clients of one process: the seconds of every call, and the seconds until the last answer."""
    begun = perf_counter()
    with ThreadPoolExecutor(_CLIENTS_A_PROCESS) as threads:
        spans = tuple(threads.map(lambda number: tuple(_calls(load, number)), range(_CLIENTS_A_PROCESS)))
    return tuple(span for client in spans for span in client), perf_counter() - begun


def _calls(load: Load, number: int) -> Iterator[float]:
    """One client. A call that had to wait for its predecessor is timed from when it was due."""
    connection = HTTPConnection(_HOST, load.port, timeout=10)
    tokens = iter(load.tokens[number::_CLIENTS_A_PROCESS])
    for due in _dues(load, number):
        token = {"Authorization": f"Bearer {next(tokens)}"} if load.tokens else {}
        connection.request("POST", load.path, load.body, {"Content-Type": "application/json", **token})
        answer = connection.getresponse()
        answer.read()
        if answer.status != HTTPStatus.OK:
            raise ConnectionError(f"{load.path}: {answer.status}")
        yield perf_counter() - due
    connection.close()


def _dues(load: Load, number: int) -> Iterator[float]:
    """When each call is due: at once, or at its place in the pace, where the clients take turns."""
    begun = perf_counter()
    if load.pace is None:
        while (now := perf_counter()) < begun + load.seconds:
            yield now
        return
    for call in range(int(load.pace * load.seconds)):
        due = begun + (call + number / _CLIENTS_A_PROCESS) / load.pace
        sleep(max(0.0, due - perf_counter()))
        yield due


def _print_table(compared: Sequence[Compared]) -> None:
    print("call       bytes  calls/s  plain/s  ratio target  p50 ms  p99 ms  plain p50  plain p99  cpu ms  plain cpu")
    for one in compared:
        ours, plain = one.ours, one.plain
        target = f"{_LEAST_RATIO[one.name]:.1f}" if one.name in _LEAST_RATIO else "-"
        rates = f"{middle_of(ours, 'rate'):8.0f} {middle_of(plain, 'rate'):8.0f} {one.ratio:6.2f} {target:>6}"
        waits = (
            f"{waits_of(ours)[0]:7.1f} {waits_of(ours)[1]:7.1f} {waits_of(plain)[0]:10.1f} {waits_of(plain)[1]:10.1f}"
        )
        spent = f"{middle_of(ours, 'processor_ms'):7.2f} {middle_of(plain, 'processor_ms'):10.2f}"
        print(f"{one.name:6} {one.length:9,} {rates} {waits} {spent}")


def middle_of(rounds: Sequence[Round], name: str) -> float:
    """The median of a property over the rounds."""
    of: Callable[[Round], float] = attrgetter(name)
    return median(map(of, rounds))


def waits_of(rounds: Sequence[Round]) -> tuple[float, float]:
    """The 50th and the 99th percentile of all calls, in milliseconds."""
    cuts = quantiles((span * 1000 for one in rounds for span in one.spans), n=100, method="inclusive")
    return cuts[49], cuts[98]


def _print_half_load(clients: Executor, load: Load, measured: Compared) -> None:
    most = middle_of(measured.ours, "rate")
    paced = load._replace(seconds=_HALF_LOAD_SECONDS, pace=most / 2 / _CLIENTS)
    spans = tuple(span for answered, _ in clients.map(drive, [paced] * PROCESSES) for span in answered)
    middle, last = waits_of([Round(spans, _HALF_LOAD_SECONDS, 0.0)])
    calls = f"{most / 2:.0f} calls/s, {len(spans)} calls"
    print(f"{measured.name} at half load ({calls}): p50 {middle:.1f} ms, p99 {last:.1f} ms (target {_P99_MS})")


def _start(command: Sequence[str]) -> float:
    """The median of the seconds from the command to the first answer."""
    spent = []
    for _ in range(_STARTS):
        with started(command) as served:
            spent.append(served.ready)
    return median(spent)


if __name__ == "__main__":
    compare(sys.argv[1:]) if sys.argv[1:] else main()
