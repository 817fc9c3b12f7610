"""A story for ships alone: a wind that is calm, or blows up to a storm and dies down again."""

from types import SimpleNamespace

import numpy as np

from sensing.times import HOUR, parse_instant


class WindStory:
    """What `build_traffic` asks of a story. gale_h: hours after begin at which the storm peaks; None for none."""

    def __init__(self, hours=48, gale_h=None, begin="2016-09-13T12:00:00Z", **ships):
        self.begin = parse_instant(begin)
        self.end = self.begin + hours * HOUR
        self.gale_h = gale_h
        self.scenario = SimpleNamespace(more={"ships": ships})

    def sample(self, quantity, places, times):
        hours = (np.asarray(times) - self.begin) / HOUR
        blow = 0.0 if self.gale_h is None else 35 * np.exp(-(((hours - self.gale_h) / 5) ** 2))
        wind = 5.0 + blow + 0 * hours
        row = {"wind_speed": wind, "wave_height": wind / 10, "wind_direction": 60 + 4 * hours}[quantity]
        return np.repeat(row[None, :], len(places), axis=0)
