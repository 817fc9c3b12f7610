"""Knowing that the store has new rows: one cheap look every 25 ms for all followers together, and none when nobody follows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

import anyio
import anyio.to_thread

from .desk import Desk

_EVERY_S = 0.025
_THREADS = 8
"""Followers that read at once: a crowd of them never takes the threads that other requests need."""
Result = TypeVar("Result")


class Pulse:
    """Belongs to one event loop."""

    def __init__(self, desk: Desk) -> None:
        self.loop = asyncio.get_running_loop()
        self._desk = desk
        self._head = -1
        self._waiting = 0
        self._moved = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._limiter = anyio.CapacityLimiter(_THREADS)
        self._own = anyio.CapacityLimiter(1)

    async def in_thread(self, read: Callable[[], Result]) -> Result:
        """A follower's read of the store, off the event loop."""
        return await anyio.to_thread.run_sync(read, limiter=self._limiter)

    async def beyond(self, seq: int, timeout_s: float) -> bool:
        """Return True once the store's head is beyond a seq, False after a while."""
        self._waiting += 1
        if self._task is None or self._task.done():
            self._task = self.loop.create_task(self._watch())
        try:
            async with asyncio.timeout(timeout_s):
                while self._head <= seq:
                    await self._moved.wait()
            return True
        except TimeoutError:
            return False
        finally:
            self._waiting -= 1

    async def _watch(self) -> None:
        while self._waiting:
            head = await anyio.to_thread.run_sync(self._look, limiter=self._own)
            if head != self._head:
                self._head = head
                self._moved.set()
                self._moved = asyncio.Event()
            await asyncio.sleep(_EVERY_S)

    def _look(self) -> int:
        with self._desk.stores.take() as store:
            return store.head()


def pulse_of(desk: Desk) -> Pulse:
    """The pulse that followers of this desk share in the running event loop."""
    found = desk.pulse
    if not isinstance(found, Pulse) or found.loop is not asyncio.get_running_loop():
        found = desk.pulse = Pulse(desk)
    return found
