"""Checks over series: processor an observation in whole batches, 2,000 devices of four properties, beside ioos_qc on the same data.

`us_checks` is what `Checks.ahead` takes of a commit of rows that come in order, faults among them; `us_ioos` is spike, rate of change, flat line and
gross range of ioos_qc over the same series, whole series at once and nothing kept from one batch to the next.

A second case is the comparing of hours (`store/compare.py`): levels beside neighbours, rain, wind and other waters, `us_checks` all that it takes of a commit.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from sensing.checks import limits
from sensing.checks.beside import Beside
from sensing.checks.waters import reaches
from sensing.ledger import Account
from sensing.store import Batch, Row, SeriesKey
from sensing.store.checks import Checks
from sensing.store.sqlite import SqliteStore
from sensing.store.verdicts import Verdicts
from sensing.times import HOUR, MINUTE, SECOND
from tests.bench.place import Place

_NAMES = ("water_level", "air_temperature", "air_pressure", "wind_speed")
_LEVELS = {"water_level": (2.0, 0.01), "air_temperature": (25.0, 0.1), "air_pressure": (1000.0, 0.1), "wind_speed": (8.0, 0.3)}
_BEGIN = 1_500_000_000 * SECOND
_ACCOUNT = Account(1, "bench", "p", "d", "")


def checking(place: Place) -> Iterator[dict[str, Any]]:
    """Batches of one value of each series, five minutes apart."""
    devices, batches = place.long(2_000, 500), place.long(40, 20)
    values = _values(devices, batches)
    ours, doubted = _ours(values)
    rows = values.size
    theirs = _theirs(values)
    yield {
        "case": f"{devices} devices x {len(_NAMES)}", "rows": rows, "us_checks": 1e6 * ours / rows, "us_ioos": 1e6 * theirs / rows,
        "doubted": doubted, "planted": int(values.shape[0] * values.shape[1] // 1000),
    }  # fmt: skip
    yield from comparing(place)


def comparing(place: Place) -> Iterator[dict[str, Any]]:
    """Hours of gauges, rain and wind, five minutes apart; one gauge in fifty drifts, and in the last third it rains."""
    gauges, hours = place.long(700, 100), place.long(30, 10)
    held = _compared(gauges)
    with TemporaryDirectory() as folder:
        store = SqliteStore(Path(folder) / "store.db")
        numbers = [
            store.series(SeriesKey(f"d{n}", name, statistic, "", ""), "live", "1") for n, (name, statistic, _) in enumerate(held)
        ]
        spent = _spent(store)
        for step in range(hours * 12):
            at = _BEGIN // HOUR * HOUR + step * 5 * MINUTE
            batch = Batch(place=step, received=at)
            batch.rows = [
                Row(numbers[n], at, None, _told(n, name, step / 12, hours), 1, 0, step, 0, 0, 0, at, step, None, None, True, _ACCOUNT, False, None,
                    at, limits.Limits(beside=here)) for n, (name, _, here) in enumerate(held)
            ]  # fmt: skip
            store.commit(batch)
            if step == 24:  # who is near whom has been found
                first_s, spent[0] = spent[0], 0.0
        rows = (hours * 12 - 25) * len(held)
        doubted = int(store.connection.execute("SELECT count(*) FROM verdicts").get)
        store.close()
    yield {
        "case": f"{gauges} gauges, rain, wind: hours compared",
        "rows": rows,
        "us_checks": 1e6 * spent[0] / rows,
        "first_s": first_s,
        "doubted": doubted,
    }


def _compared(gauges: int) -> list[tuple[str, str, Beside]]:
    chance = np.random.default_rng(2)
    around, found = list(reaches().values()), list[tuple[str, str, Beside]]()
    for n in range(gauges):
        reach = around[n % len(around)]
        found.append(
            ("water_level", "instant", Beside(reach.lon + chance.normal(0, 0.1), reach.lat + chance.normal(0, 0.1), reach.full_m))
        )
    for name, statistic, part in (("rainfall", "sum/PT5M", 0.6), ("wind_speed", "instant", 0.4)):
        found += [(name, statistic, Beside(each.lon, each.lat)) for _, _, each in found[: int(part * gauges)]]
    return found


def _told(n: int, name: str, hour: float, hours: int) -> float:
    wet = hour > hours * 2 / 3
    if name == "rainfall":
        return 0.5 if wet else 0.0
    if name == "wind_speed":
        return 4.0 + n % 7
    return round(
        2
        + n % 5
        + (0.1 * hour if n % 50 == 0 else 0.0)
        + (0.3 * (hour - hours * 2 / 3) if wet else 0.0)
        + 0.001 * (n * 7919 % 5),
        3,
    )


def _spent(store: SqliteStore) -> list[float]:
    """Processor seconds of comparing from now on, in the first place."""
    found, own = [0.0], store._hot.comparing

    def timed(call: Any) -> Any:
        def run(*args: Any) -> Any:
            began = time.process_time()
            try:
                return call(*args)
            finally:
                found[0] += time.process_time() - began

        return run

    own.note, own.take = timed(own.note), timed(own.take)  # type: ignore[method-assign]
    return found


def _values(devices: int, batches: int) -> np.ndarray[Any, Any]:
    """(batch, property, device): slow walks, one in a thousand of the values a spike."""
    chance = np.random.default_rng(1)
    found = np.empty((batches, len(_NAMES), devices))
    for number, name in enumerate(_NAMES):
        level, step = _LEVELS[name]
        found[:, number, :] = np.round(level + np.cumsum(chance.normal(0, step, (batches, devices)), axis=0), 3)
    found[chance.random(found.shape) < 0.001] += 50
    return found


def _ours(values: np.ndarray[Any, Any]) -> tuple[float, int]:
    batches, _, devices = values.shape
    held = {name: limits.limits(name, "instant") for name in _NAMES}
    with TemporaryDirectory() as folder:
        store = SqliteStore(Path(folder) / "store.db")
        checks = Checks(store.connection, Verdicts(store.connection))
        numbers = [
            [store.series(SeriesKey(f"d{n}", name, "instant", "", ""), "live", "1") for n in range(devices)] for name in _NAMES
        ]
        newest: dict[int, int] = {}
        spent, doubted = 0.0, 0
        for batch in range(batches):
            at = _BEGIN + batch * 5 * MINUTE
            rows = [
                Row(numbers[p][n], at, None, float(values[batch, p, n]), 1, 0, 0, 0, 0, 0, at, batch, None, None, True, _ACCOUNT, False, None, at,
                    held[name]) for p, name in enumerate(_NAMES) for n in range(devices)
            ]  # fmt: skip
            began = time.process_time()
            checks.ahead(rows, set(), newest)
            spent += time.process_time() - began
            doubted += sum(row.quality != 1 for row in rows)
        store.close()
    return spent, doubted


def _theirs(values: np.ndarray[Any, Any]) -> float:
    from ioos_qc import qartod  # type: ignore[import-untyped]

    batches, _, devices = values.shape
    times = (_BEGIN + np.arange(batches) * 5 * MINUTE).astype("datetime64[us]").astype("datetime64[s]")
    few = min(devices, 100)
    began = time.process_time()
    for number, name in enumerate(_NAMES):
        held = limits.limits(name, "instant")
        assert held is not None
        spike = held.spike or 0.0
        for device in range(few):
            series = values[:, number, device]
            qartod.gross_range_test(series, fail_span=(-1000, 2000))
            qartod.spike_test(series, suspect_threshold=spike, fail_threshold=2 * spike)
            qartod.rate_of_change_test(series, times, threshold=spike / 300)
            qartod.flat_line_test(series, times, suspect_threshold=7200, fail_threshold=14400, tolerance=0.0001)
    return float((time.process_time() - began) * devices / few)
