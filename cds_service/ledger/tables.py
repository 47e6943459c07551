"""The tables of the ledger, as the newest migration leaves them."""

from typing import Final

from sqlalchemy import BigInteger, Column, LargeBinary, MetaData, Table

METADATA: Final = MetaData()

USED_TOKENS: Final = Table(
    "used_tokens",
    METADATA,
    Column("digest", LargeBinary(32), primary_key=True),
    Column("expires_at", BigInteger, nullable=False, index=True),
)
"""A token that was used: the digest of its issuer and id, and the second since 1970 after which it is worthless."""
