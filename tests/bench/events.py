"""What watching costs an observation: whole batches into a store, with the rules of its type and without, in turns.

Sixty river gauges with all that their type says (a level with a rate and a forecast, rain with rainstorm grades, two voltages, and two that
nobody watches), five-minute values of three days, of which one is a storm; each of them is missed when it falls silent.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from math import sin
from pathlib import Path
from typing import Any

from sensing import thresholds
from sensing.events import Speaker, Watched
from sensing.ledger import Account
from sensing.store import Batch, Row, SeriesKey
from sensing.store.sqlite import SqliteStore
from sensing.times import MINUTE
from sensing.watch import shipped
from tests.bench.place import Place

_DEVICES, _STEP, _TOGETHER = 60, 5 * MINUTE, 24
_LEVELS = {"watch": 2.8, "warning": 3.2, "danger": 4.0, "hysteresis": 0.1}
_START = 1_700_000_000 * 1_000_000


def watching(place: Place) -> Iterator[dict[str, Any]]:
    """us an observation: the commit without, with; and what is between."""
    hours = place.long(72, 36)
    plain = ruled = 0.0
    rows = 0
    for flip in (False, True):
        for with_rules in (flip, not flip):
            took, rows, events = _run(hours, place.folder, with_rules=with_rules)
            if with_rules:
                ruled = took if not ruled else min(ruled, took)
                found = events
            else:
                plain = took if not plain else min(plain, took)
    yield {
        "case": f"{_DEVICES} gauges, {hours} h", "rows": rows, "us_plain": plain, "us_watched": ruled, "us_events": ruled - plain,
        "events": found,
    }  # fmt: skip


def _run(hours: int, folder: Path, *, with_rules: bool) -> tuple[float, int, int]:
    with tempfile.TemporaryDirectory(dir=folder) as data:
        store = SqliteStore(Path(data) / "store.db")
        batches = list(_batches(store, hours, with_rules=with_rules))
        began = time.process_time()
        for batch in batches:
            store.commit(batch)
        took = time.process_time() - began
        events = int(store.connection.execute("SELECT count(*) FROM events WHERE state <> 'withdrawn'").get)
        store.close()
    rows = sum(len(batch.rows) for batch in batches)
    return took / rows * 1e6, rows, events


def _batches(store: SqliteStore, hours: int, *, with_rules: bool) -> Iterator[Batch]:
    rules = thresholds.read({"water_level": _LEVELS}, shipped().rules["river-gauge"])
    columns = (
        ("water_level", "instant", "m"),
        ("rainfall", "sum/PT5M", "mm"),
        ("supply_voltage", "instant", "V"),
        ("battery_voltage", "instant", "V"),
        ("signal_strength", "instant", "dBm"),
        ("station_status", "instant", "1"),
    )
    lines = []
    for number in range(_DEVICES):
        name = f"g{number}"
        account = Account(_START // 3_600_000_000, "sl651", name, name, "")
        speaker = Speaker(name, "", "live", "sl651", name, name, "environment", 15 * MINUTE) if with_rules else None
        for prop, statistic, unit in columns:
            series = store.series(SeriesKey(name, prop, statistic, "", ""), "live", unit)
            watched = Watched(rules.get(prop, ()), "environment", speaker) if with_rules else None
            lines.append((number, prop, series, account, watched))
    steps = hours * 12
    for place, first in enumerate(range(0, steps, _TOGETHER), 1):
        batch = Batch(place=place, received=_START + (first + _TOGETHER) * _STEP)
        for step in range(first, first + _TOGETHER):
            at = _START + step * _STEP
            for number, prop, series, account, watched in lines:
                value = _value(prop, step / 12, number)
                batch.rows.append(Row(
                    series, at, None, value, 1, 0, int(value * 1000) & 0xFFFFFFFF, 0, at, 0, at, place, None, None, True, account, False,
                    watched, at if watched else 0))  # fmt: skip
        yield batch


def _value(prop: str, hour: float, number: int) -> float:
    if prop not in ("water_level", "rainfall"):
        return 12.6
    storm = max(0.0, sin((hour - 6 - number / 20) / 6)) if hour < 30 else 0.0
    return round(9 * storm**3, 1) if prop == "rainfall" else round(1.4 + 2.4 * storm + 0.02 * sin(hour * 7), 2)
