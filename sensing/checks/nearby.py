"""Who is near whom among the datastreams of one property, statistic and run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from .beside import IN_STACK, Beside, Rule
from .waters import apart_km, water

FAR = 8
"""So many further away are asked."""


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


def ordered(members: Iterable[Member]) -> list[Member]:
    """In an order that does not depend on who came when."""
    return sorted(members, key=lambda one: (one.thing, one.channel))


def lists(members: Iterable[Member], rule: Rule) -> Lists:
    """Who is near whom, and who is further away; of what departs slowly those stand in for neighbours where there are none."""
    listed = ordered(members)
    lon = np.array([one.beside.lon for one in listed])
    lat = np.array([one.beside.lat for one in listed])
    level = np.array([np.nan if one.beside.level is None else one.beside.level for one in listed])
    kinds = np.array([_kind(one.beside, rule) for one in listed], dtype=object)
    near = np.full((len(listed), rule.most), -1, np.int64)
    far = np.full((len(listed), FAR), -1, np.int64)
    for place, one in enumerate(listed):
        km = apart_km(lon, lat, one.beside.lon, one.beside.lat)
        km[~_alike(level, level[place], rule.alike) | (kinds != kinds[place]) | (kinds == "stack")] = np.inf
        within = np.nonzero(km <= max(rule.km, rule.far))[0]
        seen = {one.thing}
        ranks = [0, 0]
        for other in sorted(within.tolist(), key=lambda at: (round(float(km[at]), 6), at)):
            which = int(km[other] > rule.km)
            table = (near, far)[which]
            if listed[other].thing not in seen and ranks[which] < table.shape[1]:
                seen.add(listed[other].thing)
                table[place, ranks[which]] = other
                ranks[which] += 1
        if rule.slow is not False and not ranks[0]:  # who has nobody near is told by those further away
            stand_in = far[place, : rule.most]
            near[place, : len(stand_in)] = stand_in
    return Lists(listed, near, far, _reach(near, far))


def _kind(here: Beside, rule: Rule) -> str:
    """Only those of the same kind are compared: a sea's level with no river's."""
    if rule.alike is None:
        return "stack" if here.level == IN_STACK else ""
    found = water(here)
    return "" if found is None else found.kind


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
