"""Who is near whom among the datastreams of one property, statistic and run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import cos, radians
from typing import Any, NamedTuple

import numpy as np

from .beside import Beside, Rule

FAR = 8
"""So many further away are asked."""
_DEGREE_KM = 111.195


class Member(NamedTuple):
    """A datastream among those it is compared with. thing, channel: whose, so that its order does not depend on when it came."""

    series: int
    thing: str
    channel: str
    beside: Beside


class Lists(NamedTuple):
    """Places of neighbours in the order of members: near (n, most), far (n, FAR); -1 for none. reach: whom a change at each can concern."""

    members: Sequence[Member]
    near: Any
    far: Any
    reach: Sequence[Sequence[int]]


def lists(members: Iterable[Member], rule: Rule) -> Lists:
    """Who is near whom, and who is further away."""
    ordered = sorted(members, key=lambda one: (one.thing, one.channel))
    lon = np.array([one.beside.lon for one in ordered])
    lat = np.array([one.beside.lat for one in ordered])
    level = np.array([np.nan if one.beside.level is None else one.beside.level for one in ordered])
    near = np.full((len(ordered), rule.most), -1, np.int64)
    far = np.full((len(ordered), FAR), -1, np.int64)
    for place, one in enumerate(ordered):
        km = np.hypot((lat - lat[place]) * _DEGREE_KM, (lon - lon[place]) * _DEGREE_KM * cos(radians(lat[place])))
        km[~_alike(level, level[place], rule.alike)] = np.inf
        within = np.nonzero(km <= max(rule.km, rule.far))[0]
        seen = {one.thing}
        ranks = [0, 0]
        for other in sorted(within.tolist(), key=lambda at: (round(float(km[at]), 6), at)):
            which = int(km[other] > rule.km)
            table = (near, far)[which]
            if ordered[other].thing not in seen and ranks[which] < table.shape[1]:
                seen.add(ordered[other].thing)
                table[place, ranks[which]] = other
                ranks[which] += 1
    return Lists(ordered, near, far, _reach(near, far))


def _alike(levels: Any, own: float, part: float | None) -> Any:
    if part is None:
        return np.ones(len(levels), bool)
    if np.isnan(own):
        return np.isnan(levels)
    with np.errstate(invalid="ignore"):
        return np.abs(levels - own) <= part * np.maximum(np.abs(levels), abs(own))


def _reach(near: Any, far: Any) -> list[list[int]]:
    """Itself, those that have it as a neighbour near or far, and those whose neighbour has it far away."""
    found = [{place} for place in range(len(near))]
    for place in range(len(near)):
        for other in near[place][near[place] >= 0].tolist():
            found[other].add(place)
            for third in far[other][far[other] >= 0].tolist():
                found[third].add(place)
        for other in far[place][far[place] >= 0].tolist():
            found[other].add(place)
    return [sorted(each) for each in found]
