"""Making the tables, and a log's place among them. Nodes that come at the same moment wait for each other."""

from __future__ import annotations

from contextlib import closing

from sensing import logs, times
from sensing.errors import ConflictError

from . import schema
from .session import Session

_log = logs.get("postgres")


def join(url: str, password: str, log: int) -> None:
    """See to it that the tables are there, and those of this log. Raises ConflictError on a newer version, StoreBusyError."""
    with closing(Session(url, password, (schema.SHARED, "public"), write=True)) as db, db:
        db.execute("SELECT pg_advisory_xact_lock(?)", (schema.SETTING_UP,))
        found = db.execute("SELECT to_regclass('sensing.about') IS NOT NULL").get
        version = int(db.execute("SELECT version FROM sensing.about").get) if found else 0
        if version > schema.VERSION:
            raise ConflictError(
                f"the database was written by a newer version (schema {version}, ours {schema.VERSION})", "upgrade first"
            )
        if not found:
            _make(db)
        if db.execute("SELECT 1 FROM sensing.logs WHERE log=?", (log,)).get is None:
            _enter(db, log)


def _make(db: Session) -> None:
    db.execute(f"CREATE SCHEMA IF NOT EXISTS {schema.SHARED}")
    db.execute(schema.WORDS)
    db.execute(schema.TABLES)
    if db.execute("SELECT 1 FROM pg_extension WHERE extname = 'timescaledb'").get:
        db.execute(schema.HYPERTABLE)
        _log.info("hypertable_made", table="hot")


def _enter(db: Session, log: int) -> None:
    """Give a log its number and its tables."""
    number = int(db.execute("SELECT count(*) FROM sensing.logs").get)
    db.execute("INSERT INTO sensing.logs VALUES(?,?,0,0,?)", (log, number, times.now()))
    db.execute(f"CREATE SCHEMA {schema.own(log)}")
    db.execute(f"SET LOCAL search_path = {schema.own(log)}")
    db.execute(schema.OWN)
