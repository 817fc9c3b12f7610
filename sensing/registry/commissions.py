"""Commissioning records: what was proven of a device, by whom, when; kept to the byte, hashed, and named in the audit chain.

A record is never changed. Whoever edits one is found twice: its hash no longer fits, and the audit line that holds the hash is chained.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from sqlalchemy import insert, select

from sensing import audit
from sensing.audit import Actor
from sensing.model import Micros

from .database import Database
from .rows import thing_row
from .schema import commissions

RECORDED = "device_commissioned"
_MOST_LINES = 10_000


class Record(Struct, frozen=True):
    """One record. document: canonical JSON. whole: whether document, hash and audit line still agree."""

    id: str
    thing: str
    at: Micros
    by: str
    sha256: str
    document: str
    whole: bool


def canonical(tree: Mapping[str, Any]) -> str:
    """JSON with sorted keys and no blanks: the text whose SHA-256 is the record's."""
    return json.dumps(tree, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def digest(document: str) -> str:
    return hashlib.sha256(document.encode()).hexdigest()


def keep(database: Database, device: str, tree: Mapping[str, Any], by: str, *, actor: Actor) -> Record:
    """Keep a record of a device. Raises NotFoundError."""
    with database.write(actor) as change:
        thing_row(change.connection, device)
        document = canonical(tree)
        found = Record(f"c-{secrets.token_hex(5)}", device, change.at, by, digest(document), document, whole=True)
        change.connection.execute(insert(commissions).values(
            id=found.id, thing=device, at=found.at, by=by, sha256=found.sha256, document=document))  # fmt: skip
        change.record(RECORDED, device, record=found.id, sha256=found.sha256, by=by)
    return found


def records(database: Database, device: str) -> list[Record]:
    """The records of a device, newest first, each with whether it is whole. Raises NotFoundError."""
    table = commissions.c
    with database.read() as connection:
        thing_row(connection, device)
        rows = connection.execute(select(commissions).where(table.thing == device).order_by(table.at.desc(), table.id)).all()
        lines = audit.latest(connection, _MOST_LINES, device) if rows else []
    told = {str(line.details.get("record")): line.details.get("sha256") for line in lines if line.what == RECORDED}
    return [
        Record(
            row.id, row.thing, row.at, row.by, row.sha256, row.document, digest(row.document) == row.sha256 == told.get(row.id)
        )
        for row in rows
    ]
