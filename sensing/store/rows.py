"""Observations out of `store.db` and its lake, as one: a short snapshot of catalogue and hot rows, then the files.

Rows come as dicts in the contract's words (CONTRACT "Lines that programs read"): times RFC 3339 UTC, `revision` 8 hex digits.
Annotations are applied here: a later verdict over a range takes the place of a row's own flag.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import apsw
from msgspec import Struct
from msgspec.structs import replace

from sensing import times
from sensing.model import QualityReason

from . import ROW_BITS, cursor
from .annotations import Annotations
from .lake import FOLDER, catalogue
from .lake.catalogue import Catalogue
from .wanted import Wanted

if TYPE_CHECKING:
    from .lake.bridge import Bridge

_REASON = tuple(QualityReason)
_COLUMNS = (
    "h.seq, h.series, h.begin, h.time, h.received, h.result, h.quality, h.reason, h.revision, h.lon, h.lat, h.place, h.served"
)
_ROW = f"SELECT {_COLUMNS} FROM hot h JOIN series s ON s.id = h.series"
LATEST = """SELECT ifnull(h.seq, r.seq), s.id, iif(h.seq IS NULL, r.begin, h.begin), l.time, ifnull(h.received, r.received),
  iif(h.seq IS NULL, r.result, h.result), ifnull(h.quality, r.quality), ifnull(h.reason, r.reason), ifnull(h.revision, r.revision),
  iif(h.seq IS NULL, r.lon, h.lon), iif(h.seq IS NULL, r.lat, h.lat), ifnull(h.place, r.place), 1
  FROM series s JOIN latest l ON l.series = s.id LEFT JOIN hot h ON h.time = l.time AND h.series = l.series AND h.served AND h.seq >= ?
  LEFT JOIN resting r ON r.series = l.series AND r.time = l.time WHERE (h.seq IS NOT NULL OR r.seq IS NOT NULL)"""
Words = tuple[str, str, str, str, str, str, str]


class Seen(Struct, frozen=True):
    """One snapshot: catalogue, the first seq that is not sealed, and what was found out of sealed rows since."""

    catalogue: Catalogue
    seam: int


class Rows:
    """Observations of a store. One object is one connection: use it from one thread."""

    COLUMNS = _COLUMNS

    def __init__(self, db: apsw.Connection, path: Path) -> None:
        self._db = db
        self._folder = path.parent / FOLDER
        self._catalogue: Catalogue | None = None
        self._words: dict[int, Words] = {}
        self._bridge: Bridge | None = None

    @property
    def connection(self) -> apsw.Connection:
        """The reading connection."""
        return self._db

    def seen(self) -> Seen:
        """Where the lake stands, in the transaction that is open."""
        self._catalogue = catalogue.read(self._db, self._catalogue)
        return Seen(self._catalogue, (self._catalogue.sealed + 1) << ROW_BITS)

    def lake(self) -> Bridge:
        """The way to the files; opened when first needed."""
        if self._bridge is None:
            from .lake.bridge import Bridge

            self._bridge = Bridge(self._db, self._folder)
        return self._bridge

    def words(self, series: int) -> Words:
        """(thing, property, statistic, channel, unit, origin, run) of a datastream by its number. Raises KeyError."""
        if series not in self._words:
            last = max(self._words, default=0) if self._words else 0
            query = "SELECT id, thing, property, statistic, channel, unit, origin, run FROM series WHERE id > ?"
            self._words |= {number: tuple(words) for number, *words in self._db.execute(query, (last,))}
        return self._words[series]

    def devices(self) -> list[str]:
        """Every device of which there ever was a row."""
        return [str(thing) for (thing,) in self._db.execute("SELECT DISTINCT thing FROM series ORDER BY thing")]

    def properties(self) -> list[str]:
        """Every property of which there ever was a row."""
        return [str(prop) for (prop,) in self._db.execute("SELECT DISTINCT property FROM series ORDER BY property")]

    def head(self) -> int:
        """The seq after which nothing is committed yet: where a follower of new rows starts."""
        with self._db:
            seam = self.seen().seam
            last = int(self._db.execute("SELECT ifnull(max(seq), 0) FROM hot").get)
        return max(last, seam - 1) if seam > 1 << ROW_BITS else last

    def seq_at(self, received: int) -> int:
        """The last seq whose row was received before a time (microseconds): where a follower of recent rows starts."""
        with self._db:
            seen = self.seen()
            first = self._db.execute("SELECT received FROM hot WHERE seq >= ? ORDER BY seq LIMIT 1", (seen.seam,)).get
        if seen.catalogue.segments and (first is None or first >= received):
            found = self.lake().first_received(seen.catalogue, received)
            if found is not None:
                return found - 1
        low, high = seen.seam - 1, self.head()
        while low < high:
            middle = (low + high + 1) // 2
            query = "SELECT seq, received FROM hot WHERE seq <= ? AND seq >= ? ORDER BY seq DESC LIMIT 1"
            row = self._db.execute(query, (middle, seen.seam)).get
            if row is None or row[1] < received:
                low = middle
            else:
                high = row[0] - 1
        return low

    def follow(self, after: int, limit: int, wanted: Wanted | None = None) -> list[dict[str, Any]]:
        """Rows committed after a seq, in commit order, every revision; `seq` is kept in each so that one may go on."""
        rows, notes = self._following(after, limit, wanted)
        return [self._told(row, notes) | {"seq": row[0]} for row in rows]

    def _following(self, after: int, limit: int, wanted: Wanted | None) -> tuple[list[tuple[Any, ...]], Annotations]:
        which, values = wanted.of_series() if wanted else ("", [])
        where, bounds = wanted.of_rows() if wanted else ("", [])

        def hot(seen: Seen) -> list[tuple[Any, ...]]:
            query = f"{_ROW} WHERE h.seq > ? {which} {where} ORDER BY h.seq LIMIT ?"
            return self._db.execute(query, (max(after, seen.seam - 1), *values, *bounds, limit)).fetchall()

        def sealed(seen: Seen) -> Sequence[tuple[Any, ...]]:
            if after >= seen.seam - 1:
                return ()
            return self.lake().following(seen.catalogue, after, limit, wanted)

        rows, notes = self._both(hot, sealed, wanted)
        return rows[:limit], notes

    def observations(self, wanted: Wanted, limit: int, after: tuple[int, int] | None = None) -> list[dict[str, Any]]:
        """Rows by time, then commit; `after` is the (time microseconds, seq) of the last row of the page before."""
        which, values = wanted.of_series()
        where, bounds = wanted.of_rows()
        page = "" if after is None else " AND (h.time, h.seq) > (?, ?)"

        def hot(seen: Seen) -> list[tuple[Any, ...]]:
            query = f"{_ROW} WHERE h.seq >= ? {which} {where} {page} ORDER BY h.time, h.seq LIMIT ?"
            return self._db.execute(query, (seen.seam, *values, *bounds, *(after or ()), limit)).fetchall()

        if wanted.as_of is not None:
            rows, notes = self._both(lambda _: [], lambda seen: self.lake().known(seen.catalogue, wanted, limit, after), wanted)
        else:
            rows, notes = self._both(hot, lambda seen: self.lake().by_time(seen.catalogue, wanted, limit, after), wanted)
        rows = sorted(rows, key=lambda row: (row[3], row[0]))[:limit]
        return [self._told(row, notes) | {"seq": row[0], "time_us": row[3]} for row in rows]

    def _both(
        self,
        hot: Callable[[Seen], list[tuple[Any, ...]]],
        sealed: Callable[[Seen], Sequence[tuple[Any, ...]]],
        wanted: Wanted | None,
    ) -> tuple[list[tuple[Any, ...]], Annotations]:
        """Rows of the files, then rows of the table, of one moment. A file that was taken away meanwhile means: look again."""
        for _ in range(5):
            with self._db:
                seen = self.seen()
                known = seen.catalogue.segments or (wanted is not None and wanted.as_of is not None)
                rows, notes = hot(seen), Annotations.read(self._db, wanted.as_of if wanted else None)
                if known:
                    self.lake().look(seen.catalogue, wanted)
            try:
                return [*(sealed(seen) if known else ()), *rows], notes
            except FileNotFoundError:
                self._catalogue = None
        raise FileNotFoundError(f"{self._folder}: a file that the catalogue names is not there")

    def latest(self, wanted: Wanted) -> list[dict[str, Any]]:
        """The newest good row of each datastream; times far ahead of their reception and tests never count."""
        which, values = wanted.of_series()
        bounded = replace(wanted, served=False).of_rows()
        with self._db:
            seam = self.seen().seam
            rows = self._db.execute(
                f"{LATEST} {which} {bounded[0].replace('h.time', 'l.time')} ORDER BY s.thing, s.property, s.statistic, s.channel, s.run",
                (seam, *values, *bounded[1])).fetchall()  # fmt: skip
            notes = Annotations.read(self._db)
        return [self._told(row, notes) for row in rows]

    def behind(self, after: int, most: int, wanted: Wanted | None = None) -> int:
        """How many wanted rows were committed after a seq; counting stops at `most`."""
        which, values = wanted.of_series() if wanted else ("", [])
        where, bounds = wanted.of_rows() if wanted else ("", [])
        with self._db:
            seen = self.seen()
            query = f"SELECT count(*) FROM (SELECT 1 FROM hot h JOIN series s ON s.id = h.series WHERE h.seq > ? {which} {where} LIMIT ?) AS found"
            number = int(self._db.execute(query, (max(after, seen.seam - 1), *values, *bounds, most)).get)
            if seen.catalogue.segments:
                self.lake().look(seen.catalogue, wanted)
        if number >= most or after >= seen.seam - 1 or not seen.catalogue.segments:
            return number
        return min(most, number + self.lake().behind(seen.catalogue, after, wanted))

    def nearest(self, wanted: Wanted, time: int, limit: int = 2) -> list[int]:
        """Times (microseconds) of wanted rows next to an instant, at most `limit` on each side, in order."""
        which, values = wanted.of_series()
        where, bounds = wanted.of_rows()
        found: dict[str, set[int]] = {}
        with self._db:
            seen = self.seen()
            for side, order in (("<=", "DESC"), (">", "ASC")):
                found[side] = {row[0] for row in self._db.execute(
                    f"""SELECT DISTINCT h.time FROM hot h JOIN series s ON s.id = h.series WHERE h.seq >= ? AND h.time {side} ?
                    {which} {where} ORDER BY h.time {order} LIMIT ?""", (seen.seam, time, *values, *bounds, limit))}  # fmt: skip
            if seen.catalogue.segments:
                self.lake().look(seen.catalogue, wanted)
        if seen.catalogue.segments:
            before, later = self.lake().nearest(seen.catalogue, wanted, time, limit)
            found["<="] |= before
            found[">"] |= later
        return sorted(sorted(found["<="])[-limit:] + sorted(found[">"])[:limit])

    def _told(self, row: tuple[Any, ...], notes: Annotations) -> dict[str, Any]:
        seq, series, begin, time, received, result, quality, reason, revision, lon, lat, place, _ = row
        thing, prop, statistic, channel, unit, origin, run = self.words(series)
        answer = {
            "cursor": cursor(seq), "device": thing, "property": prop, "statistic": statistic, "channel": channel,
            "begin": None if begin is None else times.rfc3339(begin), "time": times.rfc3339(time), "received": times.rfc3339(received),
            "result": result, "unit": unit, "quality": quality, "reason": str(_REASON[reason]), "revision": f"{revision:08x}",
            "origin": origin, "run": run, "frame": place,
        }  # fmt: skip
        if lon is not None:
            answer |= {"lon": lon, "lat": lat}
        if notes and (note := notes.over(thing, prop, time)) is not None:
            answer |= {"quality": note.quality, "reason": note.reason, "annotation": note.id}
        return answer
