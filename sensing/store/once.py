"""Rows into the table `hot`, each once.

The engine decides "once": (time, series, revision) is unique. What is there already is passed over, and looked at afterwards: an upsert
would cost every row more than a look costs the few that came again.

The engine numbers them as well: the first of a commit is told its seq, each that is stored after it has the next. A number that is told would
be looked for first, to know that nobody has it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, NamedTuple

import apsw

from sensing import sqlite

from . import Row

_COLUMNS = "series, time, begin, result, quality, reason, revision, generation, sent, rank, received, place, lon, lat"
_WIDTH = 14
_INSERT = f"INSERT OR IGNORE INTO hot({_COLUMNS})"
_FIRST = f"INSERT OR IGNORE INTO hot(seq, {_COLUMNS}) VALUES({','.join('?' * (_WIDTH + 1))})"
_BESIDE = """SELECT late.column1, seq, revision, generation, sent, rank FROM (VALUES {}) late
  CROSS JOIN hot ON hot.time = late.column2 AND hot.series = late.column3"""
_TOGETHER = 64
"""Instants looked at with one query."""
Placed = list[tuple[int, Row]]
"""Rows with their places in the batch, in order."""


class Met(NamedTuple):
    """What rows met that are not newer than all of their datastream, by their places in the batch.

    twins: those that were there already, to the (generation, sent, rank) that they have in `hot`; None when they lie in a file only.
    revising: those whose instant had another revision in `hot`.
    """

    twins: dict[int, tuple[int, int, int] | None]
    revising: AbstractSet[int]


def put(db: apsw.Connection, rows: Sequence[Row], base: int, late: Placed, held: AbstractSet[int]) -> Met:
    """Store the rows of a commit from the seq `base` on. late: those that may meet something; held: places of those that lie in a file."""
    new = [row for place, row in enumerate(rows) if place not in held] if held else rows
    before, first = db.total_changes(), 0

    def values(begin: int, end: int) -> list[Any]:
        found: list[Any] = []
        for r in new[first + begin : first + end]:
            found += (r.series, r.time, r.begin, r.result, r.quality, r.reason, r.revision, r.generation, r.sent, r.rank, r.received,
                      r.place, r.lon, r.lat)  # fmt: skip
        return found

    while first < len(new) and db.total_changes() == before:
        db.execute(_FIRST, (base, *values(0, 1)))
        first += 1
    sqlite.insert(db, _INSERT, _WIDTH, len(new) - first, values)
    return _met(db, late, base, sorted(held)) if late else Met({}, frozenset())


def _met(db: apsw.Connection, late: Placed, base: int, held: Sequence[int]) -> Met:
    """Look at the instants of late rows. One that finds its revision under another number than the next was not stored: it was there."""
    twins: dict[int, tuple[int, int, int] | None] = dict.fromkeys(held)
    of = {place: row for place, row in late if place not in twins}
    revising, own, now, passed = set[int](), 0, -1, 0
    for place, seq, revision, generation, sent, rank in sorted(_beside(db, of)):
        if place != now:
            now, own = place, base + place - bisect_left(held, place) - passed
        if revision != of[place].revision:
            if seq < own:
                revising.add(place)
        elif seq != own:
            twins[place] = (generation, sent, rank)
            passed += 1
    return Met(twins, revising - twins.keys())


def _beside(db: apsw.Connection, late: Mapping[int, Row]) -> Iterator[tuple[int, ...]]:
    """All of `hot` at the instants of rows: (their place, seq, revision, generation, sent, rank)."""
    keys = [(place, row.time, row.series) for place, row in late.items()]
    for first in range(0, len(keys), _TOGETHER):
        some = keys[first : first + _TOGETHER]
        query = _BESIDE.format(",".join(["(?,?,?)"] * len(some)))
        yield from db.execute(query, [value for key in some for value in key])
