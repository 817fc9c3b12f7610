"""Observations as Arrow tables: what queries, exports and scores are made from. Hot rows and sealed ones alike.

    with closing(StoreReader(path)) as store:
        table = store.table(Wanted(devices=["gauge-17"], begin=..., end=...), ["time", "result"])
        duckdb.sql("SELECT time_bucket(INTERVAL 5 MINUTES, time) AS t, avg(result) FROM table GROUP BY t")

Columns are named and typed as in the files (lake/columns.py, docs/lake.md), and `seq` beside them: words are dictionaries of strings,
instants are timestamps in microseconds, UTC. `quality` and `reason` are as annotations say. Imports pyarrow when first used.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from .annotations import Annotations
from .news import News
from .wanted import Wanted

if TYPE_CHECKING:
    from .lake.catalogue import Catalogue
    from .rows import Words

COLUMNS = ("thing", "property", "statistic", "channel", "time", "begin", "result", "unit", "quality", "reason", "origin", "run", "lon",
           "lat", "received", "seq")  # fmt: skip
_RANKED = ("series", "time", "generation", "sent", "rank", "revision", "result", "begin", "lon", "lat", "commit_no", "row")


class Tables(News):
    """See above. One object is one connection: use it from one thread."""

    def table(self, wanted: Wanted, columns: Sequence[str] = COLUMNS) -> Any:
        """All wanted rows as one `pyarrow.Table`, in no order."""
        import pyarrow as pa

        from .lake.told import schema

        tables = list(self.batches(wanted, columns))
        return (
            pa.concat_tables(tables, promote_options="default").unify_dictionaries() if tables else schema(columns).empty_table()
        )

    def batches(self, wanted: Wanted, columns: Sequence[str] = COLUMNS) -> Iterator[Any]:
        """Wanted rows as tables of up to a million rows, one after the other, in no order: memory does not grow with the answer.

        All are of one moment. With `as_of` they are one table. Raises FileNotFoundError when reading takes so long that a file
        was replaced and removed (lake.grace_min) before it was opened: begin again.
        """
        from .lake import told

        numbers = told.numbers(columns)
        with self._db:
            seen = self.seen()
            lake = self.lake()
            lake.look(seen.catalogue, wanted)
            notes = Annotations.read(self._db, wanted.as_of)
            words = self._all_words()
            names = sorted({*numbers, *_RANKED}) if wanted.as_of is not None else numbers
            hot = lake.hot_table(seen.catalogue, lake.query, names)
        if wanted.as_of is not None:
            yield told.public(lake.known_table(seen.catalogue, names, hot, served=wanted.served), columns, words, notes)
            return
        if hot.num_rows:
            yield told.public(hot, columns, words, notes)
        for piece in lake.pieces(seen.catalogue, lake.query, numbers):
            yield told.public(piece, columns, words, notes)

    def scan(self, run: str, columns: Sequence[str] = COLUMNS, *, served: bool = True) -> Iterator[Any]:
        """All rows of a run ("" is live), as `batches`."""
        return self.batches(Wanted(runs=(run,), served=served), columns)

    def segments(self) -> Catalogue:
        """The catalogue as it is now: which files hold what."""
        with self._db:
            now = self.seen().catalogue
        return now  # noqa: RET504 inside the block mypy thinks that it may be swallowed

    def _all_words(self) -> dict[int, Words]:
        last = int(self._db.execute("SELECT ifnull(max(id), 0) FROM series").get)
        if last:
            self.words(last)
        return self._words
