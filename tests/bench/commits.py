"""`Store.commit` beside the bare insert that it stands on: the same rows into the same table, one transaction a batch, `synchronous=FULL`.

The realistic fleet: 2,000 devices with four values each every ten seconds, behind 50 gateways; 5 % late by up to ten minutes, 5 % twice. Batches go
to the two in turn, and each ratio is of one batch, by processor time, so that who else uses the machine falls on both.
"""

from __future__ import annotations

import heapq
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import apsw

from sensing import sqlite
from sensing.ledger import Account
from sensing.observe import revision
from sensing.store import ROW_BITS, Batch, Row, SeriesKey
from sensing.store.schema import SCHEMA
from sensing.store.sqlite import SqliteStore
from tests.bench.fleet import DEVICES, EACH, GATEWAYS, VALUES
from tests.bench.place import Place

_FRAMES = 4_000
"""As many as work takes in one batch."""
_BARE = f"INSERT OR IGNORE INTO hot VALUES({','.join('?' * 15)}, 1)"
_HOUR, _SECOND = 490_000, 1_000_000
_WARM = 2
"""Batches that are not counted: every datastream and account is new in them, and the files are empty."""


def commits(place: Place) -> Iterator[dict[str, Any]]:
    """By batch, the processor time of both; and whether both tables hold the same rows in the end."""
    count = place.long(30, 8)
    with tempfile.TemporaryDirectory(dir=place.folder) as folder:
        store, bare = SqliteStore(Path(folder) / "store.db"), sqlite.writer(Path(folder) / "bare.db")
        for statement in SCHEMA.split(";\n"):
            if "TABLE IF NOT EXISTS hot(" in statement or "hot_once" in statement:
                bare.execute(statement)
        bare_s, tuples_s, ours_s, rows = list[float](), list[float](), list[float](), 0
        for number, batch in enumerate(_batches(store, count), 1):
            base = number << ROW_BITS
            began = time.process_time()
            ready = [_columns(row, seq) for seq, row in enumerate(batch.rows, base)]
            making = time.process_time() - began
            for ours in (False, True) if number % 2 else (True, False):
                began = time.process_time()
                if ours:
                    store.commit(batch)
                else:
                    _insert(bare, ready)
                (ours_s if ours else bare_s).append(time.process_time() - began)
            tuples_s.append(making)
            rows += len(batch.rows) if number > _WARM else 0
        same = all(_content(bare, query) == _content(store.connection, query) for query in _SAME)
        bare.close()
        store.close()
    whole = [one + more for one, more in zip(bare_s, tuples_s, strict=True)]
    for case, base_s in (("beside bare, its values ready", bare_s), ("beside bare, from the same rows", whole)):
        pairs = list(zip(base_s, ours_s, strict=True))[_WARM:]
        yield {
            "case": case, "rows_s": rows / sum(ours_s[_WARM:]), "bare_s": rows / sum(base_s[_WARM:]),
            "ratio": median(one / ours for one, ours in pairs), "same": same,
        }  # fmt: skip


_SAME = (
    "SELECT count(*), sum(time / 1000000), sum(revision), sum(place) FROM hot",
    "SELECT series, time, revision FROM hot ORDER BY seq LIMIT 100000",
)
"""Which rows there are, and in which order. Their numbers differ: of ours those that came again take none."""


def _content(db: apsw.Connection, query: str) -> list[Any]:
    return list(db.execute(query))


def _insert(db: apsw.Connection, rows: Sequence[tuple[Any, ...]]) -> None:
    with db:
        db.executemany(_BARE, rows)


def _columns(r: Row, seq: int) -> tuple[Any, ...]:
    return (seq, r.series, r.time, r.begin, r.result, r.quality, r.reason, r.revision, r.generation, r.sent, r.rank, r.received,
            r.place, r.lon, r.lat)  # fmt: skip


def _batches(store: SqliteStore, count: int) -> Iterator[Batch]:
    """Batches as work makes them. The devices in turn; a frame that is late comes with a later one."""
    chance, late, place = random.Random(5), list[tuple[int, int]](), 0
    accounts = [Account(_HOUR, "senml", f"gw{n // EACH}", f"gauge-{n}", "") for n in range(DEVICES)]
    gateways = [Account(_HOUR, "senml", f"gw{n}", "", "") for n in range(GATEWAYS)]
    keys = [[SeriesKey(f"gauge-{n}", f"p{value}", "instant", "", "") for value in range(VALUES)] for n in range(DEVICES)]
    step = 0
    for _ in range(count):
        batch = Batch()
        while len(batch.rows) < _FRAMES * VALUES:
            said, step = step, step + 1
            draw = chance.random()
            if draw < 0.05:
                heapq.heappush(late, (step + chance.randrange(DEVICES * 60), said))
                continue
            again = 2 if draw < 0.1 else 1
            if late and late[0][0] <= step:
                said = heapq.heappop(late)[1]
            for _ in range(again):
                place += 1
                device, tick = said % DEVICES, said // DEVICES
                _frame(store, batch, keys[device], tick, place, accounts[device])
                intake = gateways[device // EACH]
                batch.tally.intake[intake] = batch.tally.intake.get(intake, 0) + 1
        batch.place = place
        yield batch


def _frame(store: SqliteStore, batch: Batch, keys: Sequence[SeriesKey], tick: int, place: int, account: Account) -> None:
    at = (1_780_000_000 + tick * 10) * _SECOND
    batch.tally.ended(account, "decoded")
    batch.tally.add(account, "readings", len(keys))
    for value, key in enumerate(keys):
        result = (tick * 7 + value * 13) % 1000 / 100
        batch.rows.append(Row(store.series(key, "live", "m"), at, None, result, 1, 0, revision(result, None), 0, 0, 0, at + 500, place, None,
                              None, True, account))  # fmt: skip
