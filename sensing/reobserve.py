"""Observations of one device anew, after what was dated of it (zero, offset, mount height, unit, period rule) was changed for the past.

Frames are not searched for: each stored revision names the frame that it came from. Those are read again, in the order of the log, and what
they say is observed under the configuration of its time; where a frame is gone, the row itself is shifted (anew.py). A revision keeps
its send time and rank, so that several of one time stand to each other as before, and takes the generation of the new configuration,
so that all of them outrank what was there. A time that already has that generation is left alone: begun again after a kill, it
goes on where it was, and a second run finds nothing to do. docs/decisions/0013.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from msgspec import Struct

from . import times
from .anew import LEVEL, Was, above, distances, level_of, shifted, silence
from .decode import Decoder
from .framelog import Log
from .model import Decoded, Frame, JsonState, Micros, QualityReason, Reading, Source, Thing
from .observe import Observed, observe
from .ports import Directory
from .store import CONFIGURATION_BITS
from .store.revisions import Key, Revision
from .streams import Past

WINDOW = times.DAY
_PARTS_BACK = 5_000
_MOST_PARTS = 64
_REDELIVERY = 100_000
"""How many places back the first delivery of a frame marked as duplicate is looked for; as `work` does."""
_REASONS = tuple(QualityReason)
FRAME, ROW = "frame", "row"


class Stored(Protocol):
    """What is asked of a store's reader."""

    def revisions(self, thing: str, begin: Micros, end: Micros) -> list[Revision]: ...

    def first_after(self, thing: str, time: Micros) -> Micros | None: ...


class Anew(Struct):
    """One revision to be written. was: what it was made from or beside; None for what is new. how: from its `frame`, or its `row`.

    head: whether it is the first that its reading gives; the ledger counts readings.
    """

    key: Key
    one: Observed
    was: Revision | None
    how: str
    source: Source
    place: int
    received: Micros
    heard: Micros
    head: bool = True


class Window(Struct):
    """What a span of time comes to. kept: revisions that could not be told anew. frames: how many were read."""

    begin: Micros
    end: Micros
    made: list[Anew]
    stored: list[Revision]
    kept: int = 0
    frames: int = 0


class Reobserver:
    """Reads frames of the log for one purpose; storing is the caller's. ahead: as `observe` takes it."""

    def __init__(self, log: Log, decoder: Decoder, directory: Directory, ahead: Micros) -> None:
        self._log, self._decoder, self._directory, self._ahead = log, decoder, directory, ahead
        self._past = Past(log)

    def windows(self, store: Stored, thing: Thing, edition: int, begin: Micros, end: Micros) -> Iterator[Window]:
        """Spans of a day that hold anything, from begin to end, one after the other."""
        at = store.first_after(thing.id, begin)
        while at is not None and at < end:
            until = min(end, (at // WINDOW + 1) * WINDOW)
            yield self._window(thing, store.revisions(thing.id, at, until), edition << CONFIGURATION_BITS, at, until)
            at = store.first_after(thing.id, until)

    def _window(self, thing: Thing, stored: list[Revision], edition: int, begin: Micros, end: Micros) -> Window:
        newest: dict[Key, int] = {}
        for one in stored:
            newest[one.key] = max(one.generation, newest.get(one.key, 0))
        due = {key for key, generation in newest.items() if generation < edition | thing.config_at(key[4]).generation}
        by_frame: dict[int, list[Revision]] = {}
        for one in stored:
            if one.key in due:
                by_frame.setdefault(one.frame, []).append(one)
        window = Window(begin, end, [], stored)
        for place, revisions in sorted(by_frame.items()):
            frame = self._log.get(place)
            said = self._said(frame, thing) if frame is not None else []
            window.frames += frame is not None
            found = self._of_frame(frame, said, thing, revisions) if frame is not None and said else _of_rows(thing, revisions)
            for each in found:
                inside = begin <= each.one.time < end and (each.key in due or each.key not in newest)
                if inside:
                    each.one.generation |= edition
                    window.made.append(each)
            told = {each.key for each in found}
            window.kept += sum(one.key not in told for one in revisions)
        return window

    def _of_frame(
        self, frame: Frame, said: Sequence[tuple[Reading, Micros]], thing: Thing, revisions: Sequence[Revision]
    ) -> list[Anew]:
        """What a frame says today of the thing, beside the revisions that were stored from it."""
        mine = _best(revisions)
        made: list[Anew] = []
        for reading, heard in said:
            for number, one in enumerate(observe(reading, thing, heard, self._ahead)):
                key = (one.property, one.statistic, one.channel, frame.source.run, one.time)
                was = mine.get(key)
                if was is not None:
                    one.sent, one.rank = max((one.sent, one.rank), (was.sent, was.rank))
                made.append(Anew(key, one, was, FRAME, frame.source, frame.place, frame.received, heard, number == 0))
        told = {each.key for each in made}
        for old in revisions:
            if old.key not in told and _is_withdrawn(old, thing):
                unsaid = silence(_was(old), thing.config_at(old.time))
                unsaid.unit = old.unit
                made.append(Anew(old.key, unsaid, old, FRAME, frame.source, frame.place, frame.received, frame.received))
        return made

    def _said(self, frame: Frame, thing: Thing) -> list[tuple[Reading, Micros]]:
        """Readings of the thing in a frame, or in the message that it ended, each with when it was heard."""
        lane = self._decoder.lane(frame.source)
        heard = self._past.at(frame)
        decoded = self._decoder.decode(lane, frame, None, heard)
        if not decoded.readings and lane.stateful:
            decoded = self._whole(frame, heard) or decoded
        found = []
        for reading in decoded.readings:
            whose = self._directory.find(frame.source.adapter, reading.native, frame.received)
            if whose is not None and whose.id == thing.id:
                first = frame.duplicate and reading.time is None
                twin = self._log.twin(frame, _REDELIVERY) if first else None
                found.append((reading, heard if twin is None else self._past.at(twin)))
        return found

    def _whole(self, frame: Frame, heard: Micros) -> Decoded | None:
        """A message in several frames, by its last one: as many earlier frames of the stream as it takes."""
        lane = self._decoder.lane(frame.source)
        near = self._log.recent(frame.source.principal, max(0, frame.place - _PARTS_BACK), _MOST_PARTS, frame.place)
        earlier = [each for each in reversed(near) if each.source == frame.source]
        for count in range(1, len(earlier) + 1):
            state: JsonState | None = None
            for part in earlier[-count:]:
                state = self._decoder.decode(lane, part, state, heard if part.source.run else None).state
            decoded = self._decoder.decode(lane, frame, state, heard)
            if decoded.readings:
                return decoded
        return None


def _is_withdrawn(one: Revision, thing: Thing) -> bool:
    """Whether it is the configuration's doing that a frame says nothing any more of what it once said."""
    before = next((each for each in thing.configs if each.generation == one.configuration), None)
    after = thing.config_at(one.time)
    if before is None:
        return False
    moved = one.begin is not None and before.period_rule != after.period_rule
    return moved or (one.name == LEVEL and above(before) is not None and above(after) is None)


def _was(one: Revision) -> Was:
    return Was(
        one.name, one.statistic, one.channel, one.time, one.begin, one.result, one.quality, _REASONS[one.reason], one.sent,
        one.rank, one.lon, one.lat, one.configuration,
    )  # fmt: skip


def _best(revisions: Iterable[Revision]) -> dict[Key, Revision]:
    """Of each time the revision that ranks highest: those of one frame are one content under one configuration."""
    return {one.key: one for one in sorted(revisions, key=lambda each: each.order)}


def _of_rows(thing: Thing, revisions: Sequence[Revision]) -> list[Anew]:
    """What the revisions of one frame become when it cannot be asked any more."""
    known = [(one, _was(one)) for one in _best(revisions).values()]
    far: Mapping[tuple[str, str, Micros], float] = distances(was for _, was in known)
    keys = {one.key for one in revisions}
    made = []
    for one, was in known:
        anew = shifted(was, thing, far.get((was.statistic, was.channel, was.time)))
        level = level_of(was, thing)
        source = Source(thing.adapter, thing.principal, "", "up", one.origin, one.run)
        if anew is not None:
            anew.unit = one.unit
            made.append(Anew(one.key, anew, one, ROW, source, one.frame, one.received, one.received))
        if level is not None:
            key = (level.property, level.statistic, level.channel, one.run, level.time)
            if key not in keys:
                made.append(Anew(key, level, None, ROW, source, one.frame, one.received, one.received, head=False))
    return made


def outcome(window: Window) -> tuple[dict[Key, Anew], dict[Key, Revision], int]:
    """What will be served of each time that is made anew, what is served of it now, and of how many times that is another value or flag."""
    best: dict[Key, Anew] = {}
    for each in window.made:
        known = best.get(each.key)
        if known is None or _order(each.one) > _order(known.one):
            best[each.key] = each
    served = {one.key: one for one in window.stored if one.served}
    changed = sum(_differs(served.get(key), each.one) for key, each in best.items())
    return best, served, changed


def _order(one: Observed) -> tuple[int, int, int, int]:
    return one.generation, one.sent, one.rank, one.revision


def _differs(old: Revision | None, new: Observed) -> bool:
    return old is None or (old.revision, old.quality) != (new.revision, new.quality)
