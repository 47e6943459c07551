"""What timeline pictures are drawn of in tests: bundled patients, small charts, and timelines of every shape."""

import io
import json
from datetime import date
from functools import cache
from pathlib import Path
from typing import Final

from cds_service.intake import read_charts
from cds_service.loading import Loaded, load
from cds_service.pages.timeline.drawing import Scene
from cds_service.settings import Settings, read_clock, read_zone
from cds_service.trial.case import Moment
from cds_service.viewing import View, view_of
from fhir_profiles.reading.decoding import Decoded, decode_body
from fhir_profiles.reading.records import read_record
from tests.acceptance import AS_OF, CANCER, PATIENT, bundle, condition
from tests.unit.cds_service.timeline_charts import ENROLLED

ZONE: Final = read_zone("Asia/Seoul")


@cache
def product() -> Loaded:
    """The product as it is installed."""
    return load(Settings())


def view(decoded: Decoded, tace: date | None = None, as_of: str = AS_OF) -> View:
    """What is shown of a chart."""
    record = read_record(decoded, product().vocabulary, ZONE, None)
    return view_of(product(), record, Moment(read_clock(as_of), ZONE), tace)


def chart_of(*resources: object) -> Decoded:
    """The chart of an enrolled patient with these records."""
    return decode_body(json.dumps(bundle(PATIENT, condition(CANCER), ENROLLED, *resources)).encode())


def scene_of(shown: View) -> Scene:
    """What a picture is drawn of; the patient is enrolled."""
    if shown.timeline is None:
        raise ValueError("a patient who is not enrolled has no picture")
    return Scene(shown.assessment.patient, shown.timeline, shown.trends)


def demo_view(file: Path, tace: date | None = None, as_of: str = AS_OF) -> View:
    """What is shown of a bundled patient."""
    (chart,) = read_charts((str(file),), io.BytesIO())
    if chart.decoded is None:
        raise ValueError(chart.problem)
    return view(chart.decoded, tace, as_of)


def demo_scene(file: Path, tace: date | None = None, as_of: str = AS_OF) -> Scene:
    """What the picture of a bundled patient is drawn of."""
    return scene_of(demo_view(file, tace, as_of))
