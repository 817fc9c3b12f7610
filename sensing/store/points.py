"""Rows as plain numbers, for who carries them elsewhere (exports): out of the table `hot` and the lake alike.

A point is (seq, series, time, result, quality, lon, lat, served, received), times in microseconds, flags as they were stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from sensing.errors import NotFoundError

from .rows import Rows
from .wanted import Wanted

_POINT = "seq, series, time, result, quality, lon, lat, served, received"
_PLACES = (0, 1, 3, 5, 6, 9, 10, 12, 4)
_ALL = Wanted(runs=None, served=False)


class Points(Rows):
    """See above. One object is one connection: use it from one thread."""

    def points(self, after: int, limit: int) -> list[tuple[Any, ...]]:
        """Points committed after a seq, in commit order, every revision."""
        rows, _ = self._following(after, limit, _ALL)
        return [tuple(row[place] for place in _PLACES) for row in rows]

    def served(self, series: int, time: int) -> tuple[Any, ...] | None:
        """The point that readers are given of one instant of a datastream."""
        return next((tuple(row[place] for place in _PLACES) for row in self.instant(series, time) if row[12]), None)

    def revised(self, instants: Sequence[tuple[int, int]]) -> set[tuple[int, int]]:
        """Those of (series, time) that have more than one revision."""
        return {(series, time) for series, time in instants if len(self.instant(series, time)) > 1}

    def instant(self, series: int, time: int) -> list[tuple[Any, ...]]:
        """Every revision of one instant of a datastream."""
        wanted = replace(_ALL, begin=time, end=time + 1)

        def hot(seam: int) -> list[tuple[Any, ...]]:
            query = f"SELECT {self.COLUMNS} FROM hot h WHERE h.time = ? AND h.series = ? AND h.seq >= ?"
            return self._db.execute(query, (time, series, seam)).fetchall()

        to = self._db.execute("SELECT sealed_to FROM resting WHERE series = ?", (series,)).get
        if to is None or to < time:
            with self._db:
                return hot(self.seen().seam)
        return self._both(lambda seen: hot(seen.seam), lambda seen: self.lake().instant(seen.catalogue, series, time), wanted)[0]

    def series_words(self, series: int) -> tuple[str, str, str, str, str, str]:
        """(thing, property, statistic, channel, run, origin) of a datastream. Raises NotFoundError."""
        try:
            thing, prop, statistic, channel, _, origin, run = self.words(series)
        except KeyError:
            raise NotFoundError(f"there is no series {series}") from None
        return thing, prop, statistic, channel, run, origin
