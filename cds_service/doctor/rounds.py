"""All checks in the order in which a fault in one explains another."""

from typing import Final

from cds_service.doctor.checks import Check
from cds_service.doctor.configuration import check_clients, check_protocol, check_settings, check_words
from cds_service.doctor.machine import check_files, check_machine
from cds_service.doctor.servers import check_servers
from cds_service.doctor.store import check_store

ROUNDS: Final[tuple[tuple[str, Check], ...]] = (
    ("settings", check_settings),
    ("clients", check_clients),
    ("protocol", check_protocol),
    ("words", check_words),
    ("files", check_files),
    ("machine", check_machine),
    ("store of used tokens", check_store),
    ("servers", check_servers),
)
"""The checks, each with what is being looked at while it runs."""
