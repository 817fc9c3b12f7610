"""Sealing: rows of the table `hot` that have rested become one sorted file, and a manifest asks work to adopt it.

Hot rows are read in pieces, each a short snapshot. Work may change a row meanwhile (another revision is served, a redecode): it
notes each change in `amended` with its commit, so what came after the first piece's commit stays there as an amendment of the file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from sensing import sqlite, times
from sensing.failpoints import reach
from sensing.settings import Lake
from sensing.store import ROW_BITS

from . import FOLDER, catalogue, columns, files
from .catalogue import Manifest, Segment

MOST_ROWS = 1_000_000
"""Rows of one file; bounds the memory that sealing takes."""
_PIECE = 50_000
Words = Mapping[int, tuple[str, ...]]
KeepDays = Callable[[tuple[str, ...]], float]
"""Days to keep rows of a series' words; 0 for ever."""


def for_ever(_words: tuple[str, ...]) -> float:
    """The rule of a lake that forgets nothing."""
    return 0.0


def seal(store: Path, settings: Lake, now: int | None = None) -> Manifest | None:
    """Seal what has rested long enough, if it is enough; None when it is not, or while a manifest waits to be adopted.

    store: the path of `store.db`. now: microseconds, the wall clock by default.
    """
    folder = store.parent / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    if any(manifest.kind == "seal" for _, manifest in catalogue.waiting(folder)):
        return None
    with closing(sqlite.reader(store)) as db:
        bounds = _range(db, settings, times.now() if now is None else now)
        if bounds is None:
            return None
        first, last, seen = bounds
        table = _rested(db, first, last)
        words = read_words(db)
    if not table.num_rows:
        return None
    name = f"seal-{first:012d}-{last:012d}"
    segment = put(folder, name, [table.sort_by(columns.ORDER)], words, (first, last))
    newest = table.group_by("series").aggregate([("time", "max")])
    pairs = list(zip(newest["series"].to_pylist(), newest["time_max"].to_pylist(), strict=True))
    manifest = Manifest("seal", [segment], seen=seen, newest=pairs)
    catalogue.leave(folder, name, manifest)
    reach("lake.after_manifest")
    return manifest


def _range(db: Any, settings: Lake, now: int) -> tuple[int, int, int] | None:
    """The commits to seal, first and last, and the last commit that there is."""
    seen, sealed = db.execute("SELECT p.commit_no, l.sealed FROM progress p, lake l").fetchone()
    last = seen
    if settings.seal_after_min:
        rested = now - int(settings.seal_after_min * times.MINUTE)
        last = db.execute("SELECT max(commit_no) FROM commits WHERE at <= ?", (rested,)).get or 0
    if last <= sealed:
        return None
    low, high = (sealed + 1) << ROW_BITS, (last + 1) << ROW_BITS
    within = "FROM hot WHERE seq >= ? AND seq < ? ORDER BY seq"
    beyond = db.execute(f"SELECT seq {within} LIMIT 1 OFFSET {MOST_ROWS}", (low, high)).get
    if beyond is not None:
        last = (beyond >> ROW_BITS) - 1 if beyond >> ROW_BITS > sealed + 1 else sealed + 1
        return sealed + 1, last, seen
    enough = db.execute(f"SELECT 1 {within} LIMIT 1 OFFSET {max(0, settings.seal_rows - 1)}", (low, high)).get
    waited = db.execute("SELECT min(at) FROM commits WHERE commit_no > ?", (sealed,)).get
    patience = int((settings.seal_after_min + settings.seal_every_min) * times.MINUTE)
    if enough is None and waited is not None and waited > now - patience:
        return None
    return sealed + 1, last, seen


def _rested(db: Any, first: int, last: int) -> Any:
    """The rows of a range of commits, in pieces."""
    after, end, pieces = (first << ROW_BITS) - 1, (last + 1) << ROW_BITS, []
    while True:
        query = f"SELECT {columns.hot_names(columns.NAMES)} FROM hot h WHERE seq > ? AND seq < ? ORDER BY seq LIMIT {_PIECE}"
        rows = db.execute(query, (after, end)).fetchall()
        if rows:
            after = rows[-1][0]
            pieces.append(columns.without_hashes(columns.from_hot(rows)))
        if len(rows) < _PIECE:
            return pa.concat_tables(pieces) if pieces else columns.MEMORY.empty_table()


def read_words(db: Any) -> Words:
    """Series to (thing, property, statistic, channel, unit, origin, run)."""
    return {row[0]: row[1:] for row in db.execute(f"SELECT id, {', '.join(columns.WORDS)} FROM series")}


def put(
    folder: Path, name: str, pieces: Iterable[Any], words: Words, commits: tuple[int, int], level: int = 0, slot: str = "",
    keep: float = 0.0,
) -> Segment:  # fmt: skip
    """Write sorted pieces as one durable file and describe it."""
    path = folder / f"{name}.parquet"
    bounds: dict[str, list[int]] = {column: [] for column in ("time", "received", "series")}
    rows = [0]

    def fill(passing: Path) -> None:
        writer = columns.Writer(passing, words)
        for piece in pieces:
            rows[0] += piece.num_rows
            for column, found in bounds.items():
                if piece.num_rows:
                    ends = pc.min_max(piece[column]).as_py()
                    found += [ends["min"], ends["max"]]
            writer.add(piece)
        writer.close()

    files.write(path, fill, lambda step: reach(f"lake.file_{step}"))
    (begin, end), (first_received, last_received), (first_series, last_series) = (
        (min(bounds[name]), max(bounds[name])) for name in ("time", "received", "series")
    )
    return Segment(
        path.name, level, slot, keep, *commits, begin, end, first_received, last_received, first_series, last_series,
        rows[0], path.stat().st_size, files.sha(path),
    )  # fmt: skip


def sizes(segments: Sequence[Segment]) -> tuple[int, int]:
    """(rows, bytes) in all."""
    return sum(one.rows for one in segments), sum(one.bytes for one in segments)
