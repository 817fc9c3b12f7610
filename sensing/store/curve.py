"""What a rule watches, read from the samples of its datastream: where it was calm, and what its machine made of a span.

A rule about the values themselves asks the table; one that derives (a sum, a rate) makes its values of the samples, a piece at a time,
back from where it is asked for: a calm one is nearly always near.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sensing import derive
from sensing.events import Episode, Machine
from sensing.model import Micros
from sensing.times import HOUR

from .tail import NEVER

if TYPE_CHECKING:
    import apsw

    from sensing.rules import Rule

_SAMPLES = "SELECT time, result FROM samples WHERE series=? AND time > ? AND time <= ? ORDER BY time"
_LOW_BEFORE = (
    """SELECT time FROM samples WHERE series=? AND time < ? AND time > ? AND result * ? < ? ORDER BY time DESC LIMIT 1"""
)
_LOW_AFTER = "SELECT time FROM samples WHERE series=? AND time > ? AND result * ? < ? ORDER BY time LIMIT 1"
_PIECE = 1


class Curve:
    """One rule over one datastream. floor: what is not evaluated again."""

    def __init__(self, db: apsw.Connection, series: int, rule: Rule, floor: Micros) -> None:
        self._db, self._series, self._rule, self._floor = db, series, rule, floor

    def calm_before(self, time: Micros) -> Micros | None:
        """The newest sample before a time that left the rule calm, whatever went before it; None when there is none above the floor."""
        rule = self._rule
        if not rule.take:
            found = self._db.execute(_LOW_BEFORE, (self._series, time, self._floor, rule.sign, rule.clear)).get
            return None if found is None else int(found)
        oldest = self._db.execute("SELECT min(time) FROM samples WHERE series=?", (self._series,)).get
        floor = NEVER if oldest is None else max(self._floor, int(oldest) - 1)
        piece = max(rule.over, HOUR) * _PIECE
        while time - 1 > floor:
            low = max(floor, time - 1 - piece)
            for at in reversed(range(*self._load(low, time - 1))):
                if self._calm(at):
                    return self._times[at]
            time, piece = low + 1, piece * 2
        return None

    def calm_after(self, time: Micros) -> Micros | None:
        """The first such sample after a time."""
        rule = self._rule
        if not rule.take:
            found = self._db.execute(_LOW_AFTER, (self._series, time, rule.sign, rule.clear)).get
            return None if found is None else int(found)
        newest = self._db.execute("SELECT max(time) FROM samples WHERE series=?", (self._series,)).get
        piece = max(rule.over, HOUR) * _PIECE
        while newest is not None and time < newest:
            high = min(int(newest), time + piece)
            for at in range(*self._load(time, high)):
                if self._calm(at):
                    return self._times[at]
            time, piece = high, piece * 2
        return None

    def run(self, machine: Machine, after: Micros, until: Micros | None, found: list[Episode] | None = None) -> Micros:
        """Step a machine through the samples of after < time <= until, entering its episodes; returns the last one's time."""
        rule, time = self._rule, -NEVER
        if not rule.take:
            for time, result in self._db.execute(_SAMPLES, (self._series, after, NEVER if until is None else until)):
                _enter(machine.step(rule, time, result), found)
            return time
        for at in range(*self._load(after, NEVER if until is None else until)):
            time = self._times[at]
            _enter(derive.step(machine, rule, self._times, self._values, at), found)
        return time

    def _load(self, after: Micros, until: Micros) -> tuple[int, int]:
        """Read the samples of a span and of the window before it; returns the places of the span."""
        rows = self._db.execute(_SAMPLES, (self._series, max(after, -NEVER) - self._rule.over - 1, until)).fetchall()
        self._times = [int(str(time)) for time, _ in rows]
        self._values = [float(str(result)) for _, result in rows]
        return sum(time <= after for time in self._times), len(rows)

    def _calm(self, at: int) -> bool:
        found = derive.value(self._rule, self._times, self._values, at)
        return found is not None and found * self._rule.sign < self._rule.clear


def _enter(episode: Episode | None, found: list[Episode] | None) -> None:
    if found is not None and episode is not None and (not found or found[-1] is not episode):
        found.append(episode)
