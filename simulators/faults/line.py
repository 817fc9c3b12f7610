"""Line faults: when a frame that was said at one time sets off, once or more often, and when its gateway may speak at all.

    said -> late, reorder (the device's)   -> copies: duplicate, retransmit -> burst, outage (the gateway's) -> sent

Delays are known when a frame is said, so frames wait in one heap, ordered by (when due, the order they were said in).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sensing.model import Micros
from sensing.times import HOUR, MINUTE, SECOND

from ..clock import jitter
from .book import book
from .episodes import Episode
from .kinds import BIT, Kind

COPY_WITHIN = 60 * SECOND
"""A repeat follows within this."""


class Break(NamedTuple):
    """A gateway's connection breaks at a virtual time: an instruction to the player, in order with the frames."""

    time: Micros
    gateway: str


class Due(NamedTuple):
    """When a frame sets off first, when its copies do, and what befell it (bits)."""

    time: Micros
    copies: tuple[Micros, ...]
    kinds: int


def on_device(episodes: Sequence[Episode], time: Micros, number: int) -> Due:
    """What the device's own line makes of a frame said at `time`. number: of the frame, in the order in which they are said."""
    due, kinds = time, 0
    copies: list[Micros] = []
    for episode in episodes:
        if not episode.begin <= time < episode.end:
            continue
        kind = episode.kind
        if kind is not Kind.LATE and _draw(episode, "chance", number) >= book().manners[kind].chance:
            continue
        kinds |= 1 << BIT[kind]
        if kind is Kind.LATE:
            due += int(episode.size * HOUR)
        elif kind is Kind.REORDER:
            due += int(episode.size * MINUTE * (0.5 + 0.5 * _draw(episode, "held", number)))
        elif kind is Kind.DUPLICATE:
            copies.append(int(COPY_WITHIN * _draw(episode, "copy", number)))
        else:
            repeats = round(episode.size)
            copies += [COPY_WITHIN * (repeat + 1) // repeats for repeat in range(repeats)]
    return Due(due, tuple(due + copy for copy in copies), kinds)


class GatewayLine:
    """When one gateway may speak. Remembers how long the backlog of each outage has grown."""

    def __init__(self, episodes: Sequence[Episode]) -> None:
        self._silences = [episode for episode in episodes if episode.kind is not Kind.FLAP]
        self._waiting = dict.fromkeys(self._silences, 0)
        self._flaps = [episode for episode in episodes if episode.kind is Kind.FLAP]

    def when(self, due: Micros) -> tuple[Micros, int]:
        """When a frame that is due goes out, and what held it (bits). What was held keeps its order."""
        kinds = 0
        for episode in self._silences:
            if not episode.begin <= due < episode.end:
                continue
            kinds |= 1 << BIT[episode.kind]
            due = episode.end
            if episode.kind is Kind.GATEWAY_OUTAGE:
                due += int(self._waiting[episode] / episode.size * SECOND)
                self._waiting[episode] += 1
        return due, kinds

    def waited(self) -> Iterator[tuple[Episode, int]]:
        """Outages and how many frames each held."""
        yield from ((episode, number) for episode, number in self._waiting.items() if episode.kind is Kind.GATEWAY_OUTAGE)

    def breaks(self) -> Iterator[Break]:
        """When its connection breaks."""
        for episode in self._flaps:
            chance = episode.chance("breaks")
            time = episode.begin
            while time < episode.end:
                yield Break(time, episode.victim)
                time += int(episode.size * MINUTE * chance.uniform(0.5, 1.5))


def _draw(episode: Episode, use: str, number: int) -> float:
    """From 0 to 1, of one frame."""
    return 0.5 + 0.5 * jitter(episode.seed, use, episode.kind, episode.victim, episode.begin, number)
