"""What is told by silence and by the run's clock, in the store's own transaction: devices and gateways that are missed, clocks astray.

    device_silent   nothing came for longer than the device's limit; in event time, so late data fill, split or withdraw it
    gateway_down    all that a gateway carries is silent, or its last will says that it is away (gateways.py)
    device_clock    what comes is stamped by a clock that is wrong (quality reason `clock`); in the order of reception

A device's times are kept as spans (sensing.silence): the newest of each in `voices`, those before in `spans`. A silence that lasts begins to be
one when the run's clock passes it, as far as its gateway's word is here (reach.py); where nobody tells the time, only when it is over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from heapq import heappop, heappush
from typing import TYPE_CHECKING

from msgspec import Struct

from sensing import silence
from sensing.events import WITHDRAWN, Episode, Speaker, Step
from sensing.model import Micros, QualityReason
from sensing.silence import Span
from sensing.times import SECOND

from . import Batch, Row, events
from .events import About, Seen
from .gateways import SILENT, Gateways
from .reach import Reach

if TYPE_CHECKING:
    import apsw

ASTRAY = "device_clock"
_CLOCK = list(QualityReason).index(QualityReason.CLOCK)
_NEVER = -(1 << 62)
_WRITE = """INSERT INTO voices VALUES(?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT(thing, run) DO UPDATE SET origin = excluded.origin,
  adapter = excluded.adapter, native = excluded.native, principal = excluded.principal, domain = excluded.domain,
  patience = excluded.patience, begin = excluded.begin, last = excluded.last, astray = excluded.astray"""
_SPAN = "INSERT INTO spans VALUES(?,?,?,?) ON CONFLICT(thing, run, begin) DO UPDATE SET last = excluded.last"
_LASTING = 'SELECT device, run FROM events WHERE kind=? AND "end" IS NULL AND state <> ?'
_BEHIND = "SELECT 1 FROM hot WHERE time=? AND series=? AND revision=? AND reason=? LIMIT 1"
_FIRST = "SELECT 1 FROM hot WHERE time=? AND series=? AND revision=? AND place=?"
Key = tuple[str, str]
"""(thing, run)."""


class Voice(Struct):
    """A device in a run. begin, last: its newest span, begin None before the first; astray: since when its clock is wrong.

    armed: whether the run's clock will be asked about its silence; no more once it has been found too long.
    """

    speaker: Speaker
    begin: Micros | None = None
    last: Micros = 0
    astray: Micros | None = None
    armed: bool = False

    @property
    def key(self) -> Key:
        return self.speaker.thing, self.speaker.run

    @property
    def about(self) -> About:
        return About(0, self.speaker.thing, "", "", "", self.speaker.run, self.speaker.origin, "s")


class Timers:
    """For one store. `take` is called in each transaction after its rows are written."""

    def __init__(self, db: apsw.Connection) -> None:
        self._db = db
        self._reach = Reach(db)
        self.gateways = Gateways(db, self._reach)
        self.forget()

    @property
    def now(self) -> Mapping[str, Micros]:
        """What time it is by run."""
        return self._reach.newest

    @property
    def told(self) -> Mapping[str, Micros]:
        """Of the runs whose clock the last batch has told."""
        return self._reach.told

    def forget(self) -> None:
        """Make again what is remembered, from the store."""
        self._voices: dict[Key, Voice] = {}
        self._due: dict[str, list[tuple[Micros, Key]]] = {}
        self._doubtful: dict[str, set[Key]] = {}
        self._reach.forget()
        self.gateways.forget()
        lasting = {(str(thing), str(run)) for thing, run in self._db.execute(_LASTING, (SILENT, WITHDRAWN))}
        for *words, limit, begin, last, astray in self._db.execute("SELECT * FROM voices"):
            thing, run, origin, adapter, native, principal, domain = map(str, words)
            speaker = Speaker(thing, run, origin, adapter, native, principal, domain, int(str(limit)))
            voice = Voice(speaker, begin, int(str(last)), astray)
            self._know(voice)
            if voice.key not in lasting:
                self._arm(voice)

    def take(self, batch: Batch) -> None:
        """Who spoke, and of which time; what time it is in each run; what gateways said of themselves."""
        self._reach.take(batch)
        self._hear(batch.rows)
        for status in batch.statuses:
            self.gateways.status(*status)
        for run in self.told:
            self._pass(run, self.now[run], batch)
        self.gateways.judge(batch, self.told)

    def _hear(self, rows: Sequence[Row]) -> None:
        changed: dict[Key, Voice] = {}
        apart: dict[Key, list[Row]] = {}
        speaker: Speaker | None = None
        voice, time = None, None
        for row in rows:
            watch = row.watch
            if watch is None or watch.speaker is None:
                continue
            if watch.speaker is not speaker:
                speaker = watch.speaker
                voice = self._voice(speaker)
            elif row.time == time:
                continue
            assert voice is not None
            time = row.time
            if row.reason == _CLOCK or voice.astray is not None:
                if self._stray(voice, row):
                    changed[voice.key] = voice
                if row.reason == _CLOCK:
                    time = None
                    continue
            if voice.begin is not None and voice.begin <= time <= voice.last:
                continue
            if voice.begin is not None and voice.armed and voice.last < time <= voice.last + speaker.limit:
                voice.last = time
                changed[voice.key] = voice
            else:
                apart.setdefault(voice.key, []).append(row)
        for key, some in apart.items():
            if self._spread(self._voices[key], some):
                changed[key] = self._voices[key]
        self._db.executemany(_WRITE, [_row(voice) for _, voice in sorted(changed.items())])

    def _voice(self, speaker: Speaker) -> Voice:
        voice = self._voices.get((speaker.thing, speaker.run))
        if voice is None:
            voice = Voice(speaker)
            self._know(voice)
        elif voice.speaker is not speaker:
            moved = voice.speaker.principal != speaker.principal
            if moved:
                self.gateways.leave(voice)
            voice.speaker = speaker
            if moved:
                self.gateways.enter(voice)
            if voice.armed:
                self._arm(voice)  # for another limit, perhaps
        return voice

    def _know(self, voice: Voice) -> None:
        self._voices[voice.key] = voice
        self.gateways.enter(voice)

    def _arm(self, voice: Voice) -> None:
        if voice.begin is not None:
            voice.armed = True
            heappush(self._due.setdefault(voice.speaker.run, []), (voice.last + voice.speaker.limit, voice.key))

    def _pass(self, run: str, newest: Micros, batch: Batch) -> None:
        """The clock has gone on: whose silence is too long by now, as far as what its gateway said is here."""
        due, doubtful = self._due.get(run, []), self._doubtful.setdefault(run, set())
        while due and due[0][0] < newest:
            doubtful.add(heappop(due)[1])
        for key in sorted(doubtful):
            voice = self._voices[key]
            end = voice.last + voice.speaker.limit
            now = self.gateways.reached(voice)
            if end >= newest:
                heappush(due, (end, key))
            elif now is None or end >= now:
                continue
            else:
                voice.armed = False
                if batch.in_service(voice.speaker.adapter, voice.speaker.native):
                    seen = Seen(batch.received or now, now, batch.place, voice.speaker.domain)
                    self._judge(voice, [(voice.begin or voice.last, voice.last)], voice.last - 1, None, seen, now)
            doubtful.discard(key)

    def _spread(self, voice: Voice, rows: Sequence[Row]) -> bool:
        """Times outside the newest span, all of a batch at once: spans are others now, and so are the silences around them."""
        times = {row.time for row in rows if voice.begin is None or row.time > voice.last or not self._doubted(row)}
        if not times:
            return False
        near = [] if voice.begin is None else [*self._before(voice.key, min(*times, voice.begin)), (voice.begin, voice.last)]
        spans = near
        for time in sorted(times):
            spans, _ = silence.joined(spans, time, voice.speaker.limit)
        old, new = set(near[:-1]), set(spans[:-1])
        gone = [(*voice.key, begin) for begin, _ in sorted(old - new)]
        self._db.executemany("DELETE FROM spans WHERE thing=? AND run=? AND begin=?", gone)
        self._db.executemany(_SPAN, [(*voice.key, *span) for span in sorted(new - old)])
        lasts = voice.begin is not None and not voice.armed and voice.last == spans[-1][1]
        voice.begin, voice.last = spans[-1]
        if not lasts:  # the rest of the batch may end it: the clock decides, when all of it is heard
            self._arm(voice)
        first = _alike(near, spans)
        end = len(spans) - _alike(near[::-1], spans[::-1]) if first < len(spans) else first
        around = spans[max(0, first - 1) : end + 1]
        after = around[0][1] - 1 if first else _NEVER
        before = None if around[-1] == spans[-1] else around[-1][0]
        now = self.now.get(voice.speaker.run) if lasts and before is None else None
        row = rows[-1]
        seen = Seen(row.received, row.heard or row.received, row.place, voice.speaker.domain)
        self._judge(voice, around, after, before, seen, now)
        return True

    def _doubted(self, row: Row) -> bool:
        """Whether its clock was found to be behind, once it stood among what was heard before."""
        return self._db.execute(_BEHIND, (row.time, row.series, row.revision, _CLOCK)).get is not None

    def _before(self, key: Key, time: Micros) -> list[Span]:
        """Older spans, from the second before a time on: it may be in the first."""
        query = "SELECT begin FROM spans WHERE thing=? AND run=? AND begin <= ? ORDER BY begin DESC LIMIT 2"
        low = self._db.execute(query, (*key, time)).fetchall()
        query = "SELECT begin, last FROM spans WHERE thing=? AND run=? AND begin >= ? ORDER BY begin"
        found = self._db.execute(query, (*key, int(str(low[-1][0])) if low else time)).fetchall()
        return [(int(str(begin)), int(str(last))) for begin, last in found]

    def _judge(
        self, voice: Voice, spans: Sequence[Span], after: Micros, before: Micros | None, seen: Seen, now: Micros | None
    ) -> None:  # fmt: skip
        """Make the silences among neighbouring spans events. after, before: between which the events stand that they replace.

        now: when the silence after the last one may last, what time it is.
        """
        gaps = silence.gaps(spans, voice.speaker.limit, now)
        old = events.standing_of(self._db, voice.about, SILENT, after, before)
        if gaps or old:
            events.replace(self._db, voice.about, SILENT, old, [silence.episode(gap) for gap in gaps], {None: seen})
            self.gateways.touch(voice, gaps, old)

    def _stray(self, voice: Voice, row: Row) -> bool:
        """A clock that is wrong is so from the reception of the first value that shows it to that of the first one that is right."""
        heard, wrong = row.heard or row.received, row.reason == _CLOCK
        since = voice.astray
        if wrong == (since is not None) or (since is not None and heard <= since):
            return False
        if wrong and self._db.execute(_FIRST, (row.time, row.series, row.revision, row.place)).get is None:
            return False  # it came before, and was told then
        start = heard if since is None else since
        old = events.standing_of(self._db, voice.about, ASTRAY, start - 1, start + 1)
        off = abs(row.time - heard) / SECOND
        steps, peak = (old[0].steps, old[0].peak) if old else ([Step(0, start, off)], off)
        found = Episode(start, peak, start, steps, None if wrong else heard)
        seen = Seen(row.received, heard, row.place, voice.speaker.domain)
        events.replace(self._db, voice.about, ASTRAY, old, [found], {None: seen})
        voice.astray = heard if wrong else None
        return True


def _alike(one: Sequence[Span], other: Sequence[Span]) -> int:
    """How many both begin with."""
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _row(voice: Voice) -> tuple[object, ...]:
    s = voice.speaker
    return (
        s.thing, s.run, s.origin, s.adapter, s.native, s.principal, s.domain, s.limit, voice.begin, voice.last, voice.astray,
    )  # fmt: skip
