"""Rows of the files, as tables in memory: pruned by catalogue, then by row groups, then row by row; amendments applied.

A `Query` is what the words of a request come to: series numbers, spans of time and of commits, one revision a time or all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from msgspec import Struct

from sensing.model import Micros
from sensing.store import ROW_BITS

from . import columns
from .catalogue import Segment
from .groups import Files, Numbers, Opened

_AT_ONCE = 32
_FEW = 64
AMENDABLE = ("generation", "sent", "rank", "quality", "reason", "served")


class Query(Struct, frozen=True):
    """series: sorted numbers, None for all. begin <= time < end; after < seq <= upto. served: one revision a time."""

    series: Numbers | None = None
    begin: Micros | None = None
    end: Micros | None = None
    after: int | None = None
    upto: int | None = None
    served: bool = True

    @property
    def commits(self) -> tuple[int | None, int | None]:
        """The commits that can hold its rows, inclusive."""
        return (
            None if self.after is None else (self.after + 1) >> ROW_BITS,
            None if self.upto is None else self.upto >> ROW_BITS,
        )

    @property
    def times(self) -> tuple[int | None, int | None]:
        """The times of its rows, inclusive."""
        return self.begin, None if self.end is None else self.end - 1


class Amendments:
    """Rows of `amended`, by seq: what holds of sealed rows instead of what their file says."""

    def __init__(self, rows: Sequence[tuple[Any, ...]]) -> None:
        ordered = sorted(rows)
        self.said = hash(tuple(ordered))
        self.seqs = np.array([row[0] for row in ordered], dtype=np.int64)
        self._values = {name: [row[1 + place] for row in ordered] for place, name in enumerate(AMENDABLE)}

    def apply(self, table: Any) -> Any:
        """The same rows as they are now. Needs the columns commit_no and row."""
        if not len(self.seqs) or not table.num_rows:
            return table
        own = columns.seqs(table)
        places = np.minimum(np.searchsorted(self.seqs, own), len(self.seqs) - 1)
        hit = self.seqs[places] == own
        if not hit.any():
            return table
        for name in AMENDABLE:
            if name in table.column_names:
                values = np.asarray(self._values[name])[places]
                changed = pa.array(values).cast(columns.MEMORY.field(name).type)
                merged = pc.if_else(pa.array(hit), changed, table[name].combine_chunks())
                table = table.set_column(table.column_names.index(name), name, merged)
        return table


def segments(found: Sequence[Segment], query: Query) -> list[Segment]:
    """Those that can hold rows of a query."""
    least, most = query.times
    first, last = query.commits
    low, high = (
        (None, None) if query.series is None else (int(query.series[0]), int(query.series[-1])) if len(query.series) else (1, 0)
    )
    return [
        one for one in found
        if (least is None or one.end >= least) and (most is None or one.begin <= most)
        and (first is None or one.last_commit >= first) and (last is None or one.first_commit <= last)
        and (low is None or high is None or (one.last_series >= low and one.first_series <= high))
    ]  # fmt: skip


def read(files: Files, segment: Segment, query: Query, names: Sequence[str], amendments: Amendments) -> Iterator[Any]:
    """Rows of one file, some row groups at a time, with at least these columns, sorted as the file is."""
    opened = files.get(segment.file)
    groups = opened.groups(query.series, time=query.times, commit_no=query.commits)
    wanted = _needed(segment, query, names, amended=bool(len(amendments.seqs)))
    for start in range(0, len(groups), _AT_ONCE):
        table = _piece(opened, groups[start : start + _AT_ONCE], query, segment, wanted)
        if table is not None:
            table = amendments.apply(table)
            yield table.filter(table["served"]) if query.served else table


def _needed(segment: Segment, query: Query, names: Sequence[str], *, amended: bool) -> list[str]:
    needed = {*names, "series"}
    needed |= {"served"} if query.served else set()
    needed |= {"time"} if _cuts(query.times, segment.begin, segment.end) else set()
    cut = _cuts(query.commits, segment.first_commit, segment.last_commit)
    needed |= {"commit_no", "row"} if amended or cut else set()
    return [name for name in columns.NAMES if name in needed]


def _cuts(span: tuple[int | None, int | None], least: int, most: int) -> bool:
    low, high = span
    return (low is not None and least <= low) or (high is not None and most >= high)


def _piece(opened: Opened, groups: Sequence[int], query: Query, segment: Segment, names: Sequence[str]) -> Any:
    """The matching rows of some row groups; None when there is none. What decides is read first, the rest if anything is left."""
    first = [name for name in names if name in {"series", "time"}]
    deciding = opened.read(groups, first, threads=True)
    keep = places(deciding, query, ordered=True)
    if keep is not None and not len(keep):
        return None
    rest = [name for name in names if name not in first]
    table = deciding
    if rest:
        others = opened.read(groups, rest, threads=len(rest) > 2)
        for name in rest:
            table = table.append_column(name, others[name])
    table = table.combine_chunks() if keep is None else table
    if keep is not None:
        table = take(table, keep)
    if _cuts(query.commits, segment.first_commit, segment.last_commit):
        own = columns.seqs(table)
        inside = np.ones(len(own), dtype=bool)
        if query.after is not None:
            inside &= own > query.after
        if query.upto is not None:
            inside &= own <= query.upto
        table = table.filter(pa.array(inside))
    return table.combine_chunks()


def take(table: Any, keep: Numbers) -> Any:
    """Rows by their places, ascending."""
    if len(keep) and keep[-1] - keep[0] + 1 == len(keep):
        return table.slice(int(keep[0]), len(keep))
    return table.take(pa.array(keep))


def places(table: Any, query: Query, *, ordered: bool = False) -> Numbers | None:
    """Places of the rows that match by series and time; None when all do. ordered: the rows are, by series."""
    found: Numbers | None = None
    if query.series is not None:
        series = table["series"].to_numpy()
        if ordered and len(query.series) <= _FEW:
            chunks = _runs(series, query.series)
            found = np.concatenate(chunks) if chunks else np.empty(0, dtype=np.int64)
        else:
            found = np.nonzero(np.isin(series, query.series, kind="table"))[0]
    if "time" in table.column_names and (query.begin is not None or query.end is not None):
        time = table["time"].to_numpy()
        own = time if found is None else time[found]
        inside = np.ones(len(own), dtype=bool)
        if query.begin is not None:
            inside &= own >= query.begin
        if query.end is not None:
            inside &= own < query.end
        found = np.nonzero(inside)[0] if found is None else found[inside]
    return found


def _runs(series: Numbers, wanted: Numbers) -> list[Numbers]:
    """Places of the wanted series. Sorted within a file, so each is one run, found by halving."""
    low, high = np.searchsorted(series, wanted, "left"), np.searchsorted(series, wanted, "right")
    return [np.arange(start, end, dtype=np.int64) for start, end in zip(low, high, strict=True) if start < end]
