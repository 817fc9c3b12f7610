"""Work's sustained rate: the realistic fleet through the work role's own process, with the lake's process sealing what it stores."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from typing import Any

from sensing.framelog.sqlite import SqliteLog
from sensing.model import Frame, Source
from sensing.registry import DeviceForm
from sensing.store.reader import StoreReader
from tests.bench import host, messages
from tests.bench.fleet import DEVICES, EACH, GATEWAYS, VALUES
from tests.bench.place import FAST, Place
from tests.faults.city import TESTER, City

_SEALING = {**FAST, "lake__seal_after_min": 0, "lake__seal_rows": 100_000, "lake__seal_every_min": 0, "lake__check_s": 0.5}
_EVERY, _LATE, _AGAIN = 20, 3, 11
"""Of every twenty frames: the one whose time is ten minutes past, and the one that is what was sent before it."""
_LATE_MS, _STEP_MS = 600_000, {"json": 10_000, "sl651": 60_000}
"""An SL 651 observation has whole minutes."""
_BATCH, _PATIENCE_S = 5_000, 600


def _json(device: int, time_ms: int) -> bytes:
    return b'{"device":"json%04d","time":%d,"water_level":3.%03d,"air_temperature":21.%d,"supply_voltage":12.%d,"relative_humidity":7%d.5}' % (
        device, time_ms, time_ms // 10_000 % 1000, time_ms % 7, time_ms % 3, time_ms % 10)  # fmt: skip


_SAYS: dict[str, tuple[str, Callable[[int, int], bytes], Callable[[int], str]]] = {
    "json": ("plainjson", _json, lambda n: f"json{n:04}"),
    "sl651": ("sl651", messages.sl651_message, lambda n: messages.native("sl651", n)),
}


def sustained(place: Place) -> Iterator[dict[str, Any]]:
    """For each format, the log filled before, then work and lake until work has read it all."""
    for form in _SAYS:
        count = place.long(200_000, 40_000)
        place.say(f"sustained {form}: {count} frames of {VALUES} values")
        data = place.folder / f"sustained-{form}"
        city = City(data, GATEWAYS, **_SEALING)
        try:
            city.registry.register_devices([DeviceForm.read(one) for one in _forms(form)], actor=TESTER)
            log = SqliteLog(data / "log.db")
            frames = _frames(form, count)
            for at in range(0, count, _BATCH):
                log.append(frames[at : at + _BATCH])
            log.close()
            yield {"case": form, **_measured(city, count)}
        finally:
            city.close()
            shutil.rmtree(data)


def _measured(city: City, count: int) -> dict[str, Any]:
    city.start("lake", "work")
    work, lake = city.roles["work"].pid, city.roles["lake"].pid
    store = StoreReader(city.data / "store.db")
    try:
        until = time.monotonic() + _PATIENCE_S
        while not store.place():
            time.sleep(0.01)
        first, began, used, sealed = store.place(), time.monotonic(), host.cpu_s(work), host.cpu_s(lake)
        while (at := store.place()) < count:
            assert time.monotonic() < until, f"work is at {at} of {count}"
            time.sleep(0.02)
        seconds, used, sealed = time.monotonic() - began, host.cpu_s(work) - used, host.cpu_s(lake) - sealed
        ledger, files = store.ledger(), len(list((city.data / "lake").glob("**/*.parquet")))
    finally:
        store.close()
    values = (count - first) * VALUES
    return {
        "values_s": values / seconds, "values_core_s": values / used, "us_frame": 1e6 * used / (count - first), "lake_cores": sealed / seconds,
        "files": files, "again": ledger["duplicate"] / ledger["readings"], "balanced": ledger["balanced"],
        "stored": ledger["stored"] + ledger["duplicate"] + ledger["revised"], "sent": count * VALUES,
    }  # fmt: skip


def _forms(form: str) -> list[dict[str, str]]:
    adapter, _, native = _SAYS[form]
    return [
        {
            "id": f"fleet-{n:04}",
            "type": "generic",
            "adapter": adapter,
            "native": native(n),
            "principal": messages.principal(n // EACH),
        }
        for n in range(DEVICES)
    ]


def _frames(form: str, count: int) -> list[Frame]:
    adapter, message, _ = _SAYS[form]
    step, now = _STEP_MS[form], time.time_ns() // 1000
    first = int(now // 60_000_000 * 60_000) - (count // DEVICES + 1) * step
    sources = [
        Source(adapter, messages.principal(n), f"sensing/v1/{adapter}/{messages.principal(n)}/up", "up", "live", "")
        for n in range(GATEWAYS)
    ]
    made = list[Frame]()
    for n in range(count):
        if n % _EVERY == _AGAIN:
            made.append(Frame(made[-1].source, now + n, made[-1].payload))
            continue
        at = first + n // DEVICES * step - (_LATE_MS if n % _EVERY == _LATE else 0)
        made.append(Frame(sources[n % DEVICES // EACH], now + n, message(n % DEVICES, at)))
    return made
