"""Messages become sentences: the words come from a catalogue, the parameters are shown as a reader expects them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from cards.particles import Shown
from cds_service.trial.findings import Message, Parameter
from cds_service.trial.protocol import NamedValue, TrialProtocol
from cds_service.trial.results import plain
from cds_service.trial.statements.observed import Limit
from fhir_profiles.dates import DateInterval, Delay, Duration
from fhir_profiles.record import BareCode

_SETS = frozenset({"concept", "concepts", "analyte", "scale", "test"})
_MONTH, _YEAR = 31, 366
_LENGTHS = (Duration, Delay)


@dataclass(frozen=True, slots=True)
class Words:
    """One language: its catalogue, by message id, and what the value sets are called in English."""

    language: str
    catalogue: Mapping[str, str]
    titles: Mapping[str, str]

    def say(self, message: Message) -> str:
        """The sentence of a message; it begins with a capital."""
        return capital(self.phrase(message))

    def phrase(self, message: Message) -> str:
        """The words of a message, for use inside a sentence. KeyError for an id that the catalogue lacks.

        A thing recorded by a bare code is called what its value set is called.
        """
        shown = {name: self._show(name, value) for name, value in message.parameters}
        if "concept" in shown and any(isinstance(value, BareCode) for _, value in message.parameters):
            shown["label"] = shown["concept"]
        return self.catalogue[message.id].format(**shown)

    def title(self, name: str) -> str:
        """What a value set, analyte, score or test is called."""
        return self.catalogue.get(f"set.{name}") or self.titles.get(name, name)

    def of_trial(self, protocol: TrialProtocol, text: str) -> str:
        """A text of the protocol (a criterion, a question, a meaning) in this language; else as it stands there.

        The values that it names are those in force.
        """
        told = protocol.texts.get(self.language, {}).get(text, text)
        if "{" not in told:
            return told
        return told.format(**{value.name: Shown(self.value(value)) for value in protocol.named_values})

    def value(self, named: NamedValue) -> str:
        """A named value of the protocol as a sentence states it."""
        if isinstance(named.read, Limit):
            return self.times_upper_limit(named.read)
        return self._show(named.name, named.read)

    def times_upper_limit(self, limit: Limit) -> str:
        """A multiple of the upper limit of normal in words."""
        return self.catalogue["describe.limit.uln"].format(times=plain(limit.value))

    def days(self, days: DateInterval) -> str:
        """A date as far as it is known: a day, a month, a year, or a span."""
        first, last = days
        if first == date.min:
            return self.catalogue["date.unknown"] if last == date.max else self._until(last)
        if first == last:
            return first.isoformat()
        whole_month = first.day == 1 and (last + timedelta(days=1)).day == 1 if last < date.max else False
        if whole_month and (last - first).days < _MONTH:
            return f"{first:%Y-%m}"
        whole_year = (first.month, first.day, last.month, last.day) == (1, 1, 12, 31)
        return f"{first:%Y}" if whole_year and (last - first).days < _YEAR else self._span(first, last)

    def window(self, window: tuple[date, date]) -> str:
        """From which day to which: of a window both days are known, even where they are a whole month."""
        first, last = window
        return first.isoformat() if first == last else self._span(first, last)

    def _span(self, first: date, last: date) -> str:
        return self.catalogue["date.span"].format(first=first.isoformat(), last=last.isoformat())

    def _until(self, last: date) -> str:
        return self.catalogue["date.until"].format(day=last.isoformat())

    def duration(self, length: Duration) -> str:
        """A length of time in words."""
        number = "one" if length.amount == 1 else "many"
        return self.catalogue[f"{length.unit}.{number}"].format(n=length.amount)

    def delay(self, delay: Delay) -> str:
        """A window after an event in words."""
        if delay.first == delay.last:
            return self.duration(delay.last)
        ends = {"first": delay.first.amount, "last": delay.last.amount}
        return self.catalogue[f"delay.{delay.first.unit}"].format(**ends)

    def _show(self, name: str, value: Parameter) -> str:
        if isinstance(value, DateInterval):
            return self.days(value)
        if isinstance(value, _LENGTHS):
            return self.duration(value) if isinstance(value, Duration) else self.delay(value)
        if isinstance(value, tuple):
            names = self._source if name == "sources" else self.title
            return self._list(tuple(names(str(one)) for one in value))
        if name in _SETS:
            return self.title(str(value))
        if name == "source":
            return self._source(str(value))
        return str(value).replace("10*3/uL", "×10³/µL")

    def _source(self, name: str) -> str:
        return self.catalogue[f"source.name.{name}"]

    def _list(self, names: tuple[str, ...]) -> str:
        names = tuple(dict.fromkeys(names))
        if len(names) <= 1:
            return "".join(names)
        return self.catalogue["list.and"].format(rest=", ".join(names[:-1]), last=names[-1])


def small(text: str) -> str:
    """The text inside a sentence: its first letter small, unless it begins with a name (Child-Pugh, HIV)."""
    first = text.partition(" ")[0]
    return text if first[1:] != first[1:].lower() else text[:1].lower() + text[1:]


def capital(text: str) -> str:
    """The text with its first letter large."""
    return text[:1].upper() + text[1:]
