"""GET /api/live: what has changed, as server-sent events, ten times a second at most.

One beat for all viewers of a process (beat.py): it refreshes the hub, and makes one message for each view and position among those who wait. A
viewer who does not take its message waits in its own send, holds nothing but that message, and costs the beat nothing; when it is back, the
next one tells all that has changed since its position. Nobody's slowness is anybody else's.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from sensing import logs
from sensing.errors import SensingError, UnreachableError
from sensing.web.ask import Ask
from sensing.web.auth import TooManyError
from sensing.web.desk import Desk
from sensing.web.pulse import pulse_of
from sensing.web.stream import MOST, left

from .beat import LOOK_UP_S, Viewer, beat_of, comment
from .position import read
from .view import view_of

_log = logs.get("live")
_HEARTBEAT_S = 15.0
_RECHECK_S = 2.0
_SEND_S = 300.0
_SLICE = 32_768
_HEAD = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"x-accel-buffering", b"no")]


class LiveFeed(Response):
    """The answer to one viewer, until it leaves, its rights end, or (`once`) there is nothing more to tell."""

    def __init__(self, desk: Desk, viewer: Viewer, allowed: Callable[[], bool]) -> None:
        super().__init__()
        self._desk = desk
        self._viewer = viewer
        self._allowed = allowed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        del scope
        await send({"type": "http.response.start", "status": 200, "headers": list(_HEAD)})
        self._desk.followers += 1
        telling, leaving = asyncio.create_task(self._tell(send)), asyncio.create_task(left(receive))
        try:
            await asyncio.wait((telling, leaving), return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._desk.followers -= 1
            for task in (telling, leaving):
                task.cancel()
            await asyncio.wait((telling, leaving))
        if not telling.cancelled() and (error := telling.exception()) is not None:
            _log.warning("feed_ended", error=repr(error)[:200])
        with contextlib.suppress(OSError):
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _tell(self, send: Send) -> None:
        beat, viewer = beat_of(self._desk), self._viewer
        now, checked = beat.loop.time, beat.loop.time()
        said = now()
        await _say(send, b"retry: 1000\n\n")
        resumed = viewer.position is not None
        if viewer.once:
            await pulse_of(self._desk).in_thread(lambda: beat.hub.join(viewer.view.runs))
        while not self._desk.closing:
            if now() - checked > _RECHECK_S:
                checked = now()
                if not await pulse_of(self._desk).in_thread(self._allowed):
                    return
            message = b""
            with contextlib.suppress(TimeoutError, SensingError):
                async with asyncio.timeout(LOOK_UP_S + 1.0 if not viewer.once else _HEARTBEAT_S):
                    message = await beat.next(viewer)
            if not message and now() - said > _HEARTBEAT_S and viewer.position is not None:
                message = comment(viewer.position.of(viewer.view.runs))
            if message:
                await _say(send, message)
                said = now()
            if viewer.once and (not message or not resumed):
                return


def live(desk: Desk, ask: Ask) -> LiveFeed:
    """What changes, from `cursor` (or Last-Event-ID), or from now. Raises UsageError, UnreachableError when too many follow already."""
    view, text = view_of(desk, ask), ask.resume or ask.text("cursor")
    position = read(text, view.runs) if text else None
    if desk.followers >= MOST:
        raise UnreachableError(f"{desk.followers} readers follow already", "close some, or try again in a minute")

    def allowed() -> bool:
        with contextlib.suppress(TooManyError):
            return desk.guard.identify(ask.bearer, ask.address, ask.cookie) == ask.identity  # another role or area: come in anew
        return False

    return LiveFeed(desk, Viewer(view, position, once=ask.flag("once")), allowed)


async def _say(send: Send, message: bytes) -> None:
    """Send, waiting as long as the other side takes. A side that takes nothing for minutes is gone: TimeoutError, an OSError.

    In slices: what is not sent yet is the message itself, which viewers of one view share, and not a copy in each one's buffers.
    """
    for start in range(0, len(message), _SLICE):
        async with asyncio.timeout(_SEND_S):
            await send({"type": "http.response.body", "body": message[start : start + _SLICE], "more_body": True})
