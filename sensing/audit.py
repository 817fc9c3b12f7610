"""Who did what: a log in which each line carries the hash of the one before it, under a key that is not in the file.

A line is written in the transaction of the change that it records, so neither exists without the other. The head row keeps
the number of lines and, sealed with the key, the last hash: it gives away a cut tail. Lines from before there was a key are chained by
bare hashes; the key's file says from which line on it counts, so nobody can pass new lines off as old ones.

Whoever can write the database but not read the key (`DATA/audit.key`, mode 0600) cannot change, remove or add a line unseen. Whoever has
both can, and an old copy of the whole database is whole in itself: keep `sensing audit export` elsewhere now and then.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct
from sqlalchemy import JSON, BigInteger, Column, Connection, Engine, Integer, MetaData, String, Table, insert, select, update

from .errors import ValidationError
from .model import Micros

KEY_FILE = "audit.key"
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
Keys = Sequence[tuple[int, bytes]]
"""Keys of the chain: (the first line that it seals, the key), in order. () is a chain of bare hashes."""
START = "0" * 64
_PAGE = 1_000


class Actor(Struct, frozen=True):
    """Who acts, and from which address (`local` for the command line on the same machine); areas: where it may, () is everywhere."""

    name: str
    address: str = "local"
    areas: tuple[str, ...] = ()


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


def append(connection: Connection, actor: Actor, at: Micros, entries: Sequence[Entry], keys: Keys = ()) -> None:
    """Add lines within the caller's transaction. Raises ValueError when details are not plain JSON values."""
    if not entries:
        return
    seq = connection.execute(select(HEAD.c.count).where(HEAD.c.id == 1).with_for_update()).scalar_one()
    previous = connection.execute(select(LINES.c.hash).where(LINES.c.seq == seq)).scalar() or START
    added = []
    for what, subject, details in entries:
        seq, plain, before = seq + 1, json.loads(_canonical(dict(details))), previous
        previous = _hash(_key(keys, seq), before, [seq, at, actor.name, what, subject, plain, actor.address])
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
    connection.execute(update(HEAD).where(HEAD.c.id == 1).values(count=seq, hash=_sealed(keys, seq, previous)))


def lines(connection: Connection, after: int = 0) -> Iterator[Line]:
    """Every line after a number, oldest first, a page at a time."""
    while found := page(connection, after):
        yield from found
        after = found[-1].seq


def page(connection: Connection, after: int) -> list[Line]:
    """Up to a thousand lines after a number, oldest first."""
    query = select(LINES).where(LINES.c.seq > after).order_by(LINES.c.seq).limit(_PAGE)
    return [Line(*row) for row in connection.execute(query)]


def latest(connection: Connection, limit: int = 100, subject: str | None = None) -> list[Line]:
    """The newest lines, newest first, of one subject or of all."""
    query = select(LINES).order_by(LINES.c.seq.desc()).limit(limit)
    if subject is not None:
        query = query.where(LINES.c.subject == subject)
    return [Line(*row) for row in connection.execute(query)]


def first_bad(connection: Connection, keys: Keys = ()) -> int | None:
    """The number of the first line that was changed, removed or added from outside; None when the chain is whole."""
    seq, previous = 0, START
    for line in lines(connection):
        seq += 1
        body = [line.seq, line.at, line.who, line.what, line.subject, line.details, line.address]
        if line.seq != seq or line.prev != previous or line.hash != _hash(_key(keys, seq), previous, body):
            return seq
        previous = line.hash
    head = connection.execute(select(HEAD.c.count, HEAD.c.hash).where(HEAD.c.id == 1)).one_or_none()
    count, last = head if head is not None else (seq + 1, "")
    if count != seq:
        return min(count, seq) + 1
    if last == _sealed(keys, seq, previous):
        return None
    return seq + 1 if _key(keys, seq) else max(seq, 1)  # every line is under its key, so what is wrong is what came after


def verify(where: Path | Engine) -> int | None:
    """`first_bad` of a registry file, with the key beside it, or of a database, read without stopping its writer.

    Raises NotFoundError when there is no such file.
    """
    from .registry.database import Database

    database = Database(where)
    try:
        with database.read() as connection:
            return first_bad(connection, read_keys(where.with_name(KEY_FILE)) if isinstance(where, Path) else ())
    finally:
        if isinstance(where, Path):
            database.close()


def read_keys(path: Path) -> Keys:
    """The keys in a file: lines `FROM HEX`. () when there is none. Raises ValidationError for a file that is something else."""
    try:
        rows = [line.split() for line in path.read_text("ascii").splitlines() if line and not line.startswith("#")]
        return sorted((int(first), bytes.fromhex(key)) for first, key in rows)
    except FileNotFoundError:
        return ()
    except (UnicodeDecodeError, ValueError):
        raise ValidationError(f"{path} is no audit key", "put it back from where you keep it; do not make another") from None


def begin_key(connection: Connection, path: Path) -> Keys:
    """A new key from the next line on, in a file of mode 0600, on disk before a line uses it. The caller holds the write lock."""
    first = int(connection.execute(select(HEAD.c.count).where(HEAD.c.id == 1)).scalar_one()) + 1
    key = secrets.token_bytes(32)
    handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        os.fchmod(handle, 0o600)
        os.write(
            handle,
            f"# the key of the audit chain: keep a copy where the database's owner cannot read it\n{first} {key.hex()}\n".encode(),
        )
        os.fsync(handle)
    finally:
        os.close(handle)
    return ((first, key),)


def _key(keys: Keys, seq: int) -> bytes | None:
    """The key that seals a line; None for a bare hash."""
    return next((key for first, key in reversed(keys) if first <= seq), None)


def _hash(key: bytes | None, previous: str, body: list[Any]) -> str:
    text = f"{previous}\n{_canonical(body)}".encode()
    return hmac.digest(key, text, "sha256").hex() if key else hashlib.sha256(text).hexdigest()


def _sealed(keys: Keys, count: int, last: str) -> str:
    """What the head keeps of the last hash."""
    key = _key(keys, count)
    return hmac.digest(key, f"head {count} {last}".encode(), "sha256").hex() if key else last


def _canonical(value: Any) -> str:
    return json.dumps(value, ensure_ascii=True, sort_keys=True, separators=(",", ":"), allow_nan=False)
