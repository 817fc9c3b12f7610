"""The beat of the live feed: one for all viewers of a process, ten times a second at most while somebody waits."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from msgspec.structs import replace

from sensing.web.desk import Desk
from sensing.web.pulse import Pulse, pulse_of
from sensing.web.stream import MOST

from .batches import Batches, TooOldError, encode
from .hub import Hub
from .position import Position
from .snapshot import head, hub_of, ledger
from .view import View

BATCH_S = 0.1
LOOK_UP_S = 0.5
_FIGURES_S = 1.0
_LEDGER_S = 2.0
_Place = tuple[View, Position | None, int]
"""Whom the same message is for: view, position, and which figures they have."""


class Viewer:
    """One reader: its view, how far it was told, and which figures it has."""

    def __init__(self, view: View, position: Position | None, *, once: bool = False) -> None:
        self.view = view
        self.position = position
        self.figures = 0
        self.once = once
        self.met = False
        self.next: asyncio.Future[bytes] | None = None

    def show(self, runs: tuple[str, ...]) -> None:
        """Look at these runs from now on."""
        if runs != self.view.runs:
            self.view = replace(self.view, runs=runs)


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
        self._joined_at, self._joining = 0.0, False

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
            groups: dict[_Place, list[Viewer]] = {}
            for viewer in self._waiting:
                groups.setdefault((viewer.view, viewer.position, viewer.figures), []).append(viewer)
            try:
                made = await pulse.in_thread(lambda: self._turn(list(groups)))  # noqa: B023 awaited here
            except Exception as error:  # noqa: BLE001 each viewer is told, and the beat goes on
                for viewer in list(self._waiting):
                    _settle(viewer, error)
                await asyncio.sleep(BATCH_S)
                continue
            for key, viewers in groups.items():
                message, position, number, runs = made[key]
                for viewer in viewers:
                    viewer.position, viewer.figures, viewer.met = position, number, True
                    viewer.show(runs)
                    if message or viewer.once:
                        _settle(viewer, message)
            await asyncio.sleep(max(0.0, began + BATCH_S - self.loop.time()))
            await self._news(pulse)

    async def _news(self, pulse: Pulse) -> None:
        """Wait for rows, for somebody new, or for a while."""
        waits = {
            self.loop.create_task(pulse.beyond(self.hub.position.seq, LOOK_UP_S)),
            self.loop.create_task(self._hurry.wait()),
        }
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waits:
                task.cancel()

    def _turn(self, asked: list[_Place]) -> dict[_Place, tuple[bytes, Position, int, tuple[str, ...]]]:
        """Message, new position, number of figures and the runs that are shown, for each of those who wait. Blocks on the store."""
        self._look_at_ledger()
        self._join({run for view, *_ in asked for run in view.runs})
        hub, made = self.hub, dict[_Place, tuple[bytes, Position, int, tuple[str, ...]]]()
        shown = tuple(self._desk.runs("") or ())  # before the store is read: a run of the demo is named before its first row
        with hub.lock:
            hub.refresh(tuple({run for view, *_ in asked for run in view.runs}))
            for view, position, number in asked:
                if view.follows and view.runs != shown:
                    reset = _reset("another run is shown", hub.position.of(shown))
                    made[view, position, number] = (reset, hub.position, number, shown)
                else:
                    made[view, position, number] = (*self._message(view, position, number), view.runs)
            return made

    def _message(self, view: View, position: Position | None, number: int) -> tuple[bytes, Position, int]:
        now = self.hub.position
        if position is None:
            return comment(now.of(view.runs)), now, number
        cities = [self.hub.cities[run] for run in view.runs]
        fresh, figures = self._kpi(view.wide)
        try:
            things, events = self._batches.since(view, cities, position)
        except TooOldError as error:
            return _reset(str(error), now.of(view.runs)), now, number
        joined, whole = self._batches.incidents(view, cities, position.board)
        if not things and not events and not joined and fresh == number and not whole:
            return b"", now, number
        told: dict[str, Any] = {"from": position.of(view.runs), "to": now.of(view.runs)}
        top = head(view, cities)
        told |= {"at": top["at"], "clock": top["clock"], "things": things, "events": events}
        if joined or whole:
            told |= {"incidents": joined, "incidents_whole": whole}
        if fresh != number:
            told["kpi"] = figures
        return _event(told, told["to"]), now, fresh

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

    def _join(self, runs: set[str]) -> None:
        """Have incidents derived beside the beat, a second after the last time at the earliest."""
        if (
            not self._joining
            and time.monotonic() - self._joined_at > _FIGURES_S
            and not self.hub.joined.knows(runs, self.hub.position.mark)
        ):
            self._joining = True
            self.loop.call_soon_threadsafe(self.loop.run_in_executor, None, self._joined, runs)

    def _joined(self, runs: set[str]) -> None:
        try:
            self.hub.join(runs)
        finally:
            self._joined_at, self._joining = time.monotonic(), False

    def _ask_ledger(self) -> None:
        asked = self.loop.run_in_executor(None, ledger, self._desk)
        asked.add_done_callback(lambda done: setattr(self, "_ledger", done.result()))


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


def _event(data: Any, cursor: str, kind: bytes = b"") -> bytes:
    return b"%sid: %s\ndata: %s\n\n" % (kind, cursor.encode(), encode(data))


def _reset(why: str, cursor: str) -> bytes:
    return _event({"why": why}, cursor, b"event: reset\n")


def comment(cursor: str) -> bytes:
    """Says nothing, but where we are."""
    return b": heartbeat\nid: %s\n\n" % cursor.encode()
