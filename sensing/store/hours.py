"""Hourly means of compared datastreams, and what was found of each hour: the table `hours`, and the newest of it in columns.

A mean is of the served values of an hour that no first flag and no check of the series doubts. An hour within which the device's configuration
changed has none, and hours of another configuration are not looked back on: another datum is no drift.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from sensing.checks import judge
from sensing.checks.neighbours import SPAN
from sensing.model import Quality
from sensing.times import HOUR

from . import CONFIGURATION_BITS
from .spans import Spans
from .verdicts import COMPARED, GOOD

if TYPE_CHECKING:
    from pathlib import Path

CONFIGURATION = (1 << CONFIGURATION_BITS) - 1
_LISTED = ",".join(str(number) for number in sorted(COMPARED))
_MEANS = f"""SELECT series, avg(result), min(generation & {CONFIGURATION}), max(generation & {CONFIGURATION}) FROM hot WHERE time >= ? AND time < ? AND served AND result IS NOT NULL
  AND ((quality = {GOOD[0]} AND reason = {GOOD[1]}) OR (quality = {int(Quality.SUSPECT)} AND reason IN ({_LISTED})))
  AND series IN (SELECT CAST(value AS INTEGER) FROM json_each(?)) GROUP BY series"""
_PUT = """INSERT INTO hours VALUES(?,?,?,?,?,?) ON CONFLICT(series, hour) DO UPDATE SET mean = excluded.mean,
  configuration = excluded.configuration, code = excluded.code, departure = excluded.departure"""
_KEPT = """SELECT series, hour, mean, configuration, code, departure FROM hours WHERE hour >= ? AND hour < ? AND series IN
  (SELECT CAST(value AS INTEGER) FROM json_each(?))"""
_MORE = 120
Mean = tuple[float, int]
"""Of an hour, and the configuration of the device in it."""
_MOST = 2000
_DIGITS = 6


class Block:
    """Columns of some datastreams (rows of the arrays, by `at`) in the hours from `begin` on. What was changed is `dirty`."""

    def __init__(self, series: Sequence[int], begin: int, width: int) -> None:
        self.numbers = list(series)
        self.at = {number: place for place, number in enumerate(series)}
        self.begin, self.end = begin, begin + width
        self.means = np.full((len(series), width), np.nan)
        self.configurations = np.zeros((len(series), width), np.int64)
        self.codes = np.zeros((len(series), width), np.int8)
        self.departures = np.zeros((len(series), width))
        self.dirty: set[tuple[int, int]] = set()

    def spans(self, places: Any, columns: Any, width: int = SPAN) -> Any:
        """Means of (n,) or (n, K) rows in the `width` hours up to each of (n,) columns; NaN of row -1, and of other configurations."""
        wide = columns.reshape(-1, *([1] * (places.ndim - 1)))[..., None] - np.arange(width - 1, -1, -1)
        at = np.maximum(places, 0)[..., None], wide
        found, told = self.means[at], self.configurations[at]
        found[(places < 0)[..., None] | (told != told[..., -1:])] = np.nan
        return found


class Hours:
    """The table, inside work's transaction. lake: the folder of its files; None where nothing is sealed."""

    def __init__(self, db: Any, lake: Path | None) -> None:
        self._db, self._lake = db, lake
        self.spans = Spans(db, lake)
        self._blocks: dict[tuple[str, ...], Block] = {}

    def forget(self) -> None:
        """Drop what is remembered of the table."""
        self._blocks.clear()

    def means(self, series: Iterable[int], hour: int) -> dict[int, Mean]:
        """Means of one hour, of those that have any, with the configuration."""
        numbers = sorted(series)
        if self._sealed(numbers, hour):
            found = self.spans.read(numbers, hour * HOUR, (hour + 1) * HOUR - 1)
            good = {number: [(value, configured) for value, code, configured in zip(*stretch[1:], strict=True) if code == judge.GOOD]
                    for number, stretch in found.items()}  # fmt: skip
            return {number: (round(sum(value for value, _ in some) / len(some), _DIGITS), some[0][1])
                    for number, some in good.items() if len({configured for _, configured in some}) == 1}  # fmt: skip
        listed = msgspec.json.encode(numbers).decode()
        rows = self._db.execute(_MEANS, (hour * HOUR, (hour + 1) * HOUR, listed))
        return {int(number): (round(float(mean), _DIGITS), int(low)) for number, mean, low, high in rows if low == high}

    def _sealed(self, numbers: list[int], hour: int) -> bool:
        """Whether some of an hour may lie in a file."""
        if self._lake is None:
            return False
        from .lake import catalogue, scan

        now = catalogue.read(self._db)
        query = scan.Query(np.array(numbers, np.int64), hour * HOUR, (hour + 1) * HOUR)
        return bool(now.segments and scan.segments(now.segments, query))

    def block(self, key: tuple[str, ...], series: Sequence[int], first: int, last: int) -> Block:
        """Columns that have all from SPAN hours before `first` to `last`."""
        found = self._blocks.get(key)
        same = found is not None and found.numbers == list(series)
        if found is None or not same or first - SPAN < found.begin or last >= found.end:
            begin = first - 2 * SPAN
            found = self._load(series, begin, last + _MORE - begin)
            if last - begin < _MOST:
                self._blocks[key] = found
        return found

    def _load(self, series: Sequence[int], begin: int, width: int) -> Block:
        found = Block(series, begin, width)
        listed = msgspec.json.encode(list(series)).decode()
        for number, hour, mean, configuration, code, departure in self._db.execute(_KEPT, (begin, begin + width, listed)):
            place, column = found.at[int(number)], int(hour) - begin
            if mean is not None:
                found.means[place, column] = mean
            found.configurations[place, column] = configuration
            found.codes[place, column], found.departures[place, column] = code, departure
        return found

    def write(self, found: Block) -> None:
        """Write down what was changed."""
        numbers = found.numbers
        rows = []
        for place, column in sorted(found.dirty):
            mean = found.means[place, column]
            rows.append((numbers[place], found.begin + column, None if np.isnan(mean) else float(mean),
                         int(found.configurations[place, column]), int(found.codes[place, column]), float(found.departures[place, column])))  # fmt: skip
        self._db.executemany(_PUT, rows)
        found.dirty.clear()

    def code(self, series: int, hour: int) -> tuple[int, float]:
        """What was found of an hour of a series that is judged: code and departure."""
        row = self._db.execute("SELECT code, departure FROM hours WHERE series=? AND hour=?", (series, hour)).fetchall()
        return (int(row[0][0]), float(row[0][1])) if row else (0, 0.0)

    def prune(self, series: Iterable[int], before: int) -> None:
        """Forget what is older."""
        self._db.executemany("DELETE FROM hours WHERE series=? AND hour<?", [(number, before) for number in series])
