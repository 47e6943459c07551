"""From a chart and draft orders to order cards: what the command line and the order hooks share."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any

from cards.model import Card
from cards.ordering import Wording, order_card
from cards.wording import Words
from cds_service.loading import Loaded
from cds_service.received import Received
from cds_service.trial.assessment import Assessment, Status, assess_case, case_of
from cds_service.trial.case import Moment
from cds_service.trial.guidance.care import Care
from cds_service.trial.guidance.corrections import Checked, check_candidates, check_orders
from cds_service.trial.phase import Phase
from fhir_profiles.addresses import type_and_id, without_version
from fhir_profiles.reading.context import Reading
from fhir_profiles.reading.decoding import Decoded
from fhir_profiles.reading.drafts import Draft, read_drafts
from fhir_profiles.reading.records import read_record, reading_of
from fhir_profiles.record import Source
from fhir_profiles.resources import Patient

Raw = Mapping[str, Any]
_CANDIDATES = frozenset({Status.POTENTIALLY_ELIGIBLE, Status.ELIGIBLE_PENDING_CONFIRMATION})


@dataclass(frozen=True, slots=True)
class Request:
    """Draft orders for one patient. `selections`: at order-select, the drafts that are judged; None: all (order-sign).

    `received`: where an order that is to be ended stands, and the product that a draft refers to.
    """

    decoded: Decoded
    drafts: tuple[Raw, ...]
    selections: tuple[str, ...] | None
    supplied: frozenset[Source] | None = None
    received: Received = field(default_factory=Received)


def order_cards(loaded: Loaded, words: Words, moment: Moment, request: Request, trace: str) -> tuple[Card, ...]:
    """One card for each draft that fired a rule; none for a patient whom the protocol does not concern."""
    reading = reading_of(request.decoded, loaded.vocabulary, moment.zone)
    drafts = read_drafts(reading, request.drafts, request.received.find)
    if not drafts:
        return ()
    record = read_record(request.decoded, loaded.vocabulary, moment.zone, request.supplied)
    case = case_of(loaded.protocol, record, moment.day)
    assessment, care = assess_case(loaded.protocol, case, moment)
    checked = _check(loaded, care, assessment, drafts, request.selections)
    wording = Wording(loaded.protocol, words, loaded.vocabulary.terminology, trace, request.received.find)
    return tuple(order_card(one, assessment, wording) for one in checked)


_CONCERNED = frozenset(
    {"tace", "sorafenib", "hepatic-local-therapy", "cyp3a4-inducer-strong", "molecular-targeted-or-immunotherapy"}
)


def concern_a_rule(loaded: Loaded, zone: tzinfo, patient: str, drafts: tuple[Raw, ...], received: Received) -> bool:
    """Whether any rule speaks of one of the drafts; only a product that no draft holds is looked up.

    They are read again with the chart: whose a draft is may hang on the patient's identifiers, and its product may
    stand in what was fetched.
    """
    reading = Reading(loaded.vocabulary, zone, Patient(id=patient.removeprefix("Patient/")), None)
    return any(draft.sets & _CONCERNED for draft in read_drafts(reading, drafts, received.find))


def _check(
    loaded: Loaded,
    care: Care | None,
    assessment: Assessment,
    drafts: tuple[Draft, ...],
    selections: tuple[str, ...] | None,
) -> tuple[Checked, ...]:
    chosen = drafts if selections is None else tuple(d for d in drafts if any(_names(s, d) for s in selections))
    if care is not None and assessment.phase is Phase.ENROLLED:
        return check_orders(care, assessment.findings, drafts, chosen, signing=selections is None)
    if assessment.status in _CANDIDATES and assessment.study_status != "withdrawn":
        return check_candidates(loaded.protocol.guidance, chosen, assessment.moment.day)
    return ()


def _names(selection: str, draft: Draft) -> bool:
    """Whether a selection names a draft: by type and id, also at the end of an address, or by the id alone."""
    plain = without_version(selection)
    return type_and_id(plain) == draft.reference or draft.reference.endswith(f"/{plain}")
