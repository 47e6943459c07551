"""Whether the windows of guidance leave room for each other (rulebook 8.1): what contradicts itself guides nobody."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from cds_service.protocols.values import BadValueError
from fhir_profiles.dates import Delay, Duration

# How long a month is depends on the calendar: windows contradict each other where they do in every month.
_SESSIONS = tuple(date(2027, month, 1) for month in range(1, 13))


def check_windows(given: Mapping[str, Any], after: Mapping[str, Delay], before: Mapping[str, Duration]) -> None:
    """Refuses windows with which a step between two sessions could never be done. Raises BadValueError naming them.

    `given`: what the protocol file says of guidance, where a window is the name of a parameter or its value.
    """
    start, imaging, following = (_ends(after[name]) for name in ("start_sorafenib", "response_imaging", "next_tace"))
    sessions, stop = given["windows"]["next_tace"], given["before_tace"]["stop_sorafenib"]
    last_doses = [before["stop_sorafenib"].before(last) for _, last in following]
    if all(first > dose for (first, _), dose in zip(start, last_doses, strict=True)):
        told = f"begins after the last dose that {stop!r} allows before the end of {sessions!r}"
        raise BadValueError(f"{given['windows']['start_sorafenib']!r} {told}: sorafenib could never be taken")
    if all(first > last for (first, _), (_, last) in zip(imaging, following, strict=True)):
        told = f"begins after the end of {sessions!r}"
        raise BadValueError(f"{given['windows']['response_imaging']!r} {told}: no next TACE could follow the imaging")


def _ends(window: Delay) -> list[tuple[date, date]]:
    return [window.after(day) for day in _SESSIONS]
