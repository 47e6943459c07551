"""What the clinician does at the EHR, step by step: opens a chart, orders, answers cards, signs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import tzinfo

from cds_service.demo.client import Service, discover, feed_back
from cds_service.demo.clock import DemoClock
from cds_service.demo.elements import Json, each, reference, text_at, zone_of
from cds_service.demo.feedback import accepted, overridden
from cds_service.demo.guidance import Fault, Guidance, Offer, ask, opening, ordering
from cds_service.demo.orders import Orders, accept_suggestions, add_draft, bundle_of, sign, without_draft
from cds_service.demo.pad import Pad
from cds_service.demo.recording import Chart
from cds_service.demo.sessions import Answered, OpenChart, Session, Settled

OPENING, SELECTING, SIGNING = "patient-view", "order-select", "order-sign"
_ORDERING = frozenset({SELECTING, SIGNING})
_BLOCKING = frozenset({"warning", "critical"})


@dataclass(frozen=True, slots=True)
class Desk:
    """One browser's session at one chart, at the instant of the clock, in the reader's language."""

    bases: tuple[str, ...]
    clock: DemoClock
    pad: Pad
    session: Session
    chart: OpenChart
    language: str

    @property
    def zone(self) -> tzinfo:
        """In which the days of the EHR begin and end."""
        return zone_of(self.clock())

    def opened(self) -> Guidance:
        """What decision support says to the chart; asked anew whenever chart, day or language are others."""
        chart = self.chart.orders.chart
        return self._current(OPENING, (chart, self.clock.day, self.language), opening(chart, self.zone))

    def selected(self) -> Guidance:
        """What was said to the draft selected last, as long as nothing has changed since."""
        found = self.chart.guidance.get(SELECTING)
        return found.guidance if found and found.about == self._about_drafts() else Guidance()

    def checked(self) -> Guidance:
        """What decision support says to all drafts before they are signed."""
        orders = self.chart.orders
        added = {"draftOrders": bundle_of(orders.drafts)}
        return self._current(SIGNING, self._about_drafts(), ordering(orders.chart, added, self.zone))

    def _about_drafts(self) -> tuple[object, ...]:
        return (self.chart.orders.chart, self.chart.orders.drafts, self.clock.day, self.language)

    def _current(self, hook: str, about: tuple[object, ...], request_of: Callable[[Service], Json]) -> Guidance:
        found = self.chart.guidance.get(hook)
        if found is not None and found.about == about:
            return found.guidance
        services, unreached = self._services(hook)
        guidance, exchanges = ask(services, request_of, self.language)
        self.session.record(hook, exchanges)
        told = replace(guidance, faults=(*unreached, *guidance.faults))
        self.chart.guidance[hook] = Answered(about, told)
        return told

    def _services(self, hook: str) -> tuple[Sequence[Service], tuple[Fault, ...]]:
        """The services of a hook, as discovery offers them, and the addresses where it did not answer."""
        unreached: tuple[Fault, ...] = ()
        if not self.session.services:
            found = [discover(base) for base in self.bases]
            self.session.record("discovery", [exchange for exchange, _ in found])
            unreached = tuple(Fault(one.url, one.status) for one, _ in found if not one.succeeded)
            self.session.services = () if unreached else tuple(one for _, several in found for one in several)
            return [one for _, several in found for one in several if one.hook == hook], unreached
        return [one for one in self.session.services if one.hook == hook], unreached

    def ask_again(self) -> None:
        """Forgets what was answered, so that it is asked anew."""
        self.chart.guidance.clear()

    def draft(self, order: Json) -> None:
        """Writes a draft and, as the clinician has just selected it, asks about it."""
        self._write(add_draft(self.chart.orders, order))
        orders = self.chart.orders
        added = {"selections": [reference(orders.drafts[-1])], "draftOrders": bundle_of(orders.drafts)}
        self.chart.guidance.pop(SELECTING, None)
        self._current(SELECTING, self._about_drafts(), ordering(orders.chart, added, self.zone))

    def drop(self, name: str) -> None:
        """Takes a draft back."""
        self._write(without_draft(self.chart.orders, name))

    def _write(self, orders: Orders) -> None:
        """Keeps the orders; where the drafts are others now, no answer to a card on drafts holds any longer."""
        if orders.drafts != self.chart.orders.drafts:
            self.chart.settled = {key: one for key, one in self.chart.settled.items() if key[0] not in _ORDERING}
        self.chart.orders = orders

    def record(self, write: Callable[[Chart], Chart]) -> None:
        """Writes something that happened into the chart."""
        written = write(Chart(self.pad, self.chart.orders.chart, self.clock()))
        self.chart.orders = replace(self.chart.orders, chart=written.resources)

    def settled(self, hook: str, offer: Offer) -> Settled | None:
        """What the clinician did with a card."""
        return self.chart.settled.get((hook, offer.key))

    def offer(self, hook: str, key: str) -> Offer | None:
        """A card that is on the screen."""
        shown = {OPENING: self.opened, SELECTING: self.selected, SIGNING: self.checked}.get(hook, Guidance)()
        return next((one for one in shown.offers if one.key == key), None)

    def accept(self, hook: str, offer: Offer, numbers: Sequence[int]) -> Sequence[str]:
        """Does what the chosen suggestions of a card say, and tells the service. What was done, in its words.

        Where this EHR cannot do all of it, it does nothing, and the card stays unanswered.
        """
        suggestions = tuple(each(offer.card, "suggestions"))
        chosen = [suggestions[number] for number in dict.fromkeys(numbers) if number < len(suggestions)]
        if text_at(offer.card, "selectionBehavior") != "any":
            chosen = chosen[:1]
        done = accept_suggestions(self.chart.orders, chosen)
        if not chosen or done is None:
            return ()
        self._settle(hook, offer, Settled("accepted"), accepted(offer.card, chosen, self.clock()))
        self._write(done)
        return [text for one in chosen for text in _deeds(one)]

    def override(self, hook: str, offer: Offer, code: str, comment: str) -> None:
        """Sets a card aside, and tells the service why."""
        reasons = {text_at(one, "code"): text_at(one, "display") for one in each(offer.card, "overrideReasons")}
        why = "; ".join(part for part in (reasons.get(code, ""), comment) if part)
        self._settle(hook, offer, Settled("overridden", why), overridden(offer.card, code, comment, self.clock()))

    def _settle(self, hook: str, offer: Offer, settled: Settled, item: Json | None) -> None:
        self.chart.settled[hook, offer.key] = settled
        if item is not None:
            self.session.record("feedback", [feed_back(offer.service, item)])

    def unanswered(self) -> tuple[Offer, ...]:
        """The warnings on the drafts that the clinician has neither accepted nor overridden."""
        offers = self.checked().offers
        return tuple(
            one for one in offers if text_at(one.card, "indicator") in _BLOCKING and not self.settled(SIGNING, one)
        )

    def sign(self) -> int:
        """Signs every draft; how many they were."""
        count = len(self.chart.orders.drafts)
        self._write(sign(self.chart.orders, self.clock.day.isoformat()))
        return count


def _deeds(suggestion: Json) -> Sequence[str]:
    """What a suggestion does, as its actions say; its label where they say nothing."""
    said = [text_at(action, "description") for action in each(suggestion, "actions")]
    return [text for text in said if text] or [text_at(suggestion, "label")]
