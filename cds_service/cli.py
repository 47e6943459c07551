"""`cotsom-cds`: the command line (contract 4.3)."""

import os
import sys
from datetime import UTC, datetime

import click

from cds_service.commands.assessing import assess_command
from cds_service.commands.checking import check_order_command
from cds_service.commands.demonstrating import demo_command
from cds_service.commands.doctoring import doctor_command
from cds_service.commands.linting import lint_card_command
from cds_service.commands.protocols import protocol_group
from cds_service.commands.running import CommandGroup, Surroundings
from cds_service.commands.serving import serve_command
from cds_service.commands.timelines import timeline_command


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


main.add_command(assess_command)
main.add_command(protocol_group)
main.add_command(check_order_command)
main.add_command(timeline_command)
main.add_command(lint_card_command)
main.add_command(demo_command)
main.add_command(serve_command)
main.add_command(doctor_command)
