"""The work role alone: frames that lie in the log to rows that readers see. As a process: `python -m tests.bench.forward DATA`."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sensing import app
from sensing.framelog.sqlite import SqliteLog
from tests.bench import messages
from tests.bench.place import Place, finish, tool

_BATCH = 5_000


def work(place: Place) -> Iterator[dict[str, Any]]:
    """A log filled before, read to its end by a process of its own; every frame's observations are checked to be there."""
    for form in messages.FORMATS:
        count = place.long(60_000, 20_000)
        place.say(f"work {form}: {count} frames")
        with place.city() as city:
            log = SqliteLog(city.data / "log.db")
            frames = messages.frames(form, count)
            for at in range(0, count, _BATCH):
                log.append(frames[at : at + _BATCH])
            log.close()
            found = finish(tool("forward", city.data))
            ledger = city.ledger()
            rows = city.rows()
            distinct = len({(device, time) for device, time, _ in rows})
        yield {
            "case": form, "frames_s": found["frames"] / found["seconds"], "rows_s": len(rows) / found["seconds"],
            "us_frame": 1e6 * found["cpu"] / found["frames"], "cores": found["cpu"] / found["seconds"], "frames": found["frames"],
            "sent": count, "stored": ledger["stored"], "readings": ledger["readings"], "instants": distinct, "balanced": ledger["balanced"],
        }  # fmt: skip


def main(data: Path) -> None:
    """Batches until there are none; what it took on stdout."""
    worker, frames = app.make_work(data), 0
    cpu, began = time.process_time(), time.perf_counter()
    while taken := worker.step():
        frames += taken
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    worker.store.close()
    print(json.dumps({"frames": frames, "seconds": seconds, "cpu": cpu}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
