"""Events to incidents: single linkage by place, time and family. A function of the set of events, whatever their order (P5).

    span of an event     start .. its end, or `linger` after it last grew, whichever is first
    two events join      when their families do, they are in reach, and their spans are at most `window` apart
    an incident          all that hangs together so, when it is of two families and devices, or of `devices` devices of one

What follows (silent devices) goes to the incident of the nearest event in reach, and joins nothing together. Its `group` goes first.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from heapq import heappop, heappush

from sensing.coordinates import distance_m
from sensing.model import Micros

from . import Incident, Item, incident_id
from .rules import Rules

_Key = tuple[str, float, float]
"""(family, lon, lat)."""
_M_A_DEGREE = 111_000.0
"""Of latitude, a little less than there are."""


class _Sets:
    """Which events hang together: union by the smaller number, so that the answer depends on no order."""

    def __init__(self, size: int) -> None:
        self._up = list(range(size))

    def root(self, one: int) -> int:
        up = self._up
        while up[one] != one:
            up[one] = up[up[one]]
            one = up[one]
        return one

    def unite(self, one: int, other: int) -> None:
        low, high = sorted((self.root(one), self.root(other)))
        self._up[high] = low


def span(item: Item, rules: Rules) -> tuple[Micros, Micros]:
    """When an event draws others to it."""
    last = item.grown + rules.join.linger
    return item.start, last if item.end is None else max(item.start, min(item.end, last))


def joined(items: Iterable[Item], rules: Rules) -> list[Incident]:
    """The incidents among these events, in order of their first event."""
    known, family, members = _linked(items, rules)
    standing = {root: list(found) for root, found in members.items() if _stands(known, family, found, rules)}
    root_of = {at: root for root, found in standing.items() for at in found}
    homes = _Homes(known, root_of, rules)
    for at, name in enumerate(family):
        if name and rules.family[name].follows:
            home = homes.of(known[at], rules.family[name].km * 1000)
            if home is not None:
                standing[root_of[home]].append(at)
    return [_made(known, family, members[root], found) for root, found in sorted(standing.items())]


def hanging(items: Iterable[Item], rules: Rules) -> list[list[Item]]:
    """What hangs together, whether it makes an incident or not yet: for whoever asks how far there is more to read."""
    known, family, members = _linked(items, rules)
    alone = [[known[at]] for at, name in enumerate(family) if name and rules.family[name].follows]
    return [*([known[at] for at in found] for found in members.values()), *alone]


def _linked(items: Iterable[Item], rules: Rules) -> tuple[list[Item], list[str], dict[int, list[int]]]:
    """(events in order, their families, the sets that hang together by their first)."""
    known = sorted({item.id: item for item in items}.values(), key=lambda item: (item.start, item.id))
    family = [rules.of(item.kind) for item in known]
    core = [at for at, name in enumerate(family) if name and not rules.family[name].follows and _placed(known[at])]
    sets = _Sets(len(known))
    _link(known, family, core, rules, sets)
    members: dict[int, list[int]] = {}
    for at in core:
        members.setdefault(sets.root(at), []).append(at)
    return known, family, members


def _placed(item: Item) -> bool:
    return item.place.lon is not None and item.place.lat is not None


def _point(item: Item) -> tuple[float, float]:
    return item.place.lon or 0.0, item.place.lat or 0.0


class _Group(dict[_Key, tuple[int, Micros]]):
    """Events of one set that still draw others, (event, until when) by family and place: of one place only the one that does so longest."""

    def take(self, other: Mapping[_Key, tuple[int, Micros]]) -> None:
        for key, (at, until) in other.items():
            held = self.get(key)
            if held is None or held[1] < until:
                self[key] = (at, until)


def _link(known: Sequence[Item], family: Sequence[str], core: Sequence[int], rules: Rules, sets: _Sets) -> None:
    """Unite what joins. One member that is near is enough to join a set, so the search in it ends there."""
    groups: dict[int, _Group] = {}
    leaving: list[tuple[Micros, int, _Key]] = []
    reach = {(one, other): rules.reach_m(one, other) for one in rules.family for other in rules.family}
    for at in core:
        start, stop = span(known[at], rules)
        while leaving and leaving[0][0] < start:
            until, gone, key = heappop(leaving)
            group = groups.get(sets.root(gone), _Group())
            if group.get(key) == (gone, until):
                del group[key]
        key = (family[at], *_point(known[at]))
        found = [root for root, group in groups.items() if any(_near(key, other, reach) for other in group)]
        mine = groups.pop(max(found, key=lambda root: len(groups[root]))) if found else _Group()
        for root in found:
            mine.take(groups.pop(root, {}))
            sets.unite(root, at)
        until = stop + rules.join.window
        mine.take({key: (at, until)})
        heappush(leaving, (until, at, key))
        groups[sets.root(at)] = mine


def _near(one: _Key, other: _Key, reach: Mapping[tuple[str, str], float]) -> bool:
    limit = reach[one[0], other[0]]
    return abs(one[2] - other[2]) * _M_A_DEGREE <= limit and distance_m(one[1:], other[1:]) <= limit


def _stands(known: Sequence[Item], family: Sequence[str], found: Sequence[int], rules: Rules) -> bool:
    devices = {known[at].device for at in found}
    return len(devices) >= (2 if len({family[at] for at in found}) > 1 else rules.join.devices)


class _Homes:
    """Events of incidents, by latitude and by device: where those that follow are at home."""

    def __init__(self, known: Sequence[Item], homes: Iterable[int], rules: Rules) -> None:
        self._known, self._rules = known, rules
        self._by_lat = sorted((_point(known[at])[1], at) for at in homes)
        self._by_device: dict[str, list[int]] = {}
        for _, at in self._by_lat:
            self._by_device.setdefault(known[at].device, []).append(at)

    def of(self, mine: Item, reach_m: float) -> int | None:
        """The nearest event in reach and near in time; the event of its own device first."""
        window = self._rules.join.window
        begin, end = span(mine, self._rules)
        found: list[tuple[float, Micros, str, int]] = []
        for at in self._near(mine, reach_m):
            theirs = self._known[at]
            first, last = span(theirs, self._rules)
            if first <= end + window and last + window >= begin:
                away = 0.0 if mine.device == theirs.device else distance_m(_point(mine), _point(theirs))
                if away <= reach_m:
                    found.append((away, theirs.start, theirs.id, at))
        return min(found)[3] if found else None

    def _near(self, mine: Item, reach_m: float) -> Iterable[int]:
        yield from self._by_device.get(mine.device, ())
        if _placed(mine):
            lat, away = _point(mine)[1], reach_m / _M_A_DEGREE
            for _, at in self._by_lat[bisect_left(self._by_lat, (lat - away, -1)) :]:
                if _point(self._known[at])[1] > lat + away:
                    break
                yield at


def _made(known: Sequence[Item], family: Sequence[str], core: Sequence[int], found: Sequence[int]) -> Incident:
    names = tuple(dict.fromkeys(family[at] for at in sorted(found)))
    return Incident(incident_id(known[min(core)].id), tuple(known[at] for at in sorted(found)), names)
