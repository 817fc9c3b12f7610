"""Questions to fifty million observations: our lake and table, beside a plain SQLite table and a DuckDB file with the same rows.

Each store is asked in its own best way, by one process with its files warm; the answers must agree. Milliseconds are the best of five.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb

import sensing
from sensing import times
from sensing.store.reader import StoreReader, Wanted
from tests.bench import lake_data
from tests.bench.lake_data import END, WEEK
from tests.bench.place import Place
from tests.faults.city import ROOT

Ask = Callable[[], Any]
_OLD, _YOUNG = "gauge-0003", "gauge-1500"
_DAY, _FIVE = 24 * times.HOUR, 5 * times.MINUTE
_ALL = 5_000_000_000


def store(place: Place) -> Iterator[dict[str, Any]]:
    """The four questions of the wall and the phone, a cold command, bytes a row, and a catalogue of five billion."""
    rows = 1_000_000_000 if getattr(place, "full", False) else place.long(50_000_000, 5_000_000)
    folder = Path(tempfile.mkdtemp(prefix="store-", dir=place.folder))
    place.say(f"store: writing {rows:,} observations three times")
    count = lake_data.build(folder / "ours", rows)
    beside = min(rows, 50_000_000)  # a billion rows of a plain table would fill the disk
    _fill_duckdb(folder / "duck.db", beside)
    _fill_sqlite(folder / "plain.db", beside)
    with (
        closing(StoreReader(folder / "ours" / "store.db")) as reader, sensing.open(folder / "ours") as data,
        closing(duckdb.connect(str(folder / "duck.db"), read_only=True)) as duck, closing(sqlite3.connect(folder / "plain.db")) as plain,
    ):  # fmt: skip
        yield _sizes(folder, count, beside)
        for case, ours, theirs in _questions(reader, data):
            yield _compared(
                case,
                ours,
                lambda text=theirs: duck.execute(text[0]).fetchall(),
                lambda text=theirs: plain.execute(text[1]).fetchall(),
                same=beside == rows,
            )  # type: ignore[misc]
        yield {"case": "24 h of one series, cold `sensing query`", **_cold(folder / "ours"), "agree": True}
    yield _five_billion(folder / "ours")


def _questions(reader: StoreReader, data: Any) -> Iterator[tuple[str, Ask, tuple[str, str]]]:
    """(case, ours, (DuckDB's, SQLite's)); each gives how many rows there are."""
    old, young = (int(name[-4:]) * 4 + 1 for name in (_OLD, _YOUNG))
    mean = (
        f"time / {_FIVE} AS t, avg(result), max(result), count(*) FROM o WHERE series = {old} AND time >= {END - WEEK} GROUP BY t"
    )
    latest = (
        "SELECT series, time, result FROM o JOIN (SELECT series, max(time) AS time FROM o GROUP BY series) USING (series, time)"
    )
    last = "SELECT o.* FROM (SELECT DISTINCT series AS s FROM (WITH RECURSIVE n(s) AS (SELECT 1 UNION ALL SELECT s + 1 FROM n WHERE s < 8000) SELECT s AS series FROM n)) JOIN o ON o.rowid = (SELECT rowid FROM o WHERE series = s ORDER BY time DESC LIMIT 1)"
    day = f"SELECT time, result FROM o WHERE series = {young} AND time >= {END - _DAY} ORDER BY time"
    for name, end in (("sealed", END - 40 * times.MINUTE), ("not sealed yet", END)):
        text = f"SELECT series, time, result FROM o WHERE time >= {end - _FIVE} AND time < {end}"
        cut = Wanted(begin=end - _FIVE, end=end)
        yield (
            f"five minutes of the city, {name}",
            lambda cut=cut: reader.table(cut, ["series", "time", "result"]).num_rows,
            (text, text),
        )  # type: ignore[misc]
    yield "latest of 8,000 series", lambda: len(reader.latest(Wanted())), (latest, last)
    wanted = Wanted(devices=[_YOUNG], properties=["water_level"], begin=END - _DAY)
    yield "24 h of one series", lambda: reader.table(wanted, ["time", "result"]).num_rows, (day, day)
    week = data.query(_OLD, property="water_level", since=END - WEEK, until=END, every="5m", agg="mean max count")
    yield "5-minute means of 7 days", lambda: week.arrow().num_rows, (f"SELECT {mean.replace('/', '//')}", f"SELECT {mean}")


def _compared(case: str, ours: Ask, duck: Ask, plain: Ask, *, same: bool) -> dict[str, Any]:
    """same: whether the others hold all of our rows; of a billion they hold the newest ones."""
    ms, cpu, found = _best(ours)
    duck_ms, _, by_duck = _best(duck)
    plain_ms, _, by_plain = _best(plain, 2)
    return {
        "case": case, "ms": ms, "cpu_ms": cpu, "duckdb": duck_ms, "sqlite": plain_ms, "of_duckdb": duck_ms / ms, "of_sqlite": plain_ms / ms,
        "agree": len(by_duck) == len(by_plain) and (len(by_duck) == found if same else len(by_duck) <= found),
    }  # fmt: skip


def _best(ask: Ask, rounds: int = 5) -> tuple[float, float, Any]:
    """(wall ms, processor ms) of the best round, and the answer."""
    told = []
    for _ in range(rounds + 1):
        wall, cpu = time.perf_counter(), time.process_time()
        found = ask()
        told.append(((time.perf_counter() - wall) * 1e3, (time.process_time() - cpu) * 1e3))
    return min(one for one, _ in told[1:]), min(two for _, two in told[1:]), found


def _sizes(folder: Path, rows: int, beside: int) -> dict[str, Any]:
    lake = sum(path.stat().st_size for path in (folder / "ours" / "lake").iterdir()) / rows
    duck, plain = ((folder / name).stat().st_size / beside for name in ("duck.db", "plain.db"))
    return {"case": "bytes a row, sealed", "ms": lake, "duckdb": duck, "sqlite": plain, "of_duckdb": duck / lake, "of_sqlite": plain / lake,
            "agree": True}  # fmt: skip


def _cold(data: Path) -> dict[str, Any]:
    """A process of its own, from its start to its end: wall and processor time."""
    line = [
        sys.executable,
        "-m",
        "sensing",
        "--data",
        str(data),
        "query",
        _YOUNG,
        "-p",
        "water_level",
        "--from",
        times.rfc3339(END - _DAY),
        "-o",
        "csv",
    ]

    def ask() -> float:
        before = os.times()
        subprocess.run(line, cwd=ROOT, check=True, capture_output=True, timeout=60)
        after = os.times()
        return (after.children_user + after.children_system - before.children_user - before.children_system) * 1e3

    told = [_best(ask, 1) for _ in range(3)]
    return {"ms": min(one for one, _, _ in told), "cpu_ms": min(cpu for _, _, cpu in told)}


def _five_billion(data: Path) -> dict[str, Any]:
    """Files of earlier days named until there are five billion rows: what a reader pays for them, from opening to one series."""
    files = lake_data.stand_in(data, _ALL)

    def ask() -> int:
        with closing(StoreReader(data / "store.db")) as reader:
            wanted = Wanted(devices=[_YOUNG], properties=["water_level"], begin=END - _DAY)
            return int(reader.table(wanted, ["time", "result"]).num_rows)

    ms, cpu, found = _best(ask)
    return {
        "case": f"24 h of one series, opening {files} files of 5 billion rows",
        "ms": ms,
        "cpu_ms": cpu,
        "agree": found > 0,
    }


def _fill_duckdb(path: Path, rows: int) -> None:
    with closing(duckdb.connect(str(path))) as duck:
        duck.execute("CREATE TABLE o(series INTEGER, time BIGINT, result DOUBLE, quality TINYINT, received BIGINT)")
        for piece in lake_data.pieces(rows):
            duck.register("piece", piece.select(["series", "time", "result", "quality", "received"]))
            duck.execute("INSERT INTO o FROM piece")


def _fill_sqlite(path: Path, rows: int) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as plain:
        plain.execute("PRAGMA journal_mode=OFF")
        plain.execute("CREATE TABLE o(series INTEGER, time INTEGER, result REAL, quality INTEGER, received INTEGER)")
        plain.execute("BEGIN")
        for piece in lake_data.pieces(rows):
            listed = (piece[name].to_pylist() for name in ("series", "time", "result", "quality", "received"))
            plain.executemany("INSERT INTO o VALUES(?,?,?,?,?)", zip(*listed, strict=True))
        plain.execute("COMMIT")
        plain.execute("CREATE INDEX by_series ON o(series, time)")
        plain.execute("CREATE INDEX by_time ON o(time)")
