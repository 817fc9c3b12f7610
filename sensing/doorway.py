"""The door role whole: MQTT in, the subscribers beside it, one committer before log.db, and what goes back out.

All writing of log.db happens on the committer's one thread: frames, refusal counters, the outbox cursor, retention.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections import Counter, deque
from pathlib import Path
from typing import Any

from . import failpoints, logs, runfile, times
from .framelog.sqlite import SqliteLog
from .metrics import Metrics
from .mqtt.committer import Committer
from .mqtt.door import Door
from .registry import RegistryGatekeeper
from .settings import Settings
from .store.reader import StoreReader

_log = logs.get("doorway")
_OUTBOX_POLL_S = 0.02
_OUTBOX_BATCH = 500
_TRY_EVERY_S = 0.5
_PATIENCE_S = 30.0
_MOST_LATE = 10_000
"""Replies kept for stations that are not connected, and for how long; a station that hears nothing sends again."""
_PRUNE_EVERY_S = 60.0
_PRUNE_BATCH = 5_000


class Doorway:
    """The door of a data folder, until `stop` is set."""

    def __init__(self, data: Path, settings: Settings, adapters: frozenset[str]) -> None:
        self._data = data
        self._settings = settings
        self._metrics = Metrics()
        self._log = SqliteLog(data / "log.db")
        self._committer = Committer(self._log, settings.commit, self._metrics)
        self._refused: Counter[tuple[int, str, str, str]] = Counter()
        self.door = Door(
            settings,
            self._committer,
            RegistryGatekeeper(data / "registry.db"),
            adapters,
            self._metrics,
            on_refused=self._on_refused,
        )
        self._next_try = 0.0
        self._late: deque[tuple[float, str, str, bytes]] = deque(maxlen=_MOST_LATE)
        self._subscribers = self._made_subscribers(adapters)

    def _made_subscribers(self, adapters: frozenset[str]) -> list[Any]:
        if not self._settings.brokers:
            return []
        from .mqtt.subscriber import subscribers  # most have no broker, and save its memory

        return list(subscribers(self._settings, self._committer, adapters, self._metrics, self._on_refused))

    def _on_refused(self, principal: str, reason: str, topic: str) -> None:
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
        tasks = [asyncio.create_task(job()) for job in (self._send_replies, self._keep_house)]
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
        reader = StoreReader(self._data / "store.db")
        sent = await self._committer.on_writer(lambda: self._log.marked("outbox"))
        while True:
            replies = reader.outbox(sent, _OUTBOX_BATCH)
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
            await asyncio.sleep(1.0)
            with contextlib.suppress(Exception):  # a full disk is the committer's to report; this tries again
                await self._flush_refusals()
                self._metrics.write(self._data / "run" / "door.prom")
                if loop.time() - pruned > _PRUNE_EVERY_S:
                    pruned = loop.time()
                    await self._prune()

    async def _flush_refusals(self) -> None:
        if self._refused:
            counts, self._refused = self._refused, Counter()
            await self._committer.on_writer(lambda: self._log.refuse(counts))

    async def _prune(self) -> None:
        """Forget frames past retention, a few at a time, never one that work has yet to read."""
        reader = StoreReader(self._data / "store.db")
        before = times.now() - int(self._settings.retention.frames_d * times.DAY)
        try:
            while reader.place() >= await self._committer.on_writer(self._log.tail) + _PRUNE_BATCH:
                gone = await self._committer.on_writer(lambda: self._log.prune(before, _PRUNE_BATCH))
                if gone < _PRUNE_BATCH:
                    break
        finally:
            reader.close()
