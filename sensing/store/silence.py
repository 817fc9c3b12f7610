"""Dark ships in the store's transaction: who was under way and was not heard, though a receiver that must have heard was at work.

Told of two positions of a ship that follow each other, or of the newest one and what a receiver's base station has said since. Both are
data in event time: a receiver that was away makes nobody dark, and what it sends later takes back what was told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import apsw

from sensing.events import Episode
from sensing.maritime import conduct
from sensing.maritime.calls import Fix
from sensing.model import Micros
from sensing.times import DAY, MINUTE, SECOND

from .events import Seen
from .ships import Track, beside, newest
from .tail import NEVER

_WINDOW = 10 * MINUTE
"""Within so long before a silence is told its receiver was heard."""
Write = Callable[[Track, str, Sequence[Episode], Micros, Micros, Seen], None]


class Silences:
    """What is told of silent ships. write: makes a ship's events of a kind between two times what was found."""

    def __init__(self, db: apsw.Connection, write: Write) -> None:
        self._db, self._write = db, write
        self._stations: dict[tuple[str, str], Track | None] = {}
        self._told: dict[tuple[str, str], int] = {}
        self._before: dict[int, Fix] = {}

    def forget(self) -> None:
        """Drop what is remembered of the file."""
        self._stations.clear()
        self._told.clear()
        self._before.clear()

    def ended(self, track: Track, fixes: Iterable[Fix], seen: Seen) -> None:
        """New fixes of a ship: each ends a silence, if there was one."""
        before = self._before.get(track.series)
        told = track.dark or before is None  # what a worker before this one has told is not known here
        if before is None:
            first = next(iter(fixes), None)
            before = None if first is None else beside(self._db, track.series, first.time - 1)[0]
        for fix in fixes:
            if before is not None and (told or fix.time - before.time >= conduct.silent_s() * SECOND):
                self._pair(track, before, fix, seen)
            told = False
            before = fix
        track.dark = False
        if before is not None:
            self._before[track.series] = before
            if before.time + conduct.silent_s() * SECOND <= self._beat(track.run):
                self._pair(track, before, None, seen)

    def changed(self, track: Track, times: Iterable[Micros], tracks: Mapping[int, Track], seen: Seen) -> None:
        """Fixes of a ship, or of a base station, that came late or are others now."""
        if track.station:
            self._beats(track, times, tracks, seen)
            return
        self._before.pop(track.series, None)
        for time in times:
            last, following = beside(self._db, track.series, time)
            if last is not None and last.time == time:
                earlier, _ = beside(self._db, track.series, time - 1)
                if earlier is not None:
                    self._pair(track, earlier, last, seen)
            if last is not None:
                self._pair(track, last, following, seen)

    def tell(self, heard: Iterable[Track], tracks: Mapping[int, Track], seen: Mapping[int, Seen]) -> None:
        """After new fixes of base stations: ships that have been silent for too long now."""
        for station in heard:
            if station.last is None or station.thing not in {one.thing for one in conduct.stations()}:
                continue
            key, minute = (station.thing, station.run), station.last.time // MINUTE
            self._stations[key] = station
            if minute <= self._told.get(key, -1):
                continue
            self._told[key] = minute
            since = station.last.time - conduct.silent_s() * SECOND
            for track in tracks.values():
                last = track.last
                if (
                    last is None
                    or track.dark
                    or track.run != station.run
                    or not since - DAY < last.time <= since
                    or track.station
                ):
                    continue
                if conduct.sailed(last):
                    self._pair(track, last, None, seen[station.series])

    def _beats(self, station: Track, times: Iterable[Micros], tracks: Mapping[int, Track], seen: Seen) -> None:
        """A base station was heard after all: whom it must have heard may have been dark."""
        span = conduct.silent_s() * SECOND
        for time in sorted({time // MINUTE * MINUTE for time in times}):
            for track in tracks.values():
                if track.run != station.run or track.station or track.last is None:
                    continue
                last, following = beside(self._db, track.series, time - span + _WINDOW)
                if last is not None and last.time >= time - span - MINUTE:
                    self._pair(track, last, following, seen)

    def _pair(self, track: Track, last: Fix, following: Fix | None, seen: Seen) -> None:
        """Tell, or take back, that a ship was dark from one fix to the next, or has been since its newest."""
        again = None if following is None else following.time
        found = [conduct.silence(last, again)] if self._silent(last, again, track.run) else []
        if following is None:
            track.dark = bool(found)
        self._write(track, conduct.DARK, found, last.time - 1, NEVER if again is None else again, seen)

    def _silent(self, last: Fix, again: Micros | None, run: str) -> bool:
        due = last.time + conduct.silent_s() * SECOND
        if (again is not None and again < due) or not conduct.sailed(last):
            return False
        for station in conduct.hearing((last.lon, last.lat)):
            track = self._station(station.thing, run)
            if track is None or track.last is None or (again is None and track.last.time < due):
                continue
            query = "SELECT 1 FROM fixes WHERE ship=? AND minute > ? AND minute <= ? LIMIT 1"
            if self._db.execute(query, (track.series, (due - _WINDOW) // MINUTE, due // MINUTE)).get is not None:
                return True
        return False

    def _station(self, thing: str, run: str) -> Track | None:
        """A base station as it is known by now."""
        if (thing, run) not in self._stations:
            row = self._db.execute("SELECT ship FROM ships WHERE thing=? AND run=?", (thing, run)).get
            found = None if row is None else Track(int(row), thing, run, newest(self._db, int(row)))
            self._stations[thing, run] = found
        return self._stations[thing, run]

    def _beat(self, run: str) -> Micros:
        """When a base station was last heard in a run; -1 for never."""
        found = [self._station(one.thing, run) for one in conduct.stations()]
        return max((one.last.time for one in found if one is not None and one.last is not None), default=-1)
