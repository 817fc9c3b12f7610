"""What the live pages follow: rows as plain numbers in the order of their commits, and how each datastream of a run stands now.

A row of news is (seq, series, time, received, result, quality, reason, lon, lat, served): times in microseconds, the reason in words,
quality and reason as annotations say.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from sensing.model import QualityReason

from .annotations import Annotations
from .points import Points
from .rows import LATEST

_WORDS = tuple(str(reason) for reason in QualityReason)
_NEWEST = """JOIN latest l ON l.series = s.id JOIN hot h ON h.time = l.newest AND h.series = l.series AND h.served
  WHERE s.run = ? AND (l.time IS NULL OR l.newest > l.time)"""
_BEYOND = "SELECT s.id, l.newest FROM series s JOIN latest l ON l.series = s.id WHERE s.run = ? AND (l.time IS NULL OR l.newest > l.time)"
_GOOD = """JOIN (SELECT series, max(time) AS time FROM hot WHERE served AND quality <= 2 AND series IN (SELECT CAST(value AS INTEGER) FROM json_each(?))
  GROUP BY series) g ON g.series = s.id JOIN hot h ON h.series = g.series AND h.time = g.time AND h.served"""
_FACTS = """SELECT thing, key, value FROM facts WHERE run = ? AND thing IN (SELECT value FROM json_each(?))
  ORDER BY thing, key, begin"""
_UNJUDGED = 2
_MOST_SEALED = 200
"""Datastreams whose newest row is no good one and lies in a file: each costs a look into it."""
Piece = tuple[int, int, int, int, float | None, int, str, float | None, float | None, bool]


class News(Points):
    """See above. One object is one connection: use it from one thread."""

    def news(self, after: int, limit: int) -> list[Piece]:
        """Rows of every run committed after a seq, every revision."""
        rows, notes = self._following(after, limit, None)
        return self._pieces(rows, notes)

    def standing(self, run: str) -> list[Piece]:
        """Of each datastream of a run the newest row that can be shown, the newest of all, and the newest good one that is not sealed."""
        with self._db:
            seam = self.seen().seam
            rows: list[Any] = self._db.execute(f"{LATEST} AND s.run = ?", (seam, run)).fetchall()
            later: list[Any] = self._db.execute(f"SELECT {self.COLUMNS} FROM series s {_NEWEST}", (run,)).fetchall()
            beyond: list[Any] = self._db.execute(_BEYOND, (run,)).fetchall()
            bad = json.dumps(sorted({row[1] for row in (*rows, *later) if row[6] > _UNJUDGED}))
            good: list[Any] = (
                self._db.execute(f"SELECT {self.COLUMNS} FROM series s {_GOOD}", (bad,)).fetchall() if len(bad) > 2 else []
            )
            notes = Annotations.read(self._db)
        found = {row[1] for row in later}
        sealed = [each for each in beyond if each[0] not in found][:_MOST_SEALED]
        later += [row for series, time in sealed for row in self.instant(series, time) if row[12]]
        return self._pieces([*rows, *later, *good], notes)

    def facts_of(self, things: Iterable[str], run: str) -> dict[str, dict[str, str]]:
        """What is true of things now, by thing and key."""
        found: dict[str, dict[str, str]] = {}
        for thing, key, value in self._db.execute(_FACTS, (run, json.dumps(list(things)))):
            found.setdefault(str(thing), {})[str(key)] = str(value)
        return found

    def enrolled_at(self, thing: str) -> int:
        """When a thing enrolled itself, microseconds; 0 when it did not."""
        return int(self._db.execute("SELECT at FROM enrolled WHERE thing=?", (thing,)).get or 0)

    def noted(self) -> int:
        """How many annotations there are: it grows with each."""
        return int(self._db.execute("SELECT count(*) FROM annotations").get)

    def _pieces(self, rows: Sequence[tuple[Any, ...]], notes: Annotations) -> list[Piece]:
        found: list[Piece] = []
        for seq, series, _begin, time, received, result, quality, reason, _revision, lon, lat, _place, served in rows:
            word = _WORDS[reason]
            if notes:
                thing, prop, *_ = self.words(series)
                if (note := notes.over(thing, prop, time)) is not None:
                    quality, word = note.quality, note.reason  # noqa: PLW2901 a later verdict takes the place of the row's own
            found.append((seq, series, time, received, result, quality, word, lon, lat, bool(served)))
        return found
