"""A stream of frames with everything in it that a store has to judge, and a worker for it, here or as a process that can be killed.

python -m tests.e2e.shared_storm DATA URL      works the log of DATA into the database, password in PGPASSWORD, until it is told to stop
"""

import json
import random
import signal
import sys
import threading
from pathlib import Path

from sensing import worker
from sensing.framelog.sqlite import SqliteLog
from sensing.metrics import Metrics
from sensing.model import Frame, WireFact
from sensing.settings import Settings
from sensing.store import events
from sensing.store.postgres.store import PostgresStore
from sensing.store.reader import Wanted, digest
from sensing.work import Work
from tests.forward import BASE, FakeAdapter, FakeDirectory, source

SECOND = 1_000_000
RIVER = {"thresholds": {"water_level": {"watch": 2.8, "warning": 3.2, "danger": 4.0, "hysteresis": 0.1}}}


class Adapter(FakeAdapter):
    """As the fake one, and with names to remember."""

    def decode(self, payload, context, state=None):
        found = super().decode(payload, context, state)
        said = json.loads(payload)
        if "name" in said:
            found.facts = [WireFact(said["d"], "name", said["name"], said["t"])]
        return found


class Directory(FakeDirectory):
    """`g1` to `g4` are watched, `g9` is heard by anybody; `new` and `x1` are as the rest once the folder has a file `known`."""

    def __init__(self, data):
        super().__init__()
        self._known = data / "known"
        for name in ("g1", "g2", "g3", "g4"):
            self.things[name] = self.thing(name, settings=RIVER)
        self.things["g9"] = self.thing("g9", "", shared=True)

    def version(self):
        return 2 if self._known.exists() else 1

    def find(self, adapter, native, at=None):
        if native in ("new", "x1") and self._known.exists():
            return self.thing(native)
        return super().find(adapter, native, at)


def frames(seed, count):
    """`count` frames, a second apart: readings, some again, late, revised, unknown, broken, in parts, of a run, and who cannot be read."""
    chance, now, made = random.Random(seed), BASE, []
    for number in range(count):
        now += SECOND
        device = f"g{chance.randint(1, 9)}"
        value = round(3.0 + 1.5 * chance.random() - (number % 400) / 300, 2)
        said = {
            "d": device,
            "t": now - chance.choice((0, 0, 0, 30, 600)) * SECOND,
            "v": value,
            "sent": chance.choice((0, now // SECOND)),
        }
        kind = chance.random()
        principal, payload, duplicate = "p", said, False
        if kind < 0.10 and made:
            frame = chance.choice(made[-200:])
            principal, payload, duplicate = frame.source.principal, frame.payload, chance.random() < 0.5
        elif kind < 0.16:
            payload = {**said, "t": BASE + chance.randint(1, max(2, number)) * SECOND, "rank": chance.randint(0, 3)}
        elif kind < 0.18:
            payload = b"junk \x00" + bytes([number % 256])
        elif kind < 0.21:
            payload = {**said, "d": chance.choice(("new", "x1", "who\x00"))}
        elif kind < 0.22:
            payload = chance.choice(
                ({**said, "odd": 1}, {**said, "boom": 1}, {"silent": 1}, {"all": [said, {**said, "d": "new"}]})
            )
        elif kind < 0.26:
            payload = {**said, "part": chance.randint(1, 2), "of": 2}
        elif kind < 0.30:
            payload = {**said, "name": chance.choice(("Ä", "平潭", "\x00", "b\ue000"))}
        elif kind < 0.36:
            principal, payload = chance.choice(("p", "rx-1", "rx-2")), {**said, "d": "g9", "t": now // 20 * 20, "v": 1.0}
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        made.append(Frame(source(principal=principal, run="drill" if chance.random() < 0.1 else ""), now, body, duplicate))
    return made


def commands():
    """What people do about what is held, once its devices are known."""
    told = [("accept", {"adapter": "fake", "native": "new"}), ("redrive", {}), ("redecode", {"principal": "p", "since": BASE + 2_000 * SECOND}),
            ("annotate", {"device": "g1", "property": "", "from": BASE, "to": BASE + 60 * SECOND, "quality": 4}),
            ("drop", {"reason": "bad_grammar"})]  # fmt: skip
    return [
        Frame(source("command", "web"), BASE * 2, json.dumps({"id": op, "op": op, "by": "wang", "args": args}).encode())
        for op, args in told
    ]


def work(data, store, batch=50):
    """A worker over a folder's log, as a new process makes it."""
    return Work(
        SqliteLog(data / "log.db", write=False),
        store,
        {"fake": Adapter()},
        Directory(data),
        Settings(work={"batch": batch}),
        Metrics(),
    )


def commits(found):
    """Which commit each row came with. Within one, SQLite gives no number to what came again, PostgreSQL does."""
    return [one["cursor"].partition("-")[0] for one in found.follow(0, 100_000)]


def told(reader, connection):
    """All that the same frames leave behind whatever happened on the way."""
    rows = reader.observations(Wanted(runs=None, served=False), 1_000_000)
    unordered = [{name: one[name] for name in one if name not in ("cursor", "seq", "received", "frame")} for one in rows]
    return {
        "digest": digest(connection), "events": events.digest(connection), "ledger": reader.ledger(by="device"), "dead": reader.dead(limit=10_000),
        "done": reader.dead(state="done", limit=10_000), "quarantine": reader.quarantine(), "place": reader.place(), "taken": reader.taken(),
        "facts": [reader.facts(f"g{number}") for number in range(1, 10)], "rows": sorted(unordered, key=repr),
        "latest": [{name: one[name] for name in one if name != "cursor"} for one in reader.latest(Wanted(runs=None))],
        "commands": [reader.command(op) for op in ("accept", "redrive", "redecode", "annotate", "drop")],
    }  # fmt: skip


def main(data, url):
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    with_log = SqliteLog(data / "log.db", write=False).identity()
    made = work(data, PostgresStore(url, "", with_log))
    worker.run(made, Settings(work={"batch": 50}), stop, data / "work.prom")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
