"""What is kept of watched datastreams between commits: their rules and floors in `watched`, their samples as long as they are needed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import apsw

from sensing import sqlite
from sensing.events import Machine
from sensing.model import Micros

from . import tail
from .curve import Curve
from .tail import KEEP, NEVER, Tail, copy, prune_at

PUT = "INSERT INTO samples VALUES(?,?,?) ON CONFLICT(series, time) DO UPDATE SET result = excluded.result"
_NEW = "INSERT OR REPLACE INTO samples"
_WINDOW = "SELECT time, result FROM samples WHERE series=? AND time >= ? ORDER BY time"
_KEPT = """INSERT INTO watched VALUES(?,?,?,?)
  ON CONFLICT(series) DO UPDATE SET rule = excluded.rule, floor = excluded.floor, seed = excluded.seed"""


class Kept:
    """The tables `watched` and `samples` of one store."""

    def __init__(self, db: Any) -> None:
        self._db = db

    def load(self, series: int, rules: bytes, floor: Micros, seeds: bytes | None) -> Tail:
        """A tail as the store has it: its machines are made again from the newest samples that left them calm."""
        found = Tail(None, tail.read(rules, seeds), floor, floor, NEVER)
        first, last = self._db.execute("SELECT min(time), max(time) FROM samples WHERE series=?", (series,)).get
        found.time = max(floor, -NEVER if last is None else int(last))
        for line in found.lines:
            curve = Curve(self._db, series, line.rule, floor)
            low = curve.calm_before(NEVER)
            line.machine = copy(line.seed) if low is None else Machine()
            curve.run(line.machine, floor if low is None else low, None)
        found.prune_at = prune_at(floor if first is None or floor > -NEVER else int(first))
        found.over = max(line.rule.over for line in found.lines)
        self.window(series, found)
        return found

    def window(self, series: int, found: Tail) -> None:
        """Read the newest samples into memory, as far as windows reach."""
        if not found.over:
            return
        rows = self._db.execute(_WINDOW, (series, max(found.time, -NEVER) - found.over)).fetchall()
        found.times, found.values = [int(str(time)) for time, _ in rows], [float(str(result)) for _, result in rows]
        for line in found.lines:
            line.bound = line.high = float("inf")
            line.low = -line.high

    def put(self, samples: Sequence[Any]) -> None:
        """Write samples that are new: series, time and value of each, one after the other."""
        if isinstance(self._db, apsw.Connection):
            sqlite.insert(self._db, _NEW, 3, len(samples) // 3, lambda first, end: samples[3 * first : 3 * end])
        else:
            self._db.executemany(PUT, zip(samples[::3], samples[1::3], samples[2::3], strict=True))

    def keep(self, series: int, found: Tail) -> None:
        """Write down its rules and floor."""
        rules, seeds = tail.written(found)
        self._db.execute(_KEPT, (series, rules, found.floor, seeds))

    def prune(self, series: int, found: Tail) -> None:
        """Drop samples older than `KEEP`, once a day, keeping the machines as they left them."""
        floor = found.time - KEEP
        for line in found.lines:
            curve = Curve(self._db, series, line.rule, found.floor)
            low = curve.calm_before(floor + 1)
            machine = copy(line.seed) if low is None else Machine()
            curve.run(machine, found.floor if low is None else low, floor)
            line.seed = None if machine.calm else copy(machine)
        self.raise_floor(series, found, floor)

    def raise_floor(self, series: int, found: Tail, floor: Micros) -> None:
        """Evaluate nothing before it again; samples before it stay as far as windows reach back."""
        found.floor, found.prune_at = floor, prune_at(floor)
        self._db.execute("DELETE FROM samples WHERE series=? AND time < ?", (series, floor - found.over + (not found.over)))
        self.keep(series, found)
