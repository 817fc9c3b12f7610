"""People, their sessions, areas that tokens are bound to, certificates of devices."""

from __future__ import annotations

from alembic.operations import Operations
from sqlalchemy import JSON, BigInteger, Boolean, Column, ForeignKey, LargeBinary, String


def upgrade(op: Operations) -> None:
    """tokens.areas, certificates, users, sessions."""
    op.add_column("tokens", Column("areas", JSON, nullable=False, server_default="[]"))
    op.create_table(
        "certificates",
        Column("fingerprint", String(64), primary_key=True),
        Column("credential", String(64), ForeignKey("credentials.id"), nullable=False, unique=True),
        Column("subject", String, nullable=False),
    )
    op.create_table(
        "users",
        Column("id", String(64), primary_key=True),
        Column("name", String, nullable=False),
        Column("role", String(16), nullable=False),
        Column("areas", JSON, nullable=False),
        Column("hash", String, nullable=False),
        Column("must_change", Boolean, nullable=False),
        Column("setup_ends", BigInteger),
        Column("created", BigInteger, nullable=False),
        Column("removed", BigInteger),
    )
    op.create_table(
        "sessions",
        Column("id", String(64), primary_key=True),
        Column("user", String(64), ForeignKey("users.id"), nullable=False),
        Column("salt", LargeBinary, nullable=False),
        Column("hash", LargeBinary, nullable=False),
        Column("began", BigInteger, nullable=False),
        Column("seen", BigInteger, nullable=False),
        Column("ends", BigInteger, nullable=False),
        Column("address", String, nullable=False),
    )
    op.create_index("ix_sessions_user", "sessions", ["user"])
