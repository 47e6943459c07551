"""`cotsom-cds`: the command line (contract 4.3)."""

import os
import sys
from datetime import UTC, datetime
from typing import Final

import click

from cds_service.commands.group import CommandGroup, Deferred, Surroundings

_COMMANDS: Final = (
    ("assess", "Judge patients against the protocol.", "assessing:assess_command"),
    ("check-order", "Check draft orders against the protocol, and print the cards.", "checking:check_order_command"),
    ("demo", "Start the service and a demo EHR with invented patients.", "demonstrating:demo_command"),
    ("doctor", "Look over the installation, and say what to do.", "doctoring:doctor_command"),
    ("lint-card", "Say what an EHR would refuse or change in a card.", "linting:lint_card_command"),
    ("protocol", "Check and show trial protocol files.", "protocols:protocol_group"),
    ("serve", "Serve CDS Hooks over HTTP.", "serving:serve_command"),
    ("timeline", "Show an enrolled patient's way through the protocol.", "timelines:timeline_command"),
)
"""Name, what the list of commands says of it, and where it is written."""


@click.group(cls=CommandGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="cotsom-cds", prog_name="cotsom-cds")
@click.pass_context
def main(context: click.Context) -> None:
    """Judge FHIR R4 records against a clinical trial protocol.

    Decision support for research, not a medical device.

    \b
    Examples:
      cotsom-cds assess chart.json
      cotsom-cds assess chart.json --as-of 2026-11-22T09:00:00+09:00 --format json
      cotsom-cds assess export-folder/ --supplied patient,conditions,procedures,medications
      cotsom-cds timeline chart.json --tace 2026-12-03
      cotsom-cds protocol show
      cotsom-cds serve --port 8080
      cotsom-cds demo
    """
    context.obj = Surroundings(
        environment=dict(os.environ),
        now=lambda: datetime.now(UTC),
        standard_input=sys.stdin.buffer,
    )


for _name, _summary, _place in _COMMANDS:
    main.add_command(Deferred(_name, _summary, f"cds_service.commands.{_place}"))
