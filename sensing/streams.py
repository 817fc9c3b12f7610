"""What is remembered between frames: adapter state of streams, pending frames and their deadlines, and each run's own time.

All of it is committed with the batch that changed it, and read back after a crash.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import apsw
import msgspec

from .ledger import Account
from .model import Decoded, Frame, JsonState, Micros, Rejection, Source
from .store import Batch, Held, StateChange

NEVER = 1 << 62


class _Clock(msgspec.Struct):
    time: Micros


class Streams:
    """The memory of a worker, as the store has it. Make a new one after a transaction that failed."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._states: dict[str, StateChange] = {}
        for stream, source, state, deadline, received in connection.execute("SELECT * FROM states"):
            self._states[stream] = StateChange(
                stream, msgspec.json.decode(source, type=Source), json.loads(state), deadline, received
            )
        self._waiting = {place: Account(*account) for place, *account in connection.execute("SELECT * FROM pending")}
        self._clocks = dict(connection.execute("SELECT run, time FROM clocks"))
        self.next_deadline = NEVER
        self.reckon()

    def reckon(self) -> None:
        """Find the next deadline anew."""
        self.next_deadline = min((s.deadline for s in self._states.values() if s.deadline is not None), default=NEVER)

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
            if decoded.deadline is not None and decoded.deadline < self.next_deadline:
                self.next_deadline = decoded.deadline

    def tell(self, frame: Frame, batch: Batch) -> None:
        """A frame of the `clock` adapter, `{"time": microseconds}`: a run's time, which never goes back. Live time is the door's stamp."""
        run = frame.source.run
        try:
            told = msgspec.json.decode(frame.payload, type=_Clock).time
        except msgspec.DecodeError:
            return
        if run and told > self._clocks.get(run, 0):
            self._clocks[run] = batch.clocks[run] = told

    def now(self, run: str, received: Micros) -> Micros:
        """The time in a run: what its clock told, or the door's stamp where none did."""
        return self._clocks.get(run, received) if run else received

    def due(self, now: int) -> Iterator[tuple[str, Source, JsonState]]:
        """Streams whose deadline has passed."""
        for stream, change in list(self._states.items()):
            if change.deadline is not None and change.deadline <= now and change.state is not None:
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
