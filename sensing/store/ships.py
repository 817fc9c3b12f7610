"""Positions of ships kept for what is found from them: one a minute, the earliest that is good, for some days.

One a minute makes a ship that speaks every two seconds as cheap as one that speaks each minute, and which one it is does not depend on the
order of arrival. `calm` are those outside all waters of harbours: between two of them stands all that a late position can change.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import nan
from typing import Any, NamedTuple

import apsw
from msgspec import Struct

from sensing.maritime.calls import Fix, Passage
from sensing.maritime.conduct import DRAGGING, SPEEDING, Manner, Span
from sensing.model import Micros, Quality
from sensing.times import DAY, MINUTE

from . import Row
from .events import Seen
from .tail import NEVER

KEEP = 2 * DAY
"""How long positions stay, of event time. What comes later than that is stored, and changes no call."""
SHIP = re.compile(r"mmsi-[2-7]\d{8}")
STATION = re.compile(r"mmsi-\d{7}")
CONDUCT = (SPEEDING, DRAGGING)
"""Kinds that a ship's positions tell by themselves."""
_GOOD = int(Quality.GOOD)
_FIXES = "SELECT time, lon, lat, speed, status FROM fixes WHERE ship=? AND minute >= ? AND minute <= ? AND time > ? AND time <= ? ORDER BY minute"
BEFORE = "SELECT time FROM fixes WHERE ship=? AND minute <= ? AND time < ? AND calm = 1 ORDER BY minute DESC LIMIT 1"
_AFTER = "SELECT time FROM fixes WHERE ship=? AND minute >= ? AND time > ? AND calm = 1 ORDER BY minute LIMIT 1"
_PUT = """INSERT INTO fixes VALUES(?,?,?,?,?,?,?,?) ON CONFLICT(ship, minute) DO UPDATE SET time = excluded.time, lon = excluded.lon,
  lat = excluded.lat, speed = excluded.speed, status = excluded.status, calm = excluded.calm"""
_SERVED = "SELECT lon, lat, quality FROM hot WHERE time=? AND series=? AND served"
_AGAIN = "SELECT result, lon, lat FROM hot WHERE time=? AND series=? AND served AND quality=?"


More = Mapping[tuple[int, Micros, str], float]
"""(ship, time, `speed` or `status`) to what was said beside a position."""
SAME, GONE = "same", "gone"


class Member(NamedTuple):
    """What a datastream says of whom. kind: position, speed, status; ship: the number of the ship's position datastream."""

    kind: str
    ship: int


class Track(Struct):
    """A ship in a run: `series` is its position's datastream. last: its newest fix. course: None until it is asked for after a start."""

    series: int
    thing: str
    run: str
    last: Fix | None = None
    floor: Micros = -NEVER
    prune_at: Micros = NEVER
    course: Course | None = None
    dark: bool = False
    """Whether its silence since `last` is told."""

    @property
    def station(self) -> bool:
        """Whether this is a base station: heard as long as its receiver is at work."""
        return STATION.fullmatch(self.thing) is not None


class Course(Struct):
    """What is remembered from fix to fix."""

    passage: Passage
    manner: Manner

    def spans(self) -> list[tuple[str, Span]]:
        """(kind, what may become an episode of it)."""
        both = ((SPEEDING, self.manner.fast), (DRAGGING, self.manner.adrift))
        return [(kind, span) for kind, span in both if span is not None]


def fixes(db: apsw.Connection, ship: int, after: Micros, until: Micros | None) -> Iterator[Fix]:
    """Those of after < time <= until, in order."""
    end = NEVER if until is None else until
    for row in db.execute(_FIXES, (ship, after // MINUTE, end // MINUTE, after, end)):
        yield Fix(*row)


def calm_around(db: apsw.Connection, ship: int, time: Micros) -> tuple[Micros | None, Micros | None]:
    """The nearest calm fixes before and after a time."""
    before = db.execute(BEFORE, (ship, time // MINUTE, time)).get
    after = db.execute(_AFTER, (ship, time // MINUTE, time)).get
    return before, after


def beside(db: apsw.Connection, ship: int, time: Micros) -> tuple[Fix | None, Fix | None]:
    """The fix at or before a time, and the first after it."""
    columns = "SELECT time, lon, lat, speed, status FROM fixes WHERE ship=?"
    before = db.execute(f"{columns} AND minute <= ? AND time <= ? ORDER BY minute DESC LIMIT 1", (ship, time // MINUTE, time)).get
    after = db.execute(f"{columns} AND minute >= ? AND time > ? ORDER BY minute LIMIT 1", (ship, time // MINUTE, time)).get
    return (None if before is None else Fix(*before)), (None if after is None else Fix(*after))


def put(db: apsw.Connection, rows: Sequence[tuple[Any, ...]]) -> None:
    """Write fixes: (ship, minute, time, lon, lat, speed, status, calm)."""
    db.executemany(_PUT, rows)


def served(db: apsw.Connection, series: int, time: Micros) -> tuple[float, float] | None:
    """The position that is served at a time; None when there is none that is good."""
    found = db.execute(_SERVED, (time, series)).get
    return (found[0], found[1]) if found is not None and found[2] == _GOOD and found[0] is not None else None


def first_in(db: apsw.Connection, series: int, minute: int) -> tuple[Micros, float, float] | None:
    """The earliest good position of a minute, as hot rows have it."""
    query = """SELECT time, lon, lat FROM hot WHERE time >= ? AND time < ? AND series=? AND served AND quality=? AND lon IS NOT NULL
      ORDER BY time LIMIT 1"""
    found: tuple[Micros, float, float] | None = db.execute(query, (minute * MINUTE, (minute + 1) * MINUTE, series, _GOOD)).get
    return found


def newest(db: apsw.Connection, ship: int) -> Fix | None:
    """The last fix that is kept."""
    row = db.execute("SELECT time, lon, lat, speed, status FROM fixes WHERE ship=? ORDER BY minute DESC LIMIT 1", (ship,)).get
    return None if row is None else Fix(*row)


def fix(ship: int, time: Micros, lon: float, lat: float, more: More) -> Fix:
    """A position with what was said beside it."""
    return Fix(time, lon, lat, more.get((ship, time, "speed")), int(more.get((ship, time, "status"), -1)))


def late(db: apsw.Connection, track: Track, row: Row, more: More) -> Fix | str:
    """What stands in the minute of a position that came late or is another now: a fix, or GONE, or the SAME as before."""
    ship, time, minute = track.series, row.time, row.time // MINUTE
    if time <= track.floor:
        return SAME
    old = db.execute("SELECT time, lon, lat FROM fixes WHERE ship=? AND minute=?", (ship, minute)).get
    if old is not None and old[0] < time:
        return SAME
    place = served(db, ship, time)
    if place is None:
        if old is None or old[0] > time:
            return SAME
        found = first_in(db, ship, minute)  # the kept one is good no longer
        if found is None:
            return GONE
        time, place = found[0], (found[1], found[2])
    if old is not None and old == (time, *place):
        return SAME
    return fix(ship, time, *place, more) if (ship, time, "speed") in more else _told(db, track, time, place)


def _told(db: apsw.Connection, track: Track, time: Micros, place: tuple[float, float]) -> Fix:
    """A fix with the speed and status that are stored of its time."""
    query = """SELECT s.property, h.result FROM hot h JOIN series s ON s.id = h.series WHERE h.time=? AND h.served AND s.thing=? AND s.run=?
      AND s.statistic='instant' AND s.property IN ('speed_over_ground', 'navigation_status') AND h.quality=?"""
    said = {name: value for name, value in db.execute(query, (time, track.thing, track.run, _GOOD)) if value is not None}
    return Fix(time, *place, said.get("speed_over_ground"), int(said.get("navigation_status", -1)))


def as_served(db: apsw.Connection, keys: Iterable[tuple[int, Micros]], seen: Seen) -> list[Row]:
    """Rows that say what is served of instants now, for `Maritime.look` when flags are others; nothing at all of one that is not good."""
    rows = list[Row]()
    for series, time in keys:
        found = db.execute(_AGAIN, (time, series, _GOOD)).get
        quality, (result, lon, lat) = (0, (nan, None, None)) if found is None else (_GOOD, found)
        rows.append(Row(
            series, time, None, result, quality, 0, 0, 0, 0, 0, seen.received, seen.place, lon, lat, False, None, heard=seen.heard))  # fmt: skip
    return rows
