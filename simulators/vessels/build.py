"""How traffic comes about: who sails, what the weather will be, who calls where, and everybody's wake."""

from __future__ import annotations

from typing import Any

import numpy as np

from sensing.times import DAY, HOUR, MINUTE, SECOND

from ..clock import dice
from ..story import Story
from . import record, rounds, ships, trade
from .gales import gales_of, wind_of
from .motion import Motion
from .ships import Ship
from .traffic import Traffic
from .wake import UNDER_WAY, Wake
from .waters import load_waters
from .world import HOUR as HOUR_S
from .world import Deed, World

_DARK = 0.02
_DAWN = 22 * HOUR + 30 * MINUTE
"""06:30 in China, by UTC."""


def build_traffic(story: Story, seed: int, n_vessels: int = 500, *, incidents: bool = True) -> Traffic:
    """Ships for a story. incidents: whether some ships go dark. Raises ValueError for no vessels.

    The seed story's hours after the story's begin may stand in the scenario: `[ships] arrives_h = 3, pilot_h = 8`.
    """
    waters = load_waters()
    fleet = ships.fleet(seed, n_vessels)
    areas = list(waters.anchorages)
    dawn = (_DAWN - story.begin % DAY) / SECOND
    world = World(
        seed,
        (story.end - story.begin) / SECOND,
        dawn,
        waters,
        gales_of(story),
        wind_of(story, [one.middle for one in areas]),
        areas,
    )
    wakes = _wakes(world, fleet, getattr(story.scenario, "more", {}).get("ships", {}))
    phases = np.array([dice(seed, "phase", ship.number).uniform(0, 2 * np.pi) for ship in fleet])
    motion = Motion([wakes[ship.number][0] for ship in fleet], phases, world.wind)
    dark = _dark(world, fleet, [wakes[ship.number][0] for ship in fleet]) if incidents else {}
    world.deeds += dark.values()
    stays = [stay for _, found in wakes.values() for stay in found]
    by_number = {ship.number: ship for ship in fleet}
    return Traffic(
        story, fleet, waters, motion, world.voyages,
        list(record.port_calls(stays, by_number, motion, waters.harbours, story.begin, world.horizon)),
        list(record.incidents(world.deeds, by_number, motion, story.begin, world.horizon)),
        {deed.ship: (deed.begin, deed.end) for deed in dark.values()},
    )  # fmt: skip


def _wakes(world: World, fleet: list[Ship], told: dict[str, Any]) -> dict[int, tuple[Wake, list[trade.Stay]]]:
    """Every ship's wake and stays at berths, by number."""
    dealing = trade.Trade(world)
    traders = [ship for ship in fleet[1:] if ship.traits.duty == "calls"]
    first = trade.seed_call(world, told.get("arrives_h", 3.0) * HOUR_S, told.get("pilot_h", 8.0) * HOUR_S)
    dealing.run(traders, first)
    found = dict(dealing.wakes)
    for duty in ("pilots", "tows"):
        found |= rounds.helpers(world, [ship for ship in fleet if ship.traits.duty == duty], duty)
    for ship in fleet:
        write = rounds.ROUNDS.get(ship.traits.duty)
        if write is not None:
            found[ship.number] = write(world, ship)
    for wake in found.values():
        wake.close()
    stays: dict[int, list[trade.Stay]] = {}
    for stay in dealing.stays:
        stays.setdefault(stay.ship, []).append(stay)
    return {ship.number: (found.get(ship.number) or Wake(1.0, 0.0, 1.0), stays.get(ship.number, [])) for ship in fleet}


def _dark(world: World, fleet: list[Ship], wakes: list[Wake]) -> dict[int, Deed]:
    """Ships that are silent for an hour or more while they sail, by number: never the seed story's."""
    found: dict[int, Deed] = {}
    for ship, wake in zip(fleet, wakes, strict=True):
        chance = world.chance("dark", ship.number)
        if ship.number == 0 or ship.kind in ("ferry", "pilot", "tug", "patrol") or chance.random() >= _DARK:
            continue
        spans = [span for span in _sailing(wake) if span[1] - span[0] > 1.5 * HOUR_S and span[0] > 0 and span[1] < world.horizon]
        if spans:
            begin, end = chance.choice(spans)
            length = min(chance.uniform(0.8, 2.0) * HOUR_S, 0.5 * (end - begin))
            start = begin + (end - begin) * 0.25
            found[ship.number] = Deed("dark", ship.number, round(start), round(start + length))
    return found


def _sailing(wake: Wake) -> list[tuple[float, float]]:
    """From when until when a ship was under way without a break."""
    spans, begin = list[tuple[float, float]](), None
    for knot in wake.knots:
        if knot.status == UNDER_WAY and begin is None:
            begin = knot.time
        elif knot.status != UNDER_WAY and begin is not None:
            spans.append((begin, knot.time))
            begin = None
    return spans
