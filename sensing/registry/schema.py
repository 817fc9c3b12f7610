"""The tables of the registry, for SQLite and PostgreSQL alike. Times are microseconds since 1970 UTC; a null time has not come.

`changes` is one row: `version` grows with every change, `credentials` is the version of the last change that bears on who may
connect. Rows that readers keep in memory carry the version of their own last change in `changed`, so a reader that
sees the version move asks for what moved and keeps the rest.

A column or table that is added here takes a step in `migrations`, and SCHEMA the step's number.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    literal_column,
)

from sensing import audit

SCHEMA = 7
ACTIVE, RETIRED, UNDONE = "active", "retired", "undone"
"""States of a thing. An undone one was made by an import that was taken back: nobody sees it, and its id is free."""
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
    Column("uid", BigInteger, nullable=False, server_default="0"),
    Column("serial", String(128), nullable=False, server_default=""),
)
Index("one_uid", things.c.uid, unique=True)
Index("things_by_serial", things.c.serial, sqlite_where=things.c.serial != "", postgresql_where=things.c.serial != "")
Index(
    "one_active_native",
    things.c.adapter,
    things.c.native,
    unique=True,
    sqlite_where=things.c.state == ACTIVE,
    postgresql_where=things.c.state == ACTIVE,
)
IS_ACTIVE = things.c.state == literal_column(f"'{ACTIVE}'")
HAS_SERIAL = things.c.serial != literal_column("''")
"""Conditions in the words of the indexes: one that comes as a parameter finds no partial index."""
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

site = Table(
    "site",
    TABLES,
    Column("id", Integer, primary_key=True),
    Column("code", String(8), nullable=False),
    Column("uids", BigInteger, nullable=False),
)
"""One row: whose URNs these are (`labels.urn`), and how many things ever got a `uid`."""

identifiers = Table(
    "identifiers",
    TABLES,
    Column("code", String(128), primary_key=True),
    Column("scheme", String(32), primary_key=True),
    Column("thing", ForeignKey("things.id"), primary_key=True, index=True),
    Column("valid_from", BigInteger, primary_key=True),
    Column("valid_to", BigInteger),
)
"""Codes that a thing had, or has beside its own: its native id of old (scheme: the adapter), a serial number of old (`serial`), a further
code (`station`, `asset`). What it has now in `things` is not repeated here."""

tokens = Table(
    "tokens",
    TABLES,
    Column("id", String(64), primary_key=True),
    Column("name", String, nullable=False),
    Column("role", String(16), nullable=False),
    Column("areas", JSON, nullable=False, server_default="[]"),
    Column("salt", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("expires", BigInteger),
    Column("revoked", BigInteger),
)

certificates = Table(
    "certificates",
    TABLES,
    Column("fingerprint", String(64), primary_key=True),
    Column("credential", ForeignKey("credentials.id"), nullable=False, unique=True),
    Column("subject", String, nullable=False),
)

users = Table(
    "users",
    TABLES,
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

sessions = Table(
    "sessions",
    TABLES,
    Column("id", String(64), primary_key=True),
    Column("user", ForeignKey("users.id"), nullable=False, index=True),
    Column("salt", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("began", BigInteger, nullable=False),
    Column("seen", BigInteger, nullable=False),
    Column("ends", BigInteger, nullable=False),
    Column("address", String, nullable=False),
)

links = Table(
    "links",
    TABLES,
    Column("id", String(64), primary_key=True),
    Column("user", ForeignKey("users.id"), nullable=False, index=True),
    Column("salt", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("ends", BigInteger, nullable=False),
)
"""One-time links, until they are used or over."""

blanks = Table(
    "blanks",
    TABLES,
    Column("uid", BigInteger, primary_key=True, autoincrement=False),
    Column("batch", String(64), nullable=False, index=True),
    Column("note", String, nullable=False),
    Column("made", BigInteger, nullable=False),
    Column("by", String, nullable=False),
    Column("ends", BigInteger, nullable=False),
    Column("thing", String(64), index=True),
    Column("used", BigInteger),
    Column("revoked", BigInteger),
)
"""Labels that were printed before there was a thing to stick them on (`blanks`), by the number that they set aside."""

imports = Table(
    "imports",
    TABLES,
    Column("id", String(64), primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("by", String, nullable=False),
    Column("name", String, nullable=False),
    Column("state", String(8), nullable=False),
    Column("counts", JSON, nullable=False),
)

import_rows = Table(
    "import_rows",
    TABLES,
    Column("import_id", ForeignKey("imports.id"), primary_key=True),
    Column("thing", String(64), primary_key=True),
    Column("row", Integer, nullable=False),
    Column("verdict", String(8), nullable=False),
    Column("before", JSON(none_as_null=True)),
    Column("version", BigInteger),
)

commissions = Table(
    "commissions",
    TABLES,
    Column("id", String(64), primary_key=True),
    Column("thing", ForeignKey("things.id"), nullable=False, index=True),
    Column("at", BigInteger, nullable=False),
    Column("by", String, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("document", String, nullable=False),
)
"""Commissioning records (`commissions`): the document is kept to the byte, for its hash is printed and signed."""

EVERY = (TABLES, audit.TABLES)
