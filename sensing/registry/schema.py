"""The tables of the registry, for SQLite and PostgreSQL alike. Times are microseconds since 1970 UTC; a null time has not come.

`changes` is one row: `version` grows with every change, `credentials` is the version of the last change that bears on who may
connect. Rows that readers keep in memory carry the version of their own last change in `changed`, so a reader that
sees the version move asks for what moved and keeps the rest.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
)

from sensing import audit

SCHEMA = 1
ACTIVE, RETIRED = "active", "retired"
TABLES = MetaData()

changes = Table(
    "changes",
    TABLES,
    Column("id", Integer, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("credentials", BigInteger, nullable=False),
    Column("schema", Integer, nullable=False),
)

principals = Table(
    "principals",
    TABLES,
    Column("id", String(64), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("name", String, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("retired", BigInteger),
    Column("changed", BigInteger, nullable=False, index=True),
)

runs = Table(
    "runs",
    TABLES,
    Column("id", String(64), primary_key=True),
    Column("origin", String(16), nullable=False),
    Column("name", String, nullable=False),
    Column("started", BigInteger, nullable=False),
    Column("ended", BigInteger),
)

credentials = Table(
    "credentials",
    TABLES,
    Column("id", String(64), primary_key=True),
    Column("principal", ForeignKey("principals.id"), nullable=False, index=True),
    Column("salt", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("origin", String(16), nullable=False),
    Column("run", String(64), nullable=False, index=True),
    Column("created", BigInteger, nullable=False),
    Column("expires", BigInteger),
    Column("revoked", BigInteger),
    Column("changed", BigInteger, nullable=False, index=True),
)

things = Table(
    "things",
    TABLES,
    Column("id", String(64), primary_key=True),
    Column("type", String(64), nullable=False, index=True),
    Column("adapter", String(32), nullable=False),
    Column("native", String(128), nullable=False),
    Column("principal", ForeignKey("principals.id"), nullable=False),
    Column("name", String, nullable=False),
    Column("lon", Float(53)),
    Column("lat", Float(53)),
    Column("crs", String(16), nullable=False),
    Column("raw_lon", Float(53)),
    Column("raw_lat", Float(53)),
    Column("area", String, nullable=False, index=True),
    Column("domain", String(16), nullable=False),
    Column("settings", JSON, nullable=False),
    Column("state", String(8), nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("retired", BigInteger),
    Column("note", String, nullable=False),
    Column("changed", BigInteger, nullable=False, index=True),
)
Index(
    "one_active_native",
    things.c.adapter,
    things.c.native,
    unique=True,
    sqlite_where=things.c.state == ACTIVE,
    postgresql_where=things.c.state == ACTIVE,
)
Index("things_of_principal", things.c.principal, things.c.adapter)

configs = Table(
    "configs",
    TABLES,
    Column("thing", ForeignKey("things.id"), primary_key=True),
    Column("generation", Integer, primary_key=True, autoincrement=False),
    Column("valid_from", BigInteger, nullable=False),
    Column("zero", Float(53)),
    Column("offset", Float(53), nullable=False),
    Column("mount_height", Float(53)),
    Column("datum", String, nullable=False),
    Column("units", JSON, nullable=False),
    Column("period_rule", String, nullable=False),
)

tokens = Table(
    "tokens",
    TABLES,
    Column("id", String(64), primary_key=True),
    Column("name", String, nullable=False),
    Column("role", String(16), nullable=False),
    Column("salt", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("expires", BigInteger),
    Column("revoked", BigInteger),
)

EVERY = (TABLES, audit.TABLES)
