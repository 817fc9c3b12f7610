"""Both roles at once: from the socket to a row that readers see, as fast as it goes and at a steady pace."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from sensing import runfile
from sensing.store.reader import StoreReader
from tests.bench import host
from tests.bench.place import Place, finish, tool
from tests.faults.city import ROOT, City

_POLL_S = 0.005
_PAGE = 5_000
RATES = (1_000, 5_000, 20_000)


def whole(place: Place) -> Iterator[dict[str, Any]]:
    """150-byte JSON from 200 connections at saturation until the store has every one; then each is counted."""
    count, connections = place.long(800_000, 30_000), 200
    place.say(f"whole: {count} messages")
    with place.city() as city:
        city.start("door", "work")
        city.listening()
        runfile.wait_for(city.data, "run/work.json", city.roles["work"].pid, 30)
        before = _used(city)
        found = place.load(city, city.port, "json", connections, "count", window=50, count=count)
        city.caught_up(300)
        seconds = time.monotonic() - found["began"]
        used = {role: after - before[role] for role, after in _used(city).items()}
        ledger, rows = city.ledger(), city.rows()
    yield {
        "case": f"json {connections} x 50", "messages_s": count / seconds, "acked_s": count / found["seconds"], "seconds": seconds,
        "door_us": 1e6 * used["door"] / count, "work_us": 1e6 * used["work"] / count, "loader_s": found["cpu"]["loader"],
        "sent": count, "acked": found["acked"], "rows": len(rows), "distinct": len({row[:2] for row in rows}),
        "stored": ledger["stored"], "balanced": ledger["balanced"],
    }  # fmt: skip


def _used(city: City) -> dict[str, float]:
    return {role: host.cpu_s(process.pid) for role, process in city.roles.items()}


def latency(place: Place) -> Iterator[dict[str, Any]]:
    """At a pace (open loop, 50 connections): from when a message is due to its PUBACK, and to its row in a reader's hands."""
    for rate in RATES:
        place.say(f"latency {rate}/s")
        with place.city() as city:
            city.start("door", "work")
            city.listening()
            runfile.wait_for(city.data, "run/work.json", city.roles["work"].pid, 30)
            seconds = place.long(8, 2)
            watch = tool("whole", city.data, rate * seconds)
            assert watch.stdout is not None
            assert watch.stdout.readline() == "ready\n"
            roles = {role: process.pid for role, process in city.roles.items()}
            found = place.load(city, city.port, "json", 50, "paced", rate=rate, seconds=seconds, watch=roles)
            seen = finish(watch)
        yield {
            "case": f"{rate}/s", "ack_p50_ms": found["p50_ms"], "ack_p99_ms": found["p99_ms"], "row_p50_ms": seen["p50_ms"],
            "row_p99_ms": seen["p99_ms"], "door_cores": found["cpu"]["door"] / found["seconds"],
            "work_cores": found["cpu"]["work"] / found["seconds"], "loader_cores": found["cpu"]["loader"] / found["seconds"],
            "sent": rate * seconds, "acked": found["acked"], "seen": seen["seen"],
        }  # fmt: skip


def tail(place: Place) -> Iterator[dict[str, Any]]:
    """From when a message is due to its line on the stdout of a real `sensing tail`, with all three roles running."""
    for rate in place.long((100, 1_000), (1_000,)):
        place.say(f"tail {rate}/s")
        with place.city() as city:
            city.start("door", "work", "web")
            city.listening()
            web = runfile.wait_for(city.data, "run/web.json", city.roles["web"].pid, 30)
            token = (city.data / "admin.token").read_text().strip()
            seconds = place.long(8, 2)
            reader = _Tail(city, str(web["url"]), token, rate * seconds)
            try:
                found = place.load(city, city.port, "json", 50, "paced", rate=rate, seconds=seconds)
                reader.thread.join(15)
                spread = host.spread(reader.late)
            finally:
                reader.process.kill()
                reader.thread.join()
                reader.process.wait()
        yield {
            "case": f"{rate}/s", "p50_ms": spread["p50_ms"], "p99_ms": spread["p99_ms"], "max_ms": spread["max_ms"],
            "sent": rate * seconds, "acked": found["acked"], "seen": spread["seen"],
        }  # fmt: skip


class _Tail:
    """A `sensing tail` that follows, and how late each of its lines was."""

    def __init__(self, city: City, url: str, token: str, count: int) -> None:
        self.late: list[float] = []
        environ = {**city.environ, "SENSING_URL": url, "SENSING_TOKEN": token}
        line = [sys.executable, "-m", "sensing", "--data", str(city.data), "tail", "-o", "ndjson", "-n", str(count)]
        self.process = subprocess.Popen(line, env=environ, cwd=ROOT, stdout=subprocess.PIPE)
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()
        deadline = time.monotonic() + 20
        while 'sensing_stream_readers{role="web"} 1' not in _metrics(url, token):
            assert time.monotonic() < deadline, "tail does not follow"
            time.sleep(0.1)

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            now = time.time()
            self.late.append(now - datetime.fromisoformat(json.loads(line)["time"]).timestamp())


def _metrics(url: str, token: str) -> str:
    asked = urllib.request.Request(f"{url}/metrics", headers={"authorization": f"Bearer {token}"})
    with urllib.request.urlopen(asked, timeout=10) as answer:
        return str(answer.read(), "utf-8")


def main(data: Path, count: int) -> None:
    """Follow the store as any reader does, looking each 5 ms; how late rows were on stdout. A message's time is when it was due."""
    reader, late, after = StoreReader(data / "store.db"), list[float](), 0
    print("ready", flush=True)
    quiet = time.monotonic() + 60
    while len(late) < count and time.monotonic() < quiet:
        rows = reader.follow(after, _PAGE)
        now = time.time()
        late += [now - datetime.fromisoformat(row["time"]).timestamp() for row in rows]
        if rows:
            after, quiet = rows[-1]["seq"], time.monotonic() + 20
        if len(rows) < _PAGE:
            time.sleep(_POLL_S)
    reader.close()
    print(json.dumps(host.spread(late)))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
