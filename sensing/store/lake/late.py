"""What arrives for a time that is sealed: found in the files, judged and served as if the row still lay in the table `hot`.

Only rows at or before the time to which their own series is sealed are looked up, all of a commit at once: by the catalogue, by the
statistics of row groups, then by binary search. A file never changes: what is decided anew is written to `amended`.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import apsw
from msgspec import Struct

from sensing.model import Micros
from sensing.observe import revision
from sensing.store import ROW_BITS, Row

from . import FOLDER, catalogue

if TYPE_CHECKING:
    import numpy as np

    from .groups import Files, Opened

Key = tuple[int, Micros]
"""(series, time)."""
_KEPT_GROUPS = 48
_NEVER = -(1 << 62)
_DETAILS = ("begin", "result", "lon", "lat", "revision", "generation", "sent", "rank", "quality", "reason", "served", "received",
            "frame", "commit_no", "row")  # fmt: skip
_HOT = "SELECT seq, generation, sent, rank, revision, served FROM hot WHERE time=? AND series=? AND seq >= ?"
_AMEND = "INSERT OR REPLACE INTO amended VALUES(?,?,?,?,?,?,?,?,?,?)"
_UNSWEPT = "UPDATE hot SET generation=?, sent=?, rank=?, quality=?, reason=?, served=? WHERE seq=?"
_SHOWN = """UPDATE resting SET time=?2, seq=?3, begin=?4, result=?5, quality=?6, reason=?7, revision=?8, received=?9, place=?10,
  lon=?11, lat=?12 WHERE series=?1 AND EXISTS(SELECT 1 FROM latest WHERE series=?1 AND time=?2)"""


class Sealed(Struct):
    """One revision of a time that lies in a file, as amended."""

    seq: int
    begin: Micros | None
    result: float | None
    lon: float | None
    lat: float | None
    revision: int
    generation: int
    sent: Micros
    rank: int
    quality: int
    reason: int
    served: bool
    received: Micros
    place: int

    @property
    def order(self) -> tuple[int, int, int, int]:
        """Which of several revisions is served: the highest."""
        return self.generation, self.sent, self.rank, self.revision


Versions = dict[int, Sealed]
"""Revision to what is sealed of it."""


class At(NamedTuple):
    """An instant of a series."""

    series: int
    time: Micros


class Late:
    """Work's memory of the lake: how far each series is sealed, and the files it has looked into lately."""

    def __init__(self, db: apsw.Connection, store: Path) -> None:
        self._db, self._folder = db, store.parent / FOLDER
        self._files: Files | None = None
        self._keys: OrderedDict[tuple[str, int], tuple[Any, Any]] = OrderedDict()
        self.refresh()

    def refresh(self) -> None:
        """Read the catalogue anew: after an adoption, or a transaction that failed."""
        self._sealed_to: dict[int, int] = dict(self._db.execute("SELECT series, sealed_to FROM resting"))
        self._catalogue = catalogue.read(self._db)
        self._keys.clear()
        self._files = None

    def versions(self, rows: Iterable[Row | At]) -> Mapping[Key, Versions]:
        """What is sealed of the rows' own series and times. Empty, at no cost, while rows come in order."""
        sealed_to = self._sealed_to
        if not sealed_to:
            return {}
        keys = {(row.series, row.time) for row in rows if row.time <= sealed_to.get(row.series, _NEVER)}
        return self._find(keys) if keys else {}

    def _find(self, keys: set[Key]) -> dict[Key, Versions]:
        import numpy as np

        from .groups import Files

        if self._files is None:
            self._files = Files(self._folder)
        wanted = np.array(sorted(keys), dtype=np.int64)
        found: dict[Key, Versions] = {}
        for segment in self._catalogue.segments:
            mine = wanted[
                (wanted[:, 1] >= segment.begin) & (wanted[:, 1] <= segment.end)
                & (wanted[:, 0] >= segment.first_series) & (wanted[:, 0] <= segment.last_series)
            ]  # fmt: skip
            if len(mine):
                opened = self._files.get(segment.file)
                for group in opened.groups(np.unique(mine[:, 0]), time=(int(mine[:, 1].min()), int(mine[:, 1].max()))):
                    self._look(segment.file, opened, group, mine, found)
        for key, versions in found.items():
            self._amend(key, versions)
        return found

    def _look(self, name: str, opened: Opened, group: int, wanted: np.ndarray[Any, Any], found: dict[Key, Versions]) -> None:
        import numpy as np

        series, times = self._group(name, opened, group)
        hits = []
        low, high = np.searchsorted(series, wanted[:, 0], "left"), np.searchsorted(series, wanted[:, 0], "right")
        for place in np.nonzero(low < high)[0].tolist():
            start, end, time = int(low[place]), int(high[place]), int(wanted[place, 1])
            first = start + int(np.searchsorted(times[start:end], time, "left"))
            while first < end and times[first] == time:
                hits.append(first)
                first += 1
        if not hits:
            return
        details = opened.read([group], _DETAILS).take(hits).to_pylist()
        for hit, row in zip(hits, details, strict=True):
            key = int(series[hit]), int(times[hit])
            own = row["revision"]
            if own is None:
                own = revision(row["result"], row["begin"], row["lon"], row["lat"])
            found.setdefault(key, {})[own] = Sealed(
                row["commit_no"] << ROW_BITS | row["row"], row["begin"], row["result"], row["lon"], row["lat"], own,
                row["generation"], row["sent"], row["rank"], row["quality"], row["reason"], row["served"], row["received"],
                row["frame"],
            )  # fmt: skip

    def _group(self, name: str, opened: Opened, group: int) -> tuple[Any, Any]:
        """Series and times of a row group; the last ones stay decoded."""
        found = self._keys.get((name, group))
        if found is None:
            table = opened.read([group], ("series", "time"))
            found = self._keys[name, group] = table["series"].to_numpy(), table["time"].to_numpy()
            if len(self._keys) > _KEPT_GROUPS:
                self._keys.popitem(last=False)
        else:
            self._keys.move_to_end((name, group))
        return found

    def _amend(self, key: Key, versions: Versions) -> None:
        by_seq = {one.seq: one for one in versions.values()}
        query = "SELECT seq, generation, sent, rank, quality, reason, served FROM amended WHERE series=? AND time=?"
        for seq, generation, sent, rank, quality, reason, served in self._db.execute(query, key):
            one = by_seq.get(int(str(seq)))
            if one is not None:
                one.generation, one.sent, one.rank, one.served = generation, sent, rank, bool(served)
                one.quality, one.reason = quality, reason

    def settle(self, row: Row, versions: Versions, *, inserted: bool, commit: int) -> str:
        """Judge a row of a sealed time and serve the right revision; returns stored's alternatives, `duplicate` or `revised`."""
        twin = versions.get(row.revision)
        if twin is not None and (row.generation, row.sent, row.rank) > (twin.generation, twin.sent, twin.rank):
            if row.generation > twin.generation:
                twin.quality, twin.reason = row.quality, row.reason
            twin.generation, twin.sent, twin.rank = row.generation, row.sent, row.rank
            self._write(row, twin, commit)
        self._serve(row, versions, commit)
        return "revised" if inserted else "duplicate"

    def _serve(self, row: Row, versions: Versions, commit: int) -> None:
        """Mark the highest of all revisions of a time, sealed or hot, as the one that readers are given."""
        seam = (self._catalogue.sealed + 1) << ROW_BITS
        hot = self._db.execute(_HOT, (row.time, row.series, seam)).fetchall()
        best = max([one.order for one in versions.values()] + [tuple(one[1:5]) for one in hot])
        for seq, *order, served in hot:
            if bool(served) != (tuple(order) == best):
                self._db.execute("UPDATE hot SET served = NOT served WHERE seq=?", (seq,))
        for one in versions.values():
            if one.served != (one.order == best):
                one.served = not one.served
                self._write(row, one, commit)

    def flag(self, key: Key, one: Sealed, flag: tuple[int, int], commit: int) -> None:
        """Give a sealed revision another (quality, reason)."""
        one.quality, one.reason = flag
        self._write(At(*key), one, commit)

    def _write(self, row: Row | At, one: Sealed, commit: int) -> None:
        verdict = (one.generation, one.sent, one.rank, one.quality, one.reason, int(one.served))
        self._db.execute(_UNSWEPT, (*verdict, one.seq))
        self._db.execute(_AMEND, (row.series, row.time, one.seq, commit, *verdict))
        if one.served:
            self._show(row, one)

    def _show(self, row: Row | At, one: Sealed) -> None:
        """Where this is what `latest` shows, keep its content beside it."""
        self._db.execute(_SHOWN, (row.series, row.time, one.seq, one.begin, one.result, one.quality, one.reason, one.revision,
                                  one.received, one.place, one.lon, one.lat))  # fmt: skip
