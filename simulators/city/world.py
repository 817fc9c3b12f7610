"""What devices of one kind sense of the story: asked for all of them at once, a column of times at a go.

Devices of one site share the story's weather and water (further ones stand within a kilometre or two of the first; VOC monitors each
have their own); each has its own small errors on top. So a city of 100,000 devices asks the physics no more than one of 2,000.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from sensing.model import Micros
from sensing.times import DAY, HOUR

from ..said import Device
from ..story import Place
from .chance import Floats, Keys, Times, draws
from .sites import Site


class Tells(Protocol):
    """As much of a Story as the city asks."""

    begin: Micros

    def sample(self, quantity: str, places: Sequence[Place], times: Times) -> Floats:
        """Shape (places, times)."""
        ...


@dataclass(frozen=True, eq=False)
class Group:
    """Devices of one row of the fleet. sites: each once; at: which of them each device stands at; keys: of its chance; shares: how
    much of its site's level it sees. every: microseconds between reports; late: when in that time it reports, microseconds.
    """

    kind: str
    devices: Sequence[Device]
    sites: Sequence[Site]
    at: np.ndarray[tuple[int], np.dtype[np.int64]]
    keys: Keys
    shares: Floats
    every: Micros
    late: Sequence[Micros]


class World:
    """The story as a group of devices senses it."""

    def __init__(self, story: Tells, group: Group) -> None:
        self.story, self.group = story, group
        self.keys, self.begin = group.keys, story.begin
        self._places = [Place(site.lat, site.lon, 0.0, site.water) for site in group.sites]

    def sample(self, quantity: str, times: Times) -> Floats:
        """A quantity of the story at each device, shape (devices, times); before the story begins, what it is at its begin."""
        found = self.story.sample(quantity, self._places, np.maximum(times, self.begin))
        return found[self.group.at]

    def noisy(self, quantity: str, times: Times, by: float) -> Floats:
        """The same with an error of at most `by` that is drawn anew each time."""
        return self.sample(quantity, times) + by * draws(self.keys, quantity, times)


def hour_of_day(times: Times) -> Floats:
    """Hours since midnight in Beijing, 0 to 24."""
    return ((times + 8 * HOUR) % DAY) / HOUR
