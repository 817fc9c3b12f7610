"""Port calls: the positions of one ship, in order of time, become visits of a port and what it did there.

    outside ──▶ arrived (into the limits) ──▶ anchored? ──▶ berthed ──▶ unberthed ──▶ departed (out of the limits)

A visit in which the ship lay at a berth or at anchor is a call; sailing through is none. A berth is entered by lying still in its polygon, and
left by moving off, or by being `waters.LEEWAY_M` away from it. Whatever is outside all limits leaves the machine as new, so what a late
position changes ends at the nearest positions outside, before and after it.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import NamedTuple

from msgspec import Struct, field

from sensing.model import Micros
from sensing.times import HOUR, MINUTE, SECOND

from .harbours import Harbours
from .waters import Zone, metres

AT_ANCHOR, MOORED = 1, 5
BERTH, ANCHOR = "berth", "anchor"
_STILL_KN, _OFF_KN = 0.7, 1.5
"""At a berth: slower than this it lies, faster than that it leaves."""
_RIDING_KN, _ADRIFT_KN = 3.0, 0.8
"""At anchor, by its own status, or without one."""
_LASTING = {BERTH: 5 * MINUTE, ANCHOR: 10 * MINUTE}
"""What is shorter is no stay."""
_HEARD = 30 * MINUTE
"""With no position for longer than this before it, nobody saw when something happened."""
_LOST = 6 * HOUR
_KNOT_MS = 1852 / 3600


class Fix(NamedTuple):
    """Where a ship said it was. speed: knots, None when it did not say; status: of AIS (M.1371-5 table 45), -1 for none."""

    time: Micros
    lon: float
    lat: float
    speed: float | None
    status: int


class Stay(Struct, array_like=True):
    """A time at a berth or at anchor. place: the berth's or anchorage's id, "" for anchored elsewhere within the limits."""

    kind: str
    place: str
    begin: Micros
    end: Micros | None = None


class Visit(Struct, array_like=True):
    """Between entering a port's limits and leaving them. first, last: heard within them.

    arrived: None when it was there before anybody heard it. left: the first position outside, while it is near.
    """

    port: str
    first: Micros
    arrived: Micros | None
    last: Micros
    departed: Micros | None = None
    left: Micros | None = None
    stays: list[Stay] = field(default_factory=list)

    @property
    def anchored(self) -> Micros | None:
        """When it first let go the anchor."""
        return next((stay.begin for stay in self.stays if stay.kind == ANCHOR), None)

    @property
    def berths(self) -> list[Stay]:
        """Its times alongside."""
        return [stay for stay in self.stays if stay.kind == BERTH]


class Passage(Struct):
    """What is remembered of one ship between its positions. stay: where it lies, or seems to; sure: whether that has lasted.

    off: the first of positions that do not fit the stay. last: its newest position. within: since when it is in or near each port's limits
    (first heard there, arrived). Limits may overlap; a visit is of the port in which the ship comes to lie.
    """

    last: Fix | None = None
    visit: Visit | None = None
    stay: Stay | None = None
    sure: bool = False
    off: Micros | None = None
    within: dict[str, tuple[Micros, Micros | None]] = field(default_factory=dict)

    def step(self, fix: Fix, zone: Zone, harbours: Harbours) -> list[Visit]:
        """Take the next position; returns the calls that began, changed or ended with it."""
        last, self.last = self.last, fix
        before = None if last is None else last.time
        changed = []
        seen = before is not None and fix.time - before <= _HEARD
        near = {harbours.ports[number].id for number in zone.near}
        self.within = {port: since for port, since in self.within.items() if port in near}
        for number in zone.ports:
            self.within.setdefault(harbours.ports[number].id, (fix.time, fix.time if seen else None))
        if self.visit is not None and self._outside(self.visit, fix, zone, harbours, before):
            changed.append(self.visit)
            self.visit = None
        if self.visit is None:
            if zone.port < 0:
                return [visit for visit in changed if visit.stays]
            self.visit = self._visit(harbours.ports[zone.port].id, fix.time)
        self.visit.last = fix.time
        if self._lie(self.visit, fix, zone, harbours, last):
            changed.append(self.visit)
        return [visit for visit in changed if visit.stays]

    def _visit(self, port: str, time: Micros) -> Visit:
        first, arrived = self.within[port]
        return Visit(port, first, arrived, time)

    def _outside(self, visit: Visit, fix: Fix, zone: Zone, harbours: Harbours, before: Micros | None) -> bool:
        """Whether the visit ended with this position."""
        if any(harbours.ports[number].id == visit.port for number in zone.ports):
            visit.left = None
            return False
        if visit.left is None:
            visit.left = fix.time
        if any(harbours.ports[number].id == visit.port for number in zone.near):
            return False
        lost = before is not None and fix.time - before > _LOST
        visit.departed = visit.last if lost else visit.left
        self._end(visit, min(visit.departed, self.off or visit.departed))
        return True

    def _lie(self, visit: Visit, fix: Fix, zone: Zone, harbours: Harbours, last: Fix | None) -> bool:
        """Begin, confirm or end a stay; returns whether the visit is another now."""
        stay = self.stay
        if stay is None:
            place = _lying(fix, zone, harbours)
            if place is not None:
                self.stay, self.sure, self.off = Stay(*place, _stopped(last, fix)), False, None
            return False
        fits, near = _fits(stay, fix, zone, harbours)
        if fits:
            self.off = None
            if self.sure or fix.time - stay.begin < _LASTING[stay.kind]:
                return False
            self.sure = True
            port = _port_of(stay, harbours)
            if not visit.stays and port in self.within:
                visit.port, (visit.first, visit.arrived) = port, self.within[port]
            visit.stays.append(stay)
            return True
        if self.off is None:
            self.off = last.time if last is not None and fix.time - last.time > _LOST else fix.time
            if near:
                return False
        was = self.sure
        self._end(visit, self.off or fix.time)
        return self._lie(visit, fix, zone, harbours, last) or was

    def _end(self, visit: Visit, time: Micros) -> None:
        if self.stay is not None and self.sure:
            visit.stays[-1].end = time
        self.stay, self.sure, self.off = None, False, None


def _stopped(last: Fix | None, fix: Fix) -> Micros:
    """When a ship that lies here now came to lie: it reports every three minutes then, and went on as it went before."""
    if last is None or last.speed is None or last.speed <= _STILL_KN or fix.time - last.time > _HEARD:
        return fix.time
    away = metres((last.lon, last.lat), (fix.lon, fix.lat))
    return min(fix.time, last.time + round(away / (last.speed * _KNOT_MS)) * SECOND)


def _lying(fix: Fix, zone: Zone, harbours: Harbours) -> tuple[str, str] | None:
    """(kind, place) where a ship that is here lies; None when it does not."""
    speed = fix.speed
    if fix.status == AT_ANCHOR:
        if speed is None or speed <= _RIDING_KN:
            return ANCHOR, harbours.anchorages[zone.roads].id if zone.roads >= 0 else ""
        return None
    still = speed <= _STILL_KN if speed is not None else fix.status == MOORED
    if not still:
        return None
    if zone.berth >= 0:
        return BERTH, harbours.berths[zone.berth].id
    if zone.anchorage >= 0 and fix.status != MOORED:
        return ANCHOR, harbours.anchorages[zone.anchorage].id
    return None


def _port_of(stay: Stay, harbours: Harbours) -> str:
    """Whose berth or anchorage it is; "" for nobody's."""
    places = harbours.berths if stay.kind == BERTH else harbours.anchorages
    return next((one.port for one in places if one.id == stay.place), "")


def _fits(stay: Stay, fix: Fix, zone: Zone, harbours: Harbours) -> tuple[bool, bool]:
    """(whether it still lies there, whether it is at least still near: one such position alone is no departure)."""
    speed = 0.0 if fix.speed is None else fix.speed
    if stay.kind == BERTH:
        near = any(harbours.berths[number].id == stay.place for number in zone.berths)
        return near and speed <= _OFF_KN, near
    if fix.status == MOORED:
        return False, False
    return speed <= (_RIDING_KN if fix.status == AT_ANCHOR else _ADRIFT_KN), True


def call_id(thing: str, run: str, port: str, first: Micros) -> str:
    """12 hex digits that name a call: the same data give the same."""
    return blake2b("\x1f".join((thing, run, port, str(first))).encode(), digest_size=6).hexdigest()
