"""Rows that are not sealed yet, kept as columns: a process that asks often reads each row of the table `hot` once, not with each question.

Rows in `hot` are added, amended and, once they are sealed, passed over. Their commits tell which are new, `amended` what is otherwise
now (as it does of sealed rows), the seam which are over. Readers of one process share what is kept.
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Lock
from typing import Any
from weakref import WeakValueDictionary

import apsw
import numpy as np
import pyarrow as pa
from msgspec import Struct

from sensing.store import ROW_BITS

from . import columns, scan
from .groups import Numbers
from .scan import Amendments, Query

_PATIENCE = 3
"""Questions after which it is worth the second that reading everything takes: a command asks one and ends."""
_MOST = 1_000_000
"""Rows that are kept: some 100 MB. Of more than these, each question reads what it needs."""
_AMENDED = "SELECT seq, generation, sent, rank, quality, reason, served FROM amended WHERE seq >= ?"
_READ = f"SELECT {columns.hot_names(columns.NAMES)} FROM hot h WHERE h.seq > ? ORDER BY h.seq LIMIT ?"
_known: WeakValueDictionary[tuple[Path, int], Unsealed] = WeakValueDictionary()
_lock = Lock()


class _Chunk(Struct):
    """Rows of some commits, in order. seqs: of each."""

    table: Any
    seqs: Numbers


def of(store: Path) -> Unsealed:
    """What this process keeps of a store's file. One that was put in its place is another."""
    key = store, store.stat().st_ino if store.exists() else 0
    with _lock:
        found = _known.get(key)
        if found is None:
            found = _known[key] = Unsealed()
        return found


@contextlib.contextmanager
def no_collecting() -> Iterator[None]:
    """Many rows are made at once and none is garbage: looking for it would take as long as making them."""
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            gc.enable()


class Unsealed:
    """See above. Any thread may ask, with its own connection and inside its own snapshot."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._chunks: list[_Chunk] = []
        self._seam = 0
        self._upto = -1
        self._asked = 0
        self._too_many_from = -1

    def matching(self, db: apsw.Connection, seam: int, query: Query, names: Sequence[str]) -> Any | None:
        """Rows of a query from the seq `seam` on, as the snapshot of `db` has them; None when the table itself is better asked.

        Raises FileNotFoundError when the seam has moved since the snapshot was taken: look again.
        """
        with self._lock:
            self._asked += 1
            if self._asked < _PATIENCE or seam == self._too_many_from or not self._refresh(db, seam):
                return None
            chunks = list(self._chunks)
        head = (int(db.execute("SELECT commit_no FROM progress").get) + 1) << ROW_BITS
        amendments = Amendments(db.execute(_AMENDED, (seam,)).fetchall())
        asked = sorted({*names, "served", "commit_no", "row"} if len(amendments.seqs) else {*names, "served"})
        found = [_rows(chunk, query, head, asked) for chunk in chunks]
        table = amendments.apply(pa.concat_tables([columns.MEMORY.empty_table().select(asked), *found]))
        return (table.filter(table["served"]) if query.served else table).select(names)

    def _refresh(self, db: apsw.Connection, seam: int) -> bool:
        """Read what was committed since, let go of what was sealed; returns whether all that is not sealed is here."""
        if seam < self._seam:
            raise FileNotFoundError("the seam has moved")
        if seam > self._seam:
            self._seam = seam
            self._chunks = [kept for one in self._chunks if (kept := _after(one, seam)) is not None]
        upto = max(self._upto, seam - 1)
        room = _MOST - sum(len(one.seqs) for one in self._chunks)
        with no_collecting():
            rows = db.execute(_READ, (upto, room + 1)).fetchall()
            if len(rows) > room:
                self._chunks, self._upto, self._too_many_from = [], -1, seam
                return False
            if rows:
                table = columns.from_hot(rows)
                self._chunks.append(_Chunk(table, columns.seqs(table)))
                self._upto = int(self._chunks[-1].seqs[-1])
        self._merge()
        return True

    def _merge(self) -> None:
        """Few chunks, each row copied few times: the last two become one while the former is not much longer."""
        while len(self._chunks) > 1 and len(self._chunks[-2].seqs) < 2 * len(self._chunks[-1].seqs):
            last, former = self._chunks.pop(), self._chunks.pop()
            table = pa.concat_tables([former.table, last.table]).combine_chunks()
            self._chunks.append(_Chunk(table, np.concatenate([former.seqs, last.seqs])))


def _after(chunk: _Chunk, seam: int) -> _Chunk | None:
    """What of a chunk is not sealed; None when nothing is."""
    start = int(np.searchsorted(chunk.seqs, seam))
    if start == len(chunk.seqs):
        return None
    return chunk if start == 0 else _Chunk(chunk.table.slice(start).combine_chunks(), chunk.seqs[start:].copy())


def _rows(chunk: _Chunk, query: Query, head: int, names: Sequence[str]) -> Any:
    """The rows of a chunk that a query asks for, of commits before `head`."""
    low = 0 if query.after is None else int(np.searchsorted(chunk.seqs, query.after, "right"))
    high = int(np.searchsorted(chunk.seqs, head if query.upto is None else min(head, query.upto + 1)))
    table = chunk.table.slice(low, max(0, high - low))
    places = scan.places(table, query)
    return (table if places is None else scan.take(table, places)).select(names)
