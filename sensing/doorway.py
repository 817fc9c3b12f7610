"""The door role whole: MQTT in, the subscribers beside it, one committer before log.db, and what goes back out.

All writing of log.db happens on the committer's one thread: frames, refusal counters, the outbox cursor, retention.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections import Counter, deque
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from . import disk, failpoints, logs, runfile, times
from .framelog import archive
from .framelog.sqlite import SqliteLog
from .metrics import Metrics
from .mqtt.committer import Committer
from .mqtt.door import Door
from .mqtt.knocks import BAD, Knocks
from .newsfeed import Feed
from .registry import RegistryGatekeeper, located
from .registry.known import known, only_drills
from .settings import Settings
from .store import StoreBusyError
from .store.opening import open_reader

if TYPE_CHECKING:
    from .store.reader import StoreReader

_log = logs.get("doorway")
_OUTBOX_POLL_S = 0.02
_OUTBOX_BATCH = 500
_STORE_AGAIN_S = 1.0
_TRY_EVERY_S = 0.5
_PATIENCE_S = 30.0
_MOST_LATE = 10_000
"""Replies kept for stations that are not connected, and for how long; a station that hears nothing sends again."""
_PRUNE_EVERY_S = 60.0
_PRUNE_BATCH = 5_000
_SWEEP, _SWEEP_SHARE, _SWEEP_PAUSE_S = 2_000, 0.05, 0.02
"""Archived frames deleted between two commits, and the share of the writer's time that this may take: acknowledgements come first."""


class Doorway:
    """The door of a data folder, until `stop` is set."""

    def __init__(
        self, data: Path, settings: Settings, adapters: frozenset[str], domain: Callable[[str], str] = lambda _device: ""
    ) -> None:
        self._data = data
        self._settings = settings
        self._metrics = Metrics()
        self._log = SqliteLog(data / "log.db")
        self._committer = Committer(self._log, settings.commit, self._metrics)
        self._refused: Counter[tuple[int, str, str, str]] = Counter()
        self._knocks = Knocks()
        self.door = Door(
            settings,
            self._committer,
            RegistryGatekeeper(located(data, settings.registry)),
            adapters,
            self._metrics,
            on_refused=self._on_refused,
        )
        self._disk = disk.Guard(data, settings.disk)
        self._next_try = 0.0
        self._late: deque[tuple[float, str, str, bytes]] = deque(maxlen=_MOST_LATE)
        self._subscribers = self._made_subscribers(adapters)
        self._feed = Feed(self.door, partial(open_reader, data, settings), domain, self._metrics)

    def _made_subscribers(self, adapters: frozenset[str]) -> list[Any]:
        if not self._settings.brokers:
            return []
        from .mqtt.subscriber import subscribers  # most have no broker, and save its memory

        return list(subscribers(self._settings, self._committer, adapters, self._metrics, self._on_refused))

    def _on_refused(self, principal: str, reason: str, topic: str) -> None:
        if reason == BAD:
            self._knocks.count(principal)
            return
        parts = topic.split("/")
        adapter = parts[2] if len(parts) == 5 and parts[0] == "sensing" else ""
        key = times.now() // times.HOUR, adapter[:32], principal[:64], reason
        self._refused[key] += 1
        if self._refused[key] == 1:  # one line a second and kind: whoever floods must not fill the log
            _log.info("publish_refused", principal=principal, reason=reason, topic=topic[:200])

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until `stop`; then finish the commit, acknowledge and close."""
        await self.door.start()
        for subscriber in self._subscribers:
            subscriber.start()
        runfile.write(self._data, {
            "pid": os.getpid(), "host": self._settings.mqtt.host, "port": self.door.port, "tls_port": self.door.tls_port,
        }, "run/door.json")  # fmt: skip
        tasks = [asyncio.create_task(job()) for job in (self._send_replies, self._keep_house, self._keep_archive, self._feed.run)]
        await stop.wait()
        for task in tasks:
            task.cancel()
        for subscriber in self._subscribers:
            subscriber.stop()
        await self.door.stop()
        for subscriber in self._subscribers:
            await asyncio.to_thread(subscriber.join)
        await self._committer.stop()
        self._log.close()

    async def _send_replies(self) -> None:
        """Replies that work committed, at least once, to whoever of the principal is connected."""
        loop = asyncio.get_running_loop()
        reader = await self._opened()
        sent = await self._committer.on_writer(lambda: self._log.marked("outbox"))
        while True:
            try:
                replies = await asyncio.to_thread(reader.outbox, sent, _OUTBOX_BATCH)
            except StoreBusyError as error:  # a database that is away: stations send again what was not answered
                _log.warning("replies_wait", error=error.what)
                await asyncio.sleep(_STORE_AGAIN_S)
                continue
            for number, principal, topic, payload in replies:
                failpoints.reach("door.before_reply")
                if not self._send(principal, topic, payload):
                    self._late.append((loop.time() + _PATIENCE_S, principal, topic, payload))
                sent = number
            self._send_late(loop.time())
            if replies:
                mark = sent
                await self._committer.on_writer(lambda: self._log.mark("outbox", mark))  # noqa: B023 awaited here
            if len(replies) < _OUTBOX_BATCH:
                await asyncio.sleep(_OUTBOX_POLL_S)

    async def _opened(self) -> StoreReader:
        while True:
            try:
                return await asyncio.to_thread(open_reader, self._data, self._settings)
            except StoreBusyError as error:
                _log.warning("replies_wait", error=error.what)
                await asyncio.sleep(_STORE_AGAIN_S)

    def _send_late(self, now: float) -> None:
        """Offer again what nobody was there to take: after a restart the outbox is read before the stations are back."""
        if now < self._next_try:
            return
        self._next_try = now + _TRY_EVERY_S
        for _ in range(len(self._late)):
            deadline, principal, topic, payload = self._late.popleft()
            if self._send(principal, topic, payload):
                continue
            if now < deadline:
                self._late.append((deadline, principal, topic, payload))
            else:
                self._metrics.count("sensing_replies_undelivered_total")

    def _send(self, principal: str, topic: str, payload: bytes) -> bool:
        if self.door.send_down(principal, topic, payload):
            return True
        return any(subscriber.send_down(principal, topic, payload) for subscriber in self._subscribers)

    async def _keep_house(self) -> None:
        """Each second: refusal counters to disk, numbers for /metrics; each minute: retention."""
        pruned = 0.0
        loop = asyncio.get_running_loop()
        while True:
            await self._watch_disk()
            await asyncio.sleep(1.0)
            with contextlib.suppress(Exception):  # a full disk is the committer's to report; this tries again
                await self._flush_refusals()
                self._metrics.write(self._data / "run" / "door.prom")
                if loop.time() - pruned > _PRUNE_EVERY_S:
                    pruned = loop.time()
                    await self._prune()

    async def _watch_disk(self) -> None:
        """Hold the committer back as the disk fills up, and let it go as there is room again."""
        before = self._disk.level
        try:
            found = await asyncio.to_thread(self._disk.look)
        except OSError as error:
            _log.warning("disk_not_measured", error=str(error))
            return
        room = self._disk.room
        self._metrics.set("sensing_disk_level", int(found))
        self._metrics.set("sensing_disk_used_ratio", round(room.percent / 100, 4))
        self._metrics.set("sensing_disk_free_bytes", room.free)
        if found is not before:
            tell = _log.warning if found else _log.info
            tell("disk_" + found.name.lower(), used_percent=round(room.percent, 1), free_gb=round(room.free / 1e9, 2))
        self._committer.hold(found)

    async def _flush_refusals(self) -> None:
        if self._knocks:
            counted, where = self._knocks.taken(), located(self._data, self._settings.registry)
            knocked = await asyncio.to_thread(self._knocks.counters, counted, partial(known, where), times.now())
            self._refused.update(knocked)
        if self._refused:
            counts, self._refused = self._refused, Counter()
            await self._committer.on_writer(lambda: self._log.refuse(counts))

    async def _keep_archive(self) -> None:
        """Take over frames that were archived, and delete them here without any commit having to wait for long."""
        while True:
            await asyncio.sleep(min(1.0, self._settings.archive.check_s))
            with contextlib.suppress(Exception):  # a full disk is the committer's to report; this tries again
                if await asyncio.to_thread(lambda: any((self._data / archive.FOLDER).glob("*.json"))):
                    place = await asyncio.to_thread(self._place)
                    await self._committer.on_writer(lambda: self._log.adopt(place))  # noqa: B023 awaited here
                while (took_s := await self._committer.on_writer(self._sweep)) is not None:  # noqa: ASYNC110 the pause is the commits'
                    await asyncio.sleep(max(_SWEEP_PAUSE_S, took_s / _SWEEP_SHARE))

    def _sweep(self) -> float | None:
        """Delete some frames that the archive has; returns how long it took, seconds, None when there was none."""
        began = perf_counter()
        return perf_counter() - began if self._log.sweep(_SWEEP) else None

    def _place(self) -> int:
        with contextlib.closing(open_reader(self._data, self._settings)) as reader:
            return reader.place()

    async def _prune(self) -> None:
        """Forget frames past retention, a few at a time, never one that work has yet to read."""
        keep = self._settings.retention
        days = keep.frames_d
        if (
            keep.demo_h
            and not self._settings.brokers
            and await asyncio.to_thread(only_drills, located(self._data, self._settings.registry))
        ):
            days = min(days, keep.demo_h / 24)
        before = times.now() - int(days * times.DAY)
        while await asyncio.to_thread(self._place) >= await self._committer.on_writer(self._log.tail) + _PRUNE_BATCH:
            gone = await self._committer.on_writer(lambda: self._log.prune(before, _PRUNE_BATCH))
            if gone < _PRUNE_BATCH:
                break
