"""The weather as ships see it: gales that close the port and send them to shelter, and the wind that anchored ships lie in.

Forecasts are right here: what the story will do is known beforehand. How early a ship acts on it is the ship's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sensing.model import Micros
from sensing.times import MINUTE, SECOND

from ..story import Place, Story
from .motion import Wind
from .waters import Point

GALE_MS = 15.0
"""Mean wind above which the port closes: between Beaufort 7 and 8."""
GALE_WAVE_M = 5.0
CALM_S = 6 * 3600.0
"""Gales with less between them are one."""
WIND_STEP_S = 600.0
OUTLOOKS: tuple[Point, ...] = ((118.45, 24.10), (117.80, 23.55), (118.20, 24.20), (117.60, 23.70))
"""Where ships look at the wind: off Xiamen and Gulei, and before both."""


@dataclass(frozen=True)
class Gale:
    """From when until when the port is closed by weather, s from the fleet's origin."""

    begin: float
    end: float


def wind_of(story: Story, points: Sequence[Point]) -> Wind:
    """The 10-minute wind at points over the whole story, as where it blows to."""
    times = _times(story)
    places = _places(points)
    speed, comes_from = story.sample("wind_speed", places, times), np.radians(story.sample("wind_direction", places, times))
    return Wind(-speed * np.sin(comes_from), -speed * np.cos(comes_from), 0.0, WIND_STEP_S)


def gales_of(story: Story) -> list[Gale]:
    """The story's gales in order, none within `CALM_S` of another."""
    times, places = _times(story), _places(OUTLOOKS)
    rough = (story.sample("wind_speed", places, times).max(axis=0) > GALE_MS) | (
        story.sample("wave_height", places, times).max(axis=0) > GALE_WAVE_M
    )
    found = list[Gale]()
    for time in (times[rough] - story.begin) / SECOND:
        if found and time - found[-1].end <= CALM_S:
            found[-1] = Gale(found[-1].begin, float(time))
        else:
            found.append(Gale(float(time), float(time)))
    return found


def _times(story: Story) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    step: Micros = round(WIND_STEP_S / 60) * MINUTE
    return np.arange(story.begin, story.end + step + 1, step, dtype=np.int64)


def _places(points: Sequence[Point]) -> list[Place]:
    return [Place(lat, lon) for lon, lat in points]
