"""A feed of observations that outlives the service's restarts: it goes on after the last cursor it saw, without gap or duplicate."""

from __future__ import annotations

import contextlib
import json
import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

from sensing.errors import SensingError, UnreachableError
from sensing.times import now, rfc3339

from .client import Client

Connect = Callable[[], AbstractContextManager[Client]]
_QUEUED = 64
_PATIENCE_S = 600.0
_PAUSES_S = (0.2, 0.5, 1.0, 2.0)


class Event(NamedTuple):
    """kind: `rows` (a list), `skipped` (how many), `lost` and `back` (the connection), `end`, or `failed` (an error)."""

    kind: str
    body: Any = None


def events(lines: Iterator[str]) -> Iterator[tuple[str, str, str]]:
    """(event, id, data) of server-sent events (WHATWG HTML, section 9.2.6); event `id` carries nothing but where we are."""
    name, identity, body = "message", "", list[str]()
    for line in lines:
        if not line:
            yield (name if body else "id"), identity, "\n".join(body)
            name, body = "message", []
            continue
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "data":
            body.append(value)
        elif field == "event":
            name = value
        elif field == "id":
            identity = value


class Feed:
    """Reads in a thread of its own, so that whoever prints can be on time with `--for` and Ctrl-C."""

    def __init__(self, connect: Connect, params: Mapping[str, Any], *, once: bool) -> None:
        self._connect = connect
        self._params = dict(params)
        self._once = once
        self._after = ""
        self._answered = ""
        self._queue: queue.Queue[Event] = queue.Queue(_QUEUED)
        self._stop = threading.Event()
        threading.Thread(target=self._run, name="feed", daemon=True).start()

    def next(self, timeout_s: float | None) -> Event | None:
        """The next event; None when none came in time. Raises what made the feed end."""
        try:
            event = self._queue.get(timeout=timeout_s)
        except queue.Empty:
            return None
        if event.kind == "failed":
            raise event.body
        return event

    def close(self) -> None:
        """Want no more."""
        self._stop.set()

    def _put(self, event: Event) -> None:
        while not self._stop.is_set():
            with contextlib.suppress(queue.Full):
                self._queue.put(event, timeout=0.2)
                break

    def _run(self) -> None:
        lost_at, tries = 0.0, 0
        while not self._stop.is_set():
            try:
                for event in self._read():
                    if lost_at:
                        self._put(Event("back"))
                        lost_at, tries = 0.0, 0
                    if event is not None:
                        self._put(event)
                if self._once:
                    return self._put(Event("end"))
            except UnreachableError as error:
                if not self._answered:
                    return self._put(Event("failed", error))  # say so at once
                if lost_at and time.monotonic() - lost_at > _PATIENCE_S:
                    return self._put(Event("failed", error))
            except SensingError as error:
                return self._put(Event("failed", error))
            except Exception as error:  # noqa: BLE001 whatever ends the feed must reach whoever waits for it
                return self._put(Event("failed", error))
            if not lost_at:
                lost_at = time.monotonic()
                self._put(Event("lost"))
            self._stop.wait(_PAUSES_S[min(tries, len(_PAUSES_S) - 1)])
            tries += 1
        return None

    def _read(self) -> Iterator[Event | None]:
        """One connection's events; the first is None, as soon as the service has answered."""
        params = self._params
        if self._after:
            params = {name: value for name, value in params.items() if name not in {"since", "cursor"}}
        elif self._answered:
            params = params | {"since": params.get("since") or self._answered}
        with self._connect() as client, client.stream("/api/stream", params, self._after) as lines:
            self._answered = self._answered or rfc3339(now())
            yield None
            for name, identity, body in events(lines):
                self._after = identity or self._after
                if name == "skipped":
                    yield Event("skipped", int(json.loads(body).get("count", 0)))
                elif name == "message":
                    yield Event("rows", json.loads(body))
