"""One run of the city as it stands: pure, fed with rows, events and facts in the order of their commits, whichever they are.

A datastream's value is its newest served row by its own time; of two for one time the one committed later. A row dated beyond the run's
clock (a device whose clock is wrong) is heard, and not shown. Nothing here is remembered that the store does not have: a city made
anew from the store is the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from msgspec import Struct, field

from sensing.events import CLOSED, OPEN, WITHDRAWN
from sensing.model import Micros
from sensing.store.event_reader import told
from sensing.store.events import Event
from sensing.store.news import Piece
from sensing.times import HOUR

from .places import Place

NEW, ONLINE, SILENT = "new", "online", "silent"
POSITION, COURSE, SPEED = "position", "course_over_ground", "speed_over_ground"
_UNJUDGED = 2
"""The worst flag that is believed."""
_AHEAD = HOUR
ENDED = 6 * HOUR
"""How long an event that is over is shown."""
MOST_ENDED = 200


class Value(Struct, gc=False):
    """A datastream's newest row. seq: of the row that changed it last."""

    key: str
    unit: str
    seq: int
    time: Micros
    value: float | None
    quality: int
    reason: str
    good: float | None = None
    good_time: Micros | None = None


class Standing(Struct):
    """A thing in a run. heard: when it last spoke, by the run's clock; 0 never. Each of seq, mark, turn, born is where it changed last (Position)."""

    id: str
    values: dict[str, Value] = field(default_factory=dict)
    time: Micros = 0
    heard: Micros = 0
    seq: int = 0
    moved: int = 0
    mark: int = 0
    turn: Micros = 0
    born: int = 0
    state: str = NEW
    severity: int = -1
    lon: float | None = None
    lat: float | None = None
    before: tuple[float | None, float | None] = (None, None)
    placed: Micros = 0
    course: float | None = None
    speed: float | None = None
    facts: Mapping[str, str] = {}
    told: Micros = 0
    """When its facts changed, as `turn`."""


class Shown(Struct):
    """An event. mark: of its last change."""

    told: dict[str, Any]
    device: str
    state: str
    severity: int
    end: Micros | None
    mark: int


class Stream(Struct):
    """Where rows of a datastream go."""

    standing: Standing
    key: str
    unit: str
    name: str


class City:
    """One run. origin: of its rows, "" while there is none."""

    def __init__(self, run: str) -> None:
        self.run = run
        self.origin = ""
        self.clock: Micros = 0
        self.standings: dict[str, Standing] = {}
        self.events: dict[str, Shown] = {}
        self._streams: dict[int, Stream] = {}
        self._by_device: dict[str, set[str]] = {}

    def standing(self, thing: str) -> Standing:
        """A thing, made when it is new."""
        found = self.standings.get(thing)
        if found is None:
            found = self.standings[thing] = Standing(thing)
        return found

    def add_stream(self, series: int, words: tuple[str, ...]) -> Stream:
        """Learn a datastream. words: (thing, property, statistic, channel, unit, origin, run)."""
        thing, name, statistic, channel, unit, self.origin, _ = words
        plain = statistic == "instant" and not channel
        found = self._streams[series] = Stream(
            self.standing(thing), key_of(name, statistic, channel), unit, name if plain else ""
        )
        return found

    def stream(self, series: int) -> Stream | None:
        """A datastream that was learnt."""
        return self._streams.get(series)

    def take(self, piece: Piece, stream: Stream, *, live: bool) -> bool:
        """One row; whether it changed what is shown. live: it is news, and not what was found."""
        seq, _, time, received, result, quality, reason, lon, lat, served = piece
        standing = stream.standing
        heard = received if not self.run else min(time, self.clock or time)
        if heard > standing.heard:
            if not standing.heard and live:
                standing.born = seq
            standing.heard = heard
            if live and not self.run:
                standing.state = ONLINE
        limit = (self.clock if self.run else received) or time
        if not served or time > limit + _AHEAD:
            return False
        if stream.name == POSITION:
            return self._move(standing, seq, time, quality, lon, lat)
        value = standing.values.get(stream.key)
        if value is None:
            value = standing.values[stream.key] = Value(stream.key, stream.unit, 0, time, None, 9, "")
        elif time < value.time:
            return self._hindsight(value, standing, piece)
        good = quality <= _UNJUDGED and result is not None
        if good:
            value.good, value.good_time = result, time
        elif value.good_time == time:
            value.good = value.good_time = None
        value.time, value.value, value.quality, value.reason = time, result, quality, reason
        value.seq = max(seq, value.seq)
        standing.time, standing.seq = max(time, standing.time), max(seq, standing.seq)
        if stream.name in {COURSE, SPEED} and good:
            standing.moved = max(seq, standing.moved)
            if stream.name == COURSE:
                standing.course = result
            else:
                standing.speed = result
        return True

    def _hindsight(self, value: Value, standing: Standing, piece: Piece) -> bool:
        """A good row older than the newest, which is not: the newest good one may be another now."""
        seq, _, time, _, result, quality, *_ = piece
        if value.quality <= _UNJUDGED or quality > _UNJUDGED or result is None or time < (value.good_time or -(1 << 62)):
            return False
        value.good, value.good_time, value.seq = result, time, max(seq, value.seq)
        standing.seq = max(seq, standing.seq)
        return True

    def _move(self, standing: Standing, seq: int, time: Micros, quality: int, lon: float | None, lat: float | None) -> bool:
        if lon is None or lat is None or quality > _UNJUDGED or time < standing.placed:
            return False
        standing.lon, standing.lat, standing.placed = lon, lat, time
        standing.time = max(time, standing.time)
        standing.seq, standing.moved = max(seq, standing.seq), max(seq, standing.moved)
        return True

    def hear(self, event: Event, mark: int) -> str:
        """One event as it is now; returns its device."""
        self.events[event.id] = Shown(told(event), event.device, event.state, event.severity, event.end, mark)
        mine = self._by_device.setdefault(event.device, set())
        mine.add(event.id)
        standing = self.standing(event.device)
        standing.mark = max(mark, standing.mark)
        standing.severity = max((one.severity for one in map(self.events.__getitem__, mine) if one.state == OPEN), default=-1)
        return event.device

    def forget(self) -> int:
        """Drop events that ended long ago, were withdrawn, or are more than can be shown; returns the last mark of those."""
        ended = sorted(
            (one for one in self.events.items() if one[1].state == CLOSED), key=lambda one: one[1].end or 0, reverse=True
        )
        old = {key for key, one in ended if (one.end or 0) < self.clock - ENDED} | {key for key, _ in ended[MOST_ENDED:]}
        old |= {key for key, one in self.events.items() if one.state == WITHDRAWN}
        dropped = [(key, self.events.pop(key)) for key in old]
        for key, one in dropped:
            self._by_device[one.device].discard(key)
        return max((one.mark for _, one in dropped), default=0)

    def judge(self, place_of: Callable[[str], Place | None], turn: Micros) -> Iterable[str]:
        """Set each thing's state by the clock; gives those that changed."""
        for standing in self.standings.values():
            place = place_of(standing.id)
            if place is None or not standing.heard:
                continue
            state = SILENT if self.clock - standing.heard > place.patience else ONLINE
            if state != standing.state:
                standing.state, standing.turn = state, turn
                yield standing.id


def key_of(name: str, statistic: str, channel: str) -> str:
    """What a datastream is called among those of its thing."""
    if channel:
        return f"{name}|{statistic}|{channel}"
    return name if statistic == "instant" else f"{name}|{statistic}"
