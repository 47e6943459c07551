"""The cards of known patients, written down: what changes in them is seen in review. `make docs` writes them anew."""

import json
from functools import cache
from pathlib import Path
from typing import Final

from cds_service.commands.demonstrating import PATIENTS
from tests.conftest import REFERENCE
from tests.http_calls import SERVICE, Json, cards_of, client, hook_request

GOLDEN: Final = Path(__file__).parent
_VIGNETTES: Final = ("elig-001", "elig-005", "elig-043")


@cache
def golden_charts() -> dict[str, Json]:
    """The bundled patients and, where they lie beside the repository, a few of the reference material."""
    demo = {file.stem: {"bundle": json.loads(file.read_bytes())} for file in sorted(PATIENTS.glob("*.json"))}
    files = (REFERENCE / "vignettes" / "eligibility" / f"{name}.json" for name in _VIGNETTES)
    return {**demo, **{file.stem: json.loads(file.read_bytes()) for file in files if file.exists()}}


def golden_cards(name: str) -> list[Json]:
    """The cards that the service gives for one of them today."""
    chart = golden_charts()[name]
    caller = client(chart["asOf"], chart["timeZone"]) if "asOf" in chart else client()
    return cards_of(caller.post(SERVICE, json=hook_request(chart["bundle"], chart.get("supplied"))))


def write_golden() -> None:
    """Writes every file anew."""
    for name in golden_charts():
        text = json.dumps(golden_cards(name), indent=1, ensure_ascii=False)
        (GOLDEN / f"{name}.json").write_text(f"{text}\n", encoding="utf-8")
