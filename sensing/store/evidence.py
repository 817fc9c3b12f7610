"""What one run left behind in a store, as columns: for whoever compares it with something else (the score of a storm). Reads only.

A batch maps names to arrays of one length: `series` (number, see `words`), `time`, `received`, `sent` (µs), `result` (NaN for none),
`quality`, `reason` (number, see `REASONS`), `revision`, `generation`, `rank`, `served`, `lon`, `lat` (NaN for none).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from sensing import ledger
from sensing.ledger import COLUMNS
from sensing.model import QualityReason
from sensing.times import SECOND

from . import ROW_BITS
from .event_reader import WantedEvents
from .events import Event
from .reader import StoreReader
from .wanted import Wanted

REASONS = tuple(str(reason) for reason in QualityReason)
Batch = Mapping[str, "np.ndarray[Any, Any]"]
_KINDS = {
    "series": np.int32, "time": np.int64, "received": np.int64, "sent": np.int64, "result": np.float64, "quality": np.int8,
    "reason": np.int8, "revision": np.uint32, "generation": np.int64, "rank": np.int32, "served": np.bool_, "lon": np.float64,
    "lat": np.float64,
}  # fmt: skip
_SLICE = 400_000
_EDGE = f"SELECT time FROM hot WHERE time > ? ORDER BY time LIMIT 1 OFFSET {_SLICE}"
_EVENTS = 500


class Evidence:
    """A run's rows, ledger, dead letters and events. store: path of `store.db`, or a reader, which it closes. Raises NotFoundError."""

    def __init__(self, store: Path | StoreReader, run: str) -> None:
        self.run = run
        self.reasons = REASONS
        self._reader = StoreReader(store) if isinstance(store, Path) else store
        self._db = self._reader.connection

    def close(self) -> None:
        """Release the files."""
        self._db.close()
        self._reader.close()

    def words(self) -> dict[int, tuple[str, str, str, str]]:
        """(thing, property, statistic, channel) by number of series."""
        query = "SELECT id, thing, property, statistic, channel FROM series WHERE run = ?"
        return {number: tuple(words) for number, *words in self._db.execute(query, (self.run,))}

    def batches(self) -> Iterator[Batch]:
        """Every revision of every observation of the run, hot or sealed, each once, in no order that means anything."""
        begin = None
        while True:  # by time, as many hot rows at once as are easily held
            end = self._db.execute(_EDGE, (-1 << 62 if begin is None else begin,)).get
            for table in self._reader.batches(Wanted(runs=(self.run,), served=False, begin=begin, end=end), tuple(_KINDS)):
                yield {name: _column(table, name, kind) for name, kind in _KINDS.items()}
            if end is None:
                return
            begin = int(end)

    def ledger(self) -> dict[str, Any]:
        """Sums of the run's accounts, and whether both equations hold for each and nothing was lost between log and books."""
        rows = self._dicts(f"SELECT hour, adapter, principal, device, {', '.join(COLUMNS)} FROM accounts WHERE run = ?")
        taken = self._dicts("SELECT sum(received) AS received FROM intake WHERE run = ?")[0]["received"] or 0
        shown = [row for row in rows if row["adapter"] not in ledger.HOUSE]
        balanced = all(ledger.balanced(row) for row in rows) and sum(row["received"] for row in rows) == taken
        return {**ledger.total(shown), "balanced": balanced}

    def dead(self) -> list[dict[str, Any]]:
        """Frames that are dead letters, open or dealt with: adapter, reason, frames."""
        return self._dicts(
            "SELECT adapter, reason, count(DISTINCT place) AS frames FROM dead WHERE run = ? GROUP BY adapter, reason ORDER BY 1, 2"
        )

    def events(self) -> list[dict[str, Any]]:
        """Events that stand (those withdrawn do not): id kind device property statistic channel start end severity, `steps` of
        (severity, time), `heard` (the run's clock when it was first seen), times µs; `stored_s`: real time from the door's stamp of the
        observation that raised it to its commit, as exactly as commits are dated: to the second. None where that is not known.
        """
        found, after = [], None
        wanted = WantedEvents(runs=(self.run,))
        while page := self._reader.events(wanted, _EVENTS, after):
            found += page
            after = (page[-1].start, page[-1].id)
        return [
            {
                "id": event.id, "kind": event.kind, "device": event.device, "property": event.property, "statistic": event.statistic,
                "channel": event.channel, "start": event.start, "end": event.end, "severity": event.severity,
                "steps": [(step.severity, step.time) for step in event.steps], "heard": event.heard,
                "stored_s": self._stored(event),
            }
            for event in found
        ]  # fmt: skip

    def _stored(self, event: Event) -> float | None:
        query = "SELECT min(seq) FROM hot WHERE time = ? AND series = ? AND received = ?"
        seq = self._db.execute(query, (event.steps[0].time, event.series, event.first_seen)).get
        if seq is None:
            return None
        at = self._db.execute(
            "SELECT at FROM commits WHERE commit_no >= ? ORDER BY commit_no LIMIT 1", (int(seq) >> ROW_BITS,)
        ).get
        return None if at is None else max(0, int(at) - event.first_seen) / SECOND

    def _dicts(self, query: str) -> list[dict[str, Any]]:
        cursor = self._db.execute(query, (self.run,))
        rows = list(cursor)
        return [dict(zip(query_names(query), row, strict=True)) for row in rows]


def query_names(query: str) -> list[str]:
    """The names of the columns that a SELECT of plain names and `x AS name` gives."""
    words = query.split(" FROM ", 1)[0].removeprefix("SELECT ")
    return [word.split(" AS ")[-1].strip() for word in words.split(", ")]


def _column(table: Any, name: str, kind: Any) -> np.ndarray[Any, Any]:
    import pyarrow as pa

    column = table[name].combine_chunks()
    if name == "reason":
        column = column.indices  # of the dictionary of all reasons, in order
    elif pa.types.is_timestamp(column.type):
        column = column.cast(pa.int64())
    values: np.ndarray[Any, Any] = column.to_numpy(zero_copy_only=False)
    return values.astype(kind)
