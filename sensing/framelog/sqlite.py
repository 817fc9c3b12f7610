"""The Log port on one SQLite file, `log.db`. The door is its only writer.

    sources  what frames of one stream share, stored once
    frames   place (dense from 1) | source | received | duplicate | payload
    refusals publishes that were refused: counted, never acknowledged, never frames
    marks    small durable numbers of the writer, such as the outbox cursor
    archived files that older frames were moved to (archive.py)

Reading needs no lock of the writer's (WAL). One object is one connection: use it from one thread at a time.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

import apsw

from sensing import sqlite, topics
from sensing.model import Frame, Source

from . import PARTITIONS, LogBrokenError, LogFullError
from .archive import FOLDER, SCHEMA, Archive
from .archive_adopt import Keeping

_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS sources(
  id INTEGER PRIMARY KEY, adapter TEXT, principal TEXT, topic TEXT, kind TEXT, origin TEXT, run TEXT, part INTEGER,
  UNIQUE(principal, topic, origin, run, adapter, kind));
CREATE TABLE IF NOT EXISTS frames(
  place INTEGER PRIMARY KEY, source INTEGER, received INTEGER, duplicate INTEGER, payload BLOB);
CREATE TABLE IF NOT EXISTS refusals(
  hour INTEGER, adapter TEXT, principal TEXT, reason TEXT, refused INTEGER,
  PRIMARY KEY(hour, adapter, principal, reason)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS marks(name TEXT PRIMARY KEY, value INTEGER) WITHOUT ROWID;
{SCHEMA}"""
_BROKEN = (apsw.SQLITE_IOERR_FSYNC, apsw.SQLITE_IOERR_DIR_FSYNC)
_INSERT = "INSERT INTO frames VALUES(?,?,?,?,?)"
_SELECT = "SELECT place, source, received, duplicate, payload FROM frames"
_KEEP = 50_000
"""Sources remembered by one object; beyond, the memory starts anew."""

_KNOCKS = "'bad_credentials', 'unknown_user'"
"""Reasons for which a client is not let in: counted beside the refused publishes, and never one of them."""

RefusalKey = tuple[int, str, str, str]
"""(hour since the epoch, adapter, principal, reason)."""


class SqliteLog:
    """`Log` over `path`. With `write=False` it only reads, from any process; raises NotFoundError when absent."""

    def __init__(self, path: Path, *, write: bool = True) -> None:
        self._db = sqlite.writer(path) if write else sqlite.reader(path)
        self._ids: dict[Source, int] = {}
        self._sources: dict[int, Source] = {}
        if write:
            self._db.execute(_SCHEMA)
            if not self.identity():
                self._db.execute("INSERT INTO marks VALUES('identity', random() & 0x7fffffffffffffff)")
        self.archive = Archive(self._db, path.parent / FOLDER)
        self._keeping = Keeping(self._db, path.parent / FOLDER)
        self._head = self.head()

    def append(self, frames: Sequence[Frame]) -> int:
        """See `Log.append`."""
        place = self._head
        rows = []
        try:
            self._db.execute("BEGIN IMMEDIATE")
            for frame in frames:
                place += 1
                source = self._ids.get(frame.source) or self._source_id(frame.source)
                rows.append((place, source, frame.received, frame.duplicate, frame.payload))
                frame.place = place
            self._db.executemany(_INSERT, rows)
            self._db.execute("COMMIT")
        except apsw.Error as error:
            self._abandon()
            raise _judged(error) from error
        self._head = place
        return place

    def _source_id(self, source: Source) -> int:
        if len(self._ids) > _KEEP:
            self._ids.clear()
        words = (source.principal, source.topic, source.origin, source.run, source.adapter, source.kind)
        self._db.execute(
            "INSERT OR IGNORE INTO sources(principal, topic, origin, run, adapter, kind, part) VALUES(?,?,?,?,?,?,?)",
            (*words, topics.partition(source.principal)),
        )
        found = self._db.execute(
            "SELECT id FROM sources WHERE principal=? AND topic=? AND origin=? AND run=? AND adapter=? AND kind=?", words
        ).get
        self._ids[source] = found
        return int(found)

    def _abandon(self) -> None:
        self._ids.clear()
        if not self._db.get_autocommit():
            self._db.execute("ROLLBACK")
        self._head = self.head()

    def read(self, after: int, limit: int, partitions: range = PARTITIONS) -> list[Frame]:
        """See `Log.read`."""
        if partitions == PARTITIONS:
            rows = self._db.execute(_SELECT + " WHERE place > ? ORDER BY place LIMIT ?", (after, limit))
        else:
            rows = self._db.execute(
                _SELECT + " WHERE place > ? AND source IN (SELECT id FROM sources WHERE part >= ? AND part < ?)"
                " ORDER BY place LIMIT ?",
                (after, partitions.start, partitions.stop, limit),
            )
        found = list(self._frames(rows))
        if (found and found[0].place == after + 1) or (end := self.archive.ends()[1]) <= after:
            return found
        older = self.archive.read(after, limit, partitions, whole=partitions == PARTITIONS)
        last = max(end, older[-1].place) if older else end
        return (older + [frame for frame in found if frame.place > last])[:limit]

    def _frames(self, rows: apsw.Cursor) -> Iterator[Frame]:
        known = self._sources
        for place, source, received, duplicate, payload in rows:
            yield Frame(known.get(source) or self._source(source), received, payload, bool(duplicate), place)

    def _source(self, number: int) -> Source:
        if len(self._sources) > _KEEP:
            self._sources.clear()
        row = self._db.execute("SELECT adapter, principal, topic, kind, origin, run FROM sources WHERE id=?", (number,)).get
        self._sources[number] = source = Source(*row)
        return source

    def get(self, place: int) -> Frame | None:
        """See `Log.get`."""
        return next(self._frames(self._db.execute(_SELECT + " WHERE place=?", (place,))), None) or self.archive.get(place)

    def twin(self, frame: Frame, within: int) -> Frame | None:
        """See `Log.twin`."""
        words = (frame.source.principal, frame.source.topic, frame.source.origin, frame.source.run)
        rows = self._db.execute(
            _SELECT + " WHERE place >= ? AND place < ? AND payload = ? AND source IN"
            " (SELECT id FROM sources WHERE principal=? AND topic=? AND origin=? AND run=?) ORDER BY place LIMIT 1",
            (frame.place - within, frame.place, frame.payload, *words),
        )
        found = next(self._frames(rows), None)
        if self.archive.ends()[1] < frame.place - within:
            return found
        return self.archive.twin(frame, within) or found

    def place_at(self, received: int) -> int:
        """The last place whose frame was received before a time (microseconds); reception times grow with places, near enough."""
        first = self._db.execute("SELECT min(place) FROM frames").get
        if first is None or self._db.execute("SELECT received FROM frames WHERE place=?", (first,)).get >= received:
            found = self.archive.place_at(received)
            return self.tail() - 1 if found is None else found
        low, high = int(first), self.head()
        while low < high:
            middle = (low + high + 1) // 2
            if self._db.execute("SELECT received FROM frames WHERE place=?", (middle,)).get < received:
                low = middle
            else:
                high = middle - 1
        return low

    def count(self, after: int, without: Iterable[str] = ()) -> int:
        """How many frames came after a place, but for those of some adapters."""
        house = list(without)
        with self._db:  # one snapshot: a frame that is archived meanwhile is not counted twice, nor missed
            last = self.archive.ends()[1]
            older = sum(frame.source.adapter not in house for frame in self.archive.after(after)) if last > after else 0
            newer = int(self._db.execute(
                """SELECT count(*) FROM frames WHERE place > ? AND +source NOT IN
                (SELECT id FROM sources WHERE adapter IN (SELECT value FROM json_each(?)))""",
                (max(after, last), json.dumps(house))).get)  # fmt: skip
        return older + newer

    def recent(self, principal: str, after: int, limit: int, before: int = 1 << 62) -> list[Frame]:
        """Frames of a principal with after < place < before, the newest first. It looks at every frame between: keep them close."""
        rows = self._db.execute(
            """SELECT place, source, received, duplicate, payload FROM frames WHERE place > ? AND place < ?
            AND +source IN (SELECT id FROM sources WHERE principal=?) ORDER BY place DESC LIMIT ?""",
            (after, before, principal, limit),
        )
        found = list(self._frames(rows))
        if len(found) < limit and self.archive.ends()[1] > after:
            seen = {frame.place for frame in found}  # what is archived may still be here as well
            older = (frame for frame in self.archive.recent(principal, after, before) if frame.place not in seen)
            found += islice(older, limit - len(found))
        return found

    def head(self) -> int:
        """See `Log.head`. After everything was archived or pruned the number of the last frame is still known."""
        last = self._db.execute("SELECT max(place) FROM frames").get
        return int(last) if last is not None else max(self.archive.ends()[1], self.marked("pruned"))

    def tail(self) -> int:
        """See `Log.tail`."""
        first, archived = self._db.execute("SELECT min(place) FROM frames").get, self.archive.ends()[0]
        return archived or (int(first) if first is not None else self.head() + 1)

    def prune(self, before: int, limit: int) -> int:
        """See `Log.prune`. Forgets in one short transaction; call it again until it returns 0. An archived file goes as a whole."""
        if self.archive.ends()[1]:
            return self._keeping.drop(before, limit)
        gone = 0
        last = self.tail() - 1
        for place, received in self._db.execute("SELECT place, received FROM frames ORDER BY place LIMIT ?", (limit,)):
            if received >= before:
                break
            gone, last = gone + 1, place
        if gone:
            with self._db:
                self._db.execute("DELETE FROM frames WHERE place <= ?", (last,))
                self._db.execute("INSERT OR REPLACE INTO marks VALUES('pruned', ?)", (last,))
        return gone

    def adopt(self, place: int) -> int:
        """Take over what the archive has sealed of the frames up to a place, all of them worked; returns how many frames."""
        return self._keeping.adopt(place)

    def sweep(self, most: int) -> int:
        """Delete at most `most` of the oldest frames that the archive has; returns how many."""
        return self._keeping.sweep(most)

    def refuse(self, counts: Mapping[RefusalKey, int]) -> None:
        """Add to the counters of refused publishes."""
        with self._db:
            self._db.executemany(
                "INSERT INTO refusals VALUES(?,?,?,?,?) ON CONFLICT DO UPDATE SET refused = refused + excluded.refused",
                [(*key, number) for key, number in counts.items()],
            )

    def refusals(self) -> dict[RefusalKey, int]:
        """Every counter of refused publishes."""
        return {tuple(row[:4]): row[4] for row in self._db.execute(f"SELECT * FROM refusals WHERE reason NOT IN ({_KNOCKS})")}

    def knocks(self) -> dict[RefusalKey, int]:
        """Every counter of refused connects: `bad_credentials` of a principal, `unknown_user` of nobody ("")."""
        return {tuple(row[:4]): row[4] for row in self._db.execute(f"SELECT * FROM refusals WHERE reason IN ({_KNOCKS})")}

    def mark(self, name: str, value: int) -> None:
        """Remember a number durably under a name."""
        with self._db:
            self._db.execute("INSERT OR REPLACE INTO marks VALUES(?,?)", (name, value))

    def marked(self, name: str) -> int:
        """The number remembered under a name; 0 when none is."""
        return int(self._db.execute("SELECT value FROM marks WHERE name=?", (name,)).get or 0)

    def identity(self) -> int:
        """A number by chance that tells this log from those of other nodes; 0 before it was first opened for writing."""
        return self.marked("identity")

    def close(self) -> None:
        """See `Log.close`."""
        self.archive.close()
        self._db.close()


def _judged(error: apsw.Error) -> Exception:
    """Full disks pass; a failed fsync does not (after one, the kernel may have dropped the very pages)."""
    if getattr(error, "extendedresult", 0) in _BROKEN:
        return LogBrokenError(str(error))
    return LogFullError(str(error))
