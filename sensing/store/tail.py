"""The newest end of a watched datastream: what is remembered of it from commit to commit, and how long its samples are kept."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from sensing.events import Machine
from sensing.model import Micros
from sensing.thresholds import Rule
from sensing.times import DAY

from .events import Event

KEEP = 30 * DAY
"""How long samples stay, of event time."""
NEVER = 1 << 62


class Tail(Struct):
    """A datastream's newest end. time: of its newest sample; prune_at: the time from which old samples are dropped.

    event: the last one as it was written, where that is known.
    """

    rule: Rule
    machine: Machine
    time: Micros
    floor: Micros
    seed: Machine | None
    prune_at: Micros
    event: Event | None = None


def prune_at(oldest: Micros) -> Micros:
    return NEVER if oldest == -NEVER else oldest + KEEP + DAY


def begin_at(machine: Machine, floor: Micros) -> Micros:
    """The time after which the events stand that a machine at the floor can still change."""
    current = machine.episode or machine.rising
    return floor if current is None else min(current.start - 1, floor)


def copy(machine: Machine | None) -> Machine:
    return Machine() if machine is None else msgspec.json.decode(msgspec.json.encode(machine), type=Machine)
