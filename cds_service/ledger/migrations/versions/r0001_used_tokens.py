"""The used tokens of clients, so that none is accepted twice."""

import sqlalchemy
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Makes the table and the index by which expired rows are found."""
    op.create_table(
        "used_tokens",
        sqlalchemy.Column("digest", sqlalchemy.LargeBinary(32), primary_key=True),
        sqlalchemy.Column("expires_at", sqlalchemy.BigInteger, nullable=False),
        sqlalchemy.Column("call", sqlalchemy.LargeBinary(16), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_used_tokens_expires_at", "used_tokens", ["expires_at"])


def downgrade() -> None:
    """Drops the table: every token still valid could then be used once more."""
    op.drop_table("used_tokens")
