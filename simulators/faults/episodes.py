"""When a fault befalls whom: drawn from (seed, kind, victim), so that a larger fleet or another kind changes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from sensing.model import Micros

from ..clock import dice
from .book import Manner, book
from .kinds import SERVICES, Kind
from .plan import Plan, Window


@dataclass(frozen=True)
class Episode:
    """One fault of one victim from begin to end (excluded). size: in the unit of its kind. seed: for what it draws later."""

    kind: Kind
    victim: str
    begin: Micros
    end: Micros
    size: float
    seed: int

    def chance(self, *words: object) -> Random:
        """A draw that belongs to this episode and `words`."""
        return dice(self.seed, self.kind, self.victim, self.begin, *words)

    def told(self) -> dict[str, Any]:
        """Its line in faults.ndjson, without what came of it."""
        return {"kind": str(self.kind), "victim": self.victim, "from": self.begin, "to": self.end, "size": round(self.size, 6)}


def befallen(plan: Plan, seed: int, kinds: Iterable[Kind], victim: str, begin: Micros, end: Micros) -> list[Episode]:
    """The episodes of one device or gateway within a run, of these kinds, by their begin."""
    found: list[Episode] = []
    for kind in kinds:
        share = plan.shares.get(kind)
        if share is None:
            continue
        chance = dice(seed, "fault", kind, victim)
        if chance.random() < share.share:
            found += _course(kind, victim, book().manners[kind], chance, _clipped(share.window, begin, end), seed)
    return sorted(found, key=lambda episode: (episode.begin, episode.kind))


def _course(kind: Kind, victim: str, manner: Manner, chance: Random, span: tuple[Micros, Micros], seed: int) -> Iterator[Episode]:
    """One episode after the other; the last is left out when the end cuts it below its least length."""
    begin, end = span
    time = begin + int(chance.random() * min(manner.every, max(0, end - begin - manner.lasts[0]) // 2))
    while time < end:
        lasts = int(chance.uniform(*manner.lasts))
        size = chance.uniform(*manner.size)
        if min(end, time + lasts) - time >= manner.lasts[0]:
            yield Episode(kind, victim, time, min(end, time + lasts), size, seed)
        time += lasts + int(manner.every * chance.uniform(0.5, 1.5))


def _clipped(window: Window, begin: Micros, end: Micros) -> tuple[Micros, Micros]:
    first, last = window
    return begin + first, end if last is None else min(end, begin + last)


@dataclass(frozen=True)
class Strike:
    """Something that befalls the service. name: of SERVICES. time: virtual."""

    name: str
    time: Micros


def strikes(plan: Plan, seed: int, begin: Micros, end: Micros) -> list[Strike]:
    """When the service itself is hit, in order: each kind spread over its window with some chance, never at its very ends."""
    found = []
    for name in SERVICES:
        service = plan.services.get(name)
        if service is None:
            continue
        first, last = _clipped(service.window, begin, end)
        chance = dice(seed, "strike", name)
        step = (last - first) / (service.count + 1)
        found += [Strike(name, first + int(step * (number + chance.uniform(0.6, 1.4)))) for number in range(service.count)]
    return sorted(found, key=lambda strike: (strike.time, strike.name))
