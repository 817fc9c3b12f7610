"""The lake and what follows from it stand back behind the door: the processor, one core at a time, deletions with pauses between."""

import contextlib
import os
import subprocess
import sys
import threading
import time
from types import SimpleNamespace

import pytest

from sensing import worker
from sensing.framelog import archive_role
from sensing.framelog.sqlite import SqliteLog
from sensing.metrics import Metrics
from sensing.model import Frame, Source
from sensing.settings import Settings
from sensing.store.lake import role
from sensing.store.sqlite import SqliteStore

EAGER = Settings(archive={"after_h": 0, "every_h": 0, "check_s": 0.01}, lake={"check_s": 0.01})


def test_one_that_steps_aside_is_last_in_line():
    """It and its threads have the least priority, and Linux runs them only when nothing else wants to."""
    code = """if True:
        import os, threading
        from sensing.aside import step_aside
        step_aside()
        found = []
        own = lambda: found.append((os.nice(0), getattr(os, "sched_getscheduler", lambda _: None)(0)))
        own(); thread = threading.Thread(target=own); thread.start(); thread.join()
        print(found == [(19, getattr(os, "SCHED_IDLE", None))] * 2)
    """
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "True"


def test_one_that_may_not_step_aside_altogether_is_nice(monkeypatch):
    """A sandbox that forbids it is no reason not to run."""
    asked = []

    def forbidden(*_):
        raise PermissionError

    monkeypatch.setattr(os, "nice", asked.append)
    monkeypatch.setattr(os, "SCHED_IDLE", 5, raising=False)
    monkeypatch.setattr(os, "sched_param", int, raising=False)
    monkeypatch.setattr(os, "sched_setscheduler", forbidden, raising=False)
    from sensing.aside import step_aside

    step_aside()
    assert asked == [19]


class Lake:
    """As `Adoption`: more to delete than there ever is time for."""

    grace_s = 0.0

    def __init__(self):
        self.swept = []

    def sweep(self, most):
        self.swept.append((time.monotonic(), most))
        return True


@contextlib.contextmanager
def working(tmp_path, taken):
    """The worker's loop over steps that take so many frames."""
    lake, stop = Lake(), threading.Event()
    store = SimpleNamespace(
        lake=lake, place=lambda: 0, trim_outbox=lambda _: 0, tend_lake=lambda: False, forget_drills=lambda _: None
    )
    log = SimpleNamespace(head=lambda: 0, read=lambda *_: [])
    work = SimpleNamespace(step=lambda: stop.wait(0.001) or taken, store=store, log=log, metrics=Metrics(), tidy=lambda: None)
    thread = threading.Thread(target=worker.run, args=(work, Settings(), stop, tmp_path / "work.prom"))
    thread.start()
    try:
        yield lake
    finally:
        stop.set()
        thread.join()


def until(done):
    deadline = time.monotonic() + 10
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.mark.parametrize("taken", [0, 16])
def test_deletions_leave_the_disk_to_the_door_between_them(tmp_path, taken):
    """With little or nothing to do, some thousand sealed rows are deleted at once, and then none for a while."""
    with working(tmp_path, taken) as lake:
        until(lambda: len(lake.swept) > 3)
    gaps = [after[0] - before[0] for before, after in zip(lake.swept, lake.swept[1:], strict=False)]
    assert min(gaps) >= 0.03
    assert {most for _, most in lake.swept} == {2_000}
    assert 2_000 / 0.03 > 60_000, "rows a second: more than work stores"


def test_deletions_keep_up_at_full_speed(tmp_path):
    """After each batch that was as large as it may be, as many rows are deleted as it can have had."""
    with working(tmp_path, 4_000) as lake:
        until(lambda: len(lake.swept) > 3)
    assert {most for _, most in lake.swept} == {30_000}


def test_the_lake_and_the_archive_take_turns(tmp_path):
    """While one of them works the other waits: together they use one core."""
    with (
        contextlib.closing(SqliteLog(tmp_path / "log.db")) as log,
        contextlib.closing(SqliteStore(tmp_path / "store.db")) as store,
    ):
        log.append([Frame(Source("sl651", "dtu-1", "t", "up"), 1, b"frame")])
        store.connection.execute("UPDATE progress SET place=1")
        turn, stop = threading.Lock(), threading.Event()
        lake = (tmp_path / "store.db", EAGER, lambda _: "", stop, tmp_path / "lake.prom", turn)
        (tmp_path / "run").mkdir()
        threads = [
            threading.Thread(target=archive_role.run, args=(tmp_path, EAGER, stop, turn)),
            threading.Thread(target=role.run, args=lake),
        ]
        with turn:
            for thread in threads:
                thread.start()
            stop.wait(0.1)
            assert not (tmp_path / "frames").exists()
            assert not (tmp_path / "lake").exists()
        until(lambda: list((tmp_path / "frames").glob("*.json")) and (tmp_path / "lake.prom").exists())
        stop.set()
        for thread in threads:
            thread.join()
