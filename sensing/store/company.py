"""What companions let one expect of an hour, in the store's own transaction: tide, rain, upstream, a stack's converted value.

    told     hours of rain, wind, oxygen and converted values that have become others: whom they concern is judged again
    judge    hours that no neighbour doubts: what the pure checks say of them (checks.tides, quiet, upstream, converted)

Everything is a function of hourly means of the datastream and of its companions in the LOOK hours before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from sensing.checks import converted, quiet, tides, upstream
from sensing.checks.beside import IN_STACK, Rule, rules
from sensing.checks.nearby import Lists, Member
from sensing.checks.quiet import LOOK
from sensing.checks.surroundings import Surroundings, around, surroundings
from sensing.checks.waters import RIVER, SEA, STREET

from .hours import Block, Hours
from .residuals import CONVERTED as CONVERTED_OF
from .residuals import OXYGEN

TIDE, NO_RAIN, NO_LEVEL, UPSTREAM, CONVERTED = range(3, 8)
NAMES = ("tide", "level_without_rain", "rain_without_level", "upstream", "converted")
"""The check that gives each code from TIDE on."""
RAIN, WIND = ("rainfall", "sum/PT5M"), ("wind_speed", "instant")
LEVELS = ("water_level", "ponding_depth")
_MOVES = 0.75
"""Part of `room` that a level moves by within six hours when it moves."""
_AT_ONCE = 1500
Words = tuple[str, str, str]
"""(run, property, statistic)."""
Members = Callable[[Words], Sequence[Member]]


class Company:
    """Of one store. members: datastreams of a run, property and statistic, in an order of their own."""

    def __init__(self, hours: Hours, members: Members) -> None:
        self._hours, self._members = hours, members
        self.forget()

    def forget(self) -> None:
        """Drop what is remembered of who is where."""
        self._known: dict[Words, tuple[Surroundings, list[list[int]]]] = {}
        self._reach: dict[tuple[Words, Words], Mapping[int, set[int]]] = {}

    def meet(self, run: str) -> None:
        """Somebody is new in a run, or stands elsewhere."""
        self._known = {words: one for words, one in self._known.items() if words[0] != run}
        self._reach = {key: one for key, one in self._reach.items() if key[0][0] != run}

    def reach(self, words: Words, other: Words) -> Mapping[int, set[int]]:
        """Places among the members of `words` that each series of `other` can concern."""
        found = self._reach.get((words, other))
        if found is None:
            near, _ = self._around(words)
            table = near.rain if other[1:] == RAIN else near.wind
            gathered: dict[int, set[int]] = {}
            members = self._members(other)
            for place, row in enumerate(table.tolist()):
                for at in row:
                    if at >= 0:
                        gathered.setdefault(members[at].series, set()).add(place)
            found = self._reach[words, other] = gathered
        return found

    def own(self, words: Words) -> list[list[int]]:
        """For each place of a group of levels, the places that it concerns as another water."""
        return self._around(words)[1]

    def judge(self, words: Words, rule: Rule, members: Lists, block: Block, at: tuple[Any, Any]) -> tuple[Any, Any]:
        """Codes and departures of (places, columns) that are known; 0 where nothing is to be said."""
        places, columns = at
        codes, departures = np.zeros(len(places), np.int8), np.zeros(len(places))
        if rule.part:
            stacks = np.array([one.beside.level == IN_STACK for one in members.members])
            some = np.nonzero(stacks[places])[0]
            if len(some):
                doubted, by = converted.judge(block.spans(places[some], columns[some]), rule.part)
                codes[some], departures[some] = np.where(doubted, CONVERTED, 0), by
        if words[1] in LEVELS and len(places):
            for first in range(0, len(places), _AT_ONCE):
                part = slice(first, first + _AT_ONCE)
                codes[part], departures[part] = self._levels(words, rule, block, places[part], columns[part])
        return codes, departures

    def _levels(self, words: Words, rule: Rule, block: Block, places: Any, columns: Any) -> tuple[Any, Any]:
        near, _ = self._around(words)
        codes, departures = np.zeros(len(places), np.int8), np.zeros(len(places))
        kinds = near.kinds[places]
        sea = np.nonzero(kinds == SEA)[0]
        if len(sea):
            at, when = places[sea], columns[sea]
            wind = self._hourly(words, WIND, near.wind[at], when + block.begin, np.fmax.reduce)
            found = tides.judge(block.spans(at, when, LOOK), block.spans(near.waters[at], when, LOOK), wind, rule.room)
            codes[sea], departures[sea] = np.where(found[0], TIDE, 0), found[1]
        for kind, room in ((RIVER, rule.room), (STREET, around().street)):
            some = np.nonzero(kinds == kind)[0]
            if len(some):
                codes[some], departures[some] = self._fresh(
                    words, near, block, (places[some], columns[some]), room, river=kind == RIVER
                )
        return codes, departures

    def _fresh(
        self, words: Words, near: Surroundings, block: Block, at: tuple[Any, Any], room: float, *, river: bool
    ) -> tuple[Any, Any]:  # fmt: skip
        """Rivers, or streets."""
        places, columns = at
        told = around()
        codes, departures = np.zeros(len(places), np.int8), np.zeros(len(places))
        own = block.spans(places, columns, LOOK)
        rain = self._hourly(words, RAIN, near.rain[places], columns + block.begin, _mean) * 12.0
        some = np.nonzero(_stirs(own, rain, room))[0]
        if not len(some):
            return codes, departures
        places, columns, own, rain = places[some], columns[some], own[some], rain[some]
        others = _moving(block, near.waters[places], columns, _MOVES * room)
        doubted, departures[some] = quiet.alone(own, rain, quiet.still(others), room, told.dry)
        codes[some] = np.where(doubted, NO_RAIN, 0)
        if river:
            stands, fell = quiet.blocked(own, rain, others, room, told.wet)
            short, missing = self._upstream(near, block, (places, columns), own, quiet.day_sums(rain), room)
            for code, which, size in ((NO_LEVEL, stands, fell), (UPSTREAM, short, missing)):
                new = which & (codes[some] == 0)
                codes[some[new]], departures[some[new]] = code, size[new]
        return codes, departures

    def _upstream(
        self, near: Surroundings, block: Block, at: tuple[Any, Any], own: Any, day: Any, room: float
    ) -> tuple[Any, Any]:
        places, columns = at
        found, by = np.zeros(len(places), bool), np.zeros(len(places))
        some = np.nonzero((near.above[places] >= 0).any(1))[0]
        if len(some):
            which = places[some]
            above = block.spans(near.above[which], columns[some], LOOK)
            found[some], by[some] = upstream.judge(
                own[some], above, near.travel_h[which], near.full[which], near.full_above[which], day[some], room)  # fmt: skip
        return found, by

    def _hourly(self, words: Words, other: tuple[str, str], places: Any, hours: Any, gather: Callable[[Any], Any]) -> Any:
        """What companions tell of the LOOK hours up to each of `hours`, (n, LOOK). places: (n, K) among them."""
        group = words[0], *other
        members = self._members(group)
        if not len(members) or not len(hours):
            return np.full((len(hours), LOOK), np.nan)
        block = self._hours.block(group, [one.series for one in members], int(hours.min()) - LOOK, int(hours.max()) + 1)
        return gather(block.spans(places, hours - block.begin, LOOK).swapaxes(0, 1))

    def _around(self, words: Words) -> tuple[Surroundings, list[list[int]]]:
        found = self._known.get(words)
        if found is None:
            run = words[0]
            near = surroundings(self._members(words), self._members((run, *RAIN)), self._members((run, *WIND)))
            reach: list[set[int]] = [{place} for place in range(len(near.waters))]
            for place in range(len(reach)):
                for other in (*near.waters[place].tolist(), *near.above[place].tolist()):
                    if other >= 0:
                        reach[other].add(place)
            found = self._known[words] = near, [sorted(each) for each in reach]
        return found


@lru_cache(maxsize=4096)
def led(name: str) -> tuple[str, ...]:
    """Properties whose residuals a property is part of: oxygen, and converted values."""
    return tuple(other for other, rule in rules().items() if rule.part and name in (CONVERTED_OF.format(other), OXYGEN))


def _moving(block: Block, waters: Any, columns: Any, by: float) -> Any:
    """How other waters move in the LOOK hours up to each column, (n, K, LOOK)."""
    low = int(columns.min()) - LOOK - quiet.OVER_H
    found = quiet.moving(block.means[:, max(low, 0) : int(columns.max()) + 1], by).astype(np.float32)
    wide = columns[:, None, None] - max(low, 0) - np.arange(LOOK - 1, -1, -1)
    return np.where(waters[..., None] < 0, np.float32(np.nan), found[np.maximum(waters, 0)[..., None], wide])


def _stirs(own: Any, rain: Any, room: float) -> Any:
    """Whether anything can be said of levels: they moved by more than `room`, or it rained. In fair weather nearly none has."""
    low, high = np.where(np.isnan(own), np.inf, own).min(1), np.where(np.isnan(own), -np.inf, own).max(1)
    return (high - low > room) | (np.nansum(rain, axis=1) > 0)


def _mean(found: Any) -> Any:
    """Means over those that are known, as (n, LOOK); NaN of none."""
    known = ~np.isnan(found)
    counts = known.sum(0)
    with np.errstate(invalid="ignore"):
        return np.where(counts > 0, np.where(known, found, 0.0).sum(0) / np.maximum(counts, 1), np.nan)
