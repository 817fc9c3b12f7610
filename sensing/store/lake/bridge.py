"""From words to files and back: what `Rows` asks of the lake. Imported only where there is one, for it brings pyarrow.

Rows that leave here are tuples (seq, series, begin, time, received, result, quality, reason, revision, lon, lat, place, served).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import apsw
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from msgspec.structs import replace

from sensing.observe import revision
from sensing.store import ROW_BITS
from sensing.store.wanted import Wanted

from . import catalogue, columns, scan, unsealed, window
from .catalogue import Catalogue
from .groups import Files
from .scan import Amendments, Query
from .unsealed import no_collecting
from .window import Windows

Told = tuple[Any, ...]
_FEW = 64
_LITERAL = 16
_AMENDED = "SELECT seq, generation, sent, rank, quality, reason, served FROM amended WHERE seq < ?"
_REACH = (3_600_000_000, 86_400_000_000, 40 * 86_400_000_000, 1 << 60)
_BEST = [(name, "ascending") for name in ("series", "time", "generation", "sent", "rank", "revision")]


class Bridge:
    """The files of one reader, and what the snapshot said of them. `look` inside of it, all else outside."""

    def __init__(self, db: apsw.Connection, folder: Path) -> None:
        self._db = db
        self._files = Files(folder)
        self._windows = Windows(self._files)
        self._unsealed = unsealed.of(folder.parent / "store.db")
        self._query = Query()
        self._share = 1.0
        self._amendments = Amendments(())
        self._version = -1

    def look(self, now: Catalogue, wanted: Wanted | None) -> None:
        """Turn words into series numbers and read what was amended; in the snapshot that `now` is of."""
        self._version = now.version
        series = None if wanted is None else self._series(wanted)
        whole = int(self._db.execute("SELECT ifnull(max(id), 0) FROM series").get)
        self._share = 1.0 if series is None else len(series) / max(1, whole)
        if series is not None and len(series) == whole:
            series = None
        asked = wanted or Wanted(served=False)
        upto = None
        if asked.as_of is not None:
            known = self._db.execute("SELECT max(commit_no) FROM commits WHERE at <= ?", (asked.as_of,)).get
            upto = ((int(known or 0) + 1) << ROW_BITS) - 1
        self._query = Query(series, asked.begin, asked.end, None, upto, asked.served and asked.as_of is None)
        self._amendments = self._amended(now, series)

    def _series(self, wanted: Wanted) -> Any:
        which, values = wanted.of_series()
        found = self._db.execute(f"SELECT s.id FROM series s WHERE true {which} ORDER BY 1", values)
        return np.array([number for (number,) in found], dtype=np.int64)

    def _amended(self, now: Catalogue, series: Any) -> Amendments:
        seam = (now.sealed + 1) << ROW_BITS
        if series is None or len(series) > _FEW:
            return Amendments(self._db.execute(_AMENDED, (seam,)).fetchall())
        return Amendments([
            row for number in series for row in self._db.execute(f"{_AMENDED} AND series=?", (seam, int(number)))])  # fmt: skip

    def by_time(self, now: Catalogue, wanted: Wanted, limit: int, after: tuple[int, int] | None) -> list[Told]:
        """Rows by (time, seq) after a key."""
        if after is None:
            return told(self._windows.page(now, self._query, self._amendments, self._share, limit))
        query = replace(self._query, begin=max(after[0], self._query.begin or after[0]))
        more = 0
        while True:  # rows of the very time of the key come first and may have been given
            rows = told(self._windows.page(now, query, self._amendments, self._share, limit + more))
            fresh = [row for row in rows if (row[3], row[0]) > after]
            if len(fresh) >= limit or len(rows) < limit + more:
                return fresh[:limit]
            more = more * 2 or len(rows) - len(fresh)

    def following(self, now: Catalogue, after: int, limit: int, _wanted: Wanted | None) -> list[Told]:
        """Rows by seq after one."""
        query = replace(self._query, after=after)
        return told(self._windows.page(now, query, self._amendments, self._share, limit, by_commits=True))

    def instant(self, now: Catalogue, series: int, time: int) -> list[Told]:
        """Every revision of one instant of a series."""
        query = Query(np.array([series], dtype=np.int64), time, time + 1, served=False)
        return [row for piece in self.pieces(now, query, columns.NAMES) for row in told(piece)]

    def known(self, now: Catalogue, wanted: Wanted, limit: int, after: tuple[int, int] | None) -> list[Told]:
        """Rows by (time, seq), hot ones too, as they were known at `wanted.as_of`."""
        rows: list[Told] = []
        start = max(after[0] if after else -(1 << 62), -(1 << 62) if wanted.begin is None else wanted.begin)
        while len(rows) < limit and start < window.FOREVER:
            end = window.until(now.segments, window.by_time, start, self._share)
            cut = replace(self._query, begin=start, end=min(end, window.FOREVER if wanted.end is None else wanted.end))
            pieces = [*self.pieces(now, cut, columns.NAMES), self.hot_table(now, cut)]
            table = pa.concat_tables([piece.select(columns.NAMES) for piece in pieces])
            if wanted.served:
                table = best(table)
            order = [("time", "ascending"), ("commit_no", "ascending"), ("row", "ascending")]
            found = told(table.sort_by(order))
            rows += [row for row in found if after is None or (row[3], row[0]) > after]
            if wanted.end is not None and end >= wanted.end:
                break
            start = end
        return rows[:limit]

    def hot_table(self, now: Catalogue, query: Query, names: Sequence[str] = columns.NAMES) -> Any:
        """Rows that are not sealed and match. Raises FileNotFoundError when the seam has moved since `now`: look again."""
        with self._db:
            if catalogue.read(self._db).sealed != now.sealed:
                raise FileNotFoundError("the seam has moved")
            kept = self._unsealed.matching(self._db, (now.sealed + 1) << ROW_BITS, query, names)
            return self._asked(now, query, names) if kept is None else kept

    def _asked(self, now: Catalogue, query: Query, names: Sequence[str]) -> Any:
        """The same, out of the table."""
        where, values = ["h.seq >= ?"], [(now.sealed + 1) << ROW_BITS]
        for condition, value in (("h.seq <= ?", query.upto), ("h.seq > ?", query.after), ("h.time >= ?", query.begin),
                                 ("h.time < ?", query.end)):  # fmt: skip
            if value is not None:
                where.append(condition)
                values.append(value)
        if query.served:
            where.append("h.served")
        select = f"SELECT {columns.hot_names(names)} FROM hot h WHERE {' AND '.join(where)}"
        listed: tuple[str, ...] = ()
        if query.series is not None and 0 < len(query.series) <= _LITERAL:
            select += f" AND h.series IN ({','.join(map(str, query.series))})"  # a third faster than a list of json
        elif query.series is not None:
            select += " AND h.series IN (SELECT value FROM json_each(?))"
            listed = ("[" + ",".join(map(str, query.series)) + "]",)
        with no_collecting():
            return columns.from_hot(self._db.execute(select, (*values, *listed)).fetchall(), names)

    def known_table(self, now: Catalogue, names: Sequence[str], hot: Any, *, served: bool) -> Any:
        """Rows as they were known at `as_of`, hot ones given; served: of each instant the revision that was served then."""
        pieces = [*self.pieces(now, self._query, names), hot]
        table = pa.concat_tables([piece.select(names) for piece in pieces])
        return best(table) if served else table

    def pieces(self, now: Catalogue, query: Query, names: Sequence[str]) -> Iterator[Any]:
        """Sealed rows of a query, some row groups at a time, in no order."""
        for segment in scan.segments(now.segments, query):
            for piece in scan.read(self._files, segment, query, names, self._amendments):
                if piece.num_rows:
                    yield piece

    @property
    def query(self) -> Query:
        """What was looked for last."""
        return self._query

    def behind(self, now: Catalogue, after: int, _wanted: Wanted | None) -> int:
        """How many sealed rows follow a seq; files that begin after it are counted by the catalogue when all is wanted."""
        query, number = replace(self._query, after=after), 0
        for segment in scan.segments(now.segments, query):
            whole = segment.first_commit > after >> ROW_BITS and query == Query(after=after, served=False)
            read = scan.read(self._files, segment, query, ("series",), self._amendments)
            number += segment.rows if whole else sum(piece.num_rows for piece in read)
        return number

    def nearest(self, now: Catalogue, _wanted: Wanted, time: int, limit: int) -> tuple[set[int], set[int]]:
        """Times of sealed rows at or before an instant, and after it; at least `limit` each where there are so many."""
        before, later = set[int](), set[int]()
        for reach in _REACH:
            if len(before) < limit:
                before |= self._times(now, max(time - reach, self._query.begin or -(1 << 62)), time + 1)
            if len(later) < limit:
                later |= self._times(now, time + 1, min(time + reach, self._query.end or 1 << 62))
        return set(sorted(before)[-limit:]), set(sorted(later)[:limit])

    def _times(self, now: Catalogue, begin: int, end: int) -> set[int]:
        query = replace(self._query, begin=max(begin, self._query.begin or begin), end=min(end, self._query.end or end))
        return {time for piece in self.pieces(now, query, ("time",)) for time in np.unique(piece["time"].to_numpy()).tolist()}

    def first_received(self, now: Catalogue, received: int) -> int | None:
        """The first seq whose row was received at a time or later; None when all were before."""
        found = []
        for segment in now.segments:
            if segment.first_received >= received:
                found.append(segment.first_commit << ROW_BITS)
            elif segment.last_received >= received:
                opened = self._files.get(segment.file)
                for group in opened.groups(None, received=(received, None)):
                    table = opened.read([group], ("received", "commit_no", "row"))
                    found += [int(seq) for seq in columns.seqs(table)[table["received"].to_numpy() >= received][:]]
                    found = [min(found)] if found else []
        return min(found, default=None)


def best(table: Any) -> Any:
    """Of each series and time, the revision that is served by the rule: the highest (generation, sent, rank, revision)."""
    if not table.num_rows:
        return table
    table = with_hashes(table).sort_by(_BEST)
    series, time = table["series"].to_numpy(), table["time"].to_numpy()
    last = np.ones(len(series), dtype=bool)
    last[:-1] = (series[1:] != series[:-1]) | (time[1:] != time[:-1])
    return table.filter(pa.array(last))


def with_hashes(table: Any) -> Any:
    """The same rows, each with its revision: the hash of its content where the file leaves it out."""
    own = table["revision"]
    if not own.null_count:
        return table
    if all(table[name].null_count == table.num_rows for name in ("revision", "begin", "lon", "lat")):
        coded = pc.dictionary_encode(table["result"].combine_chunks(), null_encoding="encode")  # few values, each often
        hashes = pa.array([revision(value, None) for value in coded.dictionary.to_pylist()], pa.int64())
        return table.set_column(table.column_names.index("revision"), "revision", hashes.take(coded.indices))
    content = (table[name].to_pylist() for name in ("revision", "result", "begin", "lon", "lat"))
    found = [revision(*rest) if known is None else known for known, *rest in zip(*content, strict=True)]
    return table.set_column(table.column_names.index("revision"), "revision", pa.array(found, pa.int64()))


def told(table: Any) -> list[Told]:
    """Rows as tuples (see above)."""
    if not table.num_rows:
        return []
    names = ("series", "begin", "time", "received", "result", "quality", "reason", "revision", "lon", "lat", "frame", "served")
    table = with_hashes(table)
    return list(zip(columns.seqs(table).tolist(), *(table[name].to_pylist() for name in names), strict=True))
