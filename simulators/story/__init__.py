"""What the world does under a storm: sea, air, rain and rivers at any place and time. Pure physics: no devices, no protocols.

    story = open_story("meranti-2016", seed=7)
    story.sample("stage", [Place(24.62, 117.68, water="reach:punan")], times)     # (1, len(times)) float64

Whatever is asked for, in whatever order and in whatever blocks, a place has the same number at the same time.
"""

from __future__ import annotations

from .scenario import Leak, Scenario
from .sites import Place
from .tell import QUANTITIES, Story, open_story

__all__ = ["QUANTITIES", "Leak", "Place", "Scenario", "Story", "open_story"]
