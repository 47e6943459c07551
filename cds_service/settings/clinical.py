"""What a site says of its patients and laboratory: time zone, limits, plausible values, its own codes."""

from collections.abc import Mapping
from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cds_service.errors import ConfigurationError
from cds_service.settings.reading import Place, is_number, refuse_unknown, table, texts

# Days before and after which no patient is judged, and calendars end.
_YEARS = (1900, 2200)
_ENDS = 2
_SEXES = frozenset({"male", "female"})


def parameters(place: Place, value: object) -> Mapping[str, str]:
    """Named values of the protocol."""
    return {name: str(one) for name, one in table(place, value).items()}


def upper_limits(place: Place, value: object) -> Mapping[str, Mapping[str, str]]:
    """Upper limits of normal by analyte and sex."""
    return {name: _limits(place.within(f".{name}"), one) for name, one in table(place, value).items()}


def _limits(place: Place, value: object) -> Mapping[str, str]:
    if not isinstance(value, Mapping):
        raise place.expects("a table with male and female")
    refuse_unknown(place.within("."), value, _SEXES)
    if any(not is_number(one) or float(one) <= 0 for one in value.values()):
        raise place.expects("a number above 0 for each sex")
    return {sex: str(one) for sex, one in value.items()}


def plausible(place: Place, value: object) -> Mapping[str, tuple[str, str]]:
    """The least and the greatest value that is believed, by analyte."""
    return {name: _range(place.within(f".{name}"), one) for name, one in table(place, value).items()}


def _range(place: Place, value: object) -> tuple[str, str]:
    if not isinstance(value, list) or len(value) != _ENDS:
        raise place.expects("a list of the least and the greatest value")
    if not all(map(is_number, value)) or float(value[0]) >= float(value[1]):
        raise place.expects("two numbers, the least first,")
    return str(value[0]), str(value[1])


def local_codes(place: Place, value: object) -> Mapping[str, Mapping[str, frozenset[str]]]:
    """The site's own codes: value set -> code system -> codes."""
    return {name: _codes(place.within(f".{name}"), one) for name, one in table(place, value).items()}


def _codes(place: Place, value: object) -> Mapping[str, frozenset[str]]:
    if not isinstance(value, Mapping):
        raise place.expects("a table of code system = [codes]")
    return {system: frozenset(texts(place.within(f".{system}"), codes)) for system, codes in value.items()}


def read_zone(name: object) -> tzinfo:
    """A time zone by its IANA name."""
    try:
        return ZoneInfo(str(name))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ConfigurationError(f"time_zone {str(name)!r}: an IANA name like 'Asia/Seoul' was expected") from None


def is_in_reach(moment: datetime) -> bool:
    """Whether the windows around a moment surely lie within the calendar."""
    return _YEARS[0] <= moment.year <= _YEARS[1]


def read_clock(text: str) -> datetime:
    """An instant with its offset, like 2026-11-22T09:00:00+09:00."""
    moment: datetime | None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None or not is_in_reach(moment):
        raise ConfigurationError(f"{text!r}: an instant with offset like 2026-11-22T09:00:00+09:00 was expected")
    return moment
