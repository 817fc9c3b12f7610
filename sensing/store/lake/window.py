"""Pages out of files that are sorted otherwise: rows are read a window of time or of commits at a time, sorted, and kept for the next page.

A window is made so wide that it holds some hundred thousand rows, by what the catalogue says of each file.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import pyarrow as pa
from msgspec import Struct
from msgspec.structs import replace

from sensing.store import ROW_BITS

from . import columns, scan
from .catalogue import Catalogue, Segment
from .groups import Files
from .scan import Amendments, Query

ROWS = 200_000
_ROWS_BY_COMMIT = 500_000
"""Files are not sorted by commit, so a window of them is dearer to read: make it wider."""
FOREVER = 1 << 62
Span = Callable[[Segment], tuple[int, int]]
"""What a file holds of the dimension that a window is cut from, inclusive."""


def by_time(segment: Segment) -> tuple[int, int]:
    """See `Span`."""
    return segment.begin, segment.end


def by_commit(segment: Segment) -> tuple[int, int]:
    """See `Span`."""
    return segment.first_commit, segment.last_commit


def until(found: Sequence[Segment], span: Span, start: int, share: float, rows: int = ROWS) -> int:
    """Where a window that begins at `start` ends, exclusive. share: of the rows of a file, how many are wanted, 0..1."""
    ahead = [one for one in found if span(one)[1] >= start]
    edges = sorted({max(start, span(one)[0]) for one in ahead} | {span(one)[1] + 1 for one in ahead})
    counted = 0.0
    for low, high in pairwise(edges):
        dense = sum(one.rows / (span(one)[1] + 1 - span(one)[0]) for one in ahead if span(one)[0] < high and span(one)[1] >= low)
        inside = dense * share * (high - low)
        if counted + inside >= rows and dense:
            return max(start + 1, low + int((rows - counted) / (dense * share)) if share else high)
        counted += inside
    return FOREVER


class Kept(Struct):
    """The window that was read last: what it answers, from where to where, and its rows in order."""

    asked: tuple[Any, ...]
    start: int
    end: int
    table: Any
    keys: Any


class Windows:
    """Sorted windows of one reader's queries; the last one is kept."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._kept: dict[bool, Kept] = {}

    def page(
        self, now: Catalogue, query: Query, amendments: Amendments, share: float, limit: int, *, by_commits: bool = False
    ) -> Any:
        """The first `limit` rows of a query by (commit, row), or by (time, commit, row), all columns; fewer when there are no more.

        A page by commits goes on after `query.after`; one by time begins at `query.begin`: the caller drops what it had.
        """
        span = by_commit if by_commits else by_time
        found = scan.segments(now.segments, query)
        start = _start(found, query, span, by_commits=by_commits)
        pieces: list[Any] = []
        rows = 0
        while start < FOREVER and rows < limit:
            kept = self._window(now, found, query, amendments, start, share, span, by_commits=by_commits)
            place = int(kept.keys.searchsorted(query.after, "right")) if by_commits and query.after is not None else int(
                kept.keys.searchsorted(start, "left"))  # fmt: skip
            pieces.append(kept.table.slice(place, limit - rows))
            rows += pieces[-1].num_rows
            start = kept.end
            if not any(span(one)[1] >= start for one in found):
                break
        return pa.concat_tables(pieces) if pieces else columns.MEMORY.empty_table()

    def _window(
        self, now: Catalogue, found: Sequence[Segment], query: Query, amendments: Amendments, start: int, share: float, span: Span,
        *, by_commits: bool,
    ) -> Kept:  # fmt: skip
        wide = replace(query, after=None) if by_commits else replace(query, begin=None)
        series = None if wide.series is None else wide.series.tobytes()
        asked = (
            now.version,
            series,
            wide.begin,
            wide.end,
            wide.after,
            wide.upto,
            wide.served,
            amendments.seqs.tobytes(),
            amendments.said,
        )
        kept = self._kept.get(by_commits)
        if kept is not None and kept.asked == asked and kept.start <= start < kept.end:
            return kept
        end = until(found, span, start, share, _ROWS_BY_COMMIT if by_commits else ROWS)
        if by_commits:
            upto = (end << ROW_BITS) - 1 if end < FOREVER else None
            cut = replace(query, after=(start << ROW_BITS) - 1, upto=_least(query.upto, upto))
        else:
            cut = replace(query, begin=start, end=_least(query.end, end if end < FOREVER else None))
        parts = [
            piece for one in scan.segments(found, cut) for piece in scan.read(self._files, one, cut, columns.NAMES, amendments)
        ]
        table = pa.concat_tables([part.select(columns.NAMES) for part in parts]) if parts else columns.MEMORY.empty_table()
        order = ["commit_no", "row"] if by_commits else ["time", "commit_no", "row"]
        table = table.sort_by([(name, "ascending") for name in order]).combine_chunks()
        keys = columns.seqs(table) if by_commits else table["time"].to_numpy()
        self._kept[by_commits] = Kept(asked, start, end, table, keys)
        return self._kept[by_commits]


def _start(found: Sequence[Segment], query: Query, span: Span, *, by_commits: bool) -> int:
    least = min((span(one)[0] for one in found), default=FOREVER)
    if by_commits:
        return max(least, 0 if query.after is None else (query.after + 1) >> ROW_BITS)
    return least if query.begin is None else max(least, query.begin)


def _least(one: int | None, other: int | None) -> int | None:
    return other if one is None else one if other is None else min(one, other)
