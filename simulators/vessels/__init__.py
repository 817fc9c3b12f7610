"""The ships of a storm, and the AIS receivers that hear them.

    traffic = build_traffic(story, seed=7, n_vessels=500)
    traffic.sayings(begin, end)       what each receiver passes on, with the truth of every vessel in it
    traffic.positions(times)          where everyone is, shape (vessels, times)
    traffic.calls(), incidents()      the truth of port calls and of what ships did wrong

Ships sail on wakes that are written once, when traffic is built; after that everything is looked up. Same story, seed and number: same bytes.
"""

from __future__ import annotations

from .build import build_traffic
from .record import Incident, PortCall
from .traffic import Traffic

__all__ = ["Incident", "PortCall", "Traffic", "build_traffic"]
