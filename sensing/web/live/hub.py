"""Follows the store once for all viewers of this process, and keeps the cities that they look at.

`refresh` reads what was committed since the last time, whoever asks: the feed's beat, or a snapshot when nobody follows. A hub that is far
behind, or asked for a run that it does not keep, makes that city anew from the store, in one snapshot of it. Safe for several threads.
"""

from __future__ import annotations

import contextlib
import time
from collections import deque
from collections.abc import Iterable, Iterator
from threading import RLock

from sensing import times
from sensing.events import CLOSED, OPEN
from sensing.model import Micros
from sensing.store.event_reader import WantedEvents
from sensing.store.events import Event
from sensing.store.reader import StoreReader
from sensing.web.desk import Desk

from .changes import MOST, changes, head
from .city import ENDED, MOST_ENDED, POSITION, SILENT, City, Standing, Stream
from .joined import Joined
from .kpi import Pace
from .places import Place, Places
from .position import Position
from .view import View

_PAGE = 5_000
_PAGES = 40
"""Pages of news after which a city is made anew rather than caught up."""
_BEHIND = _PAGE * _PAGES
_MOST_OPEN = 5_000
_JUDGE_EVERY_S = 1.0
_FACTS_EVERY_S = 60.0
_FACTS_AT_ONCE = 100
_UNUSED_S = 300.0
"""A run that nobody has looked at for so long is forgotten."""
_IDLE_S = 2.0
_ROUNDS = 64


class Hub:
    """`cities` by run, and `position`: how far they are."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.lock = RLock()
        self.places = Places(desk.registry, desk.types)
        self.cities: dict[str, City] = {}
        self.position = Position()
        self.known_from = 0
        """The mark from which on every change of an event is known."""
        self.pace = Pace()
        self.joined = Joined(desk)
        self._used: dict[str, float] = {}
        self._rounds: deque[tuple[Position, set[str]]] = deque(maxlen=_ROUNDS)
        self._judged = 0.0
        self._noted = -1
        self._mark = 0
        self._refreshed = 0.0
        self._due: deque[tuple[float, str, str]] = deque()

    @contextlib.contextmanager
    def seen(self, view: View) -> Iterator[list[City]]:
        """The cities of a view, up to date; they stand still until the block ends."""
        with self.lock:
            self.refresh(view.runs)
            yield [self.cities[run] for run in view.runs]

    def refresh(self, runs: tuple[str, ...] = ()) -> None:
        """Read what is new. runs: to be kept from now on. Raises UnreachableError while there is no store."""
        with self.lock, self.desk.stores.take() as store:
            now = time.monotonic()
            if now - self._refreshed > _IDLE_S:
                self.pace = Pace()  # rows that lay there while nobody looked tell nothing of how late they are
            self._refreshed = now
            self._used |= dict.fromkeys(runs, now)
            changed = self.places.look()
            before, turn = self.position, max(times.now(), self.position.turn + 1)
            wanted = [run for run, used in self._used.items() if now - used < _UNUSED_S]
            for run in set(self._used).difference(wanted):
                del self._used[run]
                self.cities.pop(run, None)
            seq = self._catch_up(store, changed)
            missing = [run for run in wanted if run not in self.cities]
            if missing:
                with store.connection:  # one snapshot: what is found and what is news afterwards do not overlap
                    seq = self._catch_up(store, changed, seq)
                    self.known_from = head(store)
                    self._mark = self._mark or self.known_from
                    for run in missing:
                        self._found(store, run, turn)
            mark = self._hear(store, changed)
            self._clocks(store)
            if changed or now - self._judged >= _JUDGE_EVERY_S or missing:
                self._judge(store, turn, changed)
                self._judged = now
            self._learn_facts(store, now, turn, changed)
            self.position = Position(seq, mark, self.places.version, turn, self.joined.place)
            if missing:  # what changed meanwhile was found, not followed
                self._rounds.clear()
            else:
                self._rounds.append((before, changed))

    def join(self, runs: Iterable[str]) -> None:
        """Derive the incidents of these runs where events have changed; what is known of them is told from the next refresh on."""
        with self.desk.stores.take() as store:
            mark = head(store)
        if not self.joined.knows(runs, mark):
            self.joined.look(runs)

    def since(self, position: Position) -> set[str] | None:
        """Ids of things that may have changed since; None when that is not remembered, and each must be looked at."""
        found = set[str]()
        for before, changed in reversed(self._rounds):
            found |= changed
            if before == position:
                return found
        return found if position == self.position else None

    @property
    def last(self) -> Position | None:
        """The position before the last refresh."""
        return self._rounds[-1][0] if self._rounds else None

    def shown(self, cities: list[City], thing: str) -> tuple[City, Standing] | None:
        """A thing in the first run of a view that has a row of it, or that knows it at all."""
        found = None
        for city in cities:
            standing = city.standings.get(thing)
            if standing is not None:
                if standing.heard:
                    return city, standing
                found = found or (city, standing)
        return found

    def place(self, thing: str) -> Place | None:
        """What the registry says of a thing that has been seen."""
        return self.places.all.get(thing)

    def _catch_up(self, store: StoreReader, changed: set[str], at: int | None = None) -> int:
        """Apply rows after where we are; returns the seq that was reached."""
        seq = self.position.seq if at is None else at
        if not self.cities:
            return store.head()
        if store.behind(seq, _BEHIND) >= _BEHIND or seq > store.head() or store.noted() != self._noted:
            self.cities.clear()  # too far behind, another store, or a verdict over the past: any value may be another now
            return store.head()
        moved = set[int]()
        while True:
            top = store.head()
            pieces = store.news(seq, _PAGE)
            seen = times.now()
            for piece in pieces:
                words = store.words(piece[1])
                city = self.cities.get(words[6])
                stream = city and self._stream(store, city, piece[1], words)
                if not city or not stream:
                    continue
                if stream.name == POSITION and piece[1] not in moved:
                    moved.add(piece[1])
                    stream.standing.before = (stream.standing.lon, stream.standing.lat)
                if city.take(piece, stream, live=True):
                    changed.add(words[0])
                self.pace.count(city.run, seen, piece[3])
            if len(pieces) < _PAGE:
                return max([seq, top, *(piece[0] for piece in pieces[-1:])])
            seq = pieces[-1][0]

    def _stream(self, store: StoreReader, city: City, series: int, words: tuple[str, ...]) -> Stream | None:
        """Where rows of a datastream go; None for a thing that is not to be shown."""
        stream = city.stream(series)
        if stream is None and self.places.of(words[0], store) is not None:
            stream = city.add_stream(series, words)
            if words[1] == POSITION:
                self._due.appendleft((0.0, city.run, words[0]))
        return stream

    def _found(self, store: StoreReader, run: str, turn: Micros) -> None:
        """Make a city from what the store has."""
        city = City(run)
        city.clock = times.now() if not run else store.clock(run) or 0
        if not run:
            for place in self.places.all.values():
                if place.version and not place.gone:
                    city.standing(place.id)
        for piece in store.standing(run):
            stream = self._stream(store, city, piece[1], store.words(piece[1]))
            if stream is not None:
                city.take(piece, stream, live=False)
        city.clock = city.clock or max((one.heard for one in city.standings.values()), default=0)
        for event in _standing_events(store, city):
            city.hear(event, event.changed)
        movers = [one.id for one in city.standings.values() if one.placed]
        for thing, facts in store.facts_of(movers, run).items():
            city.standings[thing].facts, city.standings[thing].told = facts, turn
        for thing in city.judge(self.place, 0):
            if city.standings[thing].state == SILENT:  # nobody knows whether it was told
                city.standings[thing].turn = turn
        now = time.monotonic()
        self._due.extend((now + _FACTS_EVERY_S, run, thing) for thing in movers)
        self.cities[run] = city
        self._noted = store.noted()

    def _hear(self, store: StoreReader, changed: set[str]) -> int:
        """Apply changes of events; returns the mark that was reached."""
        mark = self._mark
        found = changes(store, mark)
        for event in found:
            mark = max(mark, event.changed)
            city = self.cities.get(event.run)
            if city is not None:
                changed.add(city.hear(event, event.changed))
        if len(found) > MOST:  # too many to be told one by one: what stands now is what counts
            self.cities.clear()
            mark = self.known_from = head(store)
        self._mark = mark
        return mark

    def _clocks(self, store: StoreReader) -> None:
        for city in self.cities.values():
            city.clock = (store.clock(city.run) or city.clock) if city.run else times.now()

    def _judge(self, store: StoreReader, turn: Micros, changed: set[str]) -> None:
        """States by the clock, and what the registry knows anew of live things."""
        live = self.cities.get("")
        for thing in changed:
            place = self.places.all.get(thing)
            if live and place and place.version and not place.gone:
                live.standing(thing)
        for city in self.cities.values():
            changed.update(city.judge(self.place, turn))
            self.known_from = max(self.known_from, city.forget())
        for run in self.cities:
            self.pace.settle(run)

    def _learn_facts(self, store: StoreReader, now: float, turn: Micros, changed: set[str]) -> None:
        """Look up what is true of some movers, each once a minute."""
        wanted: dict[str, list[str]] = {}
        for _ in range(min(_FACTS_AT_ONCE, len(self._due))):
            if self._due[0][0] > now:
                break
            _, run, thing = self._due.popleft()
            if run in self.cities:
                wanted.setdefault(run, []).append(thing)
                self._due.append((now + _FACTS_EVERY_S, run, thing))
        for run, things in wanted.items():
            for thing, facts in store.facts_of(things, run).items():
                standing = self.cities[run].standing(thing)
                if facts != standing.facts:
                    standing.facts, standing.told = facts, turn
                    standing.turn = turn
                    changed.add(thing)


def _standing_events(store: StoreReader, city: City) -> list[Event]:
    """Those that a city is shown with."""
    opened = store.events(WantedEvents(states=(OPEN,), runs=(city.run,)), _MOST_OPEN)
    ended = store.events(WantedEvents(states=(CLOSED,), runs=(city.run,), begin=city.clock - ENDED), MOST_ENDED)
    return [*opened, *ended]
