"""Labels that are printed before there is a thing to stick them on."""

from __future__ import annotations

from alembic.operations import Operations
from sqlalchemy import BigInteger, Column, String


def upgrade(op: Operations) -> None:
    """Table blanks."""
    op.create_table(
        "blanks",
        Column("uid", BigInteger, primary_key=True, autoincrement=False),
        Column("batch", String(64), nullable=False),
        Column("note", String, nullable=False),
        Column("made", BigInteger, nullable=False),
        Column("by", String, nullable=False),
        Column("ends", BigInteger, nullable=False),
        Column("thing", String(64), nullable=True),
        Column("used", BigInteger, nullable=True),
        Column("revoked", BigInteger, nullable=True),
    )
    op.create_index("ix_blanks_batch", "blanks", ["batch"])
    op.create_index("ix_blanks_thing", "blanks", ["thing"])
