"""Ships that call at berths: come by a gate, wait at anchor, take a pilot, work cargo, leave. Berths are taken in order of arrival.

gate ── pilot or anchorage ~ wait ~ pilot ── berth ~ cargo ~ berth ── gate        a gale sends it from berth or anchor to shelter
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .ships import PORTS, SEED_SHIP, Ship
from .wake import MOORED, Wake
from .waters import Area, Harbour, Point, Route, Spot
from .world import HOUR, SHELTERS, WARM_UP, Berthing, Boarding, Deed, World, rest, shelter

BOUND = {
    "container": {"xiamen": 1.0},
    "bulk": {"houshi": 0.35, "xiamen": 0.3, "gulei": 0.2, "dongshan": 0.15},
    "general": {"xiamen": 0.5, "dongshan": 0.25, "gulei": 0.25},
    "oil": {"gulei": 0.45, "xiamen": 0.35, "houshi": 0.2},
    "chemical": {"gulei": 0.75, "xiamen": 0.25},
}
"""Where ships of a kind call, by share."""
CARGOES: dict[str, tuple[tuple[str, int | None], ...]] = {
    "container": (("containers", None),),
    "bulk": (("coal", None), ("silica sand", None), ("grain", None), ("gravel", None)),
    "general": (("steel", None), ("timber", None), ("stone", None)),
    "oil": (("crude oil", 1267), ("naphtha", 1268), ("diesel", 1202), ("fuel oil", 3082)),
    "chemical": (("para-xylene", 1307), ("styrene", 2055), ("methanol", 1230), ("ethylene glycol", None), ("benzene", 1114), ("vinyl acetate", 1301)),
}  # fmt: skip
"""Cargo and its UN number (ADR/IMDG list), None for what is not dangerous."""
RESERVED = "gulei-s18"
"""The seed story's berth: kept for its ship."""
_PATIENCE, _AWAY = 1.3, (14.0, 40.0)
_HASTY = 0.03
_SEAWORTHY_M = 200
"""Longer ships meet a gale at sea, far away, rather than at anchor."""
_COMING = 12 * HOUR
"""From a gate to a pilot at most: nobody is at sea in a gale."""


@dataclass
class Stay:
    """One time at a berth, s; what becomes a PortCall. begin, end: when the ship came into the area and left it."""

    ship: int
    berth: Spot
    cargo: str
    un_number: int | None
    tonnes: float
    begin: float
    berthed: float
    unberthed: float
    end: float


@dataclass
class Call:
    """A call to be made. arrival: when the ship would be off the port; pilot: not before when it takes a pilot."""

    ship: Ship
    number: int
    arrival: float
    berth: Spot
    cargo: str
    un_number: int | None
    tonnes: float
    loads: bool
    origin: str
    goal: str
    pilot: float = -1e9


class Trade:
    """Writes the wakes of all ships that call, and knows when each berth is free."""

    def __init__(self, world: World) -> None:
        self.world, self.waters = world, world.waters
        self.stays, self.free = list[Stay](), dict[str, float]()
        self.wakes = dict[int, Wake]()

    def run(self, ships: Sequence[Ship], first: Call) -> None:
        """All calls of ships, in order of arrival; `first` is the seed story's."""
        self._make(first)
        waiting = []
        for ship in ships:
            chance = self.world.chance("trade", ship.number)
            waiting.append((chance.uniform(WARM_UP, 14 * HOUR), ship.number, 0, ship))
        heapq.heapify(waiting)
        while waiting:
            arrival, number, visit, ship = heapq.heappop(waiting)
            if arrival > self.world.horizon + 2 * HOUR:
                continue
            left = self._make(self._call(ship, visit, arrival))
            chance = self.world.chance("away", number, visit)
            heapq.heappush(waiting, (left + chance.uniform(*_AWAY) * HOUR, number, visit + 1, ship))

    def _call(self, ship: Ship, visit: int, arrival: float) -> Call:
        chance = self.world.chance("call", ship.number, visit)
        goods = ship.traits.goods
        ports = BOUND[goods]
        harbour = self.waters.harbours[chance.choices(list(ports), list(ports.values()))[0]]
        berths = [berth for berth in harbour.berths if goods in berth.goods and berth.id != RESERVED]
        fitting = [berth for berth in berths if berth.length_m >= ship.length] or [max(berths, key=lambda one: one.length_m)]
        berth = min(fitting, key=lambda one: (self.free.get(one.id, WARM_UP), one.id))
        cargo, number = chance.choice(CARGOES[goods])
        tonnes = round(ship.deadweight * chance.uniform(0.35, 0.9), -1)
        entry = self.world.postponed(arrival - _COMING, arrival + 2 * HOUR, 6, 0.5 + chance.random() * 9)
        sides = ("north", "south", "east")
        origin, goal = chance.choices(sides, (5, 4, 1))[0], chance.choices(sides, (4, 5, 1))[0]
        return Call(ship, visit, entry + _COMING, berth, cargo, number, tonnes, chance.random() < 0.35, origin, goal)

    def _make(self, call: Call) -> float:
        """Write one call; when the ship has left."""
        world, ship, chance = self.world, call.ship, self.world.chance("make", call.ship.number, call.number)
        harbour = self.waters.harbours[call.berth.harbour]
        wake = self.wakes.get(ship.number)
        if wake is None:
            wake = self.wakes[ship.number] = Wake(ship.speed, chance.uniform(0.04, 0.28), ship.draught)
        wake.draught = ship.light if call.loads else ship.draught
        gate = chance.choice(self.waters.gates[call.origin])
        wake.voyage = world.voyage(harbour.destination, call.arrival)
        inward = self.waters.route(harbour.pilot.node, call.berth.node)
        last_leg = wake.duration(inward, max(9.0, ship.speed * 0.9))
        free = self.free.get(call.berth.id, WARM_UP) + 0.5 * HOUR - last_leg
        pilot = max(call.arrival + 0.4 * HOUR, free, call.pilot)
        pilot = world.postponed(pilot, pilot + 3 * HOUR, 14, 3 + chance.random() * 8)
        begin = self._come(call, wake, harbour, gate, pilot)
        self._aboard(wake, harbour, inward, chance.random() < _HASTY and world.horizon > wake.time > 0, ship)
        wake.go(call.berth.point, 3.5)
        end = self._work(call, wake, harbour, chance)
        self._depart(call, wake, harbour, chance)
        for stay in self.stays[end:]:
            stay.begin, stay.end = begin, wake.time
        return wake.time

    def _come(self, call: Call, wake: Wake, harbour: Harbour, gate: str, pilot: float) -> float:
        """From the gate to where the pilot boards, by way of an anchorage when there is long to wait. Returns when it came."""
        world, ship = self.world, call.ship
        area = self._anchorage(harbour, ship) if pilot - call.arrival > _PATIENCE * HOUR else None
        route = self.waters.route(gate, area.node if area else harbour.pilot.node)
        wake.enter(call.arrival - wake.duration(route), self.waters.nodes[gate])
        begin = wake.time
        wake.sail(route)
        if area:
            on = self.waters.route(area.node, harbour.pilot.node) if area.node != harbour.pilot.node else None
            rest(world, wake, ship, area, max(pilot - 0.25 * HOUR - (wake.duration(on) if on else 0.0), wake.time + 0.5 * HOUR))
            if on:
                wake.sail(on)
        return begin

    def _anchorage(self, harbour: Harbour, ship: Ship) -> Area:
        goods = ship.traits.goods
        near = [area for area in harbour.anchorages if goods in area.goods]
        near = near or [area for area in self.world.areas if goods in area.goods and area.node == harbour.pilot.node]
        near = near or [area for area in harbour.anchorages if not area.shelter]
        return near[ship.number % len(near)]

    def _aboard(self, wake: Wake, harbour: Harbour, route: Route, hasty: bool, ship: Ship) -> None:
        """Take the pilot at walking pace, and sail to the berth's node."""
        meeting = _along(route, 1300.0)
        self.world.boardings.append(Boarding(harbour.id, wake.time, (float(meeting[0]), float(meeting[1]))))
        wake.go(meeting, 5.0)
        start = wake.time
        wake.sail(route, max(9.0, ship.speed * 0.9), 1.5 if hasty else 1.0)
        if hasty:
            self.world.deeds.append(Deed("speeding", ship.number, start, wake.time))

    def _work(self, call: Call, wake: Wake, harbour: Harbour, chance: random.Random) -> int:
        """Work cargo at the berth; leave for shelter and come back when a gale comes. Returns where this call's stays begin."""
        world, berth, ship, first = self.world, call.berth, call.ship, len(self.stays)
        left, lead, back = call.tonnes, chance.uniform(6, 12), chance.uniform(3, 10)
        hours = min(max(call.tonnes / (berth.rate_th or 300.0), 5.0), 34.0)
        heading = (berth.heading + 180 * (ship.number % 2)) % 360
        for _ in range(len(world.gales) + 1):
            share = left / call.tonnes
            start, until = wake.time, wake.time + (hours * share + 1.5) * HOUR
            gale = world.gale(start, until, lead, back)
            leaves = gale is not None and gale.begin > start
            stop = gale.begin if gale is not None and leaves else until
            done = min(1.0, max(0.0, (stop - start) / HOUR - 1.0) / (hours * share)) if leaves else 1.0
            world.berthings.append(Berthing(harbour.id, start, berth.node, berth.point, ship.length))
            self._moored(wake, call, stop, heading, (1 - share, 1 - share * (1 - done)))
            self.stays.append(Stay(ship.number, berth, call.cargo, call.un_number, round(left * done), 0, start, wake.time, 0))
            left *= 1 - done
            if not leaves or gale is None or left < 0.05 * call.tonnes:
                break
            self._flee(wake, ship, harbour, berth, gale.end, chance)
        self.free[berth.id] = wake.time + 0.5 * HOUR
        world.berthings.append(Berthing(harbour.id, wake.time, berth.node, berth.point, ship.length))
        return first

    def _moored(self, wake: Wake, call: Call, until: float, heading: float, shares: tuple[float, float]) -> None:
        """Lie at the berth while the draught follows the cargo, in four steps. shares: of the cargo worked before and after."""
        ship, start = call.ship, wake.time
        empty, full = (ship.draught, ship.light) if call.loads else (ship.light, ship.draught)
        for step in range(4):
            worked = shares[0] + (shares[1] - shares[0]) * step / 3
            wake.draught = round(full + (empty - full) * worked, 1)
            wake.lie(start + (until - start) * (step + 1) / 4, MOORED, heading)

    def _flee(self, wake: Wake, ship: Ship, harbour: Harbour, berth: Spot, until: float, chance: random.Random) -> None:
        """Away from the berth before a gale: the big ones to sea, the others to an inner anchorage; and back to the berth's node."""
        wake.go(self.waters.nodes[berth.node], 4.0)
        if ship.length > _SEAWORTHY_M:
            gate = chance.choice(self.waters.gates["south"])
            wake.sail(self.waters.route(berth.node, gate))
            wake.leave()
            wake.enter(until, self.waters.nodes[gate])
            wake.sail(self.waters.route(gate, berth.node))
        else:
            inner = self.world.area(chance.choice(SHELTERS[harbour.id]))
            wake.sail(self.waters.route(berth.node, inner.node), 9.0)
            shelter(self.world, wake, ship, inner, until)
            wake.sail(self.waters.route(inner.node, berth.node), 9.0)
        wake.go(berth.point, 3.5)

    def _depart(self, call: Call, wake: Wake, harbour: Harbour, chance: random.Random) -> None:
        """From the berth to a gate."""
        gate = chance.choice(self.waters.gates[call.goal])
        wake.voyage = self.world.voyage(chance.choice(PORTS[call.goal]), wake.time + chance.uniform(18, 70) * HOUR)
        wake.go(self.waters.nodes[call.berth.node], 4.0)
        node = call.berth.node
        gale = self.world.gale(wake.time, wake.time + _COMING, 0, chance.uniform(0.5, 5))
        if gale is not None and gale.begin > wake.time and call.ship.length <= _SEAWORTHY_M:
            inner = self.world.area(chance.choice(SHELTERS[harbour.id]))
            wake.sail(self.waters.route(node, inner.node), 9.0)
            shelter(self.world, wake, call.ship, inner, gale.end)
            node = inner.node
        out = self.waters.route(node, harbour.pilot.node)
        wake.sail(out, max(9.0, wake.speed * 0.9))
        self.world.boardings.append(Boarding(harbour.id, wake.time, harbour.pilot.point))
        wake.sail(self.waters.route(harbour.pilot.node, gate))
        wake.leave()


def seed_call(world: World, arrival: float, pilot: float) -> Call:
    """The call that everything is told around. arrival, pilot: s."""
    berth = next(berth for berth in world.waters.harbours["gulei"].berths if berth.id == RESERVED)
    return Call(SEED_SHIP, 0, arrival, berth, "vinyl acetate", 1301, 3000.0, False, "north", "north", pilot)


def _along(route: Route, metres: float) -> Point:
    """A point of a way's first leg, at most half-way."""
    first, second = route.points[0], route.points[1]
    length = float(np.hypot(*((second - first) * (101_500, 111_195))))
    share = min(0.5, metres / length)
    where = first + (second - first) * share
    return float(where[0]), float(where[1])
