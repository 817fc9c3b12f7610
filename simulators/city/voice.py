"""A way to speak: what a group of devices says in a while, and the bytes of a message. Each protocol has its own file.

Voices are pure: messages are a function of (story, seed, devices, time), whoever asks, how often and in which blocks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from sensing.model import Micros, Reading

from ..said import Saying, Truth
from .chance import Floats, Times
from .wires import Column
from .world import Group, World


class Voice(Protocol):
    """Speaks for a group of devices."""

    group: Group

    def block(self, start: Micros, length: Micros) -> list[Saying]:
        """Everything about turns in [start, start + length), whole turns both, in any order. It is sent before the next turn."""
        ...

    def encode(self, saying: Saying) -> bytes:
        """The payload of one of its messages. Raises ValueError for what the wire cannot say."""
        ...


def turns(start: Micros, length: Micros, every: Micros) -> Times:
    """Times in [start, start + length) at which something is due that happens `every` microseconds since 1970."""
    return np.arange(-(-start // every) * every, start + length, every, dtype=np.int64)


def between(before: Floats, after: Floats, group: Group) -> Floats:
    """Values at each device's own moment between two turns; for devices that report in their own time."""
    share = (np.array(group.late) / group.every)[:, None]
    found: Floats = before * (1.0 - share) + after * share
    return found


def own_time(world: World, times: Times, quantity: str) -> Floats:
    """A quantity of the story at each device's own moment after each of `times`."""
    every = world.group.every
    both = world.sample(quantity, np.append(times, times[-1] + every))
    return between(both[:, :-1], both[:, 1:], world.group)


def reports(group: Group, times: Times, columns: Sequence[Column], meta: Any = None) -> list[Saying]:
    """One message a device and turn, sent and dated at the device's own moment: what has its own clock and no further rules."""
    wires = [column.wire for column in columns]
    found: list[Saying] = []
    turns_ = times.tolist()
    for row, device in enumerate(group.devices):
        native, late = device.native, group.late[row]
        values = [column.values[row] for column in columns]
        results = [column.results[row] for column in columns]
        for at, turn in enumerate(turns_):
            time = turn + late
            readings, truth = [], []
            for wire, said, kept in zip(wires, values, results, strict=True):
                begin = time - wire.period if wire.period else None
                if wire.code:
                    readings.append(Reading(
                        native, wire.code, wire.property, said[at], wire.unit, wire.statistic, wire.channel, time, begin, time, sent=time
                    ))  # fmt: skip
                if wire.told:
                    truth.append(Truth(wire.property or "", wire.statistic, wire.channel, begin, time, kept[at]))
            found.append(Saying(time, device, readings, truth, 0, 0, meta))
    return found
