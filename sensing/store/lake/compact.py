"""Compaction: many sealed files become few, by day of observation and by how long their rows are kept.

A file holds one day, or the part of one (12, 6, 4 ... hours) that keeps it under `MOST_ROWS`; days of which there is little go
together into one file, or a clock gone wild would make a file for each day that it invents. Amendments are folded in.
Rows are merged a range of series at a time, so memory does not grow with the files.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from msgspec import Struct

from sensing import sqlite, times
from sensing.failpoints import reach
from sensing.settings import Lake
from sensing.store import ROW_BITS

from . import FOLDER, catalogue, columns, scan
from .catalogue import Catalogue, Folded, Manifest, Segment
from .groups import Files
from .scan import Amendments, Query
from .seal import KeepDays, Words, for_ever, put, read_words

MOST_ROWS = 8_000_000
"""Rows of a file: one series of a day is in few files, five minutes of a city in few row groups."""
STRAYS = 20_000
"""A day with fewer rows shares a file with others like it."""
_AT_ONCE = 1_000_000
"""Rows merged in memory at once."""
_PARTS = (24, 12, 6, 4, 3, 2, 1)
"""Hours of a file."""
_AMENDED = "SELECT seq, generation, sent, rank, quality, reason, served, series, time, commit_no FROM amended WHERE seq < ?"


class Share(Struct, frozen=True):
    """What one file of a merge takes: series kept so many days, times begin <= time < end; () of days: strays."""

    name: str
    slot: str
    keep: float
    spans: tuple[tuple[int, int], ...]


def compact(store: Path, settings: Lake, keep: KeepDays = for_ever, now: int | None = None) -> Manifest | None:
    """Merge what is due, else drop what has been kept long enough; None when nothing is, or while a manifest waits."""
    folder = store.parent / FOLDER
    if not folder.is_dir() or any(manifest.kind != "seal" for _, manifest in catalogue.waiting(folder)):
        return None
    with closing(sqlite.reader(store)) as db, db:
        lake = catalogue.read(db)
        chosen = due(lake, settings, times.now() if now is None else now)
        amended = db.execute(_AMENDED, ((lake.sealed + 1) << ROW_BITS,)).fetchall() if chosen else []
        seen = int(db.execute("SELECT commit_no FROM progress").get)
        words = read_words(db) if chosen else {}
    if chosen:
        manifest = _merge(folder, chosen, amended, words, keep)
        manifest.seen = seen
        name = f"merge-{lake.version:09d}"
    elif old := expired(lake, times.now() if now is None else now):
        manifest, name = Manifest("drop", replaces=[one.file for one in old]), f"drop-{lake.version:09d}"
    else:
        return None
    catalogue.leave(folder, name, manifest)
    reach("lake.after_manifest")
    return manifest


def due(lake: Catalogue, settings: Lake, now: int) -> list[Segment]:
    """Files to merge now: those that were sealed, when they are many or a day old; else those of one slot, when they are many."""
    fresh = [one for one in lake.segments if one.level == 0]
    if len(fresh) >= settings.compact_files or any(one.last_received < now - times.DAY for one in fresh):
        return sorted(fresh, key=lambda one: one.first_commit)[: 4 * settings.compact_files]
    slots: dict[tuple[str, float], list[Segment]] = {}
    for one in lake.segments:
        if one.level:
            slots.setdefault((one.slot, one.keep), []).append(one)
    many = [found for found in slots.values() if len(found) >= settings.merge_files]
    return min(many, key=lambda found: sum(one.rows for one in found), default=[])


def expired(lake: Catalogue, now: int) -> list[Segment]:
    """Merged files whose rows have all been kept as long as they are to be, counted from when they came."""
    return [one for one in lake.segments if one.level and one.keep and one.last_received < now - one.keep * times.DAY]


def _merge(folder: Path, chosen: Sequence[Segment], amended: Sequence[tuple[Any, ...]], words: Words, keep: KeepDays) -> Manifest:
    amendments = Amendments([row[:7] for row in amended])
    files = Files(folder)
    days = _days(files, chosen)
    kept = {series: keep(said) for series, said in words.items()}
    manifest = Manifest("compact", replaces=[one.file for one in chosen])
    commits = min(one.first_commit for one in chosen), max(one.last_commit for one in chosen)
    for length in sorted({kept[number] for number in _numbers(files, chosen)}):
        mine = np.array(sorted(number for number, own in kept.items() if own == length), dtype=np.int64)
        for share in _shares(days, length):
            pieces = _pieces(files, chosen, mine, share, amendments)
            first = next(pieces, None)
            if first is None:
                continue
            name = f"{share.name}-{commits[0]:012d}-{commits[1]:012d}-{chosen[0].sha[:8]}"
            manifest.segments.append(put(
                folder, name, _with(first, pieces), words, commits, level=1, slot=share.slot, keep=length))  # fmt: skip
    held = _seqs(files, chosen, amendments)
    manifest.folded = [Folded(row[7], row[8], row[0]) for row in amended if row[0] in held]
    return manifest


def _with(first: Any, rest: Iterator[Any]) -> Iterator[Any]:
    yield first
    yield from rest


def _numbers(files: Files, chosen: Sequence[Segment]) -> set[int]:
    """The series that occur."""
    found = set[int]()
    for one in chosen:
        opened = files.get(one.file)
        for group in range(len(opened.bounds["series"][0])):
            found |= set(np.unique(opened.read([group], ("series",))["series"].to_numpy()).tolist())
    return found


def _days(files: Files, chosen: Sequence[Segment]) -> Mapping[int, int]:
    """Rows of each day (since the epoch)."""
    counts: dict[int, int] = {}
    for one in chosen:
        opened = files.get(one.file)
        for group in range(len(opened.bounds["time"][0])):
            numbers, rows = np.unique(opened.read([group], ("time",))["time"].to_numpy() // times.DAY, return_counts=True)
            for number, count in zip(numbers.tolist(), rows.tolist(), strict=True):
                counts[number] = counts.get(number, 0) + count
    return counts


def _shares(days: Mapping[int, int], keep: float) -> Iterator[Share]:
    """How the rows are spread over files."""
    tail = f"-{keep:g}d" if keep else ""
    strays = [day for day, rows in sorted(days.items()) if rows < STRAYS and len(days) > 1]
    for day, rows in sorted(days.items()):
        if day in strays:
            continue
        hours = next((part for part in _PARTS if rows * part // 24 <= MOST_ROWS), 1)
        date = times.rfc3339(day * times.DAY)[:10]
        for hour in range(0, 24, hours):
            begin = day * times.DAY + hour * times.HOUR
            yield Share(f"day-{date}T{hour:02d}{tail}", date, keep, ((begin, begin + hours * times.HOUR),))
    if strays:
        spans = tuple((day * times.DAY, (day + 1) * times.DAY) for day in strays)
        yield Share(f"days{tail}", "", keep, spans)


def _pieces(files: Files, chosen: Sequence[Segment], series: Any, share: Share, amendments: Amendments) -> Iterator[Any]:
    """Rows of one share, sorted, a range of series at a time."""
    begin, end = share.spans[0][0], share.spans[-1][1]
    found = scan.segments(chosen, Query(series, begin, end, served=False))
    rows = sum(one.rows for one in found)
    size = max(1, len(series) * _AT_ONCE // max(1, rows))
    for start in range(0, len(series), size):
        query = Query(series[start : start + size], begin, end, served=False)
        parts = [part.select(columns.NAMES) for one in found for part in scan.read(files, one, query, columns.NAMES, amendments)]
        if not parts:
            continue
        table = pa.concat_tables(parts)
        if len(share.spans) > 1:
            day = table["time"].to_numpy() // times.DAY
            table = table.filter(pa.array(np.isin(day, [span[0] // times.DAY for span in share.spans])))
        if table.num_rows:
            yield table.sort_by(columns.ORDER)


def _seqs(files: Files, chosen: Sequence[Segment], amendments: Amendments) -> set[int]:
    """Amended seqs that lie in these files."""
    if not len(amendments.seqs):
        return set()
    found = set[int]()
    for one in chosen:
        for table in scan.read(files, one, Query(served=False), ("commit_no", "row"), Amendments(())):
            own = columns.seqs(table)
            found |= set(own[np.isin(own, amendments.seqs)].tolist())
    return found
