"""Work's side of the lake: name new files in the catalogue, delete the hot rows that they cover, forget what was replaced.

Each is a short transaction of its own between batches. Adoption moves `lake.sealed`: readers pass over the hot rows up to it from
then on, so it does not matter when they are deleted.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import apsw
import msgspec

from sensing import logs, times
from sensing.failpoints import reach
from sensing.store import ROW_BITS

from . import FOLDER, catalogue
from .catalogue import Manifest

_log = logs.get("lake")
_SWEEP = 2_000
"""Hot rows deleted in one transaction: a few milliseconds."""
_RESTING = """UPDATE resting SET time=?2, seq=?3, begin=?4, result=?5, quality=?6, reason=?7, revision=?8, received=?9, place=?10,
  lon=?11, lat=?12 WHERE series=?1"""
_LAST = """SELECT h.series, h.time, h.seq, h.begin, h.result, h.quality, h.reason, h.revision, h.received, h.place, h.lon, h.lat
  FROM sealing x JOIN latest l ON l.series = x.series AND l.time <= x.time JOIN hot h ON h.time = l.time AND h.series = l.series
  WHERE h.served AND h.seq >= ? AND h.seq < ?"""


class Adoption:
    """The writing end of the lake over work's own connection. `version` grows with every adoption."""

    def __init__(self, db: apsw.Connection, store: Path, grace_s: float = 600.0) -> None:
        self._db = db
        self.folder = store.parent / FOLDER
        self.grace_s = grace_s
        self.forget()

    def forget(self) -> None:
        """Read anew where the lake stands, after a transaction that failed."""
        self.sealed = int(self._db.execute("SELECT sealed FROM lake").get)
        self._unswept = True

    def tend(self) -> bool:
        """Adopt what waits and forget what was replaced longer ago than the grace; returns whether anything was adopted."""
        adopted = False
        if self.folder.is_dir():
            for path, manifest in self._waiting():
                adopted |= self._adopt(path, manifest)
            before = times.now() - int(self.grace_s * times.SECOND)
            self._db.execute("DELETE FROM segments WHERE replaced_at < ?", (before,))
        return adopted

    def _waiting(self) -> list[tuple[Path, Manifest]]:
        try:
            return list(catalogue.waiting(self.folder))
        except (OSError, msgspec.DecodeError) as error:
            _log.warning("manifest_unreadable", error=str(error))
            return []

    def _adopt(self, path: Path, manifest: Manifest) -> bool:
        if not self._is_sound(manifest):
            path.unlink(missing_ok=True)
            return False
        reach("lake.before_adopt")
        with self._db:
            self._name(manifest)
            if manifest.kind == "seal":
                self._rest(manifest)
            self._db.execute("UPDATE lake SET version = version + 1")
        reach("lake.after_adopt")
        path.unlink(missing_ok=True)
        self.forget()
        _log.info(
            "segments_adopted", kind=manifest.kind, files=len(manifest.segments), rows=sum(s.rows for s in manifest.segments)
        )
        return True

    def _is_sound(self, manifest: Manifest) -> bool:
        """Whether it fits the catalogue as it is now: not adopted before, its files whole, what it replaces still there."""
        known = catalogue.named(self._db)
        live = {str(file) for (file,) in self._db.execute("SELECT file FROM segments WHERE replaced_at IS NULL")}
        if any(segment.file in known for segment in manifest.segments) or not live.issuperset(manifest.replaces):
            return False
        if manifest.kind == "seal" and manifest.segments[0].first_commit != self.sealed + 1:
            return False
        with suppress(OSError):
            return all((self.folder / one.file).stat().st_size == one.bytes for one in manifest.segments)
        return False

    def _name(self, manifest: Manifest) -> None:
        now, number = times.now(), -1
        for segment in manifest.segments:
            number = catalogue.add(self._db, segment, now)
        self._db.executemany("UPDATE segments SET replaced_by=?, replaced_at=? WHERE file=?", [
            (number, now, file) for file in manifest.replaces])  # fmt: skip
        self._db.executemany("DELETE FROM amended WHERE series=? AND time=? AND seq=? AND commit_no<=?", [
            (one.series, one.time, one.seq, manifest.seen) for one in manifest.folded])  # fmt: skip

    def _rest(self, manifest: Manifest) -> None:
        """Move the seam between hot and lake; keep what `latest` shows of the series that fall silent behind it."""
        (segment,) = manifest.segments
        low, high = segment.first_commit << ROW_BITS, (segment.last_commit + 1) << ROW_BITS
        self._db.execute("UPDATE lake SET sealed=?", (segment.last_commit,))
        self._db.execute("DELETE FROM amended WHERE seq >= ? AND seq < ? AND commit_no <= ?", (low, high, manifest.seen))
        self._db.execute("CREATE TEMP TABLE IF NOT EXISTS sealing(series INTEGER PRIMARY KEY, time INTEGER)")
        self._db.execute("DELETE FROM sealing")
        self._db.executemany("INSERT INTO sealing VALUES(?,?)", manifest.newest)
        self._db.execute("""INSERT INTO resting(series, sealed_to) SELECT series, time FROM sealing WHERE true
          ON CONFLICT DO UPDATE SET sealed_to = max(sealed_to, excluded.sealed_to)""")  # fmt: skip
        self._db.executemany(_RESTING, list(self._db.execute(_LAST, (low, high))))
        self._thin()

    def _thin(self) -> None:
        """Of commits older than a day, one a minute is enough to know when."""
        before = times.now() - times.DAY
        self._db.execute(
            "DELETE FROM commits WHERE at < ?1 AND at >= ?1 - ?2 AND commit_no NOT IN "
            "(SELECT max(commit_no) FROM commits WHERE at < ?1 AND at >= ?1 - ?2 GROUP BY at / 60000000)",
            (before, 2 * times.DAY))  # fmt: skip

    def sweep(self, most: int = _SWEEP) -> bool:
        """Delete up to `most` hot rows that the lake covers; returns whether there were any."""
        if not self._unswept:
            return False
        end = (self.sealed + 1) << ROW_BITS
        last = self._db.execute("SELECT max(seq) FROM (SELECT seq FROM hot WHERE seq < ? ORDER BY seq LIMIT ?)", (end, most)).get
        if last is None:
            self._unswept = False
            return False
        self._db.execute("DELETE FROM hot WHERE seq <= ?", (last,))
        reach("lake.swept")
        return True
