"""Files of devices that were taken in, row by row, so that they can be taken back."""

from __future__ import annotations

from alembic.operations import Operations
from sqlalchemy import JSON, BigInteger, Column, ForeignKey, Integer, String


def upgrade(op: Operations) -> None:
    """imports, import_rows."""
    op.create_table(
        "imports",
        Column("id", String(64), primary_key=True),
        Column("at", BigInteger, nullable=False),
        Column("by", String, nullable=False),
        Column("name", String, nullable=False),
        Column("state", String(8), nullable=False),
        Column("counts", JSON, nullable=False),
    )
    op.create_table(
        "import_rows",
        Column("import_id", String(64), ForeignKey("imports.id"), primary_key=True),
        Column("thing", String(64), primary_key=True),
        Column("row", Integer, nullable=False),
        Column("verdict", String(8), nullable=False),
        Column("before", JSON(none_as_null=True)),
        Column("version", BigInteger),
    )
