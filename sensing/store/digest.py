"""One hash over what is stored, wherever it lies: what a test compares (P5)."""

from __future__ import annotations

import contextlib
import hashlib
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import apsw

from .lake import FOLDER, catalogue

_CHUNK = 400_000
"""Rows that are held in memory at once."""
_TRIES = 4


def digest(connection: apsw.Connection, run: str | None = None) -> str:
    """A hash over series, times, revisions and results, whatever the order in which they came, sealed or not."""
    for _ in range(_TRIES):
        with contextlib.suppress(FileNotFoundError):  # a file was replaced and removed meanwhile: look again
            return _digest(connection, run)
    return _digest(connection, run)


def _digest(connection: apsw.Connection, run: str | None) -> str:
    with connection:
        now = catalogue.read(connection)
        query = """SELECT s.thing, s.property, s.statistic, s.channel, s.run, h.time, h.begin, h.result, h.revision, h.served, h.lon, h.lat
          FROM hot h JOIN series s ON s.id = h.series WHERE ?1 IS NULL OR s.run = ?1 ORDER BY 1, 2, 3, 4, 5, 6, 9"""
        found = _hashed(_everywhere(connection, now, run) if now.segments else connection.execute(query, (run,)))
    return found  # noqa: RET504 inside the block mypy thinks that it may be swallowed


def _hashed(rows: Iterable[tuple[Any, ...]]) -> str:
    total = hashlib.sha256()
    for *words, time, begin, result, revision, served, lon, lat in rows:
        total.update("\x1f".join(words).encode())
        total.update(struct.pack("<q", time))
        total.update(repr((begin, result, revision, served, lon, lat)).encode())
    return total.hexdigest()


def _everywhere(db: apsw.Connection, now: catalogue.Catalogue, run: str | None) -> Iterator[tuple[Any, ...]]:
    """Rows of hot and lake, series after series by their words."""
    import numpy as np
    import pyarrow as pa

    from .lake import columns
    from .lake.bridge import Bridge, told
    from .lake.scan import Query
    from .wanted import Wanted

    bridge = Bridge(db, Path(db.filename).parent / FOLDER)
    bridge.look(now, Wanted(runs=None, served=False))
    words = {number: tuple(rest) for number, *rest in db.execute(
        "SELECT id, thing, property, statistic, channel, run FROM series WHERE ?1 IS NULL OR run = ?1", (run,))}  # fmt: skip
    ordered = sorted(words, key=lambda number: words[number])
    rows = sum(one.rows for one in now.segments)
    size = max(1, len(ordered) * _CHUNK // max(1, rows))
    for start in range(0, len(ordered), size):
        query = Query(np.sort(np.array(ordered[start : start + size], dtype=np.int64)), served=False)
        pieces = [*bridge.pieces(now, query, columns.NAMES), bridge.hot_table(now, query)]
        found = told(pa.concat_tables([piece.select(columns.NAMES) for piece in pieces]))
        found.sort(key=lambda row: (words[row[1]], row[3], row[8]))
        for _, series, begin, time, _, result, _, _, revision, lon, lat, _, served in found:
            yield (*words[series], time, begin, result, revision, int(served), lon, lat)
