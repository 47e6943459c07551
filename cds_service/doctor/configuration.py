"""What the settings say, and the product's own files: protocol, value sets, words."""

from collections.abc import Iterator
from string import Formatter

from cards.dialects import DIALECTS
from cds_service.catalogues import languages, load_words
from cds_service.doctor.checks import Checked, Situation, failed, ok, warning


def check_settings(situation: Situation) -> Iterator[Checked]:
    """The file, and what it leaves at a default that few hospitals want."""
    settings = situation.settings
    yield ok("settings", f"{settings.file or 'no site file'}; time zone {settings.zone}")
    if str(settings.zone) == "UTC":
        todo = "set time_zone to the hospital's, e.g. Asia/Seoul: days of windows are counted there"
        yield warning("time zone", "UTC", todo)
    if settings.clock is not None:
        todo = "unset COTSOM_CLOCK: every patient is judged as of that instant; it is for demos and tests"
        yield warning("clock setting", f"COTSOM_CLOCK stands still at {settings.clock.isoformat()}", todo)


def check_clients(situation: Situation) -> Iterator[Checked]:
    """Who may call, and in whose dialect cards are told."""
    clients = situation.settings.trust.clients
    if not clients:
        todo = "name the EHRs in [[clients]], or let nobody but a proxy that checks them reach the service"
        yield warning("clients", "none: whoever reaches the service is answered", todo)
    for client in clients:
        yield ok(f"client {client.name}", f"cards are told for {DIALECTS[client.ehr].name}")
        if not client.subjects:
            todo = f"list the client ids that its tokens name (sub) in subjects of client {client.name}"
            yield warning(f"client {client.name}", "any application that its issuer signs for is believed", todo)


def check_protocol(situation: Situation) -> Iterator[Checked]:
    """The trial in force, with the values that the site has changed."""
    protocol, sets = situation.loaded.protocol, situation.loaded.vocabulary.terminology.sets
    changed = ", ".join(f"{value.name} = {value.value}" for value in protocol.named_values if value.changed)
    lines = f"{len(protocol.criteria)} lines, set by the site: {changed or 'nothing'}"
    yield ok("protocol", f"{protocol.name} ({protocol.id}) {protocol.version}: {lines}")
    local = len(situation.settings.local_codes)
    yield ok("value sets", f"{len(sets)}, {local} with codes of the site")


def check_words(situation: Situation) -> Iterator[Checked]:
    """That every language says everything, with the same places for values."""
    titles = situation.loaded.protocol.titles
    catalogues = {name: load_words(name, titles).catalogue for name in languages()}
    plain = catalogues["en"]
    for name, catalogue in catalogues.items():
        missing = sorted(plain.keys() - catalogue.keys())
        differing = sorted(
            one for one in plain.keys() & catalogue.keys() if _places(plain[one]) != _places(catalogue[one])
        )
        if missing or differing:
            found = f"{len(missing)} missing, {len(differing)} with other places for values"
            todo = f"install the product anew, or mend the catalogue: {', '.join([*missing, *differing][:3])}"
            yield failed(f"words: {name}", found, todo)
        else:
            yield ok(f"words: {name}", f"{len(catalogue)} messages")


def _places(text: str) -> frozenset[str]:
    return frozenset(name for _, name, _, _ in Formatter().parse(text) if name)
