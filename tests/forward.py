"""The forward path in small, for tests: a data folder, a fake adapter and a fake registry, no sockets."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sensing.errors import DecodeError, Reason
from sensing.framelog.sqlite import SqliteLog
from sensing.metrics import Metrics
from sensing.model import Config, Context, Decoded, Frame, Reading, Rejection, Reply, Source, Thing
from sensing.settings import Settings
from sensing.store.reader import StoreReader, digest
from sensing.store.sqlite import SqliteStore
from sensing.work import Work

BASE = 1_700_000_000_000_000


class FakeAdapter:
    """Reads `{"d": device, "t": micros, "v": metres, "rank": n}`; `part`/`of` join, `odd` breaks, `boom` crashes."""

    NAME = "fake"
    STATEFUL = True
    factor = 1.0
    mapped = False

    def decode(self, payload: bytes, context: Context, state: Any = None) -> Decoded:
        if payload.startswith(b"junk"):
            raise DecodeError(Reason.BAD_GRAMMAR, "junk", 0, 4)
        said = json.loads(payload)
        if said.get("boom"):
            raise ZeroDivisionError
        if "part" in said:
            return self._join(said, context, state)
        if said.get("silent"):
            return Decoded(controls=("keep-alive",), state=state)
        errors = (Rejection(Reason.BAD_NUMBER, "odd", 1, 2),) if said.get("odd") else ()
        readings = [self._reading(one) for one in said.get("all", [said])]
        return Decoded(readings=readings, errors=errors, replies=(Reply(b"ack"),), state=state)

    def _join(self, said: dict[str, Any], context: Context, state: Any) -> Decoded:
        held = dict((state or {}).get("held", {}))
        held[str(said["part"])] = context.place
        if len(held) < said["of"]:
            deadline = context.received + 60_000_000
            return Decoded(waiting=True, state={"held": held}, deadline=deadline)
        places = [place for place in held.values() if place != context.place]
        return Decoded(readings=[self._reading(said)], settled=places, replies=(Reply(b"ack"),))

    def _reading(self, said: Mapping[str, Any]) -> Reading:
        code, value = said.get("code", "39"), said.get("v")
        prop = "water_level" if code == "39" or self.mapped else None
        return Reading(
            said["d"], code, prop, None if value is None else value * self.factor, "m", time=said.get("t"), rank=said.get("rank", 0),
            sent=said.get("sent", 0),
        )  # fmt: skip

    def expire(self, state: Any, now: int) -> Decoded:
        lost = [Rejection(Reason.MISSING_FRAGMENT, "late", place=place) for place in state["held"].values()]
        return Decoded(errors=lost, replies=(Reply(b"nak"),))


class FakeDirectory:
    """A registry of devices `g1`..`g9` of principal `p`, and `x1` of principal `other`."""

    def __init__(self) -> None:
        self.number = 1
        names = {f"g{n}": "p" for n in range(1, 10)} | {"x1": "other"}
        self.things = {name: self.thing(name, owner) for name, owner in names.items()}

    def thing(self, name: str, principal: str = "p", **more: Any) -> Thing:
        return Thing(name, "river-gauge", "fake", name, principal, configs=(Config(),), **more)

    def add(self, name: str, principal: str = "p") -> None:
        self.things[name] = self.thing(name, principal)
        self.number += 1

    def version(self) -> int:
        return self.number

    def find(self, adapter: str, native: str, at: int | None = None) -> Thing | None:
        return self.things.get(native)

    def receives(self, principal: str) -> bool:
        return principal.startswith("rx")

    def newcomer(self, type_id: str, thing_id: str, adapter: str, native: str) -> Thing:
        return Thing(thing_id, type_id, adapter, native, "", shared=True)

    def mappings(self, principal: str, adapter: str) -> Sequence[Mapping[str, Any]]:
        return ()


def source(adapter: str = "fake", principal: str = "p", run: str = "") -> Source:
    return Source(adapter, principal, f"sensing/v1/{adapter}/{principal}/up", "up", "simulated" if run else "live", run)


class Bench:
    """A data folder with a log, a worker and a reader."""

    def __init__(self, data: Path, batch: int = 100) -> None:
        self.data = data
        self.log = SqliteLog(data / "log.db")
        self.adapter: Any = FakeAdapter()
        self.directory = FakeDirectory()
        self.settings = Settings(work={"batch": batch})  # type: ignore[arg-type]
        self.work = self.worker()
        self.clock = BASE

    def worker(self) -> Work:
        """A worker as a new process would make it."""
        store = SqliteStore(self.data / "store.db")
        return Work(self.log, store, {"fake": self.adapter}, self.directory, self.settings, Metrics())  # type: ignore[dict-item]

    def say(self, *payloads: Any, principal: str = "p", run: str = "", adapter: str = "fake", duplicate: bool = False) -> None:
        """Append frames, a second apart."""
        frames = []
        for payload in payloads:
            self.clock += 1_000_000
            body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
            frames.append(Frame(source(adapter, principal, run), self.clock, body, duplicate))
        self.log.append(frames)

    def command(self, op: str, identity: str = "c1", **args: Any) -> None:
        """Append a command frame."""
        self.say({"id": identity, "op": op, "by": "wang", "args": args}, principal="web", adapter="command")

    def run(self) -> StoreReader:
        """Work until the log is read; returns a reader."""
        while self.work.step():
            pass
        return StoreReader(self.data / "store.db")

    def digest(self) -> str:
        return digest(self.work.store.connection)

    def close(self) -> None:
        self.work.store.close()
        self.log.close()


def sums(reader, *names):
    ledger = reader.ledger()
    assert ledger["balanced"]
    assert reader.taken() == reader.place()
    return tuple(ledger[name] for name in names)
