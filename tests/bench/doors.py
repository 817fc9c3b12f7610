"""The door alone, and what one would use instead: messages made durable, the same load, the same shapes."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from typing import Any

from sensing.framelog.sqlite import SqliteLog
from tests.bench import host, messages
from tests.bench.place import Place, finish, tool
from tests.e2e.mosquitto import Mosquitto

SHAPES = {"1 x 1000": (1, 1_000), "200 x 10": (200, 10), "1000 x 1": (1_000, 1)}
"""connections x window: unacknowledged messages a connection."""
_MOSQUITTO = """
allow_anonymous true
persistence false
max_inflight_messages 1000
max_queued_messages 0
max_queued_bytes 0
message_size_limit 1048576
set_tcp_nodelay true
"""
"""Everything that would slow it is off: it keeps nothing on disk, the script behind it does."""


def _cases(place: Place) -> Iterator[tuple[str, str, int, int]]:
    for form in messages.FORMATS:
        for shape, (connections, window) in SHAPES.items():
            if place.only in (case := f"{form} {shape}"):
                yield case, form, connections, window


def door(place: Place) -> Iterator[dict[str, Any]]:
    """The door role's process: PUBLISH to PUBACK, the frame durable between."""
    for case, form, connections, window in _cases(place):
        place.say(f"door {case}")
        with place.city() as city:
            city.start("door")
            city.listening()
            found = place.load(
                city, city.port, form, connections, "saturate", window=window, warm_s=place.long(0.8, 0.3),
                seconds=place.long(2.5, 0.7), watch={"door": city.roles["door"].pid},
            )  # fmt: skip
            logged = SqliteLog(city.data / "log.db", write=False).head()
        cpu = found["cpu"]
        yield {
            "case": case, "messages_s": found["acked"] / found["seconds"], "us_message": 1e6 * cpu["door"] / max(1, found["acked"]),
            "door_cores": cpu["door"] / found["seconds"], "loader_cores": cpu["loader"] / found["seconds"],
            "acked": found["ever"], "logged": logged,
        }  # fmt: skip


def paho(place: Place) -> Iterator[dict[str, Any]]:
    """mosquitto and the script as people write it: first PUBLISH to last row committed, for a number of messages."""
    return _baseline(place, "thread")


def paho_by_hand(place: Place) -> Iterator[dict[str, Any]]:
    """The same with paho driven as fast as it goes."""
    return _baseline(place, "hand")


def _baseline(place: Place, drive: str) -> Iterator[dict[str, Any]]:
    count = place.long(60_000, 20_000)
    for number, (case, form, connections, window) in enumerate(_cases(place)):
        place.say(f"paho {drive} {case}")
        folder = place.folder / f"mosquitto-{drive}-{number}"
        with Mosquitto(folder, _MOSQUITTO) as broker:
            script = tool("paho_script", broker.port, folder / "rows.db", count, drive)
            try:
                yield {"case": case, **_measured(place, broker, script, form, connections, window, count)}
            finally:
                if script.poll() is None:
                    script.kill()
                script.wait()
        for path in folder.iterdir():
            path.unlink()


def _measured(
    place: Place, broker: Mosquitto, script: subprocess.Popen[str], form: str, connections: int, window: int, count: int
) -> dict[str, Any]:
    assert script.stdout is not None
    assert script.stdout.readline().strip() == "ready"
    before = host.cpu_s(broker.process.pid)
    found = place.load(None, broker.port, form, connections, "count", window=window, count=count)
    rows = finish(script)
    seconds, broker_s = rows["at"] - found["began"], host.cpu_s(broker.process.pid) - before
    return {
        "messages_s": count / seconds, "us_message": 1e6 * (broker_s + rows["cpu"]) / count, "mosquitto_cores": broker_s / seconds,
        "script_cores": rows["cpu"] / seconds, "loader_cores": found["cpu"]["loader"] / seconds,
        "rows": rows["rows"], "burst": count / max(1, rows["commits"]), "sent": count,
    }  # fmt: skip
