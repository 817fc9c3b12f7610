"""What is compared with what: config/quality.toml `[compared.*]` by property, and where a device stands. Read once; pure.

    km      neighbours stand within so many kilometres        most    so many of them at most, the nearest of each device
    far     within so many, who is asked when there is only one neighbour: which of the two is it?
    room    a departure must exceed it, in the property's unit; what neighbours change in an hour is added
    alike   lowest registered levels may differ by this part of the larger: gauges of one water have the same, a street beside it has not
    slow    only what departs slowly is doubted: at once a leak or a fire does; true, or how much in an hour is at once (`room`)
    alone   of only two, of which nobody further away can tell, the one that moved is doubted when the other stood still
    part    no neighbours, but a stack's: how far measured and converted value may part (checks.converted)
    only    not judged itself: kept for what it tells of others (rain, wind, oxygen)
    as      no comparison of its own: what is said of that property of the same device holds for this one (a distance, of its level)

Gauges with levels are never compared with such as have none.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from msgspec import Struct

from sensing.paths import config_dir

IN_STACK = -1.0


class Rule(Struct, frozen=True):
    """See above."""

    km: float = 0.0
    room: float = 0.0
    most: int = 8
    far: float = 0.0
    alike: float | None = None
    instead: str = ""
    slow: bool | float = False
    alone: bool = False
    part: float = 0.0
    only: bool = False
    statistic: str = ""

    @property
    def at_once(self) -> float | None:
        """What comes in one hour and is more than this is no drift; None when nothing is said of it."""
        return None if self.slow is False else self.room if self.slow is True else float(self.slow)


class Beside(Struct, frozen=True):
    """Where the device of a datastream stands, WGS 84 degrees, and its lowest registered level; None for none.

    Of what has no levels: IN_STACK for what a stack measures, which has no neighbours.
    """

    lon: float
    lat: float
    level: float | None = None


@lru_cache(maxsize=1)
def rules() -> Mapping[str, Rule]:
    """Rules by property."""
    tree = tomllib.loads((config_dir() / "quality.toml").read_text("utf-8"))
    words = {"as": "instead"}
    return {name: Rule(**{words.get(key, key): value for key, value in told.items()}) for name, told in tree["compared"].items()}


def beside(
    name: str, statistic: str, lon: float | None, lat: float | None, thresholds: Any, *, checked: bool = True
) -> Beside | None:
    """What a datastream is compared by; None when it is with nothing. thresholds: the device's setting. checked: its series is, by itself."""
    rule = rules().get(name)
    if lon is None or lat is None or rule is None:
        return None
    plain = statistic == "instant" or statistic.startswith("mean")
    if statistic != rule.statistic if rule.statistic else not plain:
        return None
    if not checked and not rule.only:
        return Beside(lon, lat, IN_STACK) if rule.part and statistic == "instant" else None
    return Beside(lon, lat, _lowest(thresholds, name) if rule.alike is not None else None)


def _lowest(thresholds: Any, name: str) -> float | None:
    told = thresholds.get(name) if isinstance(thresholds, Mapping) else None
    if isinstance(told, Mapping) and isinstance(told.get("level"), Mapping):
        told = told["level"]
    if not isinstance(told, Mapping):
        return None
    numbers = [told.get(word) for word in ("watch", "warning", "danger")]
    return min((float(each) for each in numbers if isinstance(each, (int, float))), default=None)
