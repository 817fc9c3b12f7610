"""What the lake costs the door: publish to acknowledgement with sealing, merging and archiving at work, and with the lake stopped.

Real processes and the realistic fleet (`fleet.py`). A backlog lies ready, so that the lake always has something to do; in windows "off" it
is stopped by SIGSTOP. Windows alternate, and each pair begins with the other one of the two.
"""

from __future__ import annotations

import contextlib
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import apsw

from sensing import app, runfile
from sensing.framelog.sqlite import SqliteLog
from sensing.registry import DeviceForm
from sensing.store import ROW_BITS
from sensing.store.lake import files
from sensing.store.reader import StoreReader, Wanted
from tests.bench import fleet
from tests.bench.load import paced_ms
from tests.bench.place import FAST, Place
from tests.faults.city import TESTER, City

RATES = (800, 2_000)
_PAIRS, _SECONDS = 7, 6
_EAGER = {
    **FAST, "lake__seal_after_min": 0, "lake__seal_rows": 20_000, "lake__seal_every_min": 0, "lake__compact_files": 2,
    "lake__check_s": 0.2, "archive__after_h": 0, "archive__file_frames": 5_000, "archive__check_s": 0.2,
}  # fmt: skip
_BUSY = 0.1
"""Cores that the lake must have used in each window "on", or the window says nothing."""
_SETTLE_S = 1.0
_READY_MS = 60_000
"""The backlog ends so long before now."""
_COUNTS = {
    "seals": "SELECT count(*) FROM segments WHERE level = 0", "merges": "SELECT count(DISTINCT replaced_by) FROM segments",
    "sealed_rows": "SELECT ifnull(sum(rows), 0) FROM segments WHERE level = 0",
}  # fmt: skip


def sealing(place: Place) -> Iterator[dict[str, Any]]:
    """At each rate, pairs of windows, and their ratio."""
    template = _backlog(place)
    for rate in (rate for rate in RATES if place.only in f"{rate}/s"):
        data = place.folder / f"sealing-{rate}"
        shutil.copytree(template, data, copy_function=_copied)
        city = City(data, 0, **_EAGER)
        city.passwords = _PASSWORDS
        try:
            yield {"case": f"{rate}/s", **_measured(place, city, rate)}
        finally:
            for process in city.roles.values():
                process.send_signal(signal.SIGCONT)
            city.close()
            shutil.rmtree(data)


_PASSWORDS: dict[str, str] = {}


def _copied(source: str, target: str) -> None:
    """Copy a file and have it on disk: what the kernel still has to write would be charged to the first window."""
    shutil.copy2(source, target)
    files.sync(Path(target))


def _backlog(place: Place) -> Path:
    """A data folder with frames and observations that nobody has sealed: worked for real once, then copied into the past."""
    template = place.folder / "sealing"
    count, copies = place.long((80_000, 16), (20_000, 4))
    place.say(f"sealing: {count} frames through work, {count * fleet.VALUES * copies} observations to seal")
    city = City(template, fleet.GATEWAYS)
    _PASSWORDS.update(city.passwords)
    city.registry.register_devices([DeviceForm.read(form) for form in fleet.forms()], actor=TESTER)
    city.close()
    log = SqliteLog(template / "log.db")
    frames = fleet.frames(count, int(time.time() * 1000) - _READY_MS)
    for start in range(0, count, 4_000):
        log.append(frames[start : start + 4_000])
    log.close()
    work = app.make_work(template)
    while work.step():
        pass
    work.store.close()
    _into_the_past(template / "store.db", copies, count * fleet.STEP_MS // fleet.DEVICES * 1_000)
    return template


def _into_the_past(store: Path, copies: int, step: int) -> None:
    """Rows of `hot` that many times in all, each time `step` microseconds earlier, with commits, jitter and results of their own.

    Without these the copies would pack to nothing, and writing them cost nothing.
    """
    with contextlib.closing(apsw.Connection(str(store))) as db, db:
        commits = int(db.execute("SELECT commit_no FROM progress").get)
        names = [str(row[1]) for row in db.execute("PRAGMA table_info(hot)")]
        jitter = "((place * ?4 * 2654435761 >> 8) % 450) * 2000"
        changed = {
            "seq": "seq + ?1", "time": f"time - ?2 + {jitter}", "sent": f"sent - ?2 + {jitter}",
            "received": f"received + {jitter} + (place * ?4 * 40503 >> 4) % 50000", "result": "result + abs(random() % 300) / 100.0",
        }  # fmt: skip
        chosen = [changed.get(name, name) for name in names]
        for copy in range(1, copies):
            db.execute(f"INSERT INTO hot({', '.join(names)}) SELECT {', '.join(chosen)} FROM hot WHERE seq < ?3",
                       ((copy * commits) << ROW_BITS, copy * step, (commits + 1) << ROW_BITS, copy))  # fmt: skip
            db.execute(
                "INSERT INTO commits SELECT commit_no + ?, at FROM commits WHERE commit_no <= ?", (copy * commits, commits)
            )
        db.execute("UPDATE progress SET commit_no = ?", (commits * copies,))


def _measured(place: Place, city: City, rate: int) -> dict[str, Any]:
    pairs, seconds = place.long((_PAIRS, _SECONDS), (2, 2))
    began = time.time_ns() // 1000
    city.start("door", "work", "lake")
    city.listening()
    for role in ("work", "lake"):
        runfile.wait_for(city.data, f"run/{role}.json", city.roles[role].pid, 30)
    before, windows = _done(city), dict[bool, list[dict[str, Any]]]({True: [], False: []})
    for number in range(pairs):
        for lake in (True, False) if number % 2 else (False, True):
            windows[lake].append(found := _window(place, city, rate, seconds, lake=lake))
            place.say(f"sealing {rate}/s pair {number + 1} {'on ' if lake else 'off'} {found}")
    after = _done(city)
    city.roles["lake"].send_signal(signal.SIGCONT)
    city.caught_up()
    on, off = windows[True], windows[False]
    each = [one["p95_ms"] / other["p95_ms"] for one, other in zip(on, off, strict=True)]
    middle = {
        f"{name}_{state}": median(one[name] for one in found)
        for name in ("p50_ms", "p95_ms", "p99_ms") for state, found in (("on", on), ("off", off))
    }  # fmt: skip
    every = on + off
    return middle | {
        "ratio": middle["p95_ms_on"] / middle["p95_ms_off"], "pairs": median(each), "least": min(each), "greatest": max(each),
        "lake_cores": median(one["lake_cores"] for one in on), "idle_cores": max(one["lake_cores"] for one in off),
        "busy": min(one["lake_cores"] for one in on) >= _BUSY, "windows": every,
        **{name: after[name] - before[name] for name in after},
        "sent": sum(one["sent"] for one in every), "acked": sum(one["acked"] for one in every),
        **_kept(city, began, every, rate * seconds, rate), "balanced": city.ledger()["balanced"],
    }  # fmt: skip


def _window(place: Place, city: City, rate: int, seconds: int, *, lake: bool) -> dict[str, Any]:
    """One window's latencies, and what the lake did in it."""
    city.roles["lake"].send_signal(signal.SIGCONT if lake else signal.SIGSTOP)
    if not lake:
        _swept(city)
    time.sleep(_SETTLE_S)
    before = _done(city)
    watch = {role: process.pid for role, process in city.roles.items()}
    found = place.load(city, city.port, "fleet", fleet.GATEWAYS, "paced", rate=rate, seconds=seconds, watch=watch)
    after = _done(city)
    cores = {f"{role}_cores": round(found["cpu"][role] / found["seconds"], 3) for role in watch}
    told = {name: found[name] for name in ("p50_ms", "p95_ms", "p99_ms", "max_ms", "acked", "start_s")}
    return told | cores | {"sent": rate * seconds} | {name: after[name] - before[name] for name in after}


def _done(city: City) -> dict[str, int]:
    """What the catalogues name by now."""
    with contextlib.closing(apsw.Connection(str(city.data / "store.db"), flags=apsw.SQLITE_OPEN_READONLY)) as db:
        db.set_busy_timeout(5_000)
        found = {name: int(db.execute(query).get) for name, query in _COUNTS.items()}
    with contextlib.closing(apsw.Connection(str(city.data / "log.db"), flags=apsw.SQLITE_OPEN_READONLY)) as db:
        db.set_busy_timeout(5_000)
        return found | {"archived": int(db.execute("SELECT count(*) FROM archived").get)}


def _swept(city: City) -> None:
    """Wait until work has adopted and deleted what the lake has left: that is the lake's cost too, and not the quiet machine's."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with contextlib.closing(apsw.Connection(str(city.data / "store.db"), flags=apsw.SQLITE_OPEN_READONLY)) as db:
            db.set_busy_timeout(5_000)
            sealed = int(db.execute("SELECT sealed FROM lake").get)
            waits = any((city.data / "lake").glob("*.json")) or any((city.data / "frames").glob("*.json"))
            if not waits and db.execute("SELECT 1 FROM hot WHERE seq < ? LIMIT 1", ((sealed + 1) << ROW_BITS,)).get is None:
                return
        time.sleep(0.05)
    raise RuntimeError("work does not sweep")


def _kept(city: City, began: int, windows: list[dict[str, Any]], total: int, rate: int) -> dict[str, int]:
    """Rows that should be there of what was sent, rows that are, and how many of those are distinct."""
    said = {
        (gateway, at)
        for one in windows
        for gateway, due in enumerate(paced_ms(one["start_s"], rate, total, fleet.GATEWAYS))
        for at in fleet.said(due)
    }
    with contextlib.closing(StoreReader(city.data / "store.db")) as store:
        table = store.table(Wanted(served=False), ["thing", "property", "time", "received"])
    mine = table.filter(table["received"].cast("int64").to_numpy() >= began)
    names = ("thing", "property", "time")
    distinct = mine.group_by(list(names)).aggregate([]).num_rows
    return {"wanted": len(said) * fleet.VALUES, "rows": mine.num_rows, "distinct": distinct}
