"""The clock of the demonstration: it stands still until somebody moves the day, for service and EHR alike."""

from datetime import date, datetime, timedelta

EARLIEST, LATEST = date(2020, 1, 1), date(2035, 12, 31)


class DemoClock:
    """Called, it gives the instant; the hour stays as it was set."""

    def __init__(self, instant: datetime) -> None:
        self._instant = self._first = instant

    def __call__(self) -> datetime:
        """The instant, with its offset."""
        return self._instant

    @property
    def day(self) -> date:
        """Today."""
        return self._instant.date()

    def move_to(self, day: date) -> None:
        """Makes it that day, within the years that the demonstration knows."""
        kept = min(max(day, EARLIEST), LATEST)
        self._instant = datetime.combine(kept, self._instant.timetz())

    def move_by(self, days: int) -> None:
        """Moves some days on, or back."""
        self.move_to(self.day + timedelta(days=days))

    def begin_anew(self) -> None:
        """Back to the first day."""
        self._instant = self._first
