"""The assessment as a page in the frame of a site, and as one file that needs nothing else."""

from functools import cache
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from cards.wording import Words
from cds_service.pages.assessment.views import assessment_view
from cds_service.pages.timeline.pictures import style_of
from cds_service.pages.typesetting import whole_days
from cds_service.pages.words import PageWords
from cds_service.trial.protocol import TrialProtocol
from cds_service.viewing import View

_STYLES: Final = tuple(
    f"{name}.css" for name in ("tokens", "site", "parts", "controls", "timeline", "assessment", "lines", "paper")
)


def assessment_file(view: View, protocol: TrialProtocol, words: Words, say: PageWords) -> str:
    """A whole HTML document: styles inside, every line open, so that it prints as it is."""
    return (
        _environment()
        .get_template("assessment/file.html")
        .render(
            view=assessment_view(view, protocol, words, say),
            _=say,
            language=say.language,
            styles=tuple(Markup(style_of(name)) for name in _STYLES),  # noqa: S704 - our own style sheets
            whole=True,
            whole_address="",
        )
    )


@cache
def _environment() -> Environment:
    loader = PackageLoader("cds_service.pages")
    made = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    made.filters["whole_days"] = whole_days
    return made
