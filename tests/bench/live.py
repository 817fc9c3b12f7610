"""The live feed: how late a value is with a viewer, what a viewer costs, and whether those that take nothing cost anybody anything.

python -m tests.bench.live URL TOKEN COUNT SECONDS     COUNT viewers; how late values were for the first, as JSON
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import socket
import statistics
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from typing import Any

import httpx

from sensing import runfile
from sensing.ledger import Account
from sensing.registry import DeviceForm
from sensing.store import Batch, Row, SeriesKey
from sensing.store.sqlite import SqliteStore
from tests.bench import host
from tests.bench.place import Place, finish, tool
from tests.faults.city import TESTER, City

GAUGES, VESSELS, MOVING = 2_000, 500, 200
_BATCHES_S = 10
_STALLED = 200
_SECOND = 1_000_000


def live(place: Place) -> Iterator[dict[str, Any]]:
    """Publish to viewer at a pace, and a city at ten batches a second; `--case pace` or `--case city` for one of them."""
    if place.only != "city":
        yield from _paced(place)
    if place.only != "pace":
        yield from _city(place)


@contextlib.contextmanager
def _served(place: Place, *roles: str) -> Iterator[tuple[City, str, str]]:
    """Roles and web; (city, address, token)."""
    with place.city() as city:
        city.environ["SENSING_HTTP__PORT"] = "0"
        city.start(*roles, "web")
        if roles:
            city.listening()
        web = runfile.wait_for(city.data, "run/web.json", city.roles["web"].pid, 30)
        yield city, str(web["url"]), (city.data / "admin.token").read_text().strip()


def _paced(place: Place) -> Iterator[dict[str, Any]]:
    for rate in place.long((1_000, 5_000), (5_000,)):
        place.say(f"live {rate}/s")
        with _served(place, "door", "work") as (city, url, token):
            seconds = place.long(8, 4)
            watch = tool("live", url, token, 1, seconds + 8)
            assert watch.stdout is not None
            assert watch.stdout.readline() == "ready\n"
            pids = {role: process.pid for role, process in city.roles.items()}
            found = place.load(city, city.port, "json", 500, "paced", rate=rate, seconds=seconds, watch=pids)
            seen = finish(watch)
        yield {
            "case": f"publish to viewer, {rate}/s", "p50_ms": seen["p50_ms"], "p99_ms": seen["p99_ms"], "told": seen["seen"],
            "web_cores": found["cpu"]["web"] / found["seconds"], "right": seen["seen"] > 0 and not seen["again"],
        }  # fmt: skip


class _Writer(threading.Thread):
    """What work would store of a city: 500 vessels with four values each and 200 gauges, ten times a second."""

    def __init__(self, city: City) -> None:
        super().__init__(daemon=True)
        self.store = SqliteStore(city.data / "store.db")
        self.over = threading.Event()
        self.batches = self._place = 0
        self._gauges = [self._series(f"gauge-{n}", "water_level", "m") for n in range(GAUGES)]
        names = (("position", ""), ("speed_over_ground", "[kn_i]"), ("course_over_ground", "deg"), ("heading", "deg"))
        self._vessels = [[self._series(f"vessel-{n}", name, unit) for name, unit in names] for n in range(VESSELS)]
        self.write(GAUGES)

    def _series(self, thing: str, name: str, unit: str) -> int:
        return self.store.series(SeriesKey(thing, name, "instant", "", ""), "live", unit)

    def write(self, gauges: int) -> None:
        now, chance = int(time.time() * _SECOND), random.Random(self.batches)
        self._place += 1
        account = Account(now // 3_600_000_000, "toy", "bench", "", "")
        rows = [self._row(series, now, chance.uniform(1, 3), account) for series in chance.sample(self._gauges, gauges)]
        for position, *values in self._vessels:
            rows.append(self._row(position, now, None, account, (118 + chance.random(), 24 + chance.random())))
            rows += [self._row(series, now, chance.uniform(0, 20), account) for series in values]
        self.store.commit(Batch(place=self._place, rows=rows))
        self.batches += 1

    def _row(self, series: int, now: int, value: float | None, account: Account, at: tuple[Any, Any] = (None, None)) -> Row:
        return Row(series, now, None, value, 1, 0, self._place, 0, 0, 0, now, self._place, *at, current=True, account=account)

    def run(self) -> None:
        due = time.monotonic()
        while not self.over.is_set():
            self.write(MOVING)
            due += 1 / _BATCHES_S
            time.sleep(max(0.0, due - time.monotonic()))


def _city(place: Place) -> Iterator[dict[str, Any]]:
    with _served(place) as (city, url, token):
        forms = [
            DeviceForm.read({"id": f"{kind}-{n}", "type": "generic", "adapter": "senml", "native": f"{kind}{n}", "principal": "d000",
                             "lat": 24 + n % 50 / 50, "lon": 117 + n / 2_000})
            for kind, count in (("gauge", GAUGES), ("vessel", VESSELS)) for n in range(count)
        ]  # fmt: skip
        city.registry.register_devices(forms, actor=TESTER)
        writer, pid, before = _Writer(city), city.roles["web"].pid, 0.0
        first = _snapshot_ms(url, token)
        yield {"case": "the first snapshot, 2,500 things", "p50_ms": first, "right": True}
        spent = sorted(_snapshot_ms(url, token) for _ in range(15))
        yield {"case": "a snapshot", "p50_ms": statistics.median(spent), "p99_ms": spent[-1], "right": True}
        writer.start()
        seconds = place.long(10, 5)
        for viewers in (1, 50):
            place.say(f"live: {viewers} viewers of a city")
            watch = tool("live", url, token, viewers, seconds + 1)
            assert watch.stdout is not None
            assert watch.stdout.readline() == "ready\n"
            used, count, began = host.cpu_s(pid), writer.batches, time.monotonic()
            time.sleep(seconds)
            cores = (host.cpu_s(pid) - used) / (time.monotonic() - began)
            batches_s = (writer.batches - count) / (time.monotonic() - began)
            seen = finish(watch)
            yield {
                "case": f"2,000 + 500, viewers: {viewers}", "p50_ms": seen["p50_ms"], "p99_ms": seen["p99_ms"], "told": seen["seen"],
                "web_cores": cores, "viewer_cores": (cores - before) / (viewers - 1) if viewers > 1 else 0.0, "batches_s": batches_s,
                "right": not seen["again"],
            }  # fmt: skip
            before = cores
        writer.over.set()
        writer.join()


def stalled(place: Place) -> Iterator[dict[str, Any]]:
    """Pairs of saturated runs, viewers that take nothing beside one of each."""
    ratios, memory = [], []
    for pair in range(place.long(7, 2)):
        rates = {}
        for lazy in (False, True) if pair % 2 else (True, False):
            place.say(f"live: pair {pair + 1}, {'200 stalled' if lazy else 'none'}")
            with _served(place, "door", "work") as (city, url, token):
                lines = [_lazy(url, token) for _ in range(_STALLED if lazy else 0)]
                started = host.memory_mb(city.roles["web"].pid)
                found = place.load(city, city.port, "json", 200, "saturate", window=10, warm_s=1, seconds=place.long(5, 3))
                rates[lazy] = found["acked"] / found["seconds"]
                if lazy:
                    memory.append(host.memory_mb(city.roles["web"].pid) - started)
                for line in lines:
                    line.close()
        ratios.append(rates[True] / rates[False])
    yield {
        "case": f"door beside {_STALLED} stalled viewers, {len(ratios)} pairs", "ratio": statistics.median(ratios), "least": min(ratios),
        "mb": max(memory),
    }  # fmt: skip


def _lazy(url: str, token: str) -> socket.socket:
    """A viewer that asks and then takes nothing."""
    name, _, port = url.removeprefix("http://").partition(":")
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    line.connect((name, int(port)))
    line.sendall(f"GET /api/live HTTP/1.1\r\nhost: {name}\r\nauthorization: Bearer {token}\r\n\r\n".encode())
    return line


def _snapshot_ms(url: str, token: str) -> float:
    asked = urllib.request.Request(f"{url}/api/map", headers={"authorization": f"Bearer {token}", "accept-encoding": "gzip"})
    began = time.monotonic()
    with urllib.request.urlopen(asked, timeout=30) as answer:
        answer.read()
    return 1000 * (time.monotonic() - began)


async def _view(url: str, token: str, late: list[float] | None, told: list[int]) -> None:
    """Follow; the first viewer reads every value. told: [values that were told twice]"""
    seen = set[tuple[str, str, int]]()
    known = httpx.AsyncClient(base_url=url, headers={"authorization": f"Bearer {token}"}, timeout=60)
    async with known as client, client.stream("GET", "/api/live") as answer:
        async for line in answer.aiter_lines():
            if late is None or not line.startswith("data: "):
                continue
            now = time.time()
            for thing in json.loads(line[6:]).get("things", ()):
                for key, value in thing.get("values", {}).items():
                    late.append(now - value[1] / 1000)
                    told[0] += (thing["id"], key, value[1]) in seen
                    seen.add((thing["id"], key, value[1]))


async def _watch(url: str, token: str, viewers: int, seconds: float) -> None:
    late, told = list[float](), [0]
    tasks = [asyncio.create_task(_view(url, token, None if n else late, told)) for n in range(viewers)]
    await asyncio.sleep(2.0)
    print("ready", flush=True)
    await asyncio.sleep(seconds)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    print(json.dumps(host.spread(late) | {"again": told[0]}))


if __name__ == "__main__":
    asyncio.run(_watch(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])))
