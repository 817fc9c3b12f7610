"""One-time links that sign a person in."""

from __future__ import annotations

from alembic.operations import Operations
from sqlalchemy import BigInteger, Column, ForeignKey, LargeBinary, String


def upgrade(op: Operations) -> None:
    """Table links."""
    op.create_table(
        "links",
        Column("id", String(64), primary_key=True),
        Column("user", String(64), ForeignKey("users.id"), nullable=False),
        Column("salt", LargeBinary, nullable=False),
        Column("hash", LargeBinary, nullable=False),
        Column("ends", BigInteger, nullable=False),
    )
    op.create_index("ix_links_user", "links", ["user"])
