"""A patient's timeline for people at a terminal: a chart over the days, then dates, steps and cycle in words."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from rich.cells import set_cell_size
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from cards.escaping import one_line
from cards.timeline_document import absence_of, reasons_of
from cards.wording import Words
from cds_service.trial.assessment import Assessment
from cds_service.trial.findings import Message
from cds_service.trial.guidance.cycle import Cycle, Part, Window
from cds_service.trial.guidance.orders import Severity
from cds_service.trial.guidance.steps import State, Step
from cds_service.trial.guidance.timeline import Event, Kind, Timeline
from fhir_profiles.dates import DateInterval, add_days

_HORIZON = 730
_WINDOW = "#[-]"
_LABEL, _NARROWEST, _WIDEST = 28, 20, 120
_MARKS = {
    Kind.ENROLMENT: "*",
    Kind.TACE: "T",
    Kind.TACE_PLANNED: "P",
    Kind.SORAFENIB: "=",
    Kind.IMAGING: "I",
    Kind.RESPONSE: "R",
    Kind.EXAMINATION: "E",
}
_STATES = {
    State.UPCOMING: "cyan",
    State.DUE: "bold yellow",
    State.OVERDUE: "bold red",
    State.DONE: "green",
    State.UNKNOWN: "magenta",
}
_SEVERITIES = {Severity.INFO: "cyan", Severity.WARNING: "bold yellow", Severity.CRITICAL: "bold red"}


@dataclass(frozen=True, slots=True)
class Scale:
    """The days that the chart spans, and on how many columns."""

    first: date
    last: date
    columns: int

    def column(self, day: date) -> int:
        """The column of a day; before or after the chart its edge."""
        held = min(max(day, self.first), self.last)
        return (held - self.first).days * (self.columns - 1) // max((self.last - self.first).days, 1)

    def shows(self, first: date, last: date) -> bool:
        """Whether any of these days lies on the chart."""
        return first <= self.last and last >= self.first


@dataclass(frozen=True, slots=True)
class Bar:
    """Days on a row of the chart. `marks`: of one column alone, else of the first, those between, and the last."""

    first: date
    last: date
    marks: str
    style: str


def show_timeline(
    assessment: Assessment, timeline: Timeline | None, words: Words, name: str, width: int
) -> RenderableType:
    """Everything about one patient, at most `width` columns wide; not enrolled: one line that says so."""
    return Group(*_parts(assessment, timeline, words, name, width))


def _parts(
    assessment: Assessment, timeline: Timeline | None, words: Words, name: str, width: int
) -> Iterator[RenderableType]:
    say = words.catalogue
    instant = assessment.moment.as_of.astimezone(assessment.moment.zone).strftime("%Y-%m-%d %H:%M %Z")
    title = f"{name}  {assessment.patient}  {say['text.as-of'].format(instant=instant)}"
    yield Text(one_line(title), style="bold")
    yield Text(say[f"status.{assessment.status}"])
    if timeline is None:
        yield Text(words.say(absence_of(assessment)), style="bold")
    else:
        yield _chart(timeline, words, width)
        yield from _events(timeline, words, width)
        yield from _steps(timeline.steps, words)
        yield from _cycle(timeline.cycle, words) if timeline.cycle else ()
    yield Text(say["text.disclaimer"], style="dim")


def _chart(timeline: Timeline, words: Words, width: int) -> Text:
    """One row a kind of event and a window; today is the column of bars."""
    scale = _scale(timeline, width)
    rows: list[tuple[str, tuple[Bar, ...]]] = [
        (words.catalogue["timeline.row.today"], (_bar(timeline.day, timeline.day, "v", "bold"),))
    ]
    rows += [(words.catalogue[f"timeline.kind.{kind}"], bars) for kind, bars in _recorded(timeline)]
    rows += list(_windows(timeline, words))
    text = Text.assemble((f"{'':{_LABEL}}{_axis(scale)}\n", "dim"))
    for label, bars in rows:
        text.append(f"{set_cell_size(label, _LABEL - 2)}  ")
        text.append_text(_row(bars, scale, timeline.day))
        text.append("\n")
    return text.append(words.catalogue["timeline.legend"], style="dim")


def _scale(timeline: Timeline, width: int) -> Scale:
    """From the first day to the last of which anything is known, held within two years of today."""
    days = [timeline.day, *(day for event in timeline.events for day in (*event.days, *(event.end or ())))]
    days += [day for window in _all_windows(timeline) for day in window]
    known = [day for day in days if abs((day - timeline.day).days) <= _HORIZON]
    columns = min(max(width - _LABEL - 1, _NARROWEST), _WIDEST)
    return Scale(add_days(min(known), -1), add_days(max(known), 1), columns)


def _all_windows(timeline: Timeline) -> Iterator[Window]:
    yield from (step.window for step in timeline.steps if step.window)
    if timeline.cycle:
        yield from (window for _, window in timeline.cycle.parts)


def _axis(scale: Scale) -> str:
    """Months, each over its first day, as far apart as they can be read."""
    axis = ""
    for offset in range((scale.last - scale.first).days + 1):
        day = add_days(scale.first, offset)
        at = scale.column(day)
        if day.day == 1 and (not axis or at > len(axis)) and at + len(f"{day:%Y-%m}") <= scale.columns:
            axis = f"{axis:{at}}{day:%Y-%m}"
    return axis


def _recorded(timeline: Timeline) -> Iterator[tuple[Kind, tuple[Bar, ...]]]:
    for kind in Kind:
        bars = tuple(_event_bar(event, timeline.day) for event in timeline.events if event.kind is kind)
        if bars:
            yield kind, bars


def _event_bar(event: Event, day: date) -> Bar:
    """An event; a course from its start to its end, else until today; what is not certain as question marks."""
    mark = _MARKS[event.kind] if event.certain else "?"
    style = "green" if event.certain else "magenta"
    if event.kind is not Kind.SORAFENIB:
        return _bar(event.days.first, event.days.last, mark if event.days.is_day else "?", style)
    last = event.end.last if event.end else max(event.days.first, day)
    tail = mark if event.end else ">"
    return Bar(event.days.first, last, f"{mark * 3}{tail}", style)


def _bar(first: date, last: date, mark: str, style: str) -> Bar:
    return Bar(first, last, mark * 4, style)


def _windows(timeline: Timeline, words: Words) -> Iterator[tuple[str, tuple[Bar, ...]]]:
    for step in timeline.steps:
        if step.window:
            bar = Bar(*step.window, _WINDOW, _STATES[step.state])
            yield f"{step.id} {words.catalogue[f'timeline.state.{step.state}']}", (bar,)
    if timeline.cycle:
        for name, window in timeline.cycle.parts:
            yield f"> {words.catalogue[f'timeline.part.{name}']}", (Bar(*window, _WINDOW, "blue"),)


def _row(bars: Iterable[Bar], scale: Scale, day: date) -> Text:
    cells = [(" ", "")] * scale.columns
    cells[scale.column(day)] = ("|", "dim")
    for bar in bars:
        if scale.shows(bar.first, bar.last):
            first, last = scale.column(bar.first), scale.column(bar.last)
            alone, begin, between, end = tuple(bar.marks)
            drawn = f"{begin}{between * (last - first - 1)}{end}" if last > first else alone
            cells[first : last + 1] = [(mark, bar.style) for mark in drawn]
    return Text.assemble(*cells)


def _events(timeline: Timeline, words: Words, width: int) -> Iterator[RenderableType]:
    yield Text(f"\n{words.catalogue['timeline.heading.events']}", style="bold")
    longest = max((len(event.reference) for event in timeline.events), default=0)
    table = _table(whole_last=longest <= width // 2)
    for event in timeline.events:
        open_text = "" if event.certain else words.catalogue["timeline.not-certain"]
        text = Text.assemble(words.say(event.text), (f"  {open_text}", "magenta"))
        table.add_row(_when(event, words), text, Text(one_line(event.reference), style="dim"))
    yield table
    if timeline.latest_open:
        yield Text(words.say(Message("step.tace-date-open")), style="magenta")


def _when(event: Event, words: Words) -> str:
    start = words.days(event.days)
    if event.end is None:
        return start
    return words.catalogue["date.span"].format(first=start, last=words.days(DateInterval(*event.end)))


def _steps(steps: tuple[Step, ...], words: Words) -> Iterator[RenderableType]:
    yield Text(f"\n{words.catalogue['timeline.heading.steps']}", style="bold")
    table = _table()
    for step in steps:
        state = Text(words.catalogue[f"timeline.state.{step.state}"], style=_STATES[step.state])
        window = words.window(step.window) if step.window else ""
        table.add_row(Text.assemble(f"{step.id} ", state), window, words.say(step.reason))
    yield table


def _cycle(cycle: Cycle, words: Words) -> Iterator[RenderableType]:
    say = words.catalogue
    yield Text(f"\n{say['timeline.heading.cycle'].format(day=cycle.tace.isoformat())}", style="bold")
    table = _table()
    for name, window in cycle.parts:
        table.add_row(say[f"timeline.part.{name}"], words.window(window))
    yield table
    yield Text(f"\n{say['timeline.heading.conflicts' if cycle.conflicts else 'timeline.no-conflicts']}", style="bold")
    yield _conflicts(cycle, words)
    for question in cycle.open:
        yield Text(f"? {words.say(question)}", style="magenta")


def _conflicts(cycle: Cycle, words: Words) -> Table:
    """Which part conflicts, why, and with what; the gravest first."""
    table = _table(columns=2)
    for conflict in cycle.conflicts:
        part = words.catalogue[f"timeline.part.{conflict.part}"]
        # the reason names the analytes already
        against = "" if conflict.part is Part.SAFETY else ", ".join(conflict.against)
        by = "".join(f"  {name}" for name in (conflict.rule, one_line(against)) if name)
        severity = Text(words.catalogue[f"timeline.severity.{conflict.severity}"], style=_SEVERITIES[conflict.severity])
        why = Text.assemble(one_line(reasons_of(conflict, words)), (by, "dim"))
        table.add_row(Text.assemble(severity, f" {part}"), why)
    return table


def _table(*, columns: int = 3, whole_last: bool = False) -> Table:
    """A table without lines. `whole_last`: the last column, of references, is not broken."""
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    for number in range(1, columns + 1):
        table.add_column(overflow="fold", no_wrap=whole_last and number == columns)
    return table
