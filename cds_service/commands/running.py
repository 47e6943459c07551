"""What the commands that judge share: their options, and what they are made ready with."""

import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import click

from cards.wording import Words
from cds_service.catalogues import languages, load_words
from cds_service.commands.group import Surroundings
from cds_service.loading import COTSOM, Loaded, load
from cds_service.settings import Settings, read_clock, read_settings, read_zone

_CHART_OPTIONS: Final = (
    click.option("--as-of", help="Instant of evaluation with offset, e.g. 2026-11-22T09:00:00+09:00. Default: now."),
    click.option("--time-zone", help="The site's time zone, e.g. Asia/Seoul. Default: the site file's, else UTC."),
    click.option("--supplied", help="Exactly these sources were asked for, e.g. patient,conditions. Default: all."),
    click.option("--site", type=click.Path(path_type=Path), help="The site's settings (TOML)."),
)


def chart_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """When, where, of which sources and by whose settings a chart is judged."""
    for option in reversed(_CHART_OPTIONS):
        command = option(command)
    return command


language_option = click.option(
    "--language", type=click.Choice(languages()), help="Language of the words shown. Default: the site's, else English."
)


def prepare(surroundings: Surroundings, site: Path | None, protocol: Path | None, time_zone: str | None) -> Loaded:
    """Settings, protocol and value sets of a command."""
    settings = read_settings(surroundings.environment, site)
    if time_zone is not None:
        settings = replace(settings, zone=read_zone(time_zone))
    return load(settings, protocol or COTSOM)


def instant(surroundings: Surroundings, settings: Settings, as_of: str | None) -> datetime:
    """The instant of evaluation: as asked, else the set clock, else now."""
    if as_of is not None:
        return read_clock(as_of)
    return settings.clock or surroundings.now().astimezone(settings.zone).replace(microsecond=0)


def words_of(loaded: Loaded, language: str | None) -> Words:
    """The words of the language that was asked for, else of the site's."""
    return load_words(language or loaded.settings.language, loaded.protocol.titles)


def is_terminal() -> bool:
    """Whether standard output is a terminal."""
    return sys.stdout.isatty()
