"""Results of one kind over time: the latest, those before it, and a line that shows where they go."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, tzinfo
from math import isfinite

from cds_service.demo.elements import (
    Json,
    at,
    beginning,
    codings_of,
    concept_text,
    day_of,
    each,
    first_text,
    local_day,
    text_at,
)
from cds_service.pages.typesetting import with_unit

WIDTH, HEIGHT, _MARGIN = 96, 24, 4
_PRESSURE = 2
_EARLIER = 3
_DIGITS = 8


@dataclass(frozen=True, slots=True)
class Result:
    """One result: its day at the site, its value in words, and as a number where it is one."""

    day: str
    text: str
    number: float | None
    unit: str
    status: str


@dataclass(frozen=True, slots=True)
class Series:
    """Results of one kind.

    `earlier`: numbers only; `flag`: high or low against the reference range of the latest; `points`: of the line.
    """

    name: str
    latest: Result
    earlier: tuple[Result, ...]
    flag: str
    points: tuple[tuple[float, float], ...]


def read_series(observations: Sequence[Json], zone: tzinfo) -> tuple[Series, ...]:
    """The results by kind, the latest first; of one day in the order in which the chart names them."""
    kinds: dict[object, list[Json]] = {}
    for one in observations:
        name = concept_text(at(one, "code"))
        kinds.setdefault(min(codings_of(at(one, "code")), default=name), []).append(one)
    found = [_series(several, zone) for several in kinds.values()]
    return tuple(sorted(found, key=lambda series: series.latest.day, reverse=True))


def _series(several: list[Json], zone: tzinfo) -> Series:
    ordered = sorted(several, key=lambda one: beginning(_when(one), zone))
    results = [_result(one, zone) for one in ordered]
    return Series(
        name=concept_text(at(ordered[-1], "code")),
        latest=results[-1],
        earlier=tuple(one for one in reversed(results[:-1]) if one.number is not None)[:_EARLIER],
        flag=_flag(ordered[-1], results[-1]),
        points=trend(results),
    )


def _when(one: Json) -> str:
    return first_text(one, ("effectiveDateTime",), ("effectiveInstant",), ("effectivePeriod", "end"), ("issued",))


def _result(one: Json, zone: tzinfo) -> Result:
    number, text, unit = _number(one)
    text, unit = (text, unit) if text else _words(one)
    return Result(local_day(_when(one), zone), text, number, unit, text_at(one, "status"))


def _number(one: Json) -> tuple[float | None, str, str]:
    """A numeric value: as a number, as it was written, and its unit; without a number only empty text."""
    value = at(one, "valueQuantity", "value")
    value = at(one, "valueInteger") if value is None else value
    unit = first_text(one, ("valueQuantity", "unit"), ("valueQuantity", "code"))
    number = number_of(value)
    written = f"{text_at(one, 'valueQuantity', 'comparator')}{_digits(value)}" if number is not None else ""
    return number, written, with_unit(unit)


def _digits(value: float) -> str:
    """A number as it was written; one with more digits than were measured, rounded."""
    return str(value) if len(str(value)) <= _DIGITS else f"{value:.5g}"


def number_of(value: object) -> float | None:
    """A JSON number that can be drawn; None for anything else."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    try:
        return float(value) if isfinite(float(value)) else None
    except OverflowError:
        return None


def _words(one: Json) -> tuple[str, str]:
    """A value that is no single number, and its unit: two components (a pressure), an answer, a text."""
    parts = [_number(part) for part in each(one, "component")]
    if len(parts) == _PRESSURE and all(text for _, text, _ in parts):
        return "/".join(text for _, text, _ in parts), parts[0][2]
    boolean = at(one, "valueBoolean")
    told = {True: "yes", False: "no"}.get(boolean, "") if isinstance(boolean, bool) else ""
    return concept_text(at(one, "valueCodeableConcept")) or text_at(one, "valueString") or told or "–", ""


def _flag(one: Json, result: Result) -> str:
    if result.number is None:
        return ""
    for limits in each(one, "referenceRange"):
        low, high = (number_of(at(limits, side, "value")) for side in ("low", "high"))
        if high is not None and result.number > high:
            return "high"
        if low is not None and result.number < low:
            return "low"
    return ""


def trend(results: Sequence[Result]) -> tuple[tuple[float, float], ...]:
    """Where the results of the latest's unit lie in a picture of WIDTH by HEIGHT; empty with fewer than two."""
    found = [point for one in results if one.unit == results[-1].unit for point in _point(one)]
    if len(found) < 2:  # noqa: PLR2004 - a line has two ends
        return ()
    days, numbers = [day.toordinal() for day, _ in found], [number for _, number in found]
    return tuple(
        (_placed(day, min(days), max(days), WIDTH), HEIGHT - _placed(number, min(numbers), max(numbers), HEIGHT))
        for day, number in zip(days, numbers, strict=True)
    )


def _point(one: Result) -> Iterator[tuple[date, float]]:
    day = day_of(one.day)
    if day is not None and one.number is not None:
        yield day, one.number


def _placed(value: float, least: float, most: float, size: int) -> float:
    share = (value - least) / (most - least) if most > least else 0.5
    return round(_MARGIN + share * (size - 2 * _MARGIN), 1)
