"""Ships in the store's own transaction: their positions become port calls and what they do wrong, together with the cursor.

A position that is newer than all of its ship moves a machine on by one step. Anything else (late, revised, after a start) is put among the
positions that are kept, and all between the calm positions around it is found again. A second receiver's report is nothing new.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import apsw
import msgspec

from sensing.events import Episode
from sensing.maritime.calls import Fix, Passage, Visit
from sensing.maritime.conduct import Manner
from sensing.maritime.waters import SEA, shipped_waters
from sensing.model import Micros, Quality
from sensing.times import DAY, MINUTE

from . import Batch, Bulletin, Cargo, Row, calls, declared, events, ships
from .airs import Airs, Stand, Whereabouts
from .events import About, Seen
from .hazards import Hazards
from .ships import KEEP, SHIP, STATION, Course, Member, More, Track
from .silence import Silences
from .tail import NEVER

_GOOD = int(Quality.GOOD)
_KINDS = {"position": "position", "speed_over_ground": "speed", "navigation_status": "status"}
_DOMAIN = "industry"
_KEPT = "INSERT INTO ships VALUES(?,?,?,?,?) ON CONFLICT(ship) DO UPDATE SET floor = excluded.floor, seed = excluded.seed"
_WORDS = "SELECT thing, property, statistic, run FROM series WHERE id=?"
_course = msgspec.json.Decoder(Course).decode


class Maritime:
    """Calls and conduct of the ships of one store. `look` is called in each transaction once it is settled which rows are served."""

    def __init__(self, db: apsw.Connection) -> None:
        self._db = db
        self._waters = shipped_waters()
        self._members: dict[int, Member | Stand | None] = {}
        self._tracks: dict[int, Track] = {}
        self._about: dict[int, About] = {}
        self._silences = Silences(db, self.write_events)
        self.airs = Airs(db)
        self._hazards = Hazards(db, self.airs, self._write)
        self.forget()

    def forget(self) -> None:
        """Drop what is remembered of the file, after a transaction that failed."""
        self._moved: set[int] = set()
        self._members.clear()
        self._about.clear()
        self._tracks = {}
        for ship, thing, run, floor in list(self._db.execute("SELECT ship, thing, run, floor FROM ships")):
            self._tracks[ship] = Track(ship, thing, run, ships.newest(self._db, ship), floor)
        self._silences.forget()
        self.airs.forget()
        self._hazards.forget()

    def locate(self, where: Whereabouts) -> None:
        """Where devices stand: they are looked for again, for they may have moved."""
        self.airs.whereabouts = where
        self._members = {series: member for series, member in self._members.items() if isinstance(member, Member)}

    def look(self, rows: Sequence[Row]) -> None:
        """Take the rows of a batch."""
        members, found, air = self._members, list[tuple[int, Row]](), list[tuple[Stand, Row]]()
        more: dict[tuple[int, Micros, str], float] = {}
        for row in rows:
            series = row.series
            try:
                member = members[series]
            except KeyError:
                member = self._meet(series, row.time)
            if member is None:
                continue
            if isinstance(member, Stand):
                air.append((member, row))
            elif member.kind == "position":
                found.append((series, row))
            elif row.result is not None and row.quality == _GOOD:
                more[member.ship, row.time, member.kind] = row.result
        if found:
            self._take(found, more)
        changed = self.airs.keep(air) if air else []
        if changed or self._moved or found:
            self._join(changed, _seen(rows[-1]), {ship for ship, _ in found})

    def _join(self, changed: Sequence[tuple[Stand, Micros, bool]], seen: Seen, heard: Iterable[int] = ()) -> None:
        """What ships, cargo, storms, wind and gases tell together. heard: ships that spoke in this batch."""
        moved, self._moved = self._moved, set()
        tracks = self._tracks
        self._hazards.look(changed, [tracks[ship] for ship in moved], [tracks[ship] for ship in heard], tracks, seen)

    def declare(self, batch: Batch) -> None:
        """Write down what people said of ships and storms."""
        told: list[Cargo | Bulletin] = [*batch.cargoes, *batch.bulletins]
        if not told and not batch.inspections:
            return
        declared.put(self._db, batch.cargoes, batch.inspections)
        runs = self._hazards.gales.put(batch.bulletins)
        of = {(one.thing, one.run) for one in batch.cargoes}
        self._moved |= {ship for ship, track in self._tracks.items() if (track.thing, track.run) in of or track.run in runs}
        if self._moved:
            self._join((), Seen(told[-1].at, told[-1].at, told[-1].place, _DOMAIN))

    def _meet(self, series: int, time: Micros) -> Member | Stand | None:
        """Whose datastream this is."""
        thing, name, statistic, run = self._db.execute(_WORDS, (series,)).get
        kind = _KINDS.get(name) if statistic == "instant" and (SHIP.fullmatch(thing) or STATION.fullmatch(thing)) else None
        member: Member | Stand | None = None
        if kind is None:
            member = self.airs.meet(series, time, thing, name, statistic, run)
        elif kind == "position":
            member = Member(kind, series)
            if series not in self._tracks:
                self._tracks[series] = Track(series, thing, run, course=Course(Passage(), Manner()))
                self._db.execute(_KEPT, (series, thing, run, -NEVER, None))
        else:
            query = "SELECT id FROM series WHERE thing=? AND property='position' AND statistic='instant' AND channel='' AND run=?"
            ship = self._db.execute(query, (thing, run)).get
            if ship is None:
                return None  # asked again: its position may come later
            member = Member(kind, int(ship))
        self._members[series] = member
        return member

    def _take(self, found: Sequence[tuple[int, Row]], more: More) -> None:
        puts: list[tuple[int, int, Micros, float, float, float | None, int, int]] = []
        ahead: dict[int, list[Fix]] = {}
        late: list[tuple[int, Row]] = []
        rows: dict[int, Row] = {}
        for ship, row in found:
            track, time = self._tracks[ship], row.time
            last = track.last
            if last is not None and time <= last.time:
                if time != last.time or row.lon != last.lon or row.lat != last.lat:
                    late.append((ship, row))
                continue
            if row.quality != _GOOD or row.lon is None or row.lat is None:
                continue
            if last is not None and time // MINUTE == last.time // MINUTE:
                continue
            fix = ships.fix(ship, time, row.lon, row.lat, more)
            puts.append(self._kept(ship, fix))
            ahead.setdefault(ship, []).append(fix)
            track.last, rows[ship] = fix, row
        ships.put(self._db, puts)
        made = {(put[0], put[2]): (put[3], put[4]) for put in puts} if late else {}
        touched: dict[int, list[Micros]] = {}
        for ship, row in late:
            if made.get((ship, row.time)) != (row.lon, row.lat) and self._resample(self._tracks[ship], row, more):
                touched.setdefault(ship, []).append(row.time)
                rows[ship] = row
        self._evaluate(ahead, touched, {ship: _seen(row) for ship, row in rows.items()})

    def _evaluate(self, ahead: Mapping[int, Sequence[Fix]], touched: dict[int, list[Micros]], seen: Mapping[int, Seen]) -> None:
        again = {ship: list(times) for ship, times in touched.items()}
        for ship, fixes in ahead.items():
            track = self._tracks[ship]
            if track.station:
                continue
            self._silences.ended(track, fixes, seen[ship])
            if track.course is None or ship in touched:
                again.setdefault(ship, []).extend(fix.time for fix in fixes)
            else:
                self._advance(track, fixes, seen[ship])
        for ship, times in again.items():
            if not self._tracks[ship].station:
                self._again(self._tracks[ship], times, seen[ship])
        for ship, times in touched.items():
            self._silences.changed(self._tracks[ship], times, self._tracks, seen[ship])
        self._silences.tell([self._tracks[ship] for ship in ahead], self._tracks, seen)
        for ship in ahead:
            self._prune(self._tracks[ship])

    def _kept(self, ship: int, fix: Fix) -> tuple[int, int, Micros, float, float, float | None, int, int]:
        calm = self._waters.at(fix.lon, fix.lat) is SEA
        return ship, fix.time // MINUTE, fix.time, fix.lon, fix.lat, fix.speed, fix.status, int(calm)

    def _resample(self, track: Track, row: Row, more: More) -> bool:
        """Put a late position among the kept ones; returns whether they are others now."""
        found = ships.late(self._db, track, row, more)
        if found is ships.SAME:
            return False
        minute = row.time // MINUTE
        newest = track.last is not None and minute == track.last.time // MINUTE
        if isinstance(found, Fix):
            ships.put(self._db, [self._kept(track.series, found)])
            if newest:
                track.last = found
            return True
        self._db.execute("DELETE FROM fixes WHERE ship=? AND minute=?", (track.series, minute))
        if newest:
            track.last = ships.newest(self._db, track.series)
        return True

    def _step(self, course: Course, fix: Fix) -> tuple[list[Visit], list[tuple[str, Episode]]]:
        zone = self._waters.at(fix.lon, fix.lat)
        visits: list[Visit] = []
        if zone is SEA and course.passage.visit is None and not course.passage.within:
            course.passage.last = fix
        else:
            visits = course.passage.step(fix, zone, self._waters.harbours)
        if zone is SEA and course.manner.fast is None and course.manner.adrift is None:
            return visits, []
        return visits, course.manner.step(fix, zone)

    def _advance(self, track: Track, fixes: Iterable[Fix], seen: Seen) -> None:
        """Fixes newer than all that was, each a step of the machine."""
        assert track.course is not None
        visits: dict[tuple[str, Micros], Visit] = {}
        for fix in fixes:
            changed, episodes = self._step(track.course, fix)
            visits.update(((visit.port, visit.first), visit) for visit in changed)
            for kind, episode in episodes:
                self.write_events(track, kind, [episode], episode.start - 1, episode.start + 1, seen)
        if visits:
            self._moved.add(track.series)
            calls.put(self._db, track.series, track.thing, track.run, visits.values())

    def _again(self, track: Track, times: Iterable[Micros], seen: Seen) -> None:
        """Find again what lies around these times."""
        done = -NEVER
        for time in sorted(times):
            if time < done:
                continue
            before, after = ships.calm_around(self._db, track.series, time)
            course = Course(Passage(), Manner()) if before is not None else self._seed(track)
            begin = _begin(course, track.floor) if before is None else before
            start = track.floor if before is None else before - 1
            visits = {(visit.port, visit.first): visit for visit in (course.passage.visit,) if visit is not None and visit.stays}
            episodes = {(kind, span.episode.start): span.episode for kind, span in course.spans() if span.sure}
            for fix in ships.fixes(self._db, track.series, start, after):
                changed, found = self._step(course, fix)
                visits.update(((visit.port, visit.first), visit) for visit in changed)
                episodes.update(((kind, episode.start), episode) for kind, episode in found)
            end = NEVER if after is None else after
            self._moved.add(track.series)
            calls.replace(self._db, track.series, track.thing, track.run, list(visits.values()), begin, end)
            for kind in ships.CONDUCT:
                self.write_events(track, kind, [one for (of, _), one in episodes.items() if of == kind], begin, end, seen)
            if after is None:
                track.course = course
            done = end

    def write_events(self, track: Track, kind: str, found: Sequence[Episode], after: Micros, before: Micros, seen: Seen) -> None:
        """Make a ship's events of a kind that began between two times, neither included, these."""
        self._write(track.series, "[kn_i]", kind, found, after, before, seen)

    def _write(
        self, series: int, unit: str, kind: str, found: Sequence[Episode], after: Micros, before: Micros, seen: Seen
    ) -> None:
        """Make a datastream's events of a kind that began between two times these. unit: "" for its own."""
        old = events.standing(self._db, series, after, before, kind)
        if not found and not old:
            return
        of = self._about.get(series)
        if of is None:
            of = self._about[series] = events.about(self._db, series)
        events.replace(self._db, of._replace(unit=unit) if unit else of, kind, old, found, {None: seen})

    def _seed(self, track: Track) -> Course:
        """The machine at the floor."""
        text = self._db.execute("SELECT seed FROM ships WHERE ship=?", (track.series,)).get
        return Course(Passage(), Manner()) if text is None else _course(text)

    def _prune(self, track: Track) -> None:
        """Drop positions older than `KEEP`, once a day, keeping the machine as they left it."""
        if track.last is None:
            return
        if track.prune_at == NEVER:
            first = self._db.execute("SELECT min(minute) FROM fixes WHERE ship=?", (track.series,)).get
            track.prune_at = int(first) * MINUTE + KEEP + DAY
        if track.last.time < track.prune_at:
            return
        floor = track.last.time - KEEP
        before = self._db.execute(ships.BEFORE, (track.series, floor // MINUTE, floor + 1)).get
        course = self._seed(track) if before is None else Course(Passage(), Manner())
        for fix in ships.fixes(self._db, track.series, track.floor if before is None else before - 1, floor):
            self._step(course, fix)
        self._db.execute("DELETE FROM fixes WHERE ship=? AND minute <= ? AND time <= ?", (track.series, floor // MINUTE, floor))
        self._db.execute(_KEPT, (track.series, track.thing, track.run, floor, msgspec.json.encode(course)))
        track.floor, track.prune_at = floor, floor + KEEP + DAY


def _seen(row: Row) -> Seen:
    return Seen(row.received, row.heard or row.received, row.place, _DOMAIN)


def _begin(course: Course, floor: Micros) -> Micros:
    """After when that stands which a machine at the floor can still change."""
    starts = [span.episode.start for _, span in course.spans()]
    starts += [first for first, _ in course.passage.within.values()]
    if course.passage.visit is not None:
        starts.append(course.passage.visit.first)
    return min([floor, *(start - 1 for start in starts)])
