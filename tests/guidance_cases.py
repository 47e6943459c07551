"""The cases of guidance: loads `tests/cases_guidance/*.yaml`, and finds what is said of the patient or the draft.

A case is one enrolled patient (or one who may qualify) with what one step or one order rule must say.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from cds_service.catalogues import load_words
from cds_service.ordering import Request, order_cards
from cds_service.received import Received
from cds_service.settings import read_clock, read_zone
from cds_service.trial.assessment import assess
from cds_service.trial.case import Moment
from cds_service.trial.guidance.steps import Step
from fhir_profiles.reading.decoding import Decoded, decode_body
from fhir_profiles.reading.records import read_record
from fhir_profiles.record import Source, SourceState
from tests.case_files import AS_OF, PATIENT, ZONE, loaded
from tests.case_records import NOTHING, Item, Resource
from tests.guidance_records import item_of, resources_of

CASES = Path(__file__).parent / "cases_guidance"
EXTENSION = "org.cotsom-cds"
FAMILIES = ("NEXT", "TACE", "SOR", "CON", "MATCH")

_FILE_KEYS = frozenset({"id", "title", "card", "given", "drafts", "cases"})
_CASE_KEYS = frozenset(
    {"why", "record", "drafts", "expected", "window", "degree", "suggests", "rules", "about", "hook", "selected"}
    | {"lost", "in_part", "patient", "as_of", "zone", "alone", "says"}
)


@dataclass(frozen=True, slots=True)
class Expected:
    """What must be said: the state of the step, or the severity of the rule (`silent`: neither).

    `window`, `degree`, `says` (the reason of the step, or words of the card, in English), `suggests` (every change that
    is suggested) and `rules` (all that fired) where a case states it.
    """

    answer: str
    window: tuple[str, ...] | None
    degree: str | None
    says: str | None
    suggests: tuple[str, ...] | None
    rules: Mapping[str, str] | None


@dataclass(frozen=True, slots=True)
class GuidanceCase:
    """One patient, the drafts of one request, and what must be said. `about`: the draft that the case is about.

    `lost`: the sources that were not asked, or whose search failed; `in_part`: those with a page unread.
    """

    id: str
    why: str
    record: tuple[Item, ...]
    drafts: tuple[Item, ...]
    expected: Expected
    about: str
    selected: tuple[str, ...] | None
    lost: tuple[Source, ...]
    in_part: tuple[Source, ...]
    patient: Mapping[str, str]
    as_of: str
    zone: str
    alone: bool


@dataclass(frozen=True, slots=True)
class GuidanceCases:
    """All cases of one step or rule; `given` and `drafts` stand in each of them that is not `alone`."""

    id: str
    title: str
    card: str
    given: tuple[Item, ...]
    drafts: tuple[Item, ...]
    cases: tuple[GuidanceCase, ...]


def load_guidance() -> tuple[GuidanceCases, ...]:
    """Every case file, the steps before the rules. Raises ValueError naming file and case."""
    files = sorted(CASES.glob("*.yaml"), key=lambda file: (FAMILIES.index(file.stem.split("-")[0]), file.stem))
    return tuple(_load(file) for file in files)


def _load(file: Path) -> GuidanceCases:
    # The plain loader keeps dates, numbers and words as they stand on the page.
    given = yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506 - makes nothing but texts
    _refuse_unknown(file.name, given, _FILE_KEYS)
    if file.stem != given["id"]:
        raise ValueError(f"{file.name}: holds {given['id']}")
    common = _items(given.get("given")), _items(given.get("drafts"))
    cases = tuple(_read(f"{file.stem}-{at:02d}", case, *common) for at, case in enumerate(given["cases"], start=1))
    return GuidanceCases(given["id"], given["title"], given["card"], *common, cases)


def _items(given: list[Mapping[str, Any]] | None) -> tuple[Item, ...]:
    return tuple(item_of(one) for one in given or ())


def _refuse_unknown(place: str, given: Mapping[str, Any], known: frozenset[str]) -> None:
    unknown = sorted(set(given) - known)
    if unknown:
        raise ValueError(f"{place}: unknown key {unknown[0]!r}; known are {', '.join(sorted(known))}")


def _read(identity: str, given: Mapping[str, Any], common: tuple[Item, ...], drafts: tuple[Item, ...]) -> GuidanceCase:
    _refuse_unknown(identity, given, _CASE_KEYS)
    alone = given.get("alone") == "true"
    own = _items(given.get("record"))
    selecting = given.get("hook") == "order-select"
    try:
        return GuidanceCase(
            id=identity,
            why=given["why"],
            record=own if alone else common + own,
            drafts=_items(given["drafts"]) if "drafts" in given else drafts,
            expected=_expected(given),
            about=given.get("about", "draft-1"),
            selected=tuple(given.get("selected", ("draft-1",))) if selecting else None,
            lost=tuple(Source(name) for name in given.get("lost") or ()),
            in_part=tuple(Source(name) for name in given.get("in_part") or ()),
            patient={**PATIENT, **(given.get("patient") or {})},
            as_of=given.get("as_of", AS_OF),
            zone=given.get("zone", ZONE),
            alone=alone,
        )
    except (KeyError, ValueError) as error:
        raise ValueError(f"{identity}: {error}") from error


def _expected(given: Mapping[str, Any]) -> Expected:
    window, suggests = given.get("window"), given.get("suggests")
    return Expected(
        answer=given["expected"],
        window=None if window is None else () if window == "none" else tuple(window),
        degree=given.get("degree"),
        says=given.get("says"),
        suggests=None if suggests is None else tuple(suggests),
        rules=given.get("rules"),
    )


def chart_of(case: GuidanceCase) -> Resource:
    """The FHIR Bundle that records what the case says."""
    named = {"gender": "sex", "birthDate": "born", "deceasedDateTime": "died"}
    said = {element: case.patient[key] for element, key in named.items() if case.patient.get(key, "") not in NOTHING}
    everything = ({"resourceType": "Patient", "id": "p1", **said}, *resources_of(case.record))
    # Two parts in one study share the study.
    distinct = {(resource["resourceType"], resource["id"]): resource for resource in everything}
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"resource": resource} for resource in distinct.values()],
    }


def drafts_of(case: GuidanceCase) -> tuple[Resource, ...]:
    """The draft orders of the request, by the number in which they stand."""
    return tuple(
        resources_of((replace(item, rest={"id": f"draft-{at}", **item.rest}),))[0]
        for at, item in enumerate(case.drafts, start=1)
    )


def _decoded(case: GuidanceCase, body: bytes) -> Decoded:
    decoded = decode_body(body)
    partly = tuple((source, SourceState.IN_PART) for source in case.in_part)
    lost = tuple((source, SourceState.NOT_SUPPLIED) for source in case.lost)
    return replace(decoded, states=decoded.states + partly + lost)


def _moment(case: GuidanceCase) -> Moment:
    return Moment(read_clock(case.as_of), read_zone(case.zone))


def step_of(name: str, case: GuidanceCase) -> Step | None:
    """What the step says; None when it is absent."""
    decoded = _decoded(case, json.dumps(chart_of(case)).encode())
    record = read_record(decoded, loaded().vocabulary, read_zone(case.zone))
    steps = assess(loaded().protocol, record, _moment(case)).steps
    return next((step for step in steps if step.id == name), None)


def cards_of(case: GuidanceCase, language: str = "en") -> tuple[Resource, ...]:
    """The cards of the request, as JSON."""
    body = json.dumps(chart_of(case)).encode()
    drafts = drafts_of(case)
    chosen = tuple(f"{d['resourceType']}/{d['id']}" for d in drafts if d["id"] in (case.selected or ()))
    request = Request(
        decoded=_decoded(case, body),
        drafts=drafts,
        selections=None if case.selected is None else chosen,
        received=Received((body,)),
    )
    words = load_words(language, loaded().protocol.titles)
    cards = order_cards(loaded(), words, _moment(case), request, "trace")
    return tuple(dict(card.document()) for card in cards)


def card_about(case: GuidanceCase) -> Resource | None:
    """The card about the draft of the case; None when there is none."""
    cards = cards_of(case)
    return next((c for c in cards if c["extension"][EXTENSION]["draft"].endswith(f"/{case.about}")), None)


def rules_of(card: Resource | None) -> Mapping[str, str]:
    """The rules that fired, with their severity."""
    return {rule["id"]: rule["severity"] for rule in card["extension"][EXTENSION]["rules"]} if card else {}


def actions_of(card: Resource | None) -> Iterator[Resource]:
    """Every action that a card suggests."""
    for suggestion in (card or {}).get("suggestions", ()):
        yield from suggestion["actions"]


@lru_cache(maxsize=1)
def stated_ids() -> frozenset[str]:
    """Every step and rule that has a file of cases."""
    return frozenset(file.id for file in load_guidance())
