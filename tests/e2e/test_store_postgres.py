"""The shared store on a real PostgreSQL: the contract suite of every store, then what only a server can do: crash, go away, be shared."""

import json
import os
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from sensing.framelog.sqlite import SqliteLog
from sensing.store import StoreBusyError
from sensing.store.postgres import schema
from sensing.store.postgres.reader import PostgresReader
from sensing.store.postgres.store import PostgresStore
from sensing.store.reader import StoreReader, Wanted
from sensing.store.sqlite import SqliteStore
from tests.contract.conftest import opened  # noqa: F401 the suite asks for it
from tests.contract.test_store import *  # noqa: F403 the suite itself
from tests.contract.test_store_news import *  # noqa: F403 the same
from tests.contract.test_store_ships import *  # noqa: F403 the same
from tests.contract.test_store_values import *  # noqa: F403 the same
from tests.e2e import shared_storm
from tests.e2e.service import Sensing, eventually, gone
from tests.postgres import Postgres


@pytest.fixture(scope="module")
def server():
    with Postgres() as running:
        yield running


class Databases:
    """The store under test in a database of its own; see `tests.contract.stores.Files`."""

    def __init__(self, server, folder):
        self._server, self._folder, self._opened, self._readers = server, folder, [], []
        self.log = 7
        self.url = server.url("postgresql")

    def open(self):
        while self._opened:
            self._opened.pop().close()
        return self.beside()

    def beside(self, log=None):
        self._opened.append(PostgresStore(self.url, self._server.password, self.log if log is None else log))
        return self._opened[-1]

    def reader(self, log=None):
        self._readers.append(PostgresReader(self.url, self._server.password, self.log if log is None else log, self._folder))
        return self._readers[-1]

    def other(self):
        self.close()
        self.url = self._server.url("postgresql")
        return self.open()

    def outdate(self):
        self._opened[-1].connection.execute("UPDATE about SET version = ?", (schema.VERSION + 1,))

    def close(self):
        for one in (*self._opened, *self._readers):
            one.close()
        self._opened, self._readers = [], []


@pytest.fixture
def stores(server, tmp_path):
    with closing(Databases(server, tmp_path)) as made:
        yield made


FRAMES = 4_000


def worked(data, store):
    """The storm, worked to its end in this process, and what people did about it."""
    log = SqliteLog(data / "log.db")
    log.append(shared_storm.frames(5, FRAMES))
    made = shared_storm.work(data, store)
    while made.step():
        pass
    (data / "known").touch()
    log.append(shared_storm.commands())
    while made.step():
        pass
    log.close()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """What the storm leaves in SQLite."""
    data = tmp_path_factory.mktemp("sqlite")
    with closing(SqliteStore(data / "store.db")) as store, closing(StoreReader(data / "store.db")) as found:
        worked(data, store)
        told = shared_storm.told(found, store.connection)
        told["commits"] = shared_storm.commits(found)
    ledger = told["ledger"]
    assert all(ledger[name] > 30 for name in ("decoded", "dead_lettered", "stored", "duplicate", "revised"))
    assert ledger["balanced"]
    assert len(told["quarantine"]) > 0
    return told


def test_the_same_storm_leaves_the_same_in_both_stores(stores, undisturbed, tmp_path):
    """Digest, events, ledger, dead letters, quarantine, facts, commands, latest, every row and the commit of each: none differs."""
    store = stores.open()
    worked(tmp_path, store)
    found = stores.reader()
    told = shared_storm.told(found, store.connection)
    told["commits"] = shared_storm.commits(found)
    for name, expected in undisturbed.items():
        assert told[name] == expected, name


class Process:
    """Work as a process of its own over a folder's log."""

    def __init__(self, data, url, password):
        self.data, self._url = data, url
        self._environ = os.environ | {"PGPASSWORD": password}
        self.running = None

    def start(self):
        line = [sys.executable, "-m", "tests.e2e.shared_storm", str(self.data), self._url]
        with (self.data / "work.log").open("ab") as out:
            self.running = subprocess.Popen(line, env=self._environ, stdout=out, stderr=out, stdin=subprocess.DEVNULL)

    def kill(self):
        self.running.kill()
        self.running.wait()


@pytest.fixture
def process(stores, server, tmp_path):
    stores.log = (log := SqliteLog(tmp_path / "log.db")).identity()
    log.close()
    stores.open()
    made = Process(tmp_path, stores.url, server.password)
    yield made
    if made.running is not None and made.running.poll() is None:
        made.kill()


def disturbed(stores, process, disturb):
    """The storm through a process, `disturb` called again and again while it works; what it left."""
    log = SqliteLog(process.data / "log.db")
    process.start()
    found = stores.reader()
    for some in (shared_storm.frames(5, FRAMES), shared_storm.commands()):
        if len(some) < 100:
            (process.data / "known").touch()
        log.append(some)
        turns = 0
        while found.place() < log.head():
            disturb(turns)
            assert process.running.poll() is None, (process.data / "work.log").read_text()[-2000:]
            turns += 1
            assert turns < 600, (process.data / "work.log").read_text()[-2000:]
    log.close()
    store = stores.beside(stores.log)
    return shared_storm.told(found, store.connection)


def same(told, undisturbed):
    """Nothing lost, nothing twice; only how many readings were read again may differ where a command was interrupted."""
    for name in ("digest", "events", "dead", "quarantine", "facts", "place", "taken", "rows", "latest"):
        assert told[name] == undisturbed[name], name
    for name in ("received", "decoded", "silent", "pending", "dead_lettered", "quarantined", "stored", "revised", "balanced"):
        assert told["ledger"][name] == undisturbed["ledger"][name], name


def test_work_is_killed_again_and_again(stores, process, undisturbed):
    """kill -9 between, before and within commits: lost 0, double 0, balanced."""
    killed = []

    def kill(turn):
        time.sleep(0.15 + 0.05 * (turn % 7))
        if len(killed) < 8:
            process.kill()
            killed.append(turn)
            process.start()

    told = disturbed(stores, process, kill)
    assert len(killed) == 8
    same(told, undisturbed)


def test_the_server_crashes_while_work_writes(stores, server, process, undisturbed):
    """No goodbye, then recovery: the same process waits and goes on, and readers that lived through it answer again."""
    crashes = []
    watching = stores.reader()

    def crash(turn):
        time.sleep(0.3)
        if len(crashes) < 3 and watching.place() > 300 * (len(crashes) + 1):
            server.kill()
            with pytest.raises(StoreBusyError):
                watching.place()
            time.sleep(0.2 * turn % 1.0)
            server.start()
            crashes.append(process.running.pid)

    told = disturbed(stores, process, crash)
    assert len(crashes) == 3
    assert process.running.poll() is None
    assert "batch_refused" in (process.data / "work.log").read_text()
    same(told, undisturbed)


def test_nodes_that_share_a_database_are_one_city(stores, tmp_path):
    """Two logs, two workers, turn about: rows, events and the ledger are those of one; dead letters, frames and cursors are each node's own."""
    whole = shared_storm.frames(9, 1_500)
    with closing(SqliteStore(tmp_path / "store.db")) as store, closing(StoreReader(tmp_path / "store.db")) as found:
        log = SqliteLog(tmp_path / "log.db")
        log.append([msgspec.structs.replace(frame) for frame in whole])
        made = shared_storm.work(tmp_path, store)
        while made.step():
            pass
        one = shared_storm.told(found, store.connection)
        log.close()
    stores.open().close()
    parts = [frame.payload.find(b'"part"') >= 0 for frame in whole]
    nodes = []
    for number in (0, 1):
        data = tmp_path / f"node{number}"
        data.mkdir()
        log = SqliteLog(data / "log.db")
        log.append([frame for place, frame in enumerate(whole) if (0 if parts[place] else place % 2) == number])
        log.close()
        nodes.append((data, shared_storm.work(data, stores.beside(100 + number))))
    while sum(made.step() for _, made in nodes):
        pass
    readers = [stores.reader(100 + number) for number in (0, 1)]
    for found in readers:
        told = shared_storm.told(found, nodes[0][1].store.connection)
        assert (told["digest"], told["events"]) == (one["digest"], one["events"])
        assert {name: told["ledger"][name] for name in told["ledger"] if name != "rows"} == {
            name: one["ledger"][name] for name in one["ledger"] if name != "rows"
        }
        assert found.place() == found.taken() == SqliteLog(nodes[readers.index(found)][0] / "log.db", write=False).head()
    frames = [[row["frame"] for row in found.observations(Wanted(runs=None), 10_000)] for found in readers]
    assert all((here is None) != (there is None) for here, there in zip(*frames, strict=True))
    assert max(place for place in frames[1] if place is not None) <= readers[1].place()
    assert sum(len(found.dead(limit=9_999)) for found in readers) == len(one["dead"])
    assert all(letter["place"] <= found.place() for found in readers for letter in found.dead(limit=9_999))


@pytest.fixture
def sensing(server, tmp_path):
    """The demo with `[store] url` in its settings and the password in a file, up since a moment ago."""
    command = Sensing(tmp_path / "data")
    (tmp_path / "secret").write_text(server.password)
    (tmp_path / "secret").chmod(0o600)
    command.data.mkdir()
    place = server.url("postgresql").replace(f":{server.password}@", "@")
    (command.data / "config.toml").write_text(f'[store]\nurl = "{place}"\npassword_file = "{tmp_path / "secret"}"\n')
    try:
        command.up("--demo")
        yield command
    finally:
        command.down_if_up()


def test_the_service_runs_on_it(sensing, server):
    """Demo, tail, query, latest, explain, ledger, events, dead letters; the server goes away, the door acknowledges on, all is stored."""
    row = sensing.rows("tail", "-n", "3")[0]
    status = sensing.json("status")
    assert (status["ready"], status["balanced"], status["store"]) == (True, True, "postgresql")
    assert not (sensing.data / "store.db").exists()
    found = sensing.json("query", row["device"], "--property", row["property"])
    assert row["cursor"] in {each["cursor"] for each in found}
    assert json.dumps(sensing.json("explain", row["device"], row["property"], row["time"])).count(row["revision"]) >= 1
    assert isinstance(sensing.rows("event", "list"), list)
    assert sensing.rows("dlq", "list") == []
    with closing(SqliteLog(sensing.data / "log.db", write=False)) as log:
        server.kill()
        before = log.head()
        eventually(lambda: log.head() > before + 3, "the door takes frames while the store is away", 60)
        assert not any(gone(pid) for pid in sensing.pids().values() if pid)
        server.start()
        head = log.head()
    eventually(lambda: sensing.json("status").get("place", 0) >= head, "work has caught up", 60)
    eventually(lambda: sensing.json("status")["ready"], "ready again", 60)
    ledger = sensing.json("ledger")
    assert ledger["balanced"]
    assert ledger["received"] >= ledger["decoded"] > 0
    sensing.say("annotate", row["device"], "--property", row["property"], "--from", "1h", "--quality", "4")
    secrets = [path for path in sensing.data.rglob("*") if path.is_file() and server.password.encode() in path.read_bytes()]
    assert secrets == []
    assert all(server.password not in line for pid in sensing.pids().values() if pid for line in command_line(pid))


def command_line(pid):
    return Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\x00")
