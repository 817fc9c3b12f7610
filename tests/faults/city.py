"""A service under test: real role processes on a data folder, killed and started at will, and a checker that trusts none of them.

The checker reads the files with plain SQL and compares them with what the sender wrote down: four numbers, all 0.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apsw

from sensing import app
from sensing.audit import Actor
from sensing.registry import DeviceForm
from sensing.store.reader import StoreReader, Wanted, digest

FULL = os.environ.get("SENSING_FAULTS", "short") == "full"
ROOT = Path(__file__).resolve().parents[2]
TESTER = Actor("tester")
_HEAD = "SELECT max(ifnull((SELECT max(place) FROM frames), 0), ifnull((SELECT max(last) FROM archived), 0))"


def scaled(whole: int, least: int = 1) -> int:
    """A figure of `make faults`, or a fiftieth of it for `SHORT=1`."""
    return whole if FULL else max(least, whole // 50)


@dataclass
class Found:
    """What the checker found; every number but `acked` and `stored` must be 0."""

    acked: int
    stored: int
    lost: int
    double: int
    invented: int
    altered: int

    @property
    def exact(self) -> bool:
        return not (self.lost or self.double or self.invented or self.altered)


class City:
    """A data folder with plain JSON devices, each its own principal, and the roles that serve it."""

    def __init__(self, data: Path, devices: int, **settings: Any) -> None:
        self.data = data
        self.logs = data / "logs"
        self.roles: dict[str, subprocess.Popen[bytes]] = {}
        self.port = _free_port()
        self.environ = {
            **os.environ, "SENSING_MQTT__PORT": str(self.port), "SENSING_DISK__BALLAST_MB": "0", "PYTHONPATH": str(ROOT),
            **{f"SENSING_{name.upper()}": str(value) for name, value in settings.items()},
        }  # fmt: skip
        app.prepare(data)
        self.registry = app.open_registry(data)
        forms = [DeviceForm.read({"id": f"d{n:03}", "type": "generic", "adapter": "plainjson"}) for n in range(devices)]
        made = self.registry.register_devices(forms, actor=TESTER)
        self.passwords = {one.credential.username: one.credential.password for one in made if one.credential}

    def start(self, *roles: str, disk: str = "", mutation: str = "", environ: Mapping[str, str] | None = None) -> None:
        """Start roles; disk: "" the real one, "forgetful" or "forgetful normal" the one that loses unsynced writes.

        mutation: the name of a fault in mutations.py, "" for none.
        """
        for role in roles:
            words = ["sensing.app", role, str(self.data)]
            if disk:
                words = ["tests.faults.powercut", role, str(self.data), *disk.split()[1:]]
            elif mutation:
                words = ["tests.faults.mutations", mutation, role, str(self.data)]
            line = [sys.executable, "-m", *words]
            self.logs.mkdir(exist_ok=True)
            with (self.logs / f"{role}.log").open("ab") as log:
                self.roles[role] = subprocess.Popen(
                    line, env={**self.environ, **(environ or {})}, cwd=ROOT, stdout=log, stderr=log
                )

    def kill(self, *roles: str) -> None:
        """kill -9, together."""
        for role in roles:
            self.roles[role].send_signal(signal.SIGKILL)
        for role in roles:
            self.roles[role].wait()

    def kill_one(self, left: dict[str, int], chance: random.Random) -> bool:
        """kill -9 one of the roles that have kills left, and start it again; False when none has."""
        roles = [role for role, number in left.items() if number]
        if not roles:
            return False
        role = chance.choice(roles)
        left[role] -= 1
        self.kill(role)
        self.start(role)
        if role == "door":
            self.listening()
        return True

    def listening(self, timeout_s: float = 30) -> None:
        """Wait until the door takes connections."""
        _until(lambda: _answers(self.port), timeout_s, "the door does not listen", self._logs)

    def caught_up(self, timeout_s: float = 120, meanwhile: Callable[[], object] = lambda: None) -> None:
        """Wait until work has read all that the door wrote; `meanwhile` is called again and again."""
        _until(lambda: (meanwhile(), self._is_caught_up())[1], timeout_s, "work does not catch up", self._logs)

    def delivered(self, rows: int, timeout_s: float = 120) -> None:
        """Wait until so many rows are stored, and all that the door wrote is worked: for frames that come through a broker."""
        _until(lambda: len(self.rows()) >= rows, timeout_s, f"{rows} rows are not stored", self._logs)
        self.caught_up(timeout_s)

    def _is_caught_up(self) -> bool:
        with contextlib.suppress(apsw.BusyError):
            return _one(self.data / "log.db", _HEAD) == _one(
                self.data / "store.db", "SELECT place FROM progress")  # fmt: skip
        return False

    def _logs(self) -> str:
        return "\n".join(f"{path.name}: {path.read_text()[-1500:]}" for path in sorted(self.logs.glob("*.log")))

    def ledger(self) -> dict[str, Any]:
        """The ledger, with the log's own count: frames read equal the place reached."""
        reader = StoreReader(self.data / "store.db")
        try:
            found = reader.ledger()
            return found | {"balanced": found["balanced"] and reader.taken() == reader.place()}
        finally:
            reader.close()

    def balanced(self) -> bool:
        """Whether the ledger balances at this moment, work at work: one snapshot."""
        reader = StoreReader(self.data / "store.db")
        try:
            return bool(reader.ledger()["balanced"])
        finally:
            reader.close()

    def digest(self) -> str:
        with contextlib.closing(apsw.Connection(str(self.data / "store.db"))) as store:
            return digest(store)

    def rows(self) -> list[tuple[str, int, float]]:
        """(device, time, result) of every stored revision."""
        with contextlib.closing(StoreReader(self.data / "store.db")) as store:
            table = store.table(Wanted(runs=None, served=False), ["thing", "time", "result"])
        times = table["time"].cast("int64").to_pylist()
        return list(zip(table["thing"].to_pylist(), times, table["result"].to_pylist(), strict=True))

    def check(self, sent: Mapping[tuple[str, int], float], acked: Iterable[tuple[str, int]]) -> Found:
        """Compare the store with what was sent and acknowledged, keyed (device, time in microseconds)."""
        rows = self.rows()
        stored = {(device, at): result for device, at, result in rows}
        acknowledged = set(acked)
        return Found(
            acked=len(acknowledged), stored=len(stored), lost=len(acknowledged - stored.keys()), double=len(rows) - len(stored),
            invented=len(stored.keys() - sent.keys()), altered=sum(sent.get(key, value) != value for key, value in stored.items()),
        )  # fmt: skip

    def close(self) -> None:
        """Stop what still runs."""
        for process in self.roles.values():
            if process.poll() is None:
                process.terminate()
        for process in self.roles.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(20)
            if process.poll() is None:
                process.kill()
                process.wait()
        self.registry.close()


@contextlib.contextmanager
def city(data: Path, devices: int, **settings: Any) -> Iterator[City]:
    """A city that is closed whatever happens."""
    made = City(data, devices, **settings)
    try:
        yield made
    finally:
        made.close()


def payload(device: str, at: int, value: float) -> bytes:
    """What a plain JSON device sends."""
    return json.dumps({"device": device, "time": at / 1000, "water_level": value, "pad": "x" * 60}).encode()


def _one(path: Path, query: str) -> Any:
    with contextlib.closing(apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)) as connection:
        connection.set_busy_timeout(1000)
        return connection.execute(query).get


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.5):
        return True
    return False


def _until(done: Any, timeout_s: float, what: str, more: Any) -> None:
    deadline = time.monotonic() + timeout_s
    while not done():
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} within {timeout_s} s\n{more()}")
        time.sleep(0.02)
