"""What Alembic runs: the steps on the connection that it is given, within its transaction."""

from alembic import context

from cds_service.ledger.tables import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
context.run_migrations()
