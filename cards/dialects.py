"""What EHRs make of a card, as data: the specification to the letter, Epic, Oracle Health.

From the vendors' published pages on CDS Hooks. What they leave open is read the cautious way: as not shown.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Dialect:
    """What one EHR does with a card.

    `actions`: the types of action that a click carries out; `one_action`: only one of them a suggestion.
    `unshown_labels`: the parts of a card whose label is required and not shown.
    `ignored_of_created`: elements of an order to be created that are replaced by the EHR's own defaults.
    `order_systems`: code systems by which such an order is found; empty: any.
    `topic_characters`: overrides are remembered by `source.topic.code`, letters and digits, at most so many; 0: not.
    `registered_links`: types of link that are shown only where the hospital has listed the address.
    `detail_characters`: how much of `detail` is seen without scrolling; 0: not bounded.
    `html_extension`: the card extension that lets `detail` be HTML. `feedback`: the name of its override element.
    """

    id: str
    name: str
    discovery: str
    hooks: tuple[str, ...]
    actions: tuple[str, ...] = ("create", "update", "delete")
    one_action: bool = False
    behaviours: tuple[str, ...] = ("any", "at-most-one")
    unshown_labels: tuple[str, ...] = ()
    ignored_of_created: tuple[str, ...] = ()
    order_systems: tuple[str, ...] = ()
    topic_characters: int = 0
    registered_links: tuple[str, ...] = ()
    app_context: bool = True
    detail_characters: int = 0
    html_extension: str = ""
    feedback: str = "overrideReason"


GENERIC: Final = Dialect(
    id="generic",
    name="CDS Hooks",
    discovery="read",
    hooks=("patient-view", "order-select", "order-sign"),
)
EPIC: Final = Dialect(
    id="epic",
    name="Epic",
    discovery="not read: the hospital enters hook, address and queries",
    hooks=("patient-view", "order-select", "order-sign"),
    actions=("create", "delete"),
    one_action=True,
    behaviours=("any",),
    unshown_labels=("suggestions", "links"),
    ignored_of_created=(
        "occurrenceDateTime",
        "occurrencePeriod",
        "occurrenceTiming",
        "dosageInstruction",
        "dispenseRequest",
        "priority",
        "asNeededBoolean",
        "quantityQuantity",
        "bodySite",
        "note",
        "patientInstruction",
        "performer",
        "reasonCode",
    ),
    order_systems=(
        "urn:com.epic.cdshooks.action.code.system.preference-list-item",
        "urn:com.epic.cdshooks.action.code.system.orderset-item",
        "http://www.nlm.nih.gov/research/umls/rxnorm",
        "urn:oid:2.16.840.1.113883.6.88",
        "http://hl7.org/fhir/sid/ndc",
        "urn:oid:2.16.840.1.113883.6.69",
    ),
    topic_characters=100,
    registered_links=("smart",),
    html_extension="com.epic.cdshooks.card.detail.content-type",
    feedback="overrideReasons",
)
ORACLE: Final = Dialect(
    id="oracle",
    name="Oracle Health",
    discovery="not read: a registration form",
    hooks=("patient-view",),
    actions=(),
    registered_links=("absolute", "smart"),
    app_context=False,
    # The card has an eighth of the screen: about 16 lines of 60 characters.
    detail_characters=1000,
    feedback="",
)

DIALECTS: Final[Mapping[str, Dialect]] = {one.id: one for one in (GENERIC, EPIC, ORACLE)}
"""Every dialect by the name that settings know it by."""
