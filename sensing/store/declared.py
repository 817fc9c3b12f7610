"""What people said of ships: cargo by voyage, and inspections. The same declaration twice is one; a corrected one takes its place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Any

import apsw

from . import Cargo, Inspection

_CARGO = "thing, run, name, un, goods, tonnes, last_port, time, by, at, place"
_PUT = f"""INSERT INTO cargoes(id, {_CARGO}) VALUES(?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT(id) DO UPDATE SET name = excluded.name,
  goods = excluded.goods, tonnes = excluded.tonnes, last_port = excluded.last_port, by = excluded.by, at = excluded.at,
  place = excluded.place"""
_INSPECTED = "INSERT INTO inspections VALUES(?,?,?,?,?,?,?) ON CONFLICT DO NOTHING"


def put(db: apsw.Connection, cargoes: Iterable[Cargo], inspections: Iterable[Inspection]) -> None:
    """Write them down."""
    db.executemany(_PUT, [
        (_id(one), one.thing, one.run, one.name, one.un, one.goods, one.tonnes, one.last_port, one.time, one.by, one.at, one.place)
        for one in cargoes])  # fmt: skip
    db.executemany(_INSPECTED, [
        (one.id, one.thing, one.time, one.note, one.by, one.at, one.place) for one in inspections])  # fmt: skip


def cargoes(db: apsw.Connection, where: str, values: Sequence[Any]) -> list[Cargo]:
    """The cargoes of a condition, in order of time."""
    return [Cargo(*row) for row in db.execute(f"SELECT {_CARGO} FROM cargoes WHERE {where} ORDER BY time, id", values)]


def inspections(db: apsw.Connection, where: str, values: Sequence[Any]) -> list[Inspection]:
    """The inspections of a condition, the newest first."""
    query = f"SELECT id, thing, time, note, by, at, place FROM inspections WHERE {where} ORDER BY time DESC, id"
    return [Inspection(*row) for row in db.execute(query, values)]


def _id(one: Cargo) -> str:
    words = (one.thing, one.run, str(one.un), "" if one.un is not None else one.goods, str(one.time))
    return blake2b("\x1f".join(words).encode(), digest_size=6).hexdigest()
