"""Frames of the log once more: through today's adapters, registry and configuration, storing nothing and answering nobody.

What a redrive or redecode would do is told by the same stages that would do it: decode, resolve, observe.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from sensing import ledger, times
from sensing.decode import Decoder, Lane
from sensing.framelog.sqlite import SqliteLog
from sensing.model import Frame, JsonState, Reading, Rejection, Span, Thing
from sensing.observe import Observed, observe
from sensing.ports import Directory
from sensing.resolve import resolve
from sensing.store.reader import StoreReader
from sensing.streams import Past

from .desk import Desk

_REDELIVERY = 100_000
"""How many places back the first delivery of a frame marked as duplicate is looked for; as `work` does."""


class Read(Struct):
    """What one frame says today. outcome: how the ledger would count it. waiting: its message has further parts."""

    outcome: str
    waiting: bool
    pairs: Sequence[tuple[Reading, Thing]]
    errors: Sequence[Rejection]


class Again:
    """Reads frames in the order of the log; what adapters remember is carried from frame to frame of a stream."""

    def __init__(self, desk: Desk, log: SqliteLog, store: StoreReader, directory: Directory) -> None:
        self._log, self._store, self._directory = log, store, directory
        self._decoder = Decoder(desk.adapters, directory)
        self._ahead = int(desk.settings.work.clock_ahead_s * times.SECOND)
        self._states: dict[str, JsonState | None] = {}
        self._past = Past(log)

    def read(self, frame: Frame) -> Read:
        """One frame. Never raises for what is in it."""
        lane = self._decoder.lane(frame.source)
        stream = frame.source.stream
        decoded = self._decoder.decode(lane, frame, self._states.get(stream), self._past.at(frame))
        self._states[stream] = decoded.state
        found = resolve(lane, decoded.readings, self._find)
        errors = [*(error for error in decoded.errors if error.place is None), *found.refused]
        outcome = ledger.outcome(
            resolved=len(found.pairs), waiting=decoded.waiting, unknown=len(found.unknown), errors=len(errors)
        )
        return Read(outcome, decoded.waiting, found.pairs, errors)

    def observed(self, frame: Frame, reading: Reading, thing: Thing) -> Sequence[Observed]:
        """What a reading would be stored as."""
        twin = self._log.twin(frame, _REDELIVERY) if reading.time is None and frame.duplicate else None
        return observe(reading, thing, self._past.at(twin or frame), self._ahead)

    def _find(self, lane: Lane, native: str) -> Thing | None:
        """A registered thing, or one that enrolled itself."""
        adapter = lane.source.adapter
        found = self._directory.find(adapter, native, lane.received)
        if found is None and lane.enrols:
            name = lane.adapter.thing_id(native)
            known = self._store.enrolled(name)
            found = self._directory.newcomer(known[0], name, known[1], known[2]) if known else None
        return found


def annotated(desk: Desk, directory: Directory, frame: Frame) -> list[dict[str, Any]] | None:
    """The frame byte by byte, as JSON, with the settings of its devices; None when its adapter cannot tell."""
    annotate = getattr(desk.adapters.get(frame.source.adapter), "annotate", None)
    if annotate is None:
        return None
    context = Decoder(desk.adapters, directory).lane(frame.source).context
    context.received, context.place = frame.received, frame.place
    return [_told(span) for span in annotate(frame.payload, context)]


def _told(span: Span) -> dict[str, Any]:
    meaning = {"zh": span.meaning[0], "en": span.meaning[1]}
    return {
        "offset": span.offset, "length": span.length, "name": span.name, "meaning": meaning, "value": span.value, "bad": span.bad,
    }  # fmt: skip
