"""The forward path: frames from the log, one stage after the other, into one transaction with the cursor.

    log.read -> decode -> resolve -> observe (unit, datum, quality) -> ledger -> store.commit -> replies

A crash anywhere re-reads from the cursor and ends in the same store: nothing outside the transaction is remembered.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import Any

import apsw
from msgspec.structs import replace

from . import commands, failpoints, ledger, logs, times, topics
from .datastreams import Datastreams
from .decode import Decoder, Lane
from .editions import Editions
from .enrol import Enrolment
from .errors import Reason, SensingError
from .framelog import Log
from .inbox import Inbox
from .ledger import Account
from .metrics import Metrics
from .model import Decoded, Frame, JsonState, Reading, Rejection, Source, Thing
from .observe import observe
from .ports import Adapter, Directory
from .reobserve import Reobserver
from .rereading import WAITING
from .resolve import resolve
from .settings import Settings
from .store import JOINED, Batch, Fact, Held, Store
from .streams import Past, Streams

_log = logs.get("work")
_MOST_ROWS = 20_000
"""Rows after which a batch is committed, however few its frames: bounds memory and the time a commit takes."""
_REDELIVERY = 100_000  # how many places back the first delivery of a frame marked as duplicate is looked for


class Work:
    """One worker over the whole log. `step` does one batch; `worker.run` does them until told to stop."""

    def __init__(
        self, log: Log, store: Store, adapters: Mapping[str, Adapter], directory: Directory, settings: Settings,
        metrics: Metrics,
    ) -> None:  # fmt: skip
        self.log = log
        self.store = store
        self.directory = directory
        self.metrics = metrics
        self._settings = settings
        self._decoder = Decoder(adapters, directory)
        self.editions = Editions(store.connection)
        self._forgotten = False
        self._remember()
        self._version = directory.version()
        self._ahead = int(settings.work.clock_ahead_s * times.SECOND)

    def _remember(self) -> None:
        """What one frame leaves for the next, as the store has it."""
        self._streams = Streams(self.store.connection)
        self.datastreams = Datastreams(self.store)
        self.store.locate(self.datastreams.whereabouts)
        self._past = Past(self.log)
        self._inbox = Inbox(self.store.connection, self._settings.work.quarantine_limit)
        self._enrolment = Enrolment(self.store.connection, self.directory, self._settings.work.enrol_limit)
        self.editions.recall(self.store.connection)

    def step(self) -> int:
        """Read, process and commit one batch; returns how many frames it took (0 when the log has no more)."""
        if self._forgotten:
            self._forget()
        self._look_at_registry()
        frames = self.log.read(self.store.place(), self._settings.work.batch)
        done = 0
        while done < len(frames):
            try:
                done += self._batch(frames[done:])
            except (apsw.Error, SensingError):
                self._forget()
                raise
            except Exception as error:  # noqa: BLE001 one frame of these is poison: find it, and lose no other
                _log.error("batch_crashed", error=repr(error)[:200])
                self._forget()
                for frame in frames[done:]:
                    self._one(frame)
                done = len(frames)
        return done

    def _forget(self) -> None:
        """Begin anew from what the store has. A store that is away leaves it to the next step."""
        self._forgotten = True
        self.store.forget()
        self._remember()
        self._forgotten = False

    def tidy(self) -> None:
        """Forget what waits in quarantine of frames that the log has forgotten."""
        self._inbox.forget(self.log.tail())

    def _one(self, frame: Frame) -> None:
        """A frame in a batch of its own; when no stage or the store can bear it, a dead letter."""
        try:
            self._batch([frame])
        except (apsw.Error, SensingError):
            raise
        except Exception as error:  # noqa: BLE001 whatever it is, it must not stop the flow
            self._forget()
            lane, batch = self._decoder.lane(frame.source), Batch(place=frame.place)
            account = lane.account(frame.received, "")
            batch.tally.intake[account] = 1
            batch.tally.ended(account, "dead_lettered")
            self._hold(lane, frame, [Rejection(Reason.STORE_REJECTED, repr(error)[:200])], [], "dead_lettered", batch)
            self.commit(batch)

    def _look_at_registry(self) -> None:
        version = self.directory.version()
        if version != self._version:
            self._version = version
            self._decoder.refresh()
            self._enrolment.refresh()
            self.store.locate(self.datastreams.whereabouts)

    def _batch(self, frames: Sequence[Frame]) -> int:
        """Process frames from the front until the batch is full; commit it; returns how many it took."""
        batch = Batch()
        taken = 0
        for frame in frames:
            if frame.source.adapter == "command" and taken:
                break
            self.take(frame, batch)
            batch.place, batch.received = frame.place, max(batch.received, frame.received)
            taken += 1
            if frame.source.adapter == "command" or len(batch.rows) >= _MOST_ROWS:
                break
        self.commit(batch)
        return taken

    def commit(self, batch: Batch) -> None:
        """Commit a batch; what it says about streams becomes what we remember."""
        batch.in_service = lambda adapter, native: self.directory.find(adapter, native) is not None
        failpoints.reach("work.before_commit")
        self.store.commit(batch)
        failpoints.reach("work.after_commit")
        self.metrics.count("sensing_batches_stored_total")
        self.metrics.count("sensing_observations_stored_total", len(batch.rows))

    def take(self, frame: Frame, batch: Batch) -> None:
        """One frame through every stage."""
        source = frame.source
        lane = self._decoder.lane(source)
        counted = lane.account(frame.received, "")
        batch.tally.intake[counted] = batch.tally.intake.get(counted, 0) + 1
        if source.adapter == "clock":
            self._streams.tell(frame, batch)
        heard = self._streams.now(source, frame.received)
        if self._streams.is_due(source, heard):
            self._expire(source, frame.received, batch)
        if source.adapter == "command":
            batch.tally.ended(counted, "silent")
            self._look_at_registry()  # what was registered or dated before the command was given
            commands.obey(self, frame, batch)
            self._inbox.recount()
        elif source.kind != "up" or source.adapter == "clock":
            batch.tally.ended(counted, "silent")
            if source.kind == "status":
                batch.statuses.append((source.principal, source.run, source.origin, heard, frame.payload == b"offline"))
        else:
            state = self._streams.state(source.stream) if lane.stateful else None
            decoded = self._decoder.decode(lane, frame, state, heard)
            if lane.stateful:
                self._streams.keep(frame, decoded, state, batch)
            self._book(lane, frame, decoded, batch)

    def again(
        self, frame: Frame, batch: Batch, states: dict[str, JsonState | None], only: Collection[str] = ()
    ) -> tuple[str, str, Sequence[int]]:
        """A frame once more (redrive, accept, redecode): what it yields is stored, nothing is answered.

        Returns how it would count, on which device, and the earlier frames that it completed, which count alike. A part whose message
        goes on in a later frame is WAITING, and nothing of it is booked. states: what adapters remember between the frames of one
        command. only: native ids whose readings are wanted; () for all.
        """
        lane = self._decoder.lane(frame.source)
        stream = frame.source.stream
        decoded = self._decoder.decode(lane, frame, states.get(stream), self._past.at(frame))
        states[stream] = decoded.state
        if only:
            decoded.readings = [reading for reading in decoded.readings if reading.native in only]
        if decoded.waiting and not decoded.readings:
            return WAITING, "", ()
        decoded.replies, decoded.waiting = (), False
        decoded.errors = [error for error in decoded.errors if error.place is None]
        return *self._absorb(lane, frame, decoded, batch), decoded.settled

    def reobserver(self) -> Reobserver:
        """For frames whose device is configured otherwise now."""
        return Reobserver(self.log, self._decoder, self.directory, self._ahead)

    def recall(self, frame: Frame, states: dict[str, JsonState | None]) -> None:
        """Let adapters remember a frame as they did before the one that went on with it; nothing is booked."""
        stream = frame.source.stream
        lane, heard = self._decoder.lane(frame.source), self._past.at(frame)
        states[stream] = self._decoder.decode(lane, frame, states.get(stream), heard).state

    def _book(self, lane: Lane, frame: Frame, decoded: Decoded, batch: Batch) -> None:
        """Store what a frame said and enter it in the ledger, with the earlier frames that waited for it."""
        outcome, device = self._absorb(lane, frame, decoded, batch)
        account = lane.account(frame.received, device)
        batch.tally.ended(account, outcome)
        if outcome == "pending":
            self._streams.wait(frame.place, account, batch)
        for place in decoded.settled:
            earlier = self._streams.settle(place, outcome if outcome != "pending" else "silent", batch)
            if earlier is not None:
                self.hold_with(frame.place, place, earlier, batch)

    def hold_with(self, last: int, place: int, account: Account, batch: Batch) -> None:
        """Hold an earlier frame as the one is held that completed its message: the last part alone could never be read again."""
        for holds in (batch.dead, batch.quarantined):
            own = [held for held in holds if held.place == last and held.part < JOINED and (held.counted or held.native)]
            holds += [replace(held, place=place, part=last * JOINED + held.part, account=account) for held in own]

    def _absorb(self, lane: Lane, frame: Frame, decoded: Decoded, batch: Batch) -> tuple[str, str]:
        """Rows, holds, facts and replies of one decoded frame; returns (outcome, the device it is booked on)."""

        def find(lane: Lane, native: str) -> Thing | None:
            return self.directory.find(lane.source.adapter, native, frame.received) or self._enrolment.thing(
                lane, native, frame.received, batch
            )

        found = resolve(lane, decoded.readings, find)
        for thing, pairs in groupby(found.pairs, itemgetter(1)):
            self._observe(lane, frame, thing, [reading for reading, _ in pairs], batch)
        device = found.pairs[0][1].id if found.pairs else ""
        own = [error for error in decoded.errors if error.place is None]
        if found.unknown:
            self._inbox.admit(lane.source.principal, found)
        errors = [*own, *found.refused] if found.refused else own
        outcome = ledger.outcome(
            resolved=len(found.pairs), waiting=decoded.waiting, unknown=len(found.unknown), errors=len(errors)
        )
        if errors or found.unknown:
            self._hold(lane, frame, errors, found.unknown, outcome, batch)
        for error in decoded.errors:
            if error.place is not None:
                self._streams.give_up(error, batch)
        for reply in decoded.replies:
            batch.replies.append((lane.source.principal, topics.down(lane.source.adapter, lane.source.principal), reply.payload))
        for native, facts in groupby(decoded.facts, attrgetter("native")):
            owner = find(lane, native)
            if owner is not None and owner.owned_by(lane.source.principal):
                batch.facts += [
                    Fact(owner.id, lane.source.run, fact.key, fact.value, fact.time or lane.context.received, frame.place)
                    for fact in facts
                ]
        return outcome, device

    def _hold(self, lane: Lane, frame: Frame, errors: list[Any], unknown: list[str], outcome: str, batch: Batch) -> None:
        account = lane.account(frame.received, "")
        for part, error in enumerate(errors):
            counted = part == 0 and outcome == "dead_lettered"
            batch.dead.append(Held(frame.place, part, account, counted, error.reason, error.detail, error.offset, error.length))
            self.metrics.count("sensing_frames_rejected_total", reason=str(error.reason))
            _log.info("frame_rejected", frame=frame.place, reason=str(error.reason), detail=error.detail[:80])
        for part, native in enumerate(unknown):
            batch.quarantined.append(Held(frame.place, part, account, part == 0 and outcome == "quarantined", native=native))

    def _observe(self, lane: Lane, frame: Frame, thing: Thing, readings: Sequence[Reading], batch: Batch) -> None:
        """What readings of one thing say, as rows; further rows derived from the same reading are booked on nothing."""
        account, known = lane.account(frame.received, thing.id), self.datastreams.of(thing)
        edition = self.editions.rank(thing.id, batch)
        batch.tally.add(account, "readings", len(readings))
        for reading in readings:
            heard = self._first_heard(frame) if frame.duplicate and reading.time is None else lane.context.received
            observed = observe(reading, thing, heard, self._ahead, known.ways)
            if not observed:
                batch.tally.add(account, "unmapped")
            booked: Account | None = account
            for o in observed:
                o.generation |= edition
                batch.rows.append(self.datastreams.row(known, o, lane.source, frame.received, frame.place, heard, booked))
                booked = None

    def _first_heard(self, frame: Frame) -> int:
        """When a redelivered frame came first: what has no clock of its own keeps that time, and so is one row."""
        return self._past.at(self.log.twin(frame, _REDELIVERY) or frame)

    def _expire(self, teller: Source, received: int, batch: Batch) -> None:
        for stream, source, state in self._streams.due(teller, received):
            lane = self._decoder.lane(source)
            decoded = self._decoder.expire(lane, state, self._streams.now(source, received))
            frame = Frame(source, received, b"")
            self._streams.keep(frame, decoded, state, batch, stream)
            self._absorb(lane, frame, decoded, batch)
        self._streams.reckon()
