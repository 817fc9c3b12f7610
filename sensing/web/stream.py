"""The live stream, as server-sent events. History and live are one loop over "rows after a seq", so nothing is missed or said twice.

    id: CURSOR            where this event ends: Last-Event-ID, or `cursor`, goes on from there
    data: [row, ...]      a JSON array, at most 1,000 rows
    event: skipped        data {"count": n}: the reader was more than 50,000 rows behind what is live, and goes on at the head

A reader that does not take its data is waited for (TCP tells us), it holds one page of ours and no snapshot; one that takes nothing for
five minutes is let go. History is never skipped.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

from msgspec.structs import replace
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from sensing import logs
from sensing.errors import UnreachableError
from sensing.store import cursor

from .alarmed import Alarmed, alarmed
from .answers import encode
from .ask import Ask
from .auth import TooManyError
from .desk import Desk
from .observations import read_cursor
from .pulse import pulse_of
from .selection import Selection, select

_log = logs.get("stream")
MOST = 1_000
"""Readers at once."""
PAGE = 1_000
LAG = 50_000
"""Rows behind the head at which a reader that was live is moved to it."""
_BATCH_S = 0.1
_HEARTBEAT_S = 15.0
_RECHECK_S = 2.0
_LOOK_UP_S = 0.5
_SEND_S = 300.0
_MOST_COUNTED = 100_000_000
_HEAD = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"x-accel-buffering", b"no")]


class Follower:
    """One reader's place in the store."""

    def __init__(
        self, desk: Desk, selection: Selection, position: int, *, follows: bool = False, within: Alarmed | None = None
    ) -> None:
        """follows: it is told of live and of whatever the demo plays now, not of one run. within: and of what events stand over."""
        self._desk, self._follows, self._within = desk, follows, within
        self._selection = selection
        self.position = position
        self.live = False
        self._full = False

    def turn(self) -> tuple[bytes, bool]:
        """The next event's bytes (b"" when there is nothing to say), and whether more is waiting. Blocks on the store."""
        if (
            self._follows and (runs := self._desk.runs("")) != self._selection.wanted.runs
        ):  # before rows are read: named before its first
            self._selection.wanted = replace(self._selection.wanted, runs=runs)
        wanted = self._selection.wanted
        with self._desk.stores.take() as store:
            head = store.head()
            if self.live and self._full:
                behind = store.behind(self.position, _MOST_COUNTED, wanted) - store.behind(head, _MOST_COUNTED, wanted)
                if behind > LAG:
                    self.position, self._full = head, False
                    return self._event({"count": behind}, b"event: skipped\n"), True
            rows = store.follow(self.position, PAGE, wanted)
        self._full = len(rows) == PAGE
        self.position = rows[-1]["seq"] if self._full else max([self.position, head, *(row["seq"] for row in rows[-1:])])
        if not self._full:
            self.live = True
        kept = self._selection.keep(rows)
        if self._within is not None:
            kept = self._within.keep(kept)
        for row in kept:
            del row["seq"]
        return self._event(kept) if kept else b"", self._full

    def heartbeat(self) -> bytes:
        """Says nothing, but where we are."""
        return b": heartbeat\nid: %s\n\n" % cursor(self.position).encode()

    def _event(self, data: Any, kind: bytes = b"") -> bytes:
        return b"%sid: %s\ndata: %s\n\n" % (kind, cursor(self.position).encode(), encode(data))


class EventStream(Response):
    """The answer to one reader, until it leaves, its token ends, or (`once`) the head is reached."""

    def __init__(self, follower: Follower, desk: Desk, allowed: Callable[[], bool], *, once: bool) -> None:
        super().__init__()
        self._follower = follower
        self._desk = desk
        self._allowed = allowed
        self._once = once

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        del scope
        await send({"type": "http.response.start", "status": 200, "headers": list(_HEAD)})
        self._desk.followers += 1
        following = asyncio.create_task(self._follow(send))
        leaving = asyncio.create_task(left(receive))
        try:
            await asyncio.wait((following, leaving), return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._desk.followers -= 1
            for task in (following, leaving):
                task.cancel()
            await asyncio.wait((following, leaving))
        if not following.cancelled() and (error := following.exception()) is not None:
            _log.warning("stream_ended", error=repr(error)[:200])
        with contextlib.suppress(OSError):
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _follow(self, send: Send) -> None:
        follower, pulse = self._follower, pulse_of(self._desk)
        now = pulse.loop.time
        said = checked = began = now()
        await _say(send, b"retry: 2000\n\n")
        more = moved = True
        while not self._desk.closing:
            if now() - checked > _RECHECK_S:
                checked = now()
                if not await pulse.in_thread(self._allowed):
                    return
            event = b""
            if more or moved:
                began = now()
                event, more = await pulse.in_thread(follower.turn)
            if not event and now() - said > _HEARTBEAT_S:
                event = follower.heartbeat()
            if event:
                await _say(send, event)
                said = now()
            if more:
                continue
            if self._once:
                return
            await asyncio.sleep(max(0.0, began + _BATCH_S - now()))
            moved = await pulse.beyond(follower.position, _LOOK_UP_S)


async def _say(send: Send, event: bytes) -> None:
    """Send, waiting as long as the other side takes. A side that takes nothing for minutes is gone: TimeoutError, an OSError."""
    async with asyncio.timeout(_SEND_S):
        await send({"type": "http.response.body", "body": event, "more_body": True})


async def left(receive: Receive) -> None:
    """Until the reader has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


def stream(desk: Desk, ask: Ask) -> EventStream:
    """Rows in the order of their commits, from `cursor` (or Last-Event-ID), from `since`, or from now. Raises UsageError,
    UnreachableError when too many follow already.
    """
    selection = select(desk, ask, served=False)
    since, once = ask.since(), ask.flag("once")
    text = ask.resume or ask.text("cursor")
    if desk.followers >= MOST:
        raise UnreachableError(f"{desk.followers} readers follow already", "close some, or try again in a minute")
    with desk.stores.take() as store:
        head = store.head()
        if text:
            position = min(read_cursor(text), head)
        else:
            position = head if since is None else store.seq_at(since)

    def allowed() -> bool:
        with contextlib.suppress(TooManyError):
            return desk.guard.identify(ask.bearer, ask.address, ask.cookie) == ask.identity  # another role or area: come in anew
        return False

    follower = Follower(desk, selection, position, follows=not ask.text("run"), within=alarmed(desk, ask))
    return EventStream(follower, desk, allowed, once=once)
