"""What the core says: verdicts, answers, evidence, reasons as data (rulebook section 1)."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from enum import Enum, StrEnum, auto

from msgspec import Struct

from fhir_profiles.dates import DateInterval, Delay, Duration, Lookback

Parameter = str | int | Decimal | date | DateInterval | Duration | Delay | tuple[str, ...]


class Verdict(StrEnum):
    """What a criterion says of this patient; `satisfied` and `violated` speak of passing."""

    SATISFIED = "satisfied"
    PRESUMED = "presumed"
    UNKNOWN = "unknown"
    ATTEST = "attest"
    VIOLATED = "violated"

    @property
    def passes(self) -> bool:
        """Whether the patient passes the criterion by it."""
        return self in (Verdict.SATISFIED, Verdict.PRESUMED)


class Certainty(Enum):
    """How a statement answers.

    It holds, it does not, nothing of the kind is recorded, it may hold, or what would tell was not supplied.
    """

    YES = auto()
    NO = auto()
    SILENT = auto()
    MAYBE = auto()
    HIDDEN = auto()


class Message(Struct, frozen=True, gc=False):
    """A sentence as data: a message id of the catalogues, and its parameters by name."""

    id: str
    parameters: tuple[tuple[str, Parameter], ...] = ()


def message(name: str, **parameters: Parameter) -> Message:
    """A message with named parameters."""
    return Message(name, tuple(parameters.items()))


class Evidence(Struct, frozen=True, gc=False):
    """One recorded fact behind a verdict: where, when, as recorded, and as compared (None: compared as recorded)."""

    reference: str
    days: DateInterval | None
    value: str
    compared: str | None = None


class Ask(Struct, frozen=True, gc=False):
    """What would settle an open line: `lab:`, `test:`, `confirm:` or `source:` and what of it, in words by `text`."""

    id: str
    text: Message


class Answer(Struct, frozen=True, gc=False):
    """A statement's answer, with why. `lapses`, of a YES: the first day on which time alone ends it (None: never)."""

    certainty: Certainty
    reason: Message
    evidence: tuple[Evidence, ...] = ()
    asks: tuple[Ask, ...] = ()
    lapses: date | None = None


class Finding(Struct, frozen=True, gc=False):
    """One criterion judged: its verdict, the reasons, the evidence, and what would settle it while it is open."""

    id: str
    verdict: Verdict
    reasons: tuple[Message, ...]
    evidence: tuple[Evidence, ...] = ()
    asks: tuple[Ask, ...] = ()
    lapses: date | None = None


def distinct_asks(asks: Iterable[Ask]) -> tuple[Ask, ...]:
    """Each ask once, in the order in which it first came."""
    return tuple({ask.id: ask for ask in reversed(tuple(asks))}.values())[::-1]


def confirm(what: str, **parameters: Parameter) -> Ask:
    """An ask that a person look and confirm."""
    return Ask(f"confirm:{what}", message(f"confirm.{what}", **parameters))


def ask_test(test: str, window: Lookback | None = None) -> Ask:
    """An ask for a test or score, recent enough where the line says how recent."""
    if window is None:
        return Ask(f"test:{test}", message("ask.test", test=test))
    return Ask(f"test:{test}", message("ask.test-recent", test=test, age=window.length))
