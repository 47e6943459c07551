"""The chart that is open, judged for the product's own pages: the assessment page, and the timeline on the chart."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from cards.wording import Words
from cds_service.catalogues import languages, load_words
from cds_service.demo.clock import DemoClock
from cds_service.demo.elements import Json
from cds_service.demo.orders import bundle_of
from cds_service.intake import Chart
from cds_service.loading import Loaded
from cds_service.pages.timeline.drawing import NARROW, WIDE, Scene
from cds_service.pages.timeline.pictures import picture
from cds_service.pages.words import PageWords
from cds_service.trial.case import Moment
from cds_service.viewing import view_of
from fhir_profiles.reading.decoding import Decoded, UnreadableBody, decode_body
from fhir_profiles.reading.records import read_record


@dataclass(frozen=True, slots=True)
class Pictures:
    """The timeline for a wide screen and for a telephone."""

    wide: Markup
    narrow: Markup


@dataclass(frozen=True, slots=True)
class Studio:
    """What pictures are made with: protocol and value sets, the words of reasons, the clock."""

    loaded: Loaded
    words: Mapping[str, Words]
    clock: DemoClock

    @property
    def moment(self) -> Moment:
        """Now, as the service has it."""
        return Moment(self.clock(), self.loaded.settings.zone)

    def timeline(self, resources: Sequence[Json], say: PageWords) -> Pictures | None:
        """The timeline of an enrolled patient; None of any other, and of a chart that cannot be read."""
        chart = chart_of(resources)
        if chart.decoded is None:
            return None
        return self._draw(chart.decoded, say)

    def _draw(self, decoded: Decoded, say: PageWords) -> Pictures | None:
        try:
            record = read_record(decoded, self.loaded.vocabulary, self.moment.zone)
        except UnreadableBody:
            return None
        view = view_of(self.loaded, record, self.moment)
        if view.timeline is None:
            return None
        # The results stand beside it in the chart, each with its trend.
        scene = Scene(view.assessment.patient, view.timeline, ())
        words = self.words.get(say.language) or self.words["en"]
        wide, narrow = (Markup(picture(scene, form, words, say)) for form in (WIDE, NARROW))  # noqa: S704 - escaped where it is drawn
        return Pictures(wide, narrow)


def open_studio(loaded: Loaded, clock: DemoClock) -> Studio:
    """The studio, with the words of every language."""
    words = {language: load_words(language, loaded.protocol.titles) for language in languages()}
    return Studio(loaded, words, clock)


def chart_of(resources: Sequence[Json]) -> Chart:
    """A chart as the commands read one from a file."""
    body = json.dumps(bundle_of(resources)).encode()
    try:
        return Chart("", decode_body(body))
    except UnreadableBody as error:
        return Chart("", None, str(error))
