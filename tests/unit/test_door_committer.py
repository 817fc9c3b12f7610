"""Group commit: durable, then acknowledged, in order, whatever the log does."""

import asyncio
import threading

import pytest

from sensing.framelog import LogBrokenError, LogFullError
from sensing.metrics import Metrics
from sensing.model import Frame, Source
from sensing.mqtt import committer as module
from sensing.mqtt.committer import Committer
from sensing.settings import Commit
from tests.fakes import MemoryLog

SOURCE = Source("plainjson", "p1", "sensing/v1/plainjson/p1/up", "up")


def frame(number=0):
    return Frame(SOURCE, 1, b"%d" % number)


@pytest.fixture
def log():
    return MemoryLog()


@pytest.fixture
async def committer(log):
    made = Committer(log, Commit(gap_ms=3, max_frames=4), Metrics())
    made.start()
    yield made
    log.gate.set()
    await made.stop()


async def eventually(condition):
    """Wait for a condition, a short while."""
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 the condition belongs to another thread
            await asyncio.sleep(0.001)


async def test_a_callback_comes_after_the_append_with_the_place(committer, log):
    """P1, and the place for whoever wants it."""
    places = []
    committer.submit(frame(1), lambda place: places.append((place, log.head())))
    committer.submit(frame(2), lambda place: places.append((place, log.head())))
    assert places == []
    await committer.drain()
    assert places == [(2, 2), (2, 2)]


async def test_frames_of_one_round_share_a_commit_and_keep_their_order(committer, log):
    """Then at most `max_frames` at a time, whole groups."""
    order = []
    for number in range(10):
        committer.submit(frame(number), lambda _place, number=number: order.append(number))
    await committer.drain()
    assert order == list(range(10))
    assert log.commits == [4, 4, 2]
    assert [one.payload for one in log.frames] == [b"%d" % number for number in range(10)]


async def test_commits_are_at_least_a_gap_apart(log):
    """A group of its own for each frame would be an fsync for each."""
    committer = Committer(log, Commit(gap_ms=50), Metrics())
    committer.start()
    loop = asyncio.get_running_loop()
    begun = []
    for _ in range(3):
        committer.submit(frame(), lambda _place: begun.append(loop.time()))
        await committer.drain()
    assert begun[1] - begun[0] >= 0.045
    assert begun[2] - begun[1] >= 0.045
    await committer.stop()


async def test_room_shrinks_with_what_waits_and_comes_back(committer, log):
    """Sources stop reading at 0; `after_commit` tells them to look again."""
    told = []
    committer.after_commit.append(lambda: told.append(committer.room()))
    log.gate.clear()
    committer.submit(frame(), lambda _place: None)
    await eventually(lambda: committer.room() == 4)
    for _ in range(5):
        committer.submit(frame(), lambda _place: None)
    assert committer.room() == 0
    assert committer.pressure
    log.gate.set()
    await committer.drain()
    assert told[-1] == 4
    assert not committer.pressure


async def test_bytes_are_bounded_too(log):
    """Few big frames are as heavy as many small ones, also while they are being written."""
    committer = Committer(log, Commit(max_bytes=65_536), Metrics())
    committer.start()
    log.gate.clear()
    committer.submit_many([frame()], 65_536, lambda _place: None)
    assert committer.pressure
    log.gate.set()
    await committer.drain()
    assert not committer.pressure
    await committer.stop()


async def test_a_full_log_acknowledges_nothing_loses_nothing_and_goes_on(committer, log, monkeypatch):
    """The same frames, once, in order, when there is room again."""
    monkeypatch.setattr(module, "_RETRY_LONGEST_S", 0.05)
    done = []
    log.error = LogFullError("disk is full")
    for number in range(3):
        committer.submit(frame(number), done.append)
    await eventually(lambda: committer._metrics.get("sensing_commits_failed_total", kind="LogFullError") >= 2)
    assert done == []
    assert committer._metrics.get("sensing_log_writable") == 0
    log.error = None
    await committer.drain()
    assert done == [3, 3, 3]
    assert [one.payload for one in log.frames] == [b"0", b"1", b"2"]
    assert committer._metrics.get("sensing_log_writable") == 1


def test_a_full_log_is_tried_again_within_ten_seconds():
    """Accepting again within 10 s of the space coming back."""
    assert module._RETRY_LONGEST_S < 5


async def test_a_broken_log_ends_the_process_and_acknowledges_nothing(log):
    """After a failed fsync nobody knows what is on disk."""
    ended, done = [], []
    committer = Committer(log, Commit(), Metrics(), on_broken=ended.append)
    committer.start()
    log.error = LogBrokenError("fsync")
    committer.submit(frame(), done.append)
    await eventually(lambda: ended)
    log.error = None
    await asyncio.sleep(0.05)
    assert done == []
    assert log.head() == 0
    await committer.stop()


def test_the_end_of_a_broken_log_is_not_zero(monkeypatch):
    """Whoever supervises sees a failure."""
    codes = []
    monkeypatch.setattr(module.os, "_exit", codes.append)
    module._die(LogBrokenError("fsync"))
    assert codes == [1]


async def test_one_bad_callback_does_not_keep_the_others(committer):
    """A fault in one connection is its own."""
    done = []

    def fault(_place):
        raise RuntimeError("mine")

    committer.submit(frame(), fault)
    committer.submit(frame(), done.append)
    await committer.drain()
    assert done == [2]


async def test_other_threads_submit_and_hear_in_the_loop(committer, log):
    """The subscriber's way in: 4 threads, every frame once."""
    heard = []
    loop_thread = threading.get_ident()

    def push():
        for number in range(50):
            committer.submit_threadsafe(frame(number), lambda _place: heard.append(threading.get_ident()))

    threads = [threading.Thread(target=push) for _ in range(4)]
    for thread in threads:
        thread.start()
    await eventually(lambda: len(heard) == 200)
    for thread in threads:
        thread.join()
    assert set(heard) == {loop_thread}
    assert log.head() == 200


async def test_the_writers_thread_takes_other_work_between_commits(committer):
    """Marks and counters live in the same file as the frames."""
    assert await committer.on_writer(threading.get_ident) != threading.get_ident()
    with pytest.raises(ZeroDivisionError):
        await committer.on_writer(lambda: 1 // 0)


async def test_an_empty_group_keeps_its_place(committer, log):
    """A refusal behind a publish is said after it, and costs no commit."""
    order = []
    committer.submit_many([], 0, lambda _place: order.append("first"))
    committer.submit(frame(), lambda _place: order.append("second"))
    committer.submit_many([], 0, lambda _place: order.append("third"))
    await committer.drain()
    assert order == ["first", "second", "third"]
    committer.submit_many([], 0, lambda _place: order.append("alone"))
    await committer.drain()
    assert log.commits == [1]


async def test_start_and_stop_may_be_called_twice(log):
    """Door and subscriber share one committer, and either may be first."""
    committer = Committer(log, Commit(), Metrics())
    committer.start()
    committer.start()
    await committer.stop()
    await committer.stop()
