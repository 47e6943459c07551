"""The picture of the terminal in README: the command's own output for one bundled patient, as SVG."""

import io
import re
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console

from cds_service.catalogues import load_words
from cds_service.commands.demonstrating import AS_OF, PATIENTS, ZONE
from cds_service.loading import load
from cds_service.settings import Settings, read_clock, read_zone
from cds_service.terminal import show_assessment
from cds_service.trial.assessment import assess
from cds_service.trial.case import Moment
from fhir_profiles.reading.decoding import decode_body
from fhir_profiles.reading.records import read_record

PICTURE = Path(__file__).parent.parent / "docs" / "terminal.svg"
_PATIENT = "02-inr-and-ecog-missing"
# The library's template names a web font on a public server; a picture asks nobody for anything.
_FORMAT = re.sub(r"@font-face \{\{.*?\}\}\s*|<!--.*?-->", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)


def terminal_picture() -> str:
    """The SVG of one patient's assessment as the terminal shows it."""
    loaded = load(Settings())
    zone = read_zone(ZONE)
    record = read_record(decode_body((PATIENTS / f"{_PATIENT}.json").read_bytes()), loaded.vocabulary, zone)
    assessment = assess(loaded.protocol, record, Moment(read_clock(AS_OF), zone))
    words = load_words("en", loaded.protocol.titles)
    console = Console(record=True, width=118, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(show_assessment(assessment, loaded.protocol, words, f"{_PATIENT}.json", brief=True))
    return console.export_svg(title="cotsom-cds assess", code_format=_FORMAT, unique_id="terminal")
