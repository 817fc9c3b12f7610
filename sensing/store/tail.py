"""The newest end of a watched datastream: what is remembered of it from commit to commit, and how long its samples are kept."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

import msgspec
from msgspec import Struct, field

from sensing import derive
from sensing.events import Episode, Machine, Watched
from sensing.model import Micros
from sensing.rules import GRADES, SUM, Rule
from sensing.times import DAY

from .events import Event

KEEP = 30 * DAY
"""How long samples stay, of event time."""
NEVER = 1 << 62
_SPARE = 256
"""Samples before the window that may lie in memory before they are dropped at once."""
_SUMS = (SUM, GRADES)
_FAR = float("inf")
_rules = msgspec.json.Decoder(list[Rule])
_seeds = msgspec.json.Decoder(list[Machine | None])


class Line(Struct):
    """One rule of a datastream. event: the last one as it was written, where that is known. bound: what its sum is at most (derive.bound).

    low, high: between which all values of its window lie, and perhaps some before.
    """

    rule: Rule
    machine: Machine
    seed: Machine | None = None
    event: Event | None = None
    bound: float = _FAR
    low: float = -_FAR
    high: float = _FAR

    def take(self, tail: Tail, times: Sequence[Micros], values: Sequence[float]) -> list[Episode]:
        """Step it through the newest samples, which the tail has already; returns the episodes that began, changed or ended."""
        rule, machine = self.rule, self.machine
        if machine.calm and self._quiet(tail, times, values):
            return []
        found: list[Episode] = []
        first = len(tail.times) - len(times)
        for at, (time, value) in enumerate(zip(times, values, strict=True), first):
            one = self._derived(tail, at) if rule.take else machine.step(rule, time, value)
            if one is not None and (not found or found[-1] is not one):
                found.append(one)
        return found

    def _quiet(self, tail: Tail, times: Sequence[Micros], values: Sequence[float]) -> bool:
        """Whether none of them can mean anything, by what is known of all of the window."""
        rule, low, high = self.rule, min(values), max(values)
        if rule.take in _SUMS:
            total = derive.bound(rule, self.bound, sum(values)) if low >= 0 else _FAR
            if total < derive.calm_below(rule) - derive.EXACT:
                self.bound = total
                return True
            return False
        if not rule.take:
            return derive.quiet(rule, low, high)
        self.low, self.high = min(self.low, low), max(self.high, high)
        if not derive.quiet(rule, self.low, self.high):
            part = tail.values[bisect_left(tail.times, times[0] - rule.over) :]
            self.low, self.high = min(part), max(part)
            return derive.quiet(rule, self.low, self.high)
        return True

    def _derived(self, tail: Tail, at: int) -> Episode | None:
        """A step of a rule that derives. A sum that cannot have reached anything yet is not made."""
        rule = self.rule
        if rule.take not in _SUMS:
            pass
        elif self.machine.calm:
            self.bound = derive.bound(rule, self.bound, tail.values[at])
            if self.bound < derive.calm_below(rule) - derive.EXACT:
                return None
            self.bound = derive.widest(rule, tail.times, tail.values, at)
        else:
            self.bound = _FAR
        return derive.step(self.machine, rule, tail.times, tail.values, at)


class Tail(Struct):
    """A datastream's newest end. time: of its newest sample; prune_at: the time from which old samples are dropped.

    over: the longest window of its rules; times, values: its samples in that window, and some before.
    """

    watched: Watched | None
    lines: list[Line]
    time: Micros
    floor: Micros
    prune_at: Micros
    over: Micros = 0
    times: list[Micros] = field(default_factory=list)
    values: list[float] = field(default_factory=list)

    @property
    def rules(self) -> tuple[Rule, ...]:
        return tuple(line.rule for line in self.lines)

    def take(self, times: Sequence[Micros], values: Sequence[float]) -> list[tuple[Line, list[Episode]]]:
        """Move all rules on by the newest samples; returns the lines of those that began, changed or ended something."""
        self.time = times[-1]
        if self.over:
            self.times += times
            self.values += values
        found = [(line, episodes) for line in self.lines if (episodes := line.take(self, times, values))]
        if len(self.times) >= _SPARE and self.times[_SPARE // 2] < self.time - self.over:
            old = bisect_right(self.times, self.time - self.over - 1)
            del self.times[:old], self.values[:old]
        return found


def written(tail: Tail) -> tuple[bytes, bytes | None]:
    """(rules, machines at the floor) as the table `watched` keeps them."""
    seeds = [line.seed for line in tail.lines]
    return msgspec.json.encode(tail.rules), msgspec.json.encode(seeds) if any(seeds) else None


def read(rules: bytes, seeds: bytes | None) -> list[Line]:
    """The lines that `written` wrote; those of an older version, of one rule each, too."""
    told = rules if bytes(rules[:1]) == b"[" else b"[" + bytes(rules) + b"]"
    found = _rules.decode(told)
    if seeds is None:
        machines: list[Machine | None] = [None] * len(found)
    else:
        machines = _seeds.decode(seeds) if bytes(seeds[:1]) == b"[" else [msgspec.json.decode(seeds, type=Machine)]
    return [Line(rule, Machine(), seed) for rule, seed in zip(found, machines, strict=True)]


def prune_at(oldest: Micros) -> Micros:
    return NEVER if oldest == -NEVER else oldest + KEEP + DAY


def begin_at(machine: Machine, floor: Micros) -> Micros:
    """The time after which the events stand that a machine at the floor can still change."""
    current = machine.episode or machine.rising
    return floor if current is None else min(current.start - 1, floor)


def copy(machine: Machine | None) -> Machine:
    return Machine() if machine is None else msgspec.json.decode(msgspec.json.encode(machine), type=Machine)
