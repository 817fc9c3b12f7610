"""Wind and gases near harbours, kept for what is found from them together with ships: the served values of two days, and all gales.

Where a device stands is the registry's; work tells it (`whereabouts`). It is written down when the datastream is first met, and again when the
registry has another place for it: that holds for what is measured from then on, and what was found at the old place stands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import apsw

from sensing.maritime import downwind
from sensing.maritime.conduct import rules
from sensing.maritime.downwind import Gust, Wind
from sensing.maritime.harbours import Point, shipped
from sensing.maritime.waters import metres
from sensing.model import Micros, Quality
from sensing.times import DAY, MINUTE

from . import Row
from .ships import KEEP

WIND, DIRECTION = "wind_speed", "wind_direction"
STATISTICS = ("instant",)
Whereabouts = Callable[[str], Point | None]
_GOOD = int(Quality.GOOD)
_SERVED = "SELECT result, quality FROM hot WHERE time=? AND series=? AND served"
_PUT = "INSERT INTO airs VALUES(?,?,?) ON CONFLICT(series, time) DO UPDATE SET result = excluded.result"
_BY_TIME = "SELECT time, result FROM airs WHERE series=? AND time > ? AND time <= ? ORDER BY time DESC LIMIT 2"


class Stand(NamedTuple):
    """A datastream of wind or of a gas near a harbour, and where it is measured: (since when, place) in order."""

    series: int
    thing: str
    property: str
    run: str
    places: tuple[tuple[Micros, Point], ...]

    def at(self, time: Micros) -> Point:
        """Where it was measured at a time; before the first place, there."""
        return next((place for since, place in reversed(self.places) if since <= time), self.places[0][1])


class Airs:
    """The table, inside work's transaction."""

    def __init__(self, db: apsw.Connection) -> None:
        self._db = db
        self.whereabouts: Whereabouts = lambda _thing: None
        self.stands: dict[int, Stand] = {}
        self._newest: dict[int, Micros] = {}
        self._pruned: Micros = 0

    def forget(self) -> None:
        """Drop what is remembered of the file."""
        self.stands, self._newest = {}, {}
        for series, since, thing, name, run, lon, lat in list(self._db.execute("SELECT * FROM stands ORDER BY series, since")):
            before = self.stands[series].places if series in self.stands else ()
            self.stands[series] = Stand(series, thing, name, run, (*before, (since, (lon, lat))))
        for series in self.stands:
            newest = self._db.execute("SELECT max(time) FROM airs WHERE series=?", (series,)).get
            if newest is not None:
                self._newest[series] = newest

    def meet(self, series: int, time: Micros, thing: str, name: str, statistic: str, run: str) -> Stand | None:
        """What a datastream is here; None for what is neither wind nor a gas that matters, or is far from every berth. time: of its next value."""
        known = self.stands.get(series)
        if known is None and (statistic not in STATISTICS or name not in (WIND, DIRECTION, *downwind.gases())):
            return None
        place = self.whereabouts(thing)
        if place is None or (known is None and not _near(place)) or (known is not None and known.places[-1][1] == place):
            return known
        since = max(time, self._newest.get(series, -1) + 1) if known is not None else 0
        self._db.execute("INSERT INTO stands VALUES(?,?,?,?,?,?,?)", (series, since, thing, name, run, *place))
        before = () if known is None else known.places
        known = self.stands[series] = Stand(series, thing, name, run, (*before, (since, place)))
        return known

    def keep(self, rows: Sequence[tuple[Stand, Row]]) -> list[tuple[Stand, Micros, bool]]:
        """Take values in; returns (what, when, whether it came late) of those that are others now."""
        puts, changed = list[tuple[int, Micros, float]](), list[tuple[Stand, Micros, bool]]()
        for stand, row in rows:
            series, time = stand.series, row.time
            if time > self._newest.get(series, -1) and row.quality == _GOOD and row.result is not None:
                self._newest[series] = time
                puts.append((series, time, row.result))
                changed.append((stand, time, False))
        self._db.executemany(_PUT, puts)
        made = {(series, time): result for series, time, result in puts}
        for stand, row in rows:
            late = row.time <= self._newest.get(stand.series, -1) and made.get((stand.series, row.time)) != row.result
            if late and self._again(stand, row.time):
                changed.append((stand, row.time, True))
        if self._newest and (newest := max(self._newest.values())) > self._pruned + DAY:
            self._prune(newest)
        return changed

    def _again(self, stand: Stand, time: Micros) -> bool:
        """Make a late value what is served now; returns whether that is another."""
        if time <= self._newest[stand.series] - KEEP:
            return False
        found = self._db.execute(_SERVED, (time, stand.series)).get
        result = found[0] if found is not None and found[1] == _GOOD else None
        old = self._db.execute("SELECT result FROM airs WHERE series=? AND time=?", (stand.series, time)).get
        if result == old:
            return False
        if result is None:
            self._db.execute("DELETE FROM airs WHERE series=? AND time=?", (stand.series, time))
        else:
            self._db.execute(_PUT, (stand.series, time, result))
        return True

    def _prune(self, newest: Micros) -> None:
        self._pruned = newest
        gale = rules()["gale"]["wind_ms"]
        for stand in self.stands.values():
            calm = f" AND result < {float(gale)}" if stand.property == WIND else ""
            self._db.execute(f"DELETE FROM airs WHERE series=? AND time < ?{calm}", (stand.series, newest - KEEP))

    def newest(self, run: str) -> Micros:
        """When wind was last measured in a run; 0 for never."""
        return max(
            (self._newest.get(one.series, 0) for one in self.stands.values() if one.run == run and one.property == WIND),
            default=0,
        )

    def wind_at(self, point: Point, run: str, time: Micros) -> Wind | None:
        """The wind at a place then, as the nearest station had said in the last half hour."""
        return downwind.wind_at(point, self._gusts(point, run, time), time)

    def _gusts(self, point: Point, run: str, time: Micros) -> Iterable[Gust]:
        told = rules()["downwind"]
        directions = {one.thing: one.series for one in self.stands.values() if one.property == DIRECTION and one.run == run}
        for stand in self.stands.values():
            if stand.property != WIND or stand.run != run or stand.thing not in directions:
                continue
            if metres(point, stand.at(time)) > told["weather_km"] * 1000:
                continue
            since = time - told["minutes"] * MINUTE - 1
            speeds = dict(self._db.execute(_BY_TIME, (stand.series, since, time)))
            for at, comes_from in list(self._db.execute(_BY_TIME, (directions[stand.thing], since, time))):
                if at in speeds:
                    yield Gust(stand.thing, stand.at(at), at, speeds[at], comes_from)
                    break

    def gales(self, run: str) -> list[tuple[Micros, Micros | None]]:
        """From when until when it blew near the harbours; the last one's end is None while it may go on."""
        told = rules()["gale"]
        apart, found = told["apart_h"] * 60 * MINUTE, list[tuple[Micros, Micros | None]]()
        stands = [one for one in self.stands.values() if one.run == run and one.property == WIND]
        times = {
            int(time) for one in stands
            for (time,) in self._db.execute("SELECT time FROM airs WHERE series=? AND result >= ?", (one.series, told["wind_ms"]))
            if len(one.places) == 1 or _near(one.at(time))
        }  # fmt: skip
        for time in sorted(times):
            if found and time - (found[-1][1] or 0) <= apart:
                found[-1] = found[-1][0], time
            else:
                found.append((time, time))
        if found and self.newest(run) - (found[-1][1] or 0) <= told["over_h"] * 60 * MINUTE:
            found[-1] = found[-1][0], None
        return found


def _near(place: Point) -> bool:
    """Whether wind and gases there bear on a berth."""
    reach = rules()["downwind"]["weather_km"] * 1000
    return any(metres(berth.point, place) <= reach for berth in shipped().berths)
