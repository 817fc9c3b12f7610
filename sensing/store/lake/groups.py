"""Open files and what their footers say: which row groups can hold a series at a time. Footers and handles are kept."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sensing.errors import CheckFailedError

from . import columns

_OFTEN_ALIKE = frozenset(("begin", "quality", "reason", "revision", "generation", "sent", "rank", "lon", "lat", "served"))
Numbers = np.ndarray[Any, np.dtype[np.int64]]


class Opened:
    """One file: its handle, and per row group the least and greatest series, time and commit."""

    def __init__(self, path: Path) -> None:
        try:
            self.file = pq.ParquetFile(path, memory_map=True, pre_buffer=False)
        except pa.ArrowInvalid as error:  # one that is gone is the caller's affair: it may have been merged
            raise CheckFailedError(
                f"{path} is damaged: {error}", "`sensing doctor` names every such file: take it out of a backup"
            ) from None
        meta = self._meta = self.file.metadata
        self.bounds: dict[str, tuple[Numbers, Numbers]] = {}
        places = self._places = {meta.schema.column(place).name: place for place in range(meta.num_columns)}
        self._alike: dict[tuple[str, int], Any] = {}
        for name in ("series", "time", "commit_no", "received"):
            found = [meta.row_group(group).column(places[name]).statistics for group in range(meta.num_row_groups)]
            self.bounds[name] = (_numbers([one.min_raw for one in found]), _numbers([one.max_raw for one in found]))

    def groups(self, series: Numbers | None, **spans: tuple[int | None, int | None]) -> list[int]:
        """Row groups that may hold rows of one of these (sorted) series and with columns in these inclusive spans."""
        low, high = self.bounds["series"]
        keep = np.ones(len(low), dtype=bool)
        if series is not None:
            keep = np.searchsorted(series, low, "left") < np.searchsorted(series, high, "right")
        for name, (least, most) in spans.items():
            low, high = self.bounds[name]
            if least is not None:
                keep &= high >= least
            if most is not None:
                keep &= low <= most
        return [int(group) for group in np.nonzero(keep)[0]]

    def read(self, groups: Sequence[int], names: Sequence[str], *, threads: bool = False) -> Any:
        """Columns of row groups, as held in memory. One that is the same throughout, as the footer tells, is not read."""
        alike = {name: found[0] for name in names if name in _OFTEN_ALIKE and (found := self._same(name, groups))}
        rest = [name for name in names if name not in alike]
        rows = sum(self._meta.row_group(group).num_rows for group in groups)
        if rest:
            table = columns.from_file(self.file.read_row_groups(list(groups), columns=rest, use_threads=threads))
        made = {name: columns.constant(name, alike[name], rows) if name in alike else table[name] for name in names}
        return pa.table(made)

    def _same(self, name: str, groups: Sequence[int]) -> tuple[Any] | None:
        """The one value that a column has in these row groups."""
        known = self._alike
        for group in groups:
            if (name, group) not in known:
                known[name, group] = self._value(group, name)
        found = {known[name, group] for group in groups}
        return found.pop() if len(found) == 1 else None

    def _value(self, group: int, name: str) -> tuple[Any] | None:
        said = self._meta.row_group(group).column(self._places[name]).statistics
        if said is None or not said.has_null_count:
            return None
        if said.null_count and said.num_values == 0:
            return (None,)
        return (said.min_raw,) if not said.null_count and said.has_min_max and said.min_raw == said.max_raw else None


def _numbers(values: Sequence[int]) -> Numbers:
    return np.asarray(values, dtype=np.int64)


class Files:
    """The most recently used files of a folder, open: one that was replaced meanwhile can be read to its end."""

    def __init__(self, folder: Path, most: int = 512) -> None:
        self._folder, self._most = folder, most
        self._open: OrderedDict[str, Opened] = OrderedDict()

    def get(self, name: str) -> Opened:
        """A file by name. Raises FileNotFoundError when it was taken away before it was ever opened here."""
        found = self._open.get(name)
        if found is None:
            found = self._open[name] = Opened(self._folder / name)
            if len(self._open) > self._most:
                self._open.popitem(last=False)
        else:
            self._open.move_to_end(name)
        return found

    def close(self) -> None:
        """Let go of all."""
        self._open.clear()
