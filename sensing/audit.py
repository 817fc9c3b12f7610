"""Who did what: a log in which each line carries the hash of the one before it.

A line is written in the transaction of the change that it records, so neither exists without the other. The head row keeps
the number of lines and the last hash, which gives away a cut tail. The chain shows tampering by hand and accidents; it cannot stop someone who
owns the file and recomputes it, so keep `sensing audit show -o ndjson` elsewhere now and then.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct
from sqlalchemy import JSON, BigInteger, Column, Connection, Engine, Integer, MetaData, String, Table, insert, select, update

from .model import Micros

TABLES = MetaData()
LINES = Table(
    "audit",
    TABLES,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("who", String, nullable=False),
    Column("what", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("details", JSON, nullable=False),
    Column("address", String, nullable=False),
    Column("prev", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
)
HEAD = Table(
    "audit_head",
    TABLES,
    Column("id", Integer, primary_key=True),
    Column("count", BigInteger, nullable=False),
    Column("hash", String(64), nullable=False),
)
Entry = tuple[str, str, Mapping[str, Any]]
"""What was done, to what, and details without secrets."""
START = "0" * 64
_PAGE = 1_000


class Actor(Struct, frozen=True):
    """Who acts, and from which address (`local` for the command line on the same machine)."""

    name: str
    address: str = "local"


class Line(Struct, frozen=True):
    """One entry. `what` reads `device_registered`; `details` hold no secret."""

    seq: int
    at: Micros
    who: str
    what: str
    subject: str
    details: dict[str, Any]
    address: str
    prev: str
    hash: str


def begin(connection: Connection) -> None:
    """Write the head of an empty log, once."""
    connection.execute(insert(HEAD).values(id=1, count=0, hash=START))


def append(connection: Connection, actor: Actor, at: Micros, entries: Sequence[Entry]) -> None:
    """Add lines within the caller's transaction. Raises ValueError when details are not plain JSON values."""
    if not entries:
        return
    seq, previous = connection.execute(select(HEAD.c.count, HEAD.c.hash).where(HEAD.c.id == 1).with_for_update()).one()
    added = []
    for what, subject, details in entries:
        seq, plain, before = seq + 1, json.loads(_canonical(dict(details))), previous
        previous = _hash(before, [seq, at, actor.name, what, subject, plain, actor.address])
        added.append(
            dict(
                zip(
                    LINES.columns.keys(),
                    (seq, at, actor.name, what, subject, plain, actor.address, before, previous),
                    strict=True,
                )
            )
        )
    connection.execute(insert(LINES), added)
    connection.execute(update(HEAD).where(HEAD.c.id == 1).values(count=seq, hash=previous))


def lines(connection: Connection, after: int = 0) -> Iterator[Line]:
    """Every line after a number, oldest first, a page at a time."""
    while True:
        page = connection.execute(select(LINES).where(LINES.c.seq > after).order_by(LINES.c.seq).limit(_PAGE)).all()
        for row in page:
            yield Line(*row)
        if len(page) < _PAGE:
            return
        after = page[-1].seq


def latest(connection: Connection, limit: int = 100, subject: str | None = None) -> list[Line]:
    """The newest lines, newest first, of one subject or of all."""
    query = select(LINES).order_by(LINES.c.seq.desc()).limit(limit)
    if subject is not None:
        query = query.where(LINES.c.subject == subject)
    return [Line(*row) for row in connection.execute(query)]


def first_bad(connection: Connection) -> int | None:
    """The number of the first line that was changed, removed or added from outside; None when the chain is whole."""
    seq, previous = 0, START
    for line in lines(connection):
        seq += 1
        body = [line.seq, line.at, line.who, line.what, line.subject, line.details, line.address]
        if line.seq != seq or line.prev != previous or line.hash != _hash(previous, body):
            return seq
        previous = line.hash
    head = connection.execute(select(HEAD.c.count, HEAD.c.hash).where(HEAD.c.id == 1)).one_or_none()
    count, last = head if head is not None else (seq + 1, "")
    if count != seq:
        return min(count, seq) + 1
    return None if last == previous else max(seq, 1)


def verify(where: Path | Engine) -> int | None:
    """`first_bad` of a registry file or database, read without stopping its writer.

    Raises NotFoundError when there is no such file.
    """
    from .registry.database import Database

    database = Database(where)
    try:
        with database.read() as connection:
            return first_bad(connection)
    finally:
        if isinstance(where, Path):
            database.close()


def _hash(previous: str, body: list[Any]) -> str:
    return hashlib.sha256(f"{previous}\n{_canonical(body)}".encode()).hexdigest()


def _canonical(value: Any) -> str:
    return json.dumps(value, ensure_ascii=True, sort_keys=True, separators=(",", ":"), allow_nan=False)
