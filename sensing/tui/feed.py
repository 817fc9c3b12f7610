"""Follows the live city in a thread of its own: a snapshot, then the feed, and again after the service was away."""

from __future__ import annotations

import contextlib
import json
import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

from sensing.cli.client import Client
from sensing.cli.sse import events
from sensing.errors import SensingError

Connect = Callable[[], AbstractContextManager[Client]]
_PAUSES_S = (0.2, 0.5, 1.0, 2.0)
_QUEUED = 256


class Told(NamedTuple):
    """kind: `snapshot` or `batch` (body as docs/live.md has it), `lost` (body: why), `refused` (body: the error that ends it)."""

    kind: str
    body: Any = None


class Follower:
    """One feed. `taken` gives what came since; whoever does not take it makes the feed wait."""

    def __init__(self, connect: Connect, run: str | None = None) -> None:
        self._connect, self._run = connect, run
        self._told: queue.Queue[Told] = queue.Queue(_QUEUED)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="watch-feed", daemon=True)
        self._thread.start()

    def taken(self) -> Iterator[Told]:
        """Everything that waits."""
        while True:
            try:
                yield self._told.get_nowait()
            except queue.Empty:
                return

    def close(self) -> None:
        """Want no more."""
        self._stop.set()

    def _put(self, told: Told) -> None:
        while not self._stop.is_set():
            with contextlib.suppress(queue.Full):
                self._told.put(told, timeout=0.2)
                break

    def _follow(self) -> None:
        tries, answered = 0, False
        while not self._stop.is_set():
            try:
                with self._connect() as client:
                    for told in self._read(client):
                        answered, tries = True, 0
                        self._put(told)
                        if self._stop.is_set():
                            return
            except SensingError as error:
                if not answered:
                    self._put(Told("refused", error))
                    return
                self._put(Told("lost", error.what))
            self._stop.wait(_PAUSES_S[min(tries, len(_PAUSES_S) - 1)])
            tries += 1

    def _read(self, client: Client) -> Iterator[Told]:
        while not self._stop.is_set():
            snapshot = client.get("/api/map", run=self._run)
            yield Told("snapshot", snapshot)
            with client.stream("/api/live", {"run": self._run}, snapshot["cursor"]) as lines:
                for name, _, body in events(lines):
                    if name == "reset":
                        break
                    if name == "message":
                        yield Told("batch", json.loads(body))
                else:
                    return
