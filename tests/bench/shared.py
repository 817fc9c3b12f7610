"""`Store.commit` on the shared database beside the file, in one run: the same batches, readings in order with 5 % late and 5 % again."""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sensing.ledger import Account
from sensing.store import Batch, Row, SeriesKey
from sensing.store.postgres.store import PostgresStore
from sensing.store.reader import digest
from sensing.store.sqlite import SqliteStore
from tests.bench.place import Place
from tests.postgres import Postgres

_SERIES, _BATCH = 8_000, 8_000
_ACCOUNT = Account(1, "plainjson", "dtu-1", "g1", "")
_SECOND = 1_000_000


def commits(place: Place) -> Iterator[dict[str, Any]]:
    """Rows a second that each store takes, and whether both hold the same in the end."""
    count = place.long(200_000, 40_000)
    ends = {}
    with tempfile.TemporaryDirectory(dir=place.folder) as folder, Postgres() as server:
        for kind in ("sqlite", "postgresql"):
            place.say(f"{kind}: {count} rows")
            store = (
                SqliteStore(Path(folder) / "store.db")
                if kind == "sqlite"
                else PostgresStore(server.url("postgresql"), server.password, 1)
            )
            seconds = _fill(store, count)
            ends[kind] = (digest(store.connection), seconds)
            store.close()
            yield {
                "case": kind,
                "rows_s": count / seconds,
                "ratio": ends["sqlite"][1] / seconds,
                "same": ends[kind][0] == ends["sqlite"][0],
            }


def _fill(store: Any, count: int) -> float:
    chance, seconds, made = random.Random(3), 0.0, list[Row]()
    keys = [SeriesKey(f"g{number // 4}", f"p{number % 4}", "instant", "", "") for number in range(_SERIES)]
    for start in range(0, count, _BATCH):
        numbers = [store.series(key, "live", "m") for key in keys]
        rows = []
        for number in range(start, start + _BATCH):
            if made and chance.random() < 0.05:
                rows.append(_again(chance.choice(made)))
                continue
            late = 3_600 if chance.random() < 0.05 else 0
            at = (number // _SERIES * 10 - late) * _SECOND
            rows.append(Row(numbers[number % _SERIES], at, None, number / 7, 1, 0, number & 0xFFFFFFFF, 0, at, 0, at, number // 4 + 1, None,
                            None, True, _ACCOUNT))  # fmt: skip
        batch = Batch(place=start // 4 + 1, rows=rows)
        began = time.perf_counter()
        store.commit(batch)
        seconds += time.perf_counter() - began
        made = rows
    return seconds


def _again(row: Row) -> Row:
    return Row(*(getattr(row, name) for name in Row.__struct_fields__))
