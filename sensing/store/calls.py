"""The table of port calls: what is found of a ship between two times takes the place of what stood there."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import apsw
import msgspec
from msgspec import Struct

from sensing.maritime.calls import Stay, Visit, call_id
from sensing.model import Micros

_NAMES = (
    "id",
    "ship",
    "thing",
    "run",
    "port",
    "first",
    "arrived",
    "anchored",
    "berth",
    "berthed",
    "unberthed",
    "departed",
    "stays",
)
_COLUMNS = ", ".join(_NAMES)
_PUT = f"""INSERT INTO calls({_COLUMNS}) VALUES({",".join("?" * len(_NAMES))}) ON CONFLICT(id) DO UPDATE SET
  {", ".join(f"{name} = excluded.{name}" for name in _NAMES[1:])}"""
_stays = msgspec.json.Decoder(list[Stay]).decode


class Call(Struct):
    """A row. berth, berthed, unberthed: of its first time alongside; stays: all of them, at anchor too. Times are microseconds UTC."""

    id: str
    ship: int
    thing: str
    run: str
    port: str
    first: Micros
    arrived: Micros | None
    anchored: Micros | None
    berth: str
    berthed: Micros | None
    unberthed: Micros | None
    departed: Micros | None
    stays: list[Stay]


def put(db: apsw.Connection, ship: int, thing: str, run: str, visits: Iterable[Visit]) -> None:
    """Write calls as they are now."""
    rows: list[tuple[Any, ...]] = []
    for visit in visits:
        alongside = visit.berths[0] if visit.berths else None
        rows.append((
            call_id(thing, run, visit.port, visit.first), ship, thing, run, visit.port, visit.first, visit.arrived, visit.anchored,
            alongside.place if alongside else "", alongside.begin if alongside else None, alongside.end if alongside else None,
            visit.departed, msgspec.json.encode(visit.stays).decode(),
        ))  # fmt: skip
    db.executemany(_PUT, rows)


def replace(db: apsw.Connection, ship: int, thing: str, run: str, visits: Sequence[Visit], after: Micros, before: Micros) -> None:
    """Make a ship's calls that began between two times, neither included, these."""
    kept = [call_id(thing, run, visit.port, visit.first) for visit in visits]
    db.execute(
        "DELETE FROM calls WHERE ship=? AND first > ? AND first < ? AND id NOT IN (SELECT value FROM json_each(?))",
        (ship, after, before, json.dumps(kept)),
    )
    put(db, ship, thing, run, visits)


def rows(db: apsw.Connection, where: str, values: Sequence[Any]) -> list[Call]:
    """The calls of a condition, the newest first."""
    query = f"SELECT {_COLUMNS} FROM calls WHERE {where} ORDER BY first DESC, id"
    return [Call(**dict(zip(_NAMES, (*row[:-1], _stays(row[-1])), strict=True))) for row in db.execute(query, values)]
