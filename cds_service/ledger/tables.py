"""The tables of the ledger, as the newest migration leaves them."""

from typing import Final

from sqlalchemy import BigInteger, Column, LargeBinary, MetaData, Table

METADATA: Final = MetaData()

USED_TOKENS: Final = Table(
    "used_tokens",
    METADATA,
    Column("digest", LargeBinary(32), primary_key=True),
    Column("expires_at", BigInteger, nullable=False, index=True),
    Column("call", LargeBinary(16), nullable=False),
    sqlite_with_rowid=False,
)
"""A token that was used: the digest of its issuer and id, the second since 1970 after which it is worthless, the call.

The call is known by a random mark: it finds its own use again where the database went away before it could answer.
"""
