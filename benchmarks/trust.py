"""Measures what it costs to ask who calls: chart M with a signed token for every call beside the open service.

Tokens (RS384, a key of 2048 bits) are signed before a round begins. The sides take turns as in `benchmarks.service`.
"""

import json
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from datetime import UTC, datetime
from itertools import count
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Final

from joserfc import jwt
from joserfc.jwk import RSAKey

from benchmarks.servers import Served, started
from benchmarks.service import OURS, PROCESSES, Load, Round, loads_for, middle_of, round_of, waits_of

_AUDIENCE: Final = "https://cds.hospital.example"
_ISSUER: Final = "https://fhir.hospital.example/api/R4"
_ROUNDS: Final = 9
_MOST_COST: Final = 0.25
_SPARE: Final = 4
"""How many times more calls a client may turn out to make than those of the round before did."""
_LEAST_TOKENS: Final = 1_000


def main() -> None:
    """Prints calls a second of both sides, and what the difference comes to."""
    key = RSAKey.generate_key(2048, {"kid": "east-1", "alg": "RS384", "use": "sig"})
    numbers = count()
    with tempfile.TemporaryDirectory() as folder, ProcessPoolExecutor(PROCESSES, get_context("spawn")) as clients:
        site = _site(Path(folder), key)
        with started(OURS) as open_side, started((*OURS, "--site", str(site))) as asking:
            load = dict(loads_for(open_side))["M"]
            sides = tuple(_turns(clients, load, open_side, asking, _Signer(key, load.path, numbers)))
    _print(*zip(*sides, strict=True))


def _site(folder: Path, key: RSAKey) -> Path:
    """The settings of a service that knows one client."""
    (folder / "keys.json").write_text(json.dumps({"keys": [key.as_dict(private=False)]}), encoding="utf-8")
    text = f"""
        [trust]
        audience = "{_AUDIENCE}"
        replay_store = "sqlite:///{folder}/ledger.sqlite"
        [[clients]]
        name = "east"
        issuer = "{_ISSUER}"
        jwks_file = "keys.json"
    """
    (folder / "site.toml").write_text(text, encoding="utf-8")
    return folder / "site.toml"


class _Signer:
    """Signs tokens for one service, each with an id of its own."""

    def __init__(self, key: RSAKey, path: str, numbers: Iterator[int]) -> None:
        self._key, self._audience, self._numbers = key, _AUDIENCE + path, numbers

    def sign(self, how_many: int) -> tuple[str, ...]:
        """As many tokens, good from now on for five minutes."""
        now = int(datetime.now(UTC).timestamp())
        said = {"iss": _ISSUER, "aud": self._audience, "iat": now, "exp": now + 300}
        head = {"alg": "RS384", "kid": "east-1"}
        numbers = (next(self._numbers) for _ in range(how_many))
        return tuple(jwt.encode(head, {**said, "jti": str(one)}, self._key, algorithms=["RS384"]) for one in numbers)


def _turns(
    clients: Executor, load: Load, open_side: Served, asking: Served, signer: _Signer
) -> Iterator[tuple[Round, Round]]:
    """Rounds of both sides in turns, after one that warms up and is not counted."""
    for turn in range(_ROUNDS + 1):
        plain = round_of(clients, open_side, *[load] * PROCESSES)
        tokens = max(_LEAST_TOKENS, len(plain.spans) // PROCESSES * _SPARE)
        signed = [load._replace(port=asking.port, tokens=signer.sign(tokens)) for _ in range(PROCESSES)]
        asked = round_of(clients, asking, *signed)
        if turn:
            yield plain, asked


def _print(plain: Sequence[Round], asked: Sequence[Round]) -> None:
    print("M             calls/s  p50 ms  p99 ms  cpu ms")
    for name, rounds in (("open", plain), ("token, RS384", asked)):
        p50, p99 = waits_of(rounds)
        print(
            f"{name:12} {middle_of(rounds, 'rate'):8.0f} {p50:7.1f} {p99:7.1f} {middle_of(rounds, 'processor_ms'):7.2f}"
        )
    turns = tuple(zip(plain, asked, strict=True))
    calls = 1 - median(b.rate / a.rate for a, b in turns)
    spent = median(b.processor_ms / a.processor_ms for a, b in turns) - 1
    print(
        f"asking who calls costs {calls:.0%} of the calls a second (target: at most {_MOST_COST:.0%}), "
        f"and {spent:.0%} more processor time a call"
    )


if __name__ == "__main__":
    main()
