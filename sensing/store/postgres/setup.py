"""Making the tables, and a log's place among them. Nodes that come at the same moment wait for each other."""

from __future__ import annotations

from contextlib import closing

from sensing import logs, times
from sensing.errors import ConflictError

from . import schema
from .session import Session

_log = logs.get("postgres")


def join(url: str, password: str, log: int) -> None:
    """See to it that the tables are there, and those of this log, as this version has them. Raises ConflictError on a newer version, StoreBusyError.

    Whatever is missing is made in one transaction, under a lock: a database is of one version or of the next, never between them.
    """
    with closing(Session(url, password, (schema.SHARED, "public"), write=True)) as db, db:
        db.execute("SELECT pg_advisory_xact_lock(?)", (schema.SETTING_UP,))
        found = db.execute("SELECT to_regclass('sensing.about') IS NOT NULL").get
        version = int(db.execute("SELECT version FROM sensing.about").get) if found else 0
        if version > schema.VERSION:
            raise ConflictError(
                f"the database was written by a newer version (schema {version}, ours {schema.VERSION})", "upgrade first"
            )
        if version < schema.VERSION:
            _make(db, version)
        own = db.execute("SELECT version FROM sensing.logs WHERE log=?", (log,)).get
        if own is None:
            number = int(db.execute("SELECT count(*) FROM sensing.logs").get)
            values = (log, number, times.now(), schema.VERSION)
            db.execute("INSERT INTO sensing.logs(log, number, place, commit_no, since, version) VALUES(?,?,0,0,?,?)", values)
        if own is None or int(own) < schema.VERSION:
            _make_own(db, log)


def _make(db: Session, version: int) -> None:
    """What all share, from an earlier version on; 0 is an empty database."""
    db.execute(f"CREATE SCHEMA IF NOT EXISTS {schema.SHARED}")
    db.execute(schema.WORDS)
    for table, columns in schema.ADDED.items() if version else ():
        for name, told in columns.items():
            db.execute(f"ALTER TABLE {table} ADD COLUMN IF NOT EXISTS {name} {told}")
    db.execute(schema.TABLES)
    db.execute(schema.VIEWS)
    if not version and db.execute("SELECT 1 FROM pg_extension WHERE extname = 'timescaledb'").get:
        db.execute(schema.HYPERTABLE)
        _log.info("hypertable_made", table="hot")
    if version:
        db.execute("UPDATE sensing.about SET version=?", (schema.VERSION,))
        _log.info("database_upgraded", version=schema.VERSION, before=version)


def _make_own(db: Session, log: int) -> None:
    """A log's own tables."""
    db.execute(f"CREATE SCHEMA IF NOT EXISTS {schema.own(log)}")
    db.execute(f"SET LOCAL search_path = {schema.own(log)}")
    db.execute(schema.OWN)
    db.execute("UPDATE sensing.logs SET version=? WHERE log=?", (schema.VERSION, log))
