"""Commissioning records."""

from __future__ import annotations

from alembic.operations import Operations
from sqlalchemy import BigInteger, Column, ForeignKey, String


def upgrade(op: Operations) -> None:
    """Table commissions."""
    op.create_table(
        "commissions",
        Column("id", String(64), primary_key=True),
        Column("thing", String(64), ForeignKey("things.id"), nullable=False),
        Column("at", BigInteger, nullable=False),
        Column("by", String, nullable=False),
        Column("sha256", String(64), nullable=False),
        Column("document", String, nullable=False),
    )
    op.create_index("ix_commissions_thing", "commissions", ["thing"])
