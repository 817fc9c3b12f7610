"""Group commit: frames from many connections, one fsync, then all their acknowledgements (DESIGN section 5 "MQTT").

Rules of this file
- A frame's callback runs after the log has it durably, never before and never twice; callbacks run in order of submission.
- At once when the writer is idle, then at least `gap_ms` apart; one commit in flight; at most about `max_frames` in one.
- A log that is full acknowledges nothing and loses nothing: the same frames are tried again until there is room.
- A disk that is nearly full (`hold`) takes nothing more: what was submitted waits, unacknowledged, until there is room. Before that it
  takes no drills and no replays: those that cannot be left unread (a broker's) wait apart.
- A log that is broken ends the process: what is on disk is not known, so no acknowledgement may follow.
- All methods belong to the event loop's thread, except `submit_threadsafe`. The log belongs to the writer's thread alone.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from time import perf_counter
from typing import Any, TypeVar

from sensing import logs
from sensing.disk import Level
from sensing.errors import Exit
from sensing.failpoints import reach
from sensing.framelog import Log, LogBrokenError
from sensing.metrics import Metrics
from sensing.model import Frame
from sensing.settings import Commit

_T = TypeVar("_T")
OnDurable = Callable[[int], None]
"""Called with the last place that the log had given when the frames were durable."""
_Group = tuple[Sequence[Frame], int, OnDurable]
_RETRY_FIRST_S, _RETRY_LONGEST_S = 0.1, 2.0
_SWITCH_S = 0.000_5
"""The writer's thread gives the interpreter away at each step of SQLite. Beside a busy thread and with Python's own 5 ms,
a commit of 4,000 frames took 350 ms; with 0.2 to 1 ms it took 5 to 8."""
_log = logs.get("committer")


def _die(error: BaseException) -> None:
    _log.error("log_broken", error=str(error))
    os._exit(Exit.UNEXPECTED)


class Committer:
    """The way into the log. `after_commit` are called once a commit, after all callbacks of its frames."""

    def __init__(self, log: Log, settings: Commit, metrics: Metrics, on_broken: Callable[[BaseException], None] = _die) -> None:
        self.after_commit: list[Callable[[], None]] = []
        self.last_commit = float("-inf")
        self._log = log
        self._settings = settings
        self._metrics = metrics
        self._on_broken = on_broken
        self._gap_s = settings.gap_ms / 1000
        self._waiting: deque[_Group] = deque()
        self._count = 0
        self._size = 0
        self._flight: list[_Group] | None = None
        self._flight_size = 0
        self._handle: asyncio.Handle | None = None
        self._started = float("-inf")
        self._retry_s = _RETRY_FIRST_S
        self._idle: list[asyncio.Future[None]] = []
        self._remote: deque[tuple[Frame, OnDurable]] = deque()
        self._remote_awake = False
        self._level = Level.FINE
        self._aside: deque[_Group] = deque()
        self._jobs: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Bind to the running loop and start the writer's thread. Does nothing when it runs already."""
        if self._thread is not None:
            return
        self._loop = asyncio.get_running_loop()
        sys.setswitchinterval(_SWITCH_S)
        self._thread = threading.Thread(target=self._work, name="log-writer", daemon=True)
        self._thread.start()
        self._schedule()

    def hold(self, level: Level) -> None:
        """How full the disk is: see `sensing.disk`. Whoever waits for room is told when there is more of it again."""
        before, self._level = self._level, level
        if level >= before:
            return
        if level < Level.PAUSE:
            aside, self._aside = self._aside, deque()
            for group in aside:
                self.submit_many(*group)
        self._schedule()
        for listener in self.after_commit:
            self._guarded(listener)

    def room(self, *, live: bool = True) -> int:
        """Frames that may be submitted now; 0 asks the sources to stop reading until `after_commit`. live: no drill, no replay."""
        if self._level is Level.FULL or (self._level is Level.PAUSE and not live):
            return 0
        if self._size + self._flight_size >= self._settings.max_bytes:
            return 0
        return max(0, self._settings.max_frames - self._count)

    @property
    def pressure(self) -> bool:
        """Whether sources should stop reading."""
        return not self.room()

    def submit(self, frame: Frame, on_durable: OnDurable) -> None:
        """One frame; takes it even under pressure, for the caller has read it already."""
        self.submit_many((frame,), len(frame.payload), on_durable)

    def submit_many(self, frames: Sequence[Frame], size: int, on_durable: OnDurable, *, live: bool = True) -> None:
        """Frames of one source in order, `size` bytes in all; one callback when all are durable.

        No frames is legal: the callback then keeps its place in the order. live: False for a source of drills or replays that has not
        asked for `room`: it waits apart while they are held.
        """
        if not live and self._level >= Level.PAUSE:
            self._aside.append((frames, size, on_durable))
            return
        self._waiting.append((frames, size, on_durable))
        self._count += len(frames)
        self._size += size
        if self._handle is None and self._flight is None:
            self._schedule()

    def submit_threadsafe(self, frame: Frame, on_durable: OnDurable) -> None:
        """As `submit`, from any thread; the callback runs in the loop's thread."""
        self._remote.append((frame, on_durable))
        if not self._remote_awake:
            self._remote_awake = True
            self._call(self._take_remote)

    def _take_remote(self) -> None:
        self._remote_awake = False
        while self._remote:
            self.submit(*self._remote.popleft())

    async def on_writer(self, work: Callable[[], _T]) -> _T:
        """Run something on the writer's thread, between commits: marks, refusal counters, pruning."""
        future: asyncio.Future[_T] = self._loop.create_future()

        def run() -> None:
            try:
                self._call(_settle, future, work(), None)
            except Exception as error:  # noqa: BLE001 the waiting coroutine gets it
                self._call(_settle, future, None, error)

        self._jobs.put(run)
        return await future

    async def drain(self) -> None:
        """Wait until everything submitted is durable and called back."""
        if self._waiting or self._flight is not None:
            future = self._loop.create_future()
            self._idle.append(future)
            await future

    async def stop(self) -> None:
        """End the writer's thread after the commit in flight; what still waits was never acknowledged."""
        if self._handle is not None:
            self._handle.cancel()
        if self._thread is not None:
            self._jobs.put(None)
            await asyncio.to_thread(self._thread.join)
            await asyncio.sleep(0)
            self._thread = None

    def _schedule(self) -> None:
        if self._thread is None or self._flight is not None or self._handle is not None or not self._waiting:
            return
        if self._level is Level.FULL:
            return
        delay = self._started + self._gap_s - self._loop.time()
        # call_soon, not now: what other sockets have ready in this round of the loop joins the commit for free
        self._handle = self._loop.call_later(delay, self._begin) if delay > 0 else self._loop.call_soon(self._begin)

    def _begin(self) -> None:
        self._handle = None
        self._started = self._loop.time()
        most, size = self._settings.max_frames, 0
        groups: list[_Group] = []
        frames: list[Frame] = []
        while self._waiting and len(frames) < most:
            group = self._waiting.popleft()
            groups.append(group)
            frames.extend(group[0])
            size += group[1]
        self._count -= len(frames)
        self._size -= size
        self._flight, self._flight_size = groups, size
        self._send(frames)

    def _send(self, frames: list[Frame]) -> None:
        self._handle = None
        self._jobs.put(lambda: self._append(frames))

    def _append(self, frames: list[Frame]) -> None:
        began = perf_counter()
        try:
            reach("door.before_commit")
            place = self._log.append(frames) if frames else 0
            reach("door.after_commit")
        except Exception as error:  # noqa: BLE001 whatever it is, nothing may be acknowledged
            self._call(self._failed, error, frames)
        else:
            self._call(self._durable, place, len(frames), perf_counter() - began)

    def _durable(self, place: int, count: int, took_s: float) -> None:
        groups, self._flight, self._flight_size = self._flight or [], None, 0
        self._retry_s = _RETRY_FIRST_S
        if count:
            self.last_commit = self._loop.time()
            self._metrics.count("sensing_frames_committed_total", count)
            self._metrics.count("sensing_commits_total")
            self._metrics.count("sensing_commits_seconds_total", took_s)
        self._metrics.set("sensing_log_writable", 1)
        if self._waiting and self._level < Level.FULL and self._loop.time() - self._started >= self._gap_s:
            self._begin()  # the disk works on the next commit while this one's acknowledgements are written
        else:
            self._schedule()
        for _frames, _size, on_durable in groups:
            self._guarded(on_durable, place)
        for listener in self.after_commit:
            self._guarded(listener)
        if self._idle and not self._waiting and self._flight is None:
            for future in self._idle:
                if not future.done():
                    future.set_result(None)
            self._idle.clear()

    def _failed(self, error: Exception, frames: list[Frame]) -> None:
        self._metrics.count("sensing_commits_failed_total", kind=type(error).__name__)
        if isinstance(error, LogBrokenError):
            self._on_broken(error)
            return
        self._metrics.set("sensing_log_writable", 0)
        _log.error("commit_failed", error=str(error), frames=len(frames), retry_s=self._retry_s)
        self._handle = self._loop.call_later(self._retry_s, self._send, frames)
        self._retry_s = min(_RETRY_LONGEST_S, self._retry_s * 2)

    def _guarded(self, call: Callable[..., None], *args: Any) -> None:
        try:
            call(*args)
        except Exception:  # noqa: BLE001 one connection's fault must not keep the others' acknowledgements
            _log.exception("acknowledgement_failed")

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()

    def _call(self, call: Callable[..., None], *args: Any) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(call, *args)


def _settle(future: asyncio.Future[_T], result: _T, error: BaseException | None) -> None:
    if future.done():
        return
    if error is not None:
        future.set_exception(error)
    else:
        future.set_result(result)
