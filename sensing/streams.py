"""What is remembered between frames: adapter state of streams, pending frames and their deadlines, and each run's own time.

All of it is committed with the batch that changed it, and read back after a crash.

A run's time is told by frames of the `clock` adapter. What a principal sent is dated by the last one that the same principal sent before
it: their order is that of one connection, so the answer is the same at any speed (docs/decisions/0008). It may go back, when a
gateway sends again what was not acknowledged. A run's newest time never does; it dates those who tell none. Live, and in a run
where nobody tells the time, it is the door's stamp.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import apsw
import msgspec

from .framelog import Log
from .ledger import Account
from .model import Decoded, Frame, JsonState, Micros, Rejection, Source
from .store import Batch, Held, StateChange

NEVER = 1 << 62
_Line = tuple[str, str]
"""(run, principal); ("", "") are all that go by the door's stamp."""
_STAMPED: _Line = ("", "")
_LOOK_BACK = 20_000
"""Frames before a place in which its principal's clock is looked for; gateways tell the time each virtual minute."""


_BETWEEN = "|"
"""In the key of a principal's clock, beside the run's own: neither id can hold it."""


class _Clock(msgspec.Struct):
    time: Micros


def told_by(frame: Frame) -> Micros | None:
    """What a frame of the `clock` adapter tells; None when it tells nothing."""
    try:
        return msgspec.json.decode(frame.payload, type=_Clock).time
    except msgspec.DecodeError:
        return None


class Streams:
    """The memory of a worker, as the store has it. Make a new one after a transaction that failed."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._states: dict[str, StateChange] = {}
        for stream, source, state, deadline, received in connection.execute("SELECT * FROM states"):
            self._states[stream] = StateChange(
                stream, msgspec.json.decode(source, type=Source), json.loads(state), deadline, received
            )
        self._waiting = {place: Account(*account) for place, *account in connection.execute("SELECT * FROM pending")}
        self._clocks: dict[str, Micros] = {}
        self._told: dict[_Line, Micros] = {}
        for name, time in connection.execute("SELECT run, time FROM clocks"):
            run, _, principal = str(name).partition(_BETWEEN)
            if principal:
                self._told[run, principal] = int(str(time))
            else:
                self._clocks[run] = int(str(time))
        self._due: dict[_Line, Micros] = {}
        self.reckon()

    def reckon(self) -> None:
        """Find the next deadlines anew."""
        self._due.clear()
        for change in self._states.values():
            self._await(change)

    def _await(self, change: StateChange) -> None:
        if change.deadline is not None:
            line = self._line(change.source)
            self._due[line] = min(change.deadline, self._due.get(line, NEVER))

    def _line(self, source: Source) -> _Line:
        return (source.run, source.principal) if source.run in self._clocks else _STAMPED

    def state(self, stream: str) -> JsonState | None:
        """The adapter's state of a stream."""
        found = self._states.get(stream)
        return found.state if found is not None else None

    def keep(self, frame: Frame, decoded: Decoded, before: JsonState | None, batch: Batch, stream: str = "") -> None:
        """Remember what an adapter wants remembered, and have it committed."""
        if decoded.state is None and before is None:
            return
        key = stream or frame.source.stream
        change = StateChange(key, frame.source, decoded.state, decoded.deadline, frame.received)
        batch.states[key] = change
        if decoded.state is None:
            self._states.pop(key, None)
        else:
            self._states[key] = change
            self._await(change)

    def tell(self, frame: Frame, batch: Batch) -> None:
        """A frame of the `clock` adapter, `{"time": microseconds}`. Those of live credentials say nothing."""
        run, told = frame.source.run, told_by(frame)
        if not run or told is None:
            return
        line = (run, frame.source.principal)
        self._told[line] = batch.clocks[_BETWEEN.join(line)] = told
        newest = self._clocks.get(run)
        if newest is None or told > newest:
            self._clocks[run] = batch.clocks[run] = told
        if newest is None:
            self.reckon()

    def now(self, source: Source, received: Micros) -> Micros:
        """When a frame that the door stamped `received` was received, by the clock of its run."""
        run = source.run
        if not run:
            return received
        told = self._told.get((run, source.principal))
        return self._clocks.get(run, received) if told is None else told

    def is_due(self, source: Source, now: Micros) -> bool:
        """Whether somebody who goes by the same clock as a frame's sender has waited too long at `now`."""
        return bool(self._due) and now >= self._due.get(self._line(source), NEVER)

    def due(self, teller: Source, received: Micros) -> Iterator[tuple[str, Source, JsonState]]:
        """Streams that go by the same clock as `teller` and whose deadline has passed."""
        line = self._line(teller)
        for stream, change in list(self._states.items()):
            if change.deadline is None or change.state is None or self._line(change.source) != line:
                continue
            if change.deadline <= self.now(change.source, received):
                yield stream, change.source, change.state

    def wait(self, place: int, account: Account, batch: Batch) -> None:
        """A frame is booked as pending."""
        self._waiting[place] = account
        batch.pending.append(Held(place, 0, account, counted=True))

    def settle(self, place: int, outcome: str, batch: Batch) -> Account | None:
        """A pending frame ended as the frame that completed it did; returns what it is booked on, None when it was not pending."""
        account = self._waiting.pop(place, None)
        if account is not None:
            batch.tally.moved(account, "pending", outcome)
            batch.settled.append(place)
        return account

    def give_up(self, error: Rejection, batch: Batch) -> None:
        """A pending frame ended badly: its other parts never came."""
        account = self._waiting.pop(error.place or 0, None)
        if account is None:
            return
        batch.tally.moved(account, "pending", "dead_lettered")
        batch.settled.append(error.place or 0)
        batch.dead.append(Held(error.place or 0, 0, account, True, error.reason, error.detail, error.offset, error.length))


class Past:
    """When frames of the log were received by the clocks of their runs, found in the log itself: for what is read once more.

    Frames that are asked for in order are read once; one that lies elsewhere costs a look at the `_LOOK_BACK` before it.
    """

    def __init__(self, log: Log) -> None:
        self._log = log
        self._upto = 0
        self._told: dict[_Line, Micros] = {}
        self._newest: dict[str, Micros] = {}

    def at(self, frame: Frame) -> Micros:
        """As `Streams.now` said when the frame was worked; the door's stamp when no clock is found."""
        source = frame.source
        if not source.run:
            return frame.received
        if not self._upto < frame.place <= self._upto + _LOOK_BACK:
            self._told.clear()
            self._newest.clear()
            self._upto = max(0, frame.place - 1 - _LOOK_BACK)
        for each in self._log.read(self._upto, frame.place - 1 - self._upto) if frame.place - 1 > self._upto else ():
            if each.place >= frame.place:
                break
            self._note(each)
        self._upto = max(self._upto, frame.place - 1)
        return self._told.get((source.run, source.principal), self._newest.get(source.run, frame.received))

    def _note(self, frame: Frame) -> None:
        source = frame.source
        if source.adapter == "clock" and source.run and (told := told_by(frame)) is not None:
            self._told[source.run, source.principal] = told
            self._newest[source.run] = max(told, self._newest.get(source.run, told))
