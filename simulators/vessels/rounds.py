"""Ships that do not call at berths: those that pass, fish, ferry, patrol and roam. Before a gale they are in harbour, or far away."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping

import numpy as np

from .ships import PORTS, Ship
from .wake import FISHING, MOORED, UNDER_WAY, Wake
from .waters import Area, Point, Route, Spot, inside
from .world import HOUR, WARM_UP, World

_SIDES = {"north": "south", "south": "north"}
_DAY = 24 * HOUR


def passing(world: World, ship: Ship) -> Wake:
    """Along the coast from gate to gate, and after some hours back again; never while a gale blows."""
    chance = world.chance("passing", ship.number)
    wake = Wake(ship.speed, chance.uniform(0.05, 0.35), ship.draught)
    side, lane, time = chance.choice(("north", "south")), chance.randrange(2), chance.uniform(WARM_UP / 2, 4 * HOUR)
    while time < world.horizon:
        gates = world.waters.gates
        route = world.waters.route(gates[side][lane], gates[_SIDES[side]][lane])
        last = wake.duration(route)
        time = world.postponed(time, time + last, 2, 1 + chance.random() * 8)
        wake.voyage = world.voyage(chance.choice(PORTS[_SIDES[side]]), time + chance.uniform(12, 90) * HOUR)
        wake.enter(time, world.waters.nodes[gates[side][lane]])
        wake.sail(route)
        wake.leave()
        side, time = _SIDES[side], wake.time + chance.uniform(2, 9) * HOUR
    return wake


def fishing(world: World, ship: Ship) -> Wake:
    """Out from the home harbour, fish for most of a day, and back; in harbour some hours before a gale comes until it is over."""
    chance = world.chance("fishing", ship.number)
    wake = Wake(ship.speed, chance.uniform(0.03, 0.2), ship.draught)
    home = chance.choice(world.waters.homes)
    grounds = sorted(world.waters.grounds, key=lambda one: _far(one, home))[:2]
    berth, heading = _beside(home.point, chance), chance.uniform(0, 360)
    lead, back = chance.uniform(5, 16), chance.uniform(3, 14)
    wake.enter(WARM_UP, berth)
    wake.lie(WARM_UP + chance.uniform(0, 20) * HOUR, MOORED, heading)
    while wake.time < world.horizon:
        ground = chance.choice(grounds)
        out = world.waters.route(home.node, ground.node)
        sail = wake.duration(out) + 1.5 * HOUR
        until = wake.time + sail + chance.uniform(5, 16) * HOUR
        gale = world.gale(wake.time, until + sail, lead, back)
        if gale is not None:
            until = min(until, gale.begin - sail)
        if gale is not None and until < wake.time + sail + HOUR:
            wake.lie(max(gale.end, wake.time + HOUR), MOORED, heading)
            continue
        _fish(wake, world, (home, out, ground), until, chance)
        wake.go(berth, 3.0)
        wake.lie(wake.time + chance.uniform(3, 12) * HOUR, MOORED, heading)
    return wake


def _fish(wake: Wake, world: World, way: tuple[Spot, Route, Area], until: float, chance: random.Random) -> None:
    """To a fishing ground, to and fro in it until a time, and back to the home harbour's node."""
    home, out, ground = way
    wake.go(world.waters.nodes[home.node], 4.0)
    wake.sail(out)
    wake.go(ground.point(chance.randint(1, 200)), wake.speed)
    course = chance.uniform(0, 2 * np.pi)
    while wake.time < until:
        course += chance.uniform(-1.2, 1.2)
        step = chance.uniform(1500, 3500)
        target = (wake.point[0] + step * np.sin(course) / 101_500, wake.point[1] + step * np.cos(course) / 111_195)
        if not inside(ground.polygon, target):
            middle = ground.middle
            course = float(np.arctan2(middle[0] - wake.point[0], middle[1] - wake.point[1]))
            target = ((wake.point[0] + middle[0]) / 2, (wake.point[1] + middle[1]) / 2)
        wake.go((float(target[0]), float(target[1])), chance.uniform(2.4, 4.2), FISHING)
    wake.go(world.waters.nodes[ground.node], wake.speed)
    wake.sail(out.back())


def ferry(world: World, ship: Ship) -> Wake:
    """To and fro between 06:30 and 21:30 local time, alongside at night and in gales."""
    chance = world.chance("ferry", ship.number)
    line = world.waters.ferries[ship.number % len(world.waters.ferries)]
    path = np.array(line.path)
    there = Route(path, np.full(len(path) - 1, 99.0), np.full(len(path) - 1, 150.0))
    wake = Wake(1.0, chance.uniform(0.05, 0.3), ship.draught)
    speed = 1.0 * wake.duration(there) / (line.minutes * 60) * chance.uniform(0.9, 1.1)
    heading = chance.uniform(0, 360)
    wake.enter(-3 * HOUR, line.path[0])
    wake.lie(-2 * HOUR + chance.uniform(0, HOUR), MOORED, heading)
    route = there
    while wake.time < world.horizon:
        opens = _daytime(world, wake.time)
        opens = world.postponed(opens, opens + HOUR, 4, 3)
        if opens > wake.time + 60 or _daytime(world, opens) > opens:
            wake.lie(_daytime(world, opens) + chance.uniform(0, 0.4) * HOUR, MOORED, heading)
            continue
        wake.sail(route, speed)
        end = route.points[-1]
        wake.go((float(end[0]), float(end[1])), speed)
        wake.lie(wake.time + chance.uniform(6, 18) * 60, MOORED, heading)
        route = route.back()
    return wake


def patrol(world: World, ship: Ship) -> Wake:
    """Rounds through the harbours and off the coast; in its basin while a gale blows."""
    return _rounds(world, ship, ("g_off", "x_off", "x_qing", "x_in", "g_ent", "g_north", "x_east", "x_est", "h_bay"), (2, 9))


def yacht(world: World, ship: Ship) -> Wake:
    """Short trips by day."""
    return _rounds(world, ship, ("x_qing", "x_east", "x_in", "x_wutong", "h_bay"), (4, 30), by_day=True)


def _rounds(world: World, ship: Ship, goals: tuple[str, ...], pause: tuple[float, float], *, by_day: bool = False) -> Wake:
    chance = world.chance("rounds", ship.number)
    wake = Wake(ship.speed, chance.uniform(0.05, 0.3), ship.draught)
    if by_day:
        base = chance.choice([one for one in world.waters.homes if one.id in ("gaoqi", "liuwudian", "wuyu")])
    else:
        base = chance.choice([one.service for one in world.waters.harbours.values()])
    berth, heading = _beside(base.point, chance), chance.uniform(0, 360)
    lead, back = chance.uniform(2, 6), chance.uniform(1, 4)
    wake.enter(WARM_UP / 4, berth)
    wake.lie(WARM_UP / 4 + chance.uniform(0, pause[1]) * HOUR, MOORED, heading)
    while wake.time < world.horizon:
        goal = chance.choice([name for name in goals if name != base.node])
        route = world.waters.route(base.node, goal)
        last = 2 * wake.duration(route) + 1.5 * HOUR
        start = world.postponed(wake.time, wake.time + last, lead, back)
        start = _daytime(world, start) if by_day else start
        if start > wake.time + 60:
            wake.lie(start + chance.uniform(0, 1) * HOUR, MOORED, heading)
            continue
        wake.go(world.waters.nodes[base.node], 4.0)
        wake.sail(route)
        wake.lie(wake.time + chance.uniform(0.2, 0.8) * HOUR, UNDER_WAY, chance.uniform(0, 360))
        wake.sail(route.back())
        wake.go(berth, 3.0)
        wake.lie(wake.time + chance.uniform(*pause) * HOUR, MOORED, heading)
    return wake


def helpers(world: World, ships: list[Ship], duty: str) -> dict[int, Wake]:
    """Wakes of pilot boats (`pilots`) or tugs (`tows`): they lie at their harbour's base and go out to the jobs that trade left them."""
    found: dict[int, Wake] = {}
    bases = list(world.waters.harbours)
    order = sorted(range(len(ships)), key=lambda at: ships[at].number)
    crews: dict[str, list[Ship]] = {name: [] for name in bases}
    for at in order:
        crews[bases[(1, 3, 2, 3, 0)[at % 5] % len(bases)]].append(ships[at])
    for name, crew in crews.items():
        jobs = _jobs(world, name, duty)
        for turn, ship in enumerate(crew):
            found[ship.number] = _helper(world, ship, name, jobs[turn :: len(crew)], duty)
    return found


def _jobs(world: World, harbour: str, duty: str) -> list[tuple[float, str, Point]]:
    """When to be where, beside which node, in order of time."""
    base = world.waters.harbours[harbour]
    if duty == "pilots":
        return sorted((job.time, base.pilot.node, job.point) for job in world.boardings if job.harbour == harbour)
    return sorted((job.time, job.node, job.point) for job in world.berthings if job.harbour == harbour and job.length > 75)


def _helper(world: World, ship: Ship, harbour: str, jobs: list[tuple[float, str, Point]], duty: str) -> Wake:
    base = world.waters.harbours[harbour].service
    chance = world.chance("helper", ship.number)
    wake = Wake(ship.speed, chance.uniform(0.05, 0.3), ship.draught)
    berth, heading = _beside(base.point, chance), chance.uniform(0, 360)
    stays = 0.7 * HOUR if duty == "tows" else 300.0
    wake.enter(WARM_UP, berth)
    wake.lie(WARM_UP + 60, MOORED, heading)
    for time, node, point in jobs:
        route = world.waters.route(base.node, node)
        start = time - wake.duration(route) - 0.4 * HOUR
        if start < wake.time:
            continue
        wake.lie(start, MOORED, heading)
        wake.go(world.waters.nodes[base.node], 4.0)
        if node != base.node:
            wake.sail(route)
        wake.go(_short_of(wake.point, point), 5.0)
        wake.lie(max(time + stays, wake.time + 60), UNDER_WAY, chance.uniform(0, 360))
        wake.go(world.waters.nodes[node], 5.0)
        if node != base.node:
            wake.sail(route.back())
        wake.go(berth, 3.0)
    wake.lie(max(world.horizon, wake.time) + HOUR, MOORED, heading)
    return wake


ROUNDS: Mapping[str, Callable[[World, Ship], Wake]] = {
    "passes": passing, "fishes": fishing, "ferries": ferry, "patrols": patrol, "roams": yacht,
}  # fmt: skip
"""Who writes the wake of ships with a duty of their own."""


def _far(ground: Area, home: Spot) -> float:
    middle = ground.middle
    return float(np.hypot((middle[0] - home.point[0]) * 0.91, middle[1] - home.point[1]))


def _beside(point: Point, chance: random.Random) -> Point:
    """A berth of its own in a small harbour, within 80 m."""
    return point[0] + chance.uniform(-80, 80) / 101_500, point[1] + chance.uniform(-80, 80) / 111_195


def _short_of(start: Point, point: Point) -> Point:
    """A point some 120 m before another."""
    east, north = (point[0] - start[0]) * 101_500, (point[1] - start[1]) * 111_195
    share = max(0.0, 1 - 120 / max(1.0, (east**2 + north**2) ** 0.5))
    return start[0] + (point[0] - start[0]) * share, start[1] + (point[1] - start[1]) * share


def _daytime(world: World, time: float) -> float:
    """This time when it is between 06:30 and 21:30 local, else the next 06:30. The day is reckoned from `world.dawn`."""
    into = (time - world.dawn) % _DAY
    return time if into < 15 * HOUR else time + _DAY - into
