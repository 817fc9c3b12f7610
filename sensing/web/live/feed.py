"""GET /api/live: what has changed, as server-sent events, ten times a second at most.

One beat for all viewers of a process: it refreshes the hub, and makes one message for each view and position among those who wait. A
viewer who does not take its message waits in its own send, holds nothing but that message, and costs the beat nothing; when it is back, the
next one tells all that has changed since its position. Nobody's slowness is anybody else's.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from sensing import logs
from sensing.errors import SensingError, UnreachableError
from sensing.web.ask import Ask
from sensing.web.auth import TooManyError
from sensing.web.desk import Desk
from sensing.web.pulse import Pulse, pulse_of
from sensing.web.stream import MOST

from .batches import Batches, TooOldError, encode
from .hub import Hub
from .position import Position, read
from .snapshot import head, hub_of, ledger
from .view import View, view_of

_log = logs.get("live")
_BATCH_S = 0.1
_LOOK_UP_S = 0.5
_FIGURES_S = 1.0
_LEDGER_S = 2.0
_HEARTBEAT_S = 15.0
_RECHECK_S = 2.0
_SEND_S = 300.0
_SLICE = 32_768
_HEAD = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"x-accel-buffering", b"no")]


class Viewer:
    """One reader: its view, how far it was told, and which figures it has."""

    def __init__(self, view: View, position: Position | None, *, once: bool = False) -> None:
        self.view = view
        self.position = position
        self.figures = 0
        self.once = once
        self.met = False
        self.next: asyncio.Future[bytes] | None = None


class Beat:
    """Belongs to one event loop; beats while somebody waits."""

    def __init__(self, desk: Desk) -> None:
        self.loop = asyncio.get_running_loop()
        self.hub: Hub = hub_of(desk)
        self._desk = desk
        self._batches = Batches(self.hub)
        self._waiting: set[Viewer] = set()
        self._task: asyncio.Task[None] | None = None
        self._hurry = asyncio.Event()
        self._figures: dict[View, tuple[int, float, dict[str, Any]]] = {}
        self._numbers = 0
        self._ledger = "unknown"
        self._balanced_at = 0.0

    async def next(self, viewer: Viewer) -> bytes:
        """The next message for a viewer; b"" when there was none in a while. Raises SensingError when the store does not answer."""
        viewer.next = self.loop.create_future()
        self._waiting.add(viewer)
        if viewer.once or not viewer.met:
            self._hurry.set()
        if self._task is None or self._task.done():
            self._task = self.loop.create_task(self._run())
        try:
            return await viewer.next
        finally:
            self._waiting.discard(viewer)

    async def _run(self) -> None:
        pulse = pulse_of(self._desk)
        while self._waiting:
            began = self.loop.time()
            self._hurry.clear()
            groups: dict[tuple[View, Position | None, int], list[Viewer]] = {}
            for viewer in self._waiting:
                groups.setdefault((viewer.view, viewer.position, viewer.figures), []).append(viewer)
            try:
                made = await pulse.in_thread(lambda: self._turn(list(groups)))  # noqa: B023 awaited here
            except Exception as error:  # noqa: BLE001 each viewer is told, and the beat goes on
                for viewer in list(self._waiting):
                    _settle(viewer, error)
                await asyncio.sleep(_BATCH_S)
                continue
            for key, viewers in groups.items():
                message, position, number = made[key]
                for viewer in viewers:
                    viewer.position, viewer.figures, viewer.met = position, number, True
                    if message or viewer.once:
                        _settle(viewer, message)
            await asyncio.sleep(max(0.0, began + _BATCH_S - self.loop.time()))
            await self._news(pulse)

    async def _news(self, pulse: Pulse) -> None:
        """Wait for rows, for somebody new, or for a while."""
        waits = {
            self.loop.create_task(pulse.beyond(self.hub.position.seq, _LOOK_UP_S)),
            self.loop.create_task(self._hurry.wait()),
        }
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waits:
                task.cancel()

    def _turn(self, asked: list[tuple[View, Position | None, int]]) -> dict[Any, tuple[bytes, Position, int]]:
        """Message, new position and number of figures for each of those who wait. Blocks on the store."""
        self._look_at_ledger()
        hub, made = self.hub, {}
        with hub.lock:
            hub.refresh(tuple({run for view, *_ in asked for run in view.runs}))
            for view, position, number in asked:
                made[view, position, number] = self._message(view, position, number)
            return made

    def _message(self, view: View, position: Position | None, number: int) -> tuple[bytes, Position, int]:
        now = self.hub.position
        if position is None:
            return _comment(now), now, number
        cities = [self.hub.cities[run] for run in view.runs]
        fresh, figures = self._kpi(view.wide)
        try:
            things, events = self._batches.since(view, cities, position)
        except TooOldError as error:
            return _event({"why": str(error)}, now, b"event: reset\n"), now, number
        if not things and not events and fresh == number:
            return b"", now, number
        told: dict[str, Any] = {"from": str(position), "to": str(now)}
        top = head(view, cities)
        told |= {"at": top["at"], "clock": top["clock"], "things": things, "events": events}
        if fresh != number:
            told["kpi"] = figures
        return _event(told, now), now, fresh

    def _kpi(self, view: View) -> tuple[int, dict[str, Any]]:
        number, at, figures = self._figures.get(view, (0, -_FIGURES_S, {}))
        if time.monotonic() - at < _FIGURES_S:
            return number, figures
        found = self._batches.kpi(view, [self.hub.cities[run] for run in view.runs], self._ledger)
        if found != figures:
            self._numbers += 1
            number = self._numbers
        if len(self._figures) > MOST:
            self._figures.clear()
        self._figures[view] = (number, time.monotonic(), found)
        return number, found

    def _look_at_ledger(self) -> None:
        if time.monotonic() - self._balanced_at > _LEDGER_S:
            self._balanced_at = time.monotonic()
            self.loop.call_soon_threadsafe(self._ask_ledger)

    def _ask_ledger(self) -> None:
        asked = self.loop.run_in_executor(None, ledger, self._desk)
        asked.add_done_callback(lambda done: setattr(self, "_ledger", done.result()))


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
        telling, leaving = asyncio.create_task(self._tell(send)), asyncio.create_task(_left(receive))
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
        while not self._desk.closing:
            if now() - checked > _RECHECK_S:
                checked = now()
                if not await pulse_of(self._desk).in_thread(self._allowed):
                    return
            message = b""
            with contextlib.suppress(TimeoutError, SensingError):
                async with asyncio.timeout(_LOOK_UP_S + 1.0 if not viewer.once else _HEARTBEAT_S):
                    message = await beat.next(viewer)
            if not message and now() - said > _HEARTBEAT_S and viewer.position is not None:
                message = _comment(viewer.position)
            if message:
                await _say(send, message)
                said = now()
            if viewer.once and (not message or not resumed):
                return


def live(desk: Desk, ask: Ask) -> LiveFeed:
    """What changes, from `cursor` (or Last-Event-ID), or from now. Raises UsageError, UnreachableError when too many follow already."""
    view, text = view_of(desk, ask), ask.resume or ask.text("cursor")
    position = read(text) if text else None
    if desk.followers >= MOST:
        raise UnreachableError(f"{desk.followers} readers follow already", "close some, or try again in a minute")

    def allowed() -> bool:
        with contextlib.suppress(TooManyError):
            return desk.guard.identify(ask.bearer, ask.address, ask.cookie) == ask.identity  # another role or area: come in anew
        return False

    return LiveFeed(desk, Viewer(view, position, once=ask.flag("once")), allowed)


def beat_of(desk: Desk) -> Beat:
    """The beat that viewers share in the running event loop."""
    found = desk.beat
    if not isinstance(found, Beat) or found.loop is not asyncio.get_running_loop():
        found = desk.beat = Beat(desk)
    return found


def _settle(viewer: Viewer, result: bytes | Exception) -> None:
    if viewer.next is not None and not viewer.next.done():
        if isinstance(result, bytes):
            viewer.next.set_result(result)
        else:
            viewer.next.set_exception(result)


def _event(data: Any, position: Position, kind: bytes = b"") -> bytes:
    return b"%sid: %s\ndata: %s\n\n" % (kind, str(position).encode(), encode(data))


def _comment(position: Position) -> bytes:
    """Says nothing, but where we are."""
    return b": heartbeat\nid: %s\n\n" % str(position).encode()


async def _say(send: Send, message: bytes) -> None:
    """Send, waiting as long as the other side takes. A side that takes nothing for minutes is gone: TimeoutError, an OSError.

    In slices: what is not sent yet is the message itself, which viewers of one view share, and not a copy in each one's buffers.
    """
    for start in range(0, len(message), _SLICE):
        async with asyncio.timeout(_SEND_S):
            await send({"type": "http.response.body", "body": message[start : start + _SLICE], "more_body": True})


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
