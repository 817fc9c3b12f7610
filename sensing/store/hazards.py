"""What ships, their cargo, storms, wind and gases tell together, in work's transaction: dangerous goods at a berth, ships that lie open in a
gale, a gas to leeward of a berth with dangerous goods.

All of it is found again from what is kept whenever a part of it changes, so it does not matter which part came first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import apsw

from sensing.events import Episode, Step
from sensing.maritime import downwind
from sensing.maritime.calls import ANCHOR, BERTH, Stay
from sensing.maritime.conduct import GAS, GOODS, IN_THE_PATH, SEVERITY, UNSHELTERED
from sensing.maritime.harbours import Berth, shipped
from sensing.maritime.worklist import aboard
from sensing.model import Micros

from . import Cargo, calls, declared
from .airs import WIND, Airs, Stand
from .calls import Call
from .events import Seen
from .gales import Gales, Span
from .ships import Track
from .tail import NEVER

Write = Callable[[int, str, str, Sequence[Episode], Micros, Micros, Seen], None]
"""(series, unit, kind, found, after, before, seen): make the events of a kind of a datastream between two times these."""
_LOW_BEFORE = "SELECT time FROM airs WHERE series=? AND time < ? AND result < ? ORDER BY time DESC LIMIT 1"
_LOW_AFTER = "SELECT time FROM airs WHERE series=? AND time > ? AND result < ? ORDER BY time LIMIT 1"
_SPAN = "SELECT time, result FROM airs WHERE series=? AND time > ? AND time <= ? ORDER BY time"
_COLUMN = "thing=? AND run=?"


class Laden(NamedTuple):
    """A ship with dangerous goods at a berth."""

    berth: Berth
    begin: Micros
    end: Micros | None


class Hazards:
    """See above. Remembers which gales it has told of, and when each ship's time comes to be looked at again."""

    def __init__(self, db: apsw.Connection, airs: Airs, write: Write) -> None:
        self._db, self._airs, self._write = db, airs, write
        self.gales = Gales(db, airs)
        self._told: dict[str, dict[str, list[Span]]] = {}
        self._due: dict[int, Micros] = {}

    def forget(self) -> None:
        """Drop what is remembered of the file."""
        self.gales.forget()
        self._told.clear()
        self._due.clear()

    def look(
        self, changed: Sequence[tuple[Stand, Micros, bool]], moved: Iterable[Track], heard: Sequence[Track], tracks: Mapping[int, Track],
        seen: Seen,
    ) -> None:  # fmt: skip
        """After a batch. changed: values of wind and gases that are others now; moved: ships whose calls or cargo are; heard: that spoke."""
        told = {track.series: track for track in moved}
        laden = {track.run for track in told.values() if declared.cargoes(self._db, _COLUMN, (track.thing, track.run))}
        told |= {
            track.series: track
            for track in heard
            if track.last is not None and track.last.time >= self._due.get(track.series, NEVER)
        }
        blown = {stand.run for stand, _, _ in changed if stand.property == WIND}
        for run in {track.run for track in heard if track.run not in self._told} | {track.run for track in told.values()} | blown:
            gales = self.gales.of(run)
            if gales != self._told.get(run):
                self._told[run] = gales
                ships = {call.ship for call in calls.rows(self._db, "run=?", (run,))}
                told |= {ship: tracks[ship] for ship in ships if ship in tracks}
        for _, track in sorted(told.items()):
            self._ship(track, self._told[track.run], seen)
        self._gases(changed, laden, seen)

    def _ship(self, track: Track, gales: Mapping[str, Sequence[Span]], seen: Seen) -> None:
        """Tell of one ship, as of when it was last heard."""
        visits, cargoes = self._calls(track.thing, track.run)
        now = track.last.time if track.last is not None else -NEVER
        self._goods(track, visits, cargoes, gales, now, seen)
        self._unsheltered(track, visits, gales, now, seen)
        ports = {call.port for call in visits if call.departed is None}
        ahead = [time for port in ports for span in gales.get(port, ()) for time in span if time is not None and time > now]
        self._due[track.series] = min(ahead, default=NEVER)

    def _calls(self, thing: str, run: str) -> tuple[list[Call], list[Cargo]]:
        return calls.rows(self._db, _COLUMN, (thing, run)), declared.cargoes(self._db, _COLUMN, (thing, run))

    def _goods(
        self, track: Track, visits: Iterable[Call], cargoes: Sequence[Cargo], gales: Mapping[str, Sequence[Span]], now: Micros, seen: Seen
    ) -> None:  # fmt: skip
        """Tell of dangerous goods at berths; it grows worse when a storm comes while the ship lies there."""
        found = []
        for call in visits:
            hazardous = [one for one in cargoes if one.un is not None and aboard(one.time, call.first, call.departed)]
            tonnes = sum(one.tonnes or 0.0 for one in hazardous)
            for stay in call.stays if hazardous else ():
                if stay.kind != BERTH:
                    continue
                steps = [Step(SEVERITY[GOODS], stay.begin, tonnes)]
                blow = next(iter(_shared(gales.get(call.port, ()), stay, now)), None)
                steps += [] if blow is None else [Step(IN_THE_PATH, blow[0], tonnes)]
                found.append(Episode(stay.begin, tonnes, stay.begin, steps, stay.end))
        self._write(track.series, "t", GOODS, found, -NEVER, NEVER, seen)

    def _unsheltered(
        self, track: Track, visits: Iterable[Call], gales: Mapping[str, Sequence[Span]], now: Micros, seen: Seen
    ) -> None:
        """Tell of anchoring in the open while a gale blows or comes."""
        open_ones = {one.id for one in shipped().anchorages if not one.shelter}
        found = [
            Episode(begin, 1.0, begin, [Step(SEVERITY[UNSHELTERED], begin, 1.0)], end)
            for call in visits for stay in call.stays if stay.kind == ANCHOR and stay.place in open_ones
            for begin, end in _shared(gales.get(call.port, ()), stay, now)
        ]  # fmt: skip
        self._write(track.series, "1", UNSHELTERED, found, -NEVER, NEVER, seen)

    def _gases(self, changed: Sequence[tuple[Stand, Micros, bool]], laden: set[str], seen: Seen) -> None:
        """laden: runs in which ships with cargo moved."""
        runs = laden | {stand.run for stand, _, late in changed if late and downwind.limit_of(stand.property) is None}
        touched: dict[Stand, list[Micros]] = {}
        for stand, time, _ in changed:
            if downwind.limit_of(stand.property) is not None:
                touched.setdefault(stand, []).append(time)
        for stand in self._airs.stands.values():
            limit = downwind.limit_of(stand.property)
            if limit is not None and stand.run in runs:
                query = "SELECT time FROM airs WHERE series=? AND result >= ?"
                touched.setdefault(stand, []).extend(int(time) for (time,) in self._db.execute(query, (stand.series, limit)))
        for stand, times in touched.items():
            self._gas(stand, times, seen)

    def _laden(self, run: str) -> list[Laden]:
        """Berths with dangerous goods, from when until when."""
        berths, found = {one.id: one for one in shipped().berths}, list[Laden]()
        query = "SELECT DISTINCT thing FROM cargoes WHERE run=? AND un IS NOT NULL"
        for (thing,) in list(self._db.execute(query, (run,))):
            visits, cargoes = self._calls(thing, run)
            for call in visits:
                if any(one.un is not None and aboard(one.time, call.first, call.departed) for one in cargoes):
                    found += [Laden(berths[stay.place], stay.begin, stay.end) for stay in call.stays
                              if stay.kind == BERTH and stay.place in berths]  # fmt: skip
        return found

    def _gas(self, stand: Stand, times: Iterable[Micros], seen: Seen) -> None:
        """Tell of a gas above its limit to leeward of such a berth, around these times."""
        limit = downwind.limit_of(stand.property) or 0.0
        laden: list[Laden] | None = None
        done = -NEVER
        for time in sorted(times):
            if time < done:
                continue
            before = self._db.execute(_LOW_BEFORE, (stand.series, time, limit)).get
            after = self._db.execute(_LOW_AFTER, (stand.series, time, limit)).get
            begin, end = -NEVER if before is None else int(before), NEVER if after is None else int(after)
            found, episode = list[Episode](), None
            for at, value in list(self._db.execute(_SPAN, (stand.series, begin, end))):
                if value >= limit and laden is None:
                    laden = self._laden(stand.run)
                if value >= limit and self._leeward(stand, at, laden or ()):
                    if episode is None:
                        episode = Episode(at, value, at, [Step(SEVERITY[GAS], at, value)])
                        found.append(episode)
                    elif value > episode.peak:
                        episode.peak, episode.peak_time = value, at
                elif episode is not None:
                    episode.end, episode = at, None
            self._write(stand.series, "", GAS, found, begin, end, seen)
            done = end

    def _leeward(self, stand: Stand, time: Micros, laden: Iterable[Laden]) -> bool:
        for one in laden:
            if one.begin <= time and (one.end is None or time < one.end):
                wind = self._airs.wind_at(one.berth.point, stand.run, time)
                if wind is not None and downwind.sector(one.berth.point, wind).holds(stand.at(time)):
                    return True
        return False


def _shared(gales: Iterable[Span], stay: Stay, now: Micros) -> Iterator[Span]:
    """What a stay and gales have in common, as far as the ship was heard: an end that has not come is none."""
    for begin, end in gales:
        start = max(begin, stay.begin)
        over = min((each for each in (end, stay.end) if each is not None), default=None)
        if start <= now and (over is None or start < over):
            yield start, None if over is None or over > now else over
