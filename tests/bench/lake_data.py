"""A store of many million observations, written directly: sealed files, their catalogue, and the last ten minutes in the table.

2,000 devices say four values each every ten seconds, with a jitter of a millisecond's grain; 16 of them (64 series) have done so for a week,
the others only as long as the number of rows allows. Deterministic.

    python -m tests.bench.lake_data FOLDER ROWS
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sensing import times
from sensing.store import ROW_BITS, Batch, SeriesKey
from sensing.store.lake import FOLDER, catalogue, columns
from sensing.store.lake.catalogue import Segment
from sensing.store.lake.seal import put, read_words
from sensing.store.sqlite import SqliteStore

DEVICES, PROPERTIES = 2_000, ("water_level", "rainfall", "air_temperature", "supply_voltage")
UNITS = ("m", "mm", "Cel", "V")
OLD = 16
"""Devices that go back a week."""
STEP = 10 * times.SECOND
PART = 2 * times.HOUR
HOT = 10 * times.MINUTE
END = 1_792_022_400 * times.SECOND  # 2026-10-15T00:00:00Z
WEEK = 7 * times.DAY
_PER_STEP = DEVICES * len(PROPERTIES)


def build(data: Path, rows: int) -> int:
    """Write it; returns how many rows there are."""
    data.mkdir(parents=True, exist_ok=True)
    path = data / "store.db"
    with closing(SqliteStore(path)) as store:
        for device in range(DEVICES):
            for prop, unit in zip(PROPERTIES, UNITS, strict=True):
                statistic = "sum/PT10S" if prop == "rainfall" else "instant"
                store.series(SeriesKey(f"gauge-{device:04d}", prop, statistic, "", ""), "live", unit)
        db = store.connection
        store.commit(Batch())  # series are written with the next commit
        (path.parent / FOLDER).mkdir(exist_ok=True)
        words = read_words(db)
        count = 0
        with db:
            for first, last, devices in _parts(rows):
                count += _seal(db, path.parent / FOLDER, words, first, last, devices)
            seam = _commit(END - HOT) - 1
            db.execute("UPDATE lake SET sealed=?, version=1", (seam,))
            count += _hot(db)
            _newest(db)
    return count


def pieces(rows: int) -> Iterator[pa.Table]:
    """The same rows as tables in memory, the last ten minutes too, oldest first."""
    for first, last, devices in [*_parts(rows), (END - HOT, END, DEVICES)]:
        for start in range(0, devices, 50):
            yield _rows(first, last, range(start, min(start + 50, devices)))


def _parts(rows: int) -> Iterator[tuple[int, int, int]]:
    """(begin, end, how many devices) of each file, oldest first."""
    span = max(HOT, (rows - OLD * len(PROPERTIES) * (WEEK // STEP)) // (_PER_STEP - OLD * len(PROPERTIES)) * STEP)
    start = (END - span) // STEP * STEP
    for day in range((END - WEEK) // times.DAY, END // times.DAY):
        first, last = max(END - WEEK, day * times.DAY), min((day + 1) * times.DAY, start)
        if first < last:
            yield first, last, OLD
    for first in range(start // PART * PART, END - HOT, PART):
        yield max(first, start), min(first + PART, END - HOT), DEVICES


def _commit(instant: int) -> int:
    return (instant - (END - 100 * times.DAY)) // times.SECOND


def _rows(first: int, last: int, devices: range) -> pa.Table:
    """Rows of some devices between two instants, sorted as a file is."""
    steps = (last - first) // STEP
    device = np.repeat(np.array(devices, dtype=np.int64), steps * len(PROPERTIES))
    prop = np.tile(np.repeat(np.arange(len(PROPERTIES)), steps), len(devices))
    step = np.tile(np.arange(steps, dtype=np.int64), len(devices) * len(PROPERTIES))
    chance = np.random.default_rng([first // STEP, devices.start])
    frames = (len(devices), 1, steps)  # the four values of a frame share its instant

    def each(drawn: Any) -> Any:
        return np.broadcast_to(drawn, (len(devices), len(PROPERTIES), steps)).ravel()

    instant = first + step * STEP + device * 7_919 % 9_000 * 1_000 + each(chance.integers(0, 900, frames)) * 1_000
    level = 2 + np.sin(instant / times.DAY * 6.283 * 2 + device) + chance.normal(0, 0.05, len(device))
    rain = np.where(chance.random(len(device)) < 0.1, np.round(chance.exponential(0.2, len(device)), 1), 0.0)
    result = np.where(prop == 1, rain, np.round(level, 2))
    received = instant + 40_000 + each(chance.integers(0, 50_000, frames))
    commit = _commit(received)
    count = len(device)
    made = {
        "series": device * len(PROPERTIES) + prop + 1, "time": instant, "result": result, "received": received,
        "frame": (step + (first - END + 100 * times.DAY) // STEP) * DEVICES + device, "commit_no": commit, "sent": instant,
        "row": device * len(PROPERTIES) + prop,
    }  # fmt: skip
    alike = {"quality": 1, "reason": 0, "generation": 1, "rank": 0, "served": True}
    table = {}
    for field in columns.MEMORY:
        if field.name in made:
            table[field.name] = pa.array(made[field.name]).cast(field.type)
        elif field.name in alike:
            table[field.name] = pa.repeat(pa.scalar(alike[field.name], field.type), count)
        else:
            table[field.name] = pa.nulls(count, field.type)
    table["begin"] = pc.if_else(pa.array(prop == 1), pa.array(instant - STEP), pa.scalar(None, pa.int64()))
    return pa.table(table)


def _seal(db: Any, folder: Path, words: Any, first: int, last: int, devices: int) -> int:
    made = (_rows(first, last, range(start, min(start + 50, devices))) for start in range(0, devices, 50))
    date = times.rfc3339(first)[:10]
    name = f"day-{times.rfc3339(first)[:13]}-{_commit(first):012d}"
    segment = put(folder, name, made, words, (_commit(first), _commit(last + STEP)), level=1, slot=date)
    catalogue.add(db, segment, END)
    return segment.rows


def _hot(db: Any) -> int:
    """The last ten minutes, in the table."""
    found = pa.concat_tables([_rows(END - HOT, END, range(start, start + 50)) for start in range(0, DEVICES, 50)])
    names = ("series", "time", "begin", "result", "quality", "reason", "generation", "sent", "rank", "received", "frame")
    listed = [found[name].to_pylist() for name in names]
    seqs = (columns.seqs(found) + (1 << ROW_BITS)).tolist()  # after the seam, whose commit the files have
    db.executemany(
        "INSERT INTO hot(seq, series, time, begin, result, quality, reason, generation, sent, rank, received, place, revision, served)"
        " VALUES(?,?,?,?,?,?,?,?,?,?,?,?,0,1)", zip(seqs, *listed, strict=True))  # fmt: skip
    db.execute("UPDATE progress SET place=1, commit_no=?, at=?", (_commit(END + STEP) + 1, END))
    return found.num_rows


def _newest(db: Any) -> None:
    db.execute("INSERT INTO latest SELECT series, max(time), max(time) FROM hot GROUP BY series")
    db.execute("INSERT INTO resting(series, sealed_to) SELECT series, ? FROM latest", (END - HOT,))


def stand_in(data: Path, rows: int) -> int:
    """Name files of earlier days, links to one that is there, until the catalogue has so many rows; returns how many files it has."""
    with closing(SqliteStore(data / "store.db")) as store, store.connection as db:
        known = catalogue.read(db).segments
        model = max(known, key=lambda one: one.rows)
        back = min(one.begin for one in known)
        count = max(0, rows - sum(one.rows for one in known)) // model.rows + 1
        for number in range(1, count + 1):
            file = f"old-{number:06d}.parquet"
            os.link(data / FOLDER / model.file, data / FOLDER / file)
            begin = back - number * PART
            catalogue.add(db, Segment(
                file, 1, times.rfc3339(begin)[:10], 0.0, 0, 0, begin, begin + PART - 1, begin, begin + PART - 1,
                model.first_series, model.last_series, model.rows, model.bytes, model.sha), END)  # fmt: skip
        db.execute("UPDATE lake SET version = version + 1")
    return len(known) + count


if __name__ == "__main__":
    began = time.monotonic()
    made_rows = build(Path(sys.argv[1]), int(sys.argv[2]))
    print(f"{made_rows:,} rows in {time.monotonic() - began:.1f} s")
