"""The forward path: frames from the log, one stage after the other, into one transaction with the cursor.

    log.read -> decode -> resolve -> observe (unit, datum, quality) -> ledger -> store.commit -> replies

A crash anywhere re-reads from the cursor and ends in the same store: nothing outside the transaction is remembered.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import apsw
from msgspec.structs import replace

from . import commands, failpoints, ledger, logs, times, topics
from .decode import Decoder, Lane
from .enrol import Enrolment
from .errors import Reason, SensingError
from .framelog import Log
from .ledger import Account
from .metrics import Metrics
from .model import Decoded, Frame, JsonState, QualityReason, Reading, Thing
from .observe import observe
from .ports import Adapter, Directory
from .resolve import resolve
from .settings import Settings
from .store import JOINED, Batch, Fact, Held, Row, SeriesKey
from .store.sqlite import SqliteStore
from .streams import Streams

_log = logs.get("work")
_MOST_ROWS = 20_000
"""Rows after which a batch is committed however few frames it took: bounds memory and the time a commit takes."""
_REDELIVERY = 100_000
"""How many places back the first delivery of a frame marked as duplicate is looked for."""
_CONFIGURATION_BITS = 16
"""A row's generation is its thing's edition, then the number of the configuration it was observed with."""
_REASONS = {reason: number for number, reason in enumerate(QualityReason)}
_NOT_CURRENT = (QualityReason.CLOCK, QualityReason.TEST)


class Work:
    """One worker over the whole log. `step` does one batch; `worker.run` does them until told to stop."""

    def __init__(
        self, log: Log, store: SqliteStore, adapters: Mapping[str, Adapter], directory: Directory, settings: Settings,
        metrics: Metrics,
    ) -> None:  # fmt: skip
        self.log = log
        self.store = store
        self.directory = directory
        self.metrics = metrics
        self._settings = settings
        self._decoder = Decoder(adapters, directory)
        self._remember()
        self._version = directory.version()
        self._mending = 0
        self._ahead = int(settings.work.clock_ahead_s * times.SECOND)

    def _remember(self) -> None:
        """What one frame leaves for the next, as the store has it."""
        self._streams = Streams(self.store.connection)
        self._enrolment = Enrolment(self.store.connection, self.directory, self._settings.work.enrol_limit)
        self._editions: dict[str, int] = dict(self.store.connection.execute("SELECT thing, edition FROM editions"))

    def step(self) -> int:
        """Read, process and commit one batch; returns how many frames it took (0 when the log has no more)."""
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
        self.store.forget()
        self._remember()

    def _one(self, frame: Frame) -> None:
        """A frame in a batch of its own; when no stage or the store can bear it, a dead letter."""
        try:
            self._batch([frame])
        except (apsw.Error, SensingError):
            raise
        except Exception as error:  # noqa: BLE001 whatever it is, it must not stop the flow
            self._forget()
            account = self._decoder.lane(frame.source).account(frame.received, "")
            held = Held(frame.place, 0, account, True, Reason.STORE_REJECTED, repr(error)[:200])
            batch = Batch(place=frame.place, dead=[held])
            batch.tally.intake[account] = 1
            batch.tally.ended(account, "dead_lettered")
            _log.error("frame_rejected", frame=frame.place, reason=str(Reason.STORE_REJECTED), error=repr(error)[:200])
            self.commit(batch)

    def _look_at_registry(self) -> None:
        version = self.directory.version()
        if version != self._version:
            self._version = version
            self._decoder.refresh()
            self._enrolment.refresh()

    def _batch(self, frames: Sequence[Frame]) -> int:
        """Process frames from the front until the batch is full; commit it; returns how many it took."""
        batch = Batch()
        taken = 0
        for frame in frames:
            if frame.source.adapter == "command" and taken:
                break
            self.take(frame, batch)
            batch.place = frame.place
            taken += 1
            if frame.source.adapter == "command" or len(batch.rows) >= _MOST_ROWS:
                break
        self.commit(batch)
        return taken

    def commit(self, batch: Batch) -> None:
        """Commit a batch; what it says about streams becomes what we remember."""
        failpoints.reach("work.before_commit")
        self.store.commit(batch)
        failpoints.reach("work.after_commit")
        self.metrics.count("sensing_batches_stored_total")
        self.metrics.count("sensing_observations_stored_total", len(batch.rows))

    @contextlib.contextmanager
    def mending(self, place: int) -> Iterator[None]:
        """While it lasts, what is read of a thing outranks all that was read of it before, for good: a new edition by `place`."""
        self._mending = place
        try:
            yield
        finally:
            self._mending = 0

    def _edition(self, thing: str, batch: Batch) -> int:
        if self._mending > self._editions.get(thing, 0):
            self._editions[thing] = batch.editions[thing] = self._mending
        return self._editions.get(thing, 0) << _CONFIGURATION_BITS

    def take(self, frame: Frame, batch: Batch) -> None:
        """One frame through every stage."""
        source = frame.source
        lane = self._decoder.lane(source)
        counted = lane.account(frame.received, "")
        batch.tally.intake[counted] = batch.tally.intake.get(counted, 0) + 1
        if frame.received >= self._streams.next_deadline:
            self._expire(frame.received, batch)
        if source.adapter == "command":
            batch.tally.ended(counted, "silent")
            commands.obey(self, frame, batch)
        elif source.kind != "up" or source.adapter == "clock":
            batch.tally.ended(counted, "silent")
            if source.adapter == "clock":
                self._streams.tell(frame, batch)
        else:
            state = self._streams.state(source.stream) if lane.stateful else None
            decoded = self._decoder.decode(lane, frame, state)
            if lane.stateful:
                self._streams.keep(frame, decoded, state, batch)
            self._book(lane, frame, decoded, batch)

    def again(self, frame: Frame, batch: Batch, states: dict[str, JsonState | None], only: str = "") -> tuple[str, Sequence[int]]:
        """A frame once more (redrive, accept, redecode): what it yields is stored, nothing is answered.

        Returns how it would count, and the earlier frames that it completed, which count alike. A part whose message goes on in a
        later frame is WAITING, and nothing of it is booked. states: what adapters remember between the frames of one command.
        only: the native id whose readings are wanted; "" for all.
        """
        lane = self._decoder.lane(frame.source)
        stream = frame.source.stream
        decoded = self._decoder.decode(lane, frame, states.get(stream))
        states[stream] = decoded.state
        if only:
            decoded.readings = [reading for reading in decoded.readings if reading.native == only]
        if decoded.waiting and not decoded.readings:
            return commands.WAITING, ()
        decoded.replies, decoded.waiting = (), False
        decoded.errors = [error for error in decoded.errors if error.place is None]
        return self._absorb(lane, frame, decoded, batch)[0], decoded.settled

    def recall(self, frame: Frame, states: dict[str, JsonState | None]) -> None:
        """Let adapters remember a frame as they did before the one that went on with it; nothing is booked."""
        stream = frame.source.stream
        states[stream] = self._decoder.decode(self._decoder.lane(frame.source), frame, states.get(stream)).state

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
            return self.directory.find(lane.source.adapter, native) or self._enrolment.thing(lane, native, frame.received, batch)

        found = resolve(lane, decoded.readings, find)
        for reading, thing in found.pairs:
            self._observe(lane, frame, reading, thing, batch)
        device = found.pairs[0][1].id if found.pairs else ""
        own = [error for error in decoded.errors if error.place is None]
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
        for fact in decoded.facts:
            owner = find(lane, fact.native)
            if owner is not None and owner.owned_by(lane.source.principal):
                batch.facts.append(
                    Fact(owner.id, lane.source.run, fact.key, fact.value, fact.time or frame.received, frame.place)
                )
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

    def _observe(self, lane: Lane, frame: Frame, reading: Reading, thing: Thing, batch: Batch) -> None:
        account = lane.account(frame.received, thing.id)
        batch.tally.add(account, "readings")
        received = self._first_received(frame) if reading.time is None and frame.duplicate else frame.received
        observed = observe(reading, thing, self._streams.now(lane.source.run, received), self._ahead)
        if not observed:
            batch.tally.add(account, "unmapped")
            return
        booked = account
        edition = self._edition(thing.id, batch)
        for o in observed:
            key = SeriesKey(thing.id, o.property, o.statistic, o.channel, lane.source.run)
            batch.rows.append(Row(
                self.store.series(key, lane.source.origin, o.unit), o.time, o.begin, o.result, o.quality,
                _REASONS[o.reason], o.revision, edition | o.generation, o.sent, o.rank, frame.received, frame.place, o.lon, o.lat,
                o.reason not in _NOT_CURRENT and (o.result is not None or o.lon is not None), booked, thing.shared))  # fmt: skip
            booked = None  # type: ignore[assignment]  # further rows are derived from the same reading

    def _first_received(self, frame: Frame) -> int:
        """When a redelivered frame came first: what has no clock of its own keeps that time, and so is one row."""
        twin = self.log.twin(frame, _REDELIVERY)
        return frame.received if twin is None else twin.received

    def _expire(self, now: int, batch: Batch) -> None:
        for stream, source, state in self._streams.due(now):
            lane = self._decoder.lane(source)
            decoded = self._decoder.expire(lane, state, now)
            frame = Frame(source, now, b"")
            self._streams.keep(frame, decoded, state, batch, stream)
            self._absorb(lane, frame, decoded, batch)
        self._streams.reckon()
