"""The cards of known patients, written down: what changes in them is seen in review. `make docs` writes them anew."""

import json
from functools import cache
from itertools import product
from pathlib import Path
from typing import Final

from cds_service.catalogues import languages
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


def golden_file(name: str, language: str) -> Path:
    """Where the cards of one of them are written down."""
    return GOLDEN / ("" if language == "en" else language) / f"{name}.json"


def golden_cards(name: str, language: str) -> list[Json]:
    """The cards that the service gives for one of them today."""
    chart = golden_charts()[name]
    caller = client(chart["asOf"], chart["timeZone"]) if "asOf" in chart else client()
    asked = hook_request(chart["bundle"], chart.get("supplied"))
    return cards_of(caller.post(SERVICE, json=asked, headers={"Accept-Language": language}))


def write_golden() -> None:
    """Writes every file anew."""
    for name, language in product(golden_charts(), languages()):
        text = json.dumps(golden_cards(name, language), indent=1, ensure_ascii=False)
        golden_file(name, language).write_text(f"{text}\n", encoding="utf-8")
