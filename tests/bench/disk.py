"""How fast the disk makes things durable: the limit of whatever acknowledges only what is on it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import Any

from sensing.framelog.sqlite import SqliteLog
from tests.bench import messages
from tests.bench.place import Place


def fsync(place: Place) -> Iterator[dict[str, Any]]:
    """4 KiB written and fdatasync; then commits of our own log (WAL, FULL) of several sizes, 150-byte frames."""
    place.say("fsync 4 KiB")
    seconds = place.long(1.5, 0.4)
    yield {"case": "4 KiB + fdatasync", **_syncs(place, seconds)}
    for size in (1, 50, 500, 3_000):
        place.say(f"fsync {size} frames a commit")
        yield {"case": f"log, {size} a commit", **_commits(place, size, seconds)}


def _syncs(place: Place, seconds: float) -> dict[str, float]:
    block, done = os.urandom(4096), 0
    path = place.folder / "fsync"
    handle = os.open(path, os.O_CREAT | os.O_WRONLY, 0o600)
    try:
        began = time.perf_counter()
        while (took := time.perf_counter() - began) < seconds:
            os.write(handle, block)
            os.fdatasync(handle)
            done += 1
    finally:
        os.close(handle)
        path.unlink()
    return {"commits_s": done / took}


def _commits(place: Place, size: int, seconds: float) -> dict[str, float]:
    frames = messages.frames("json", size)
    path = place.folder / f"log-{size}.db"
    log, done = SqliteLog(path), 0
    try:
        cpu, began = time.process_time(), time.perf_counter()
        while (took := time.perf_counter() - began) < seconds:
            log.append(frames)
            done += 1
        cpu = time.process_time() - cpu
        assert log.head() == done * size
    finally:
        log.close()
        for name in ("", "-wal", "-shm"):
            path.with_name(path.name + name).unlink(missing_ok=True)
    return {"commits_s": done / took, "frames_s": done * size / took, "us_frame": 1e6 * cpu / (done * size)}
